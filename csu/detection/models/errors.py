"""Why a model is not used. Every one of these means: nothing is detected with it."""

from __future__ import annotations

from pathlib import Path

from csu.hal.errors import BadInput, CsuError
from csu.hal.words import Words


class ModelRefused(BadInput):
    """Its `model.toml`, its weights or what the network puts out is not what may be used here."""


class WeightsAltered(ModelRefused):
    """The file is there and is not the one that was named: its sha256 differs."""


class ModelMissing(CsuError):
    """The weights are not on this machine."""


class RuntimeMissing(CsuError):
    """The library that runs this network is not installed."""


def refused(what: Words, where: Path | str, what_to_do: Words) -> ModelRefused:
    return ModelRefused(what, where=str(where), what_to_do=what_to_do)
