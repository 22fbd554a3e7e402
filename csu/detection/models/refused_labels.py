"""What a network may not tell (VSA-5, AUT-5): the list is `refused_labels.toml`, for a lawyer to read."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from csu.hal.words import Words


@dataclass(frozen=True, slots=True)
class RefusedLabels:
    """One reason, and the words that it stands for."""

    rule: str
    why: Words
    words: frozenset[tuple[str, ...]]


@cache
def refused_labels() -> tuple[RefusedLabels, ...]:
    """The list that ships with csu; nobody can shorten it from outside."""
    text = files(__package__).joinpath("refused_labels.toml").read_text(encoding="utf-8")
    return tuple(
        RefusedLabels(each["rule"], Words(each["fr"], each["en"]), frozenset(map(_words, each["words"])))
        for each in tomllib.loads(text)["refused"]
    )


def first_refused(names: Iterable[str]) -> tuple[str, RefusedLabels] | None:
    """The first of these labels or outputs of a network that it may not have, and why; None when all may be."""
    for name in names:
        said = _words(name)
        runs = {said[start:end] for start in range(len(said)) for end in range(start + 1, len(said) + 1)}
        for reason in refused_labels():
            if runs & reason.words:
                return name, reason
    return None


def _words(name: str) -> tuple[str, ...]:
    """`LicensePlates` and `license_plate` are the same two words."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    plain = unicodedata.normalize("NFKD", apart).encode("ascii", "ignore").decode().lower()
    return tuple(word.removesuffix("s") if len(word) > 3 else word for word in re.findall(r"[a-z]+|\d+", plain))
