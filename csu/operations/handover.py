"""The note that one team leaves to the next, acknowledged by somebody of the incoming team (OPS-1). Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from csu.governance.mask_register import same_person
from csu.hal.clock import Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words


class HandoverRefused(CsuError):
    """The note is empty, or who signs it is not of the incoming team. Nothing changed."""


@dataclass(frozen=True, slots=True)
class HandoverNote:
    """What the outgoing team leaves, and which alarms are still open; a chief may read it years later."""

    shift: str
    """The outgoing one."""
    by: str
    log_entry: int
    """Where its text stands in the operations log."""
    open_alarms: tuple[str, ...]
    written_at_ns: Nanoseconds
    acknowledged_by: str = ""
    acknowledged_at_ns: Nanoseconds | None = None

    @property
    def is_acknowledged(self) -> bool:
        return bool(self.acknowledged_by)

    def acknowledged(self, person: str, incoming: tuple[str, ...], now_ns: Nanoseconds) -> HandoverNote:
        """The note, taken over by `person` of the `incoming` team. Raises HandoverRefused; once taken it stays so."""
        if self.is_acknowledged:
            return self
        if same_person(person, self.by) or not any(same_person(person, other) for other in incoming):
            raise HandoverRefused(
                Words(f"{person} n'est pas de l'équipe montante", f"{person} is not of the incoming team"),
                where=f"handover/{self.shift}",
                what_to_do=Words("Quelqu'un de l'équipe montante signe", "Somebody of the incoming team signs"),
            )
        return replace(self, acknowledged_by=person, acknowledged_at_ns=now_ns)
