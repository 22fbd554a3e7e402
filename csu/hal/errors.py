"""The root of every error csu raises on purpose.

A `CsuError` says what happened, where (camera, commune, file, scenario line) and what to do now. The command line
prints it as one line and exits with 2 when it is the caller's input that is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trouble:
    """One trouble, told so that a person can act on it."""

    what: str
    where: str
    what_to_do: str
    french: tuple[str, str] | None = None
    """(what, what to do) in French; None where the trouble is for developers only."""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}. {self.what_to_do}"

    def in_french(self) -> str:
        """The same line in French, in English where it was not translated."""
        if self.french is None:
            return str(self)
        what, what_to_do = self.french
        return f"{self.where} : {what}. {what_to_do}"


class CsuError(Exception):
    """Base of csu's typed errors; `trouble` holds what, where, and what to do."""

    def __init__(self, what: str, *, where: str, what_to_do: str, french: tuple[str, str] | None = None) -> None:
        self.trouble = Trouble(what, where, what_to_do, french)
        super().__init__(str(self.trouble))

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process boundaries (media nodes, wall process): rebuild without calling a subclass's __init__.
        return (_rebuild, (type(self), self.trouble))


def _rebuild(kind: type[CsuError], trouble: Trouble) -> CsuError:
    error = kind.__new__(kind)
    CsuError.__init__(
        error, trouble.what, where=trouble.where, what_to_do=trouble.what_to_do, french=trouble.french
    )
    return error


class BadInput(CsuError):
    """What the caller gave cannot be used (exit code 2)."""
