"""The language of the person at this process: French, or English with `CSU_LANG=en`."""

from __future__ import annotations

import os

from csu.hal.errors import CsuError
from csu.hal.words import Language, Words


def current_language() -> Language:
    """The language asked for by `CSU_LANG`; French for anything but `en`."""
    return Language.ENGLISH if os.environ.get("CSU_LANG", "").startswith("en") else Language.FRENCH


def say(french: str, english: str) -> str:
    """One of the two, as the person asked. Both stand side by side so that neither is forgotten."""
    return Words(french, english).in_language(current_language())


def tell_error(error: CsuError) -> str:
    """An error as one line for a person."""
    return error.trouble.words.in_language(current_language())
