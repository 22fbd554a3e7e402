"""What people read, in both languages. Who writes a text gives both; who shows it takes the reader's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """What a person reads: French first, English second."""

    FRENCH = "fr"
    ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Words:
    """One text in both languages. Two empty texts are no text, and false."""

    fr: str
    en: str

    def __bool__(self) -> bool:
        return bool(self.fr or self.en)

    @staticmethod
    def same(text: str) -> Words:
        """A text that is the same in both: a size, or what a library or the host said."""
        return Words(text, text)

    def in_language(self, language: Language) -> str:
        """The text in one of them."""
        return self.fr if language is Language.FRENCH else self.en

    def at(self, place: str) -> Words:
        """The text behind the place it is about, with each language's colon."""
        return Words(f"{place} : {self.fr}", f"{place}: {self.en}")


NO_WORDS = Words("", "")
