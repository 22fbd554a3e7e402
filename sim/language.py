"""French first, English for `CSU_LANG=en`: as the rest of csu, which sim may not import."""

from __future__ import annotations

import os

from csu.hal.words import Words


def say(french: str, english: str) -> str:
    """One of the two, as the person asked."""
    return english if os.environ.get("CSU_LANG", "").startswith("en") else french


def read(words: Words) -> str:
    """The text in the person's language."""
    return say(words.fr, words.en)
