"""The root of every error csu raises on purpose.

A `CsuError` says what happened, where (camera, commune, file, scenario line) and what to do now, in both languages.
The command line prints it as one line and exits with 2 when it is the caller's input that is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

from csu.hal.words import Words


@dataclass(frozen=True, slots=True)
class Trouble:
    """One trouble, told so that a person can act on it."""

    what: Words
    where: str
    """The same in every language: an id (`cam-0001`), a path, an option (`--rtsp ...`), a part (`wall/offscreen`)."""
    what_to_do: Words

    @property
    def words(self) -> Words:
        """The whole of it as one line."""
        return self._told().at(self.where)

    def beside(self, place: str) -> Words:
        """The line for a reader who sees it beside `place`: the place is not told twice."""
        return self._told() if place == self.where else self.words

    def _told(self) -> Words:
        what, then = self.what, self.what_to_do
        return Words(f"{what.fr}. {then.fr}", f"{what.en}. {then.en}") if then else what

    def __str__(self) -> str:
        return self.words.en


class CsuError(Exception):
    """Base of csu's typed errors; `trouble` holds what, where, and what to do. As a string it is English, for logs."""

    def __init__(self, what: Words, *, where: str, what_to_do: Words) -> None:
        self.trouble = Trouble(what, where, what_to_do)
        super().__init__(str(self.trouble))

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process boundaries (media nodes, wall process): rebuild without calling a subclass's __init__.
        return (_rebuild, (type(self), self.trouble))


def _rebuild(kind: type[CsuError], trouble: Trouble) -> CsuError:
    error = kind.__new__(kind)
    CsuError.__init__(error, trouble.what, where=trouble.where, what_to_do=trouble.what_to_do)
    return error


class BadInput(CsuError):
    """What the caller gave cannot be used (exit code 2)."""
