"""Why no record is made: one closed list of rules, each told in words."""

from __future__ import annotations

from enum import StrEnum

from csu.hal.errors import CsuError
from csu.hal.words import NO_WORDS, Words


class TicketRule(StrEnum):
    """Which condition is missing."""

    RIGHT = "right"
    """Role, oath, commune, purpose or papers of the camera: as the policies say."""
    SESSION = "session"
    """No live session of this agent on this camera (VVB-1)."""
    PICTURE = "picture"
    """There is none now, it is too old, hidden, or was taken already (VVB-1)."""
    OFFENCE = "offence"
    """Not in the table, not on that day, or none that an eye establishes (VVB-4)."""
    STANDING = "standing"
    """The vehicle was not seen standing for long enough."""
    STILLS = "stills"
    """Too few, too many, or none of the surroundings (VVB-5)."""
    FIELD = "field"
    """What was typed is missing or is none."""
    DRAFT = "draft"
    """There is none of that name, it is too old, or another is open."""


class TicketRefused(CsuError):
    """Nothing is recorded. `rule`: which condition is missing."""

    def __init__(self, rule: TicketRule, where: str, fr: str, en: str) -> None:
        super().__init__(
            Words(fr, en),
            where=where,
            what_to_do=NO_WORDS,
        )
        self.rule = rule


class TicketUnknown(CsuError):
    """There is no record of that name that is the asker's."""

    def __init__(self) -> None:
        super().__init__(
            Words("aucun procès-verbal de ce nom", "there is no record of that name"),
            where="tickets",
            what_to_do=Words("Voyez la liste de vos procès-verbaux", "See the list of your records"),
        )


class TicketsBroken(CsuError):
    """A record or the list of them is not what was written."""


class TicketsNotKept(CsuError):
    """It could not be read or written now; nothing of what was asked holds."""


def tickets_broken(where: str) -> TicketsBroken:
    return TicketsBroken(
        Words("un procès-verbal n'est plus ce qui a été signé", "a record is no longer what was signed"),
        where=where,
        what_to_do=Words(
            "Ne le transmettez pas ; cherchez qui l'a modifié, reprenez-le d'une sauvegarde",
            "Do not send it; find out who changed it, restore it from a backup",
        ),
    )


def tickets_not_kept(where: str, error: Exception) -> TicketsNotKept:
    why = type(error).__name__
    return TicketsNotKept(
        Words(f"le procès-verbal n'a pu être écrit ou lu ({why})", f"the record could not be written or read ({why})"),
        where=where,
        what_to_do=Words("Vérifiez son volume ; rien n'est signé", "Check its volume; nothing is signed"),
    )
