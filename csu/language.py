"""The languages of the interface: French first, English second. Chosen by `--lang` or `CSU_LANG`."""

from __future__ import annotations

import os
from enum import StrEnum

from csu.hal.errors import CsuError


class Language(StrEnum):
    """What people read."""

    FRENCH = "fr"
    ENGLISH = "en"


def current_language() -> Language:
    """The language asked for by `CSU_LANG`; French for anything but `en`."""
    return Language.ENGLISH if os.environ.get("CSU_LANG", "").startswith("en") else Language.FRENCH


def say(french: str, english: str) -> str:
    """One of the two, as the person asked. Both stand side by side so that neither is forgotten."""
    return english if current_language() is Language.ENGLISH else french


def tell_error(error: CsuError) -> str:
    """An error as one line for a person."""
    return say(error.trouble.in_french(), str(error.trouble))
