"""Who came into the room that is no agent of it, why, and who was beside him (ACC-6). Pure.

A visitor sees the wall: he is accompanied, and the register tells it. His name stands here and nowhere else, because it
must go one day; the operations log tells the number of the visit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.personal_data import personal_data_in
from csu.hal.words import Words

KEPT_NS = 365 * 24 * 3600 * NS_PER_S
"""[D]: names of visitors are erased a year after they left, as the journal is (LOG-4)."""
NAME_SIGNS_MAX = 80


class VisitRefused(CsuError):
    """The visit is not told as it must be, or is over already. Nothing was written."""


class VisitPurpose(StrEnum):
    """Why one comes. There is no "other": who has none of these reasons has none."""

    MAINTENANCE = "maintenance"
    CONTROL = "control"
    """The prefecture, the commission, the CNIL, the DPO."""
    JUDICIAL = "judicial"
    AUTHORITY = "authority"
    """The mayor, elected officials, police and fire brigade: by invitation, without access to pictures by status."""
    TRAINING = "training"
    CLEANING = "cleaning"

    @property
    def words(self) -> Words:
        """As the log says it."""
        return _PURPOSES[self]


_PURPOSES = {
    VisitPurpose.MAINTENANCE: Words("maintenance", "maintenance"),
    VisitPurpose.CONTROL: Words("contrôle", "inspection"),
    VisitPurpose.JUDICIAL: Words("réquisition", "requisition"),
    VisitPurpose.AUTHORITY: Words("visite d'autorité", "visit of an authority"),
    VisitPurpose.TRAINING: Words("formation", "training"),
    VisitPurpose.CLEANING: Words("entretien des locaux", "cleaning"),
}


@dataclass(frozen=True, slots=True)
class Visit:
    """One person in the room. Raises VisitRefused without a name, or when nobody is beside him."""

    name: str
    of: str
    """Whose: a firm, an administration."""
    purpose: VisitPurpose
    beside: str
    """Which agent accompanies him all the time."""
    entered_at_ns: Nanoseconds
    recorded_by: str
    left_at_ns: Nanoseconds | None = None

    def __post_init__(self) -> None:
        for field, text in (("name", self.name), ("of", self.of), ("beside", self.beside)):
            if not text.strip():
                raise _refused(field, Words("c'est vide", "it is empty"))
            if len(text) > NAME_SIGNS_MAX or not text.isprintable():
                raise _refused(
                    field, Words(f"{NAME_SIGNS_MAX} signes visibles au plus", f"{NAME_SIGNS_MAX} visible signs at most")
                )
            if found := personal_data_in(text):
                raise _refused(
                    field, Words(f"cela ressemble à une image ou une plaque ({found})", f"it looks like a {found}")
                )

    @property
    def is_inside(self) -> bool:
        return self.left_at_ns is None

    def left(self, now_ns: Nanoseconds) -> Visit:
        """He went. Raises VisitRefused when he had gone already."""
        if not self.is_inside:
            raise _refused("left", Words("cette personne est déjà partie", "this person has left already"))
        return replace(self, left_at_ns=max(now_ns, self.entered_at_ns))

    def is_to_be_erased(self, now_ns: Nanoseconds) -> bool:
        """His name is kept no longer. Who was never told to have left is counted from his coming."""
        return now_ns - (self.entered_at_ns if self.left_at_ns is None else self.left_at_ns) >= KEPT_NS


def _refused(field: str, what: Words) -> VisitRefused:
    return VisitRefused(
        what,
        where=f"visit/{field}",
        what_to_do=Words("Corrigez la visite ; rien n'est écrit", "Put the visit right; nothing was written"),
    )
