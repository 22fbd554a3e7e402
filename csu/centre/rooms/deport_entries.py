"""A deport as the rights and the journal know it: no word of a person is in either (LOG-5)."""

from __future__ import annotations

from csu.governance import Action, Author, DeportFacts, JournalEntry, Span
from csu.governance.journal_entry import DataSpan, Ground
from csu.governance.journaled_actions import OPERATION_OF
from csu.operations import Deport, DeportStep

_ACTION_OF = {
    DeportStep.STARTED: Action.DEPORT_START,
    DeportStep.PROLONGED: Action.DEPORT_START,
    DeportStep.RESUMED: Action.DEPORT_START,
    DeportStep.WITHDRAWN: Action.DEPORT_STOP,
    DeportStep.ENDED: Action.DEPORT_STOP,
}


def facts_of(deport: Deport) -> DeportFacts:
    """What it shows, to whom, when."""
    return DeportFacts(deport.recipient.account, deport.shown, Span(deport.from_ns, deport.until_ns))


def entry_of(deport: Deport, by: Author) -> JournalEntry:
    """Of its last line. Raises JournalEntryRefused."""
    line = deport.last
    detail = line.why.value if line.why is not None else ""
    return JournalEntry(
        OPERATION_OF[_ACTION_OF[line.step]],
        by.account,
        by.role,
        ground=Ground.ALARM if deport.alarm else Ground.INCIDENT,
        reference=deport.reference,
        data=tuple(DataSpan(camera) for camera in (line.cameras or deport.cameras)),
        recipient=deport.recipient.account,
        subject=f"{deport.deport}/{detail or line.step.value}"[:64],
    )
