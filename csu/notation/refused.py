"""A file that is refused, with everything that is wrong with it: file, line, column, reason, in both languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from csu.hal.errors import BadInput, Trouble
from csu.hal.words import Language, Words
from csu.notation.text import WrittenText

TOLD_CHARACTERS_MAX = 600


class FileRefused(BadInput):
    """`troubles`: everything that is wrong, from the top of the file to its end."""

    troubles: tuple[Trouble, ...] = ()

    def __init__(self, path: Path, text: WrittenText) -> None:
        faults = sorted(text.faults, key=lambda fault: fault.place)
        self.troubles = tuple(
            Trouble(_one_line(fault.what), f"{path}:{fault.place.line}:{fault.place.column}", fault.what_to_do)
            for fault in faults
        )
        first, more = self.troubles[0], len(self.troubles) - 1
        what = first.what
        if more:
            what = Words(f"{what.fr} (et {more} autre(s) faute(s))", f"{what.en} (and {more} other fault(s))")
        super().__init__(what, where=first.where, what_to_do=first.what_to_do)

    def told(self, language: Language) -> dict[str, Any]:
        """What a machine reads of it."""
        errors = [
            {
                "what": each.what.in_language(language),
                "where": each.where,
                "what_to_do": each.what_to_do.in_language(language),
            }
            for each in self.troubles
        ]
        return {"error": errors[0], "errors": errors, "verdict": "refused"}


def _one_line(words: Words) -> Words:
    """What the file said may be long, and hold what no terminal prints."""

    def clean(said: str) -> str:
        short = said if len(said) <= TOLD_CHARACTERS_MAX else f"{said[:TOLD_CHARACTERS_MAX]}..."
        return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in short)

    return Words(clean(words.fr), clean(words.en))
