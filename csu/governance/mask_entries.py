"""What of the register of masks goes into the audit journal: an entry for each event, without what people wrote."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from csu.governance.journal_entry import BY_CSU, DataSpan, JournalEntry, Operation, account_of
from csu.governance.mask_events import Declined, LifecycleSet, MaskEvent, Moved, Proposed, Signed
from csu.governance.mask_register import MaskRegister
from csu.hal.clock import Nanoseconds

Note = Callable[[Sequence[JournalEntry]], None]
"""Writes entries before what they tell of is done. Blocks. Raises JournalUnavailable: then it is not done."""


def mask_entry(event: MaskEvent) -> JournalEntry:
    """The entry of one event. The reason stays in the register of masks: it is free text (LOG-5).

    Raises JournalEntryRefused for a person whose name makes no account.
    """
    data = (DataSpan(event.camera),)
    match event:
        case Proposed():
            author, role, subject = account_of(event.by), "proposer", f"masks/{event.version}/proposed"
            return JournalEntry(Operation.MASK_EDIT, author, role, data=data, subject=subject, sha256=event.digest)
        case Signed():
            author, subject = account_of(event.person), f"masks/{event.version}/signed"
            return JournalEntry(Operation.MASK_EDIT, author, event.role.value, data=data, subject=subject)
        case Declined():
            author, subject = account_of(event.person), f"masks/{event.version}/declined"
            return JournalEntry(Operation.MASK_EDIT, author, event.role.value, data=data, subject=subject)
        case LifecycleSet():
            author, subject = account_of(event.by), f"lifecycle/{event.after.value}"
            return JournalEntry(Operation.CAMERA_LIFECYCLE, author, "declared", data=data, subject=subject)
        case Moved():
            return JournalEntry(
                Operation.CAMERA_LIFECYCLE, BY_CSU.account, BY_CSU.role, data=data, subject="lifecycle/moved"
            )


def hides_more_at_once(register: MaskRegister, events: Sequence[MaskEvent], now_ns: Nanoseconds) -> bool:
    """Whether these events, just decided, do nothing but hide more from now on: what never waits (PRV-5)."""
    return bool(events) and all(_hides_more(register, event, now_ns) for event in events)


def _hides_more(register: MaskRegister, event: MaskEvent, now_ns: Nanoseconds) -> bool:
    if isinstance(event, Moved | LifecycleSet):  # both leave the whole picture masked
        return True
    if not isinstance(event, Proposed):
        return False
    made = register.effective(event.camera, now_ns)
    return made is not None and made.number == event.version and not made.loosens
