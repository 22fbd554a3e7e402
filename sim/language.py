"""French first, English for `CSU_LANG=en`: as the rest of csu, which sim may not import."""

from __future__ import annotations

import os
from collections.abc import Iterable
from difflib import get_close_matches

from csu.hal.words import NO_WORDS, Words


def say(french: str, english: str) -> str:
    """One of the two, as the person asked."""
    return english if os.environ.get("CSU_LANG", "").startswith("en") else french


def did_you_mean(given: str, known: Iterable[str]) -> Words:
    """The nearest of the known names, in brackets behind a space; no words when none is near."""
    near = get_close_matches(given, sorted(known), n=1)
    return Words(f" (vouliez-vous dire {near[0]!r} ?)", f" (did you mean {near[0]!r}?)") if near else NO_WORDS


def read(words: Words) -> str:
    """The text in the person's language."""
    return say(words.fr, words.en)
