"""What the operations log says by itself of what happens: alarms and their steps, calls, who watches, PTZ taken over.

Pure. Its language is French, as the log's. Each line of an alarm or call says the same each time it is made, so that
a centre that starts again finds what it wrote before.
"""

from __future__ import annotations

from collections.abc import Iterator

from csu.alarms import Alarm, AlarmAcknowledged, AlarmAdvanced, AlarmEscalated, AlarmLate, AlarmRaised, Contact
from csu.centre.events import CentreEvent
from csu.centre.rooms.service_lines import lines_of_service
from csu.governance.legal_calendar import in_paris
from csu.hal.alarms import AlarmKind
from csu.operations import (
    CallAgain,
    CallEscalated,
    CallQueued,
    CallTaken,
    Deport,
    DeportChanged,
    DeportStep,
    Draft,
    EntryKind,
    LeaseEnd,
    LeaseEnded,
    OutboxCall,
    ServiceEvent,
    ShortWatchAlert,
    WatchCause,
    WatchChanged,
)

BY_CSU = "csu"
HEARD = (
    *(AlarmRaised, AlarmAcknowledged, AlarmAdvanced, AlarmEscalated, AlarmLate, CallQueued, CallEscalated, CallTaken),
    *(CallAgain, WatchChanged, ShortWatchAlert, LeaseEnded, DeportChanged),
)
"""The events that make a line; of the others none does."""
_KINDS = {
    AlarmKind.INTRUSION: "intrusion",
    AlarmKind.FIRE: "incendie",
    AlarmKind.PANIC_BUTTON: "appel au secours",
    AlarmKind.TAMPER: "autoprotection",
    AlarmKind.TECHNICAL: "technique",
    AlarmKind.TEST: "essai",
}
_CONTACTS = {Contact.ROOM: "la salle", Contact.ROOM_CHIEF: "le chef de salle", Contact.CSU_MANAGER: "le responsable"}
_CAUSES = {
    WatchCause.ARRIVED: "prend son poste",
    WatchCause.LEFT: "quitte son poste",
    WatchCause.UNSEEN: "n'est plus vu à son poste",
}


def lines_of(event: CentreEvent) -> Iterator[Draft]:
    """What the log says of it. Raises LogEntryRefused for a name that the log may not hold."""
    match event:
        case AlarmRaised(alarm):
            yield _raised(alarm)
        case AlarmAcknowledged(alarm) | AlarmAdvanced(alarm):
            yield _step(alarm, len(alarm.steps) - 1)
        case AlarmEscalated(alarm) | AlarmLate(alarm):
            yield _escalation(alarm, len(alarm.escalations) - 1)
        case CallQueued(call):
            yield _call(call, f"appel préparé : {call.call.service}")
        case CallEscalated(call):
            told = "téléphoner" if call.is_by_telephone else "contact suivant essayé"
            yield _call(call, f"appel sans réponse : {told}")
        case CallAgain(call):
            yield _call(call, "appel relancé auprès de ses contacts")
        case CallTaken(call):
            yield _call(call, f"appel pris par {call.taken_by}")
        case DeportChanged(deport):
            yield _deport(deport)
        case WatchChanged(person=person) if person:
            watching = f"{len(event.watching)} en poste"
            yield Draft(EntryKind.ROSTER, BY_CSU, f"{person} {_CAUSES[event.cause]} ({watching})")
        case ShortWatchAlert():
            yield Draft(EntryKind.ROSTER, BY_CSU, f"moins de deux agents en poste : chef appelé ({event.call})")
        case LeaseEnded(lease, why) if event.by and why is LeaseEnd.PREEMPTED:
            yield Draft(EntryKind.PTZ, BY_CSU, f"{lease.camera} : {event.by} prend la main à {lease.holder}")
        case _ if isinstance(event, ServiceEvent):
            yield from lines_of_service(event)
        case _:
            return


def lines_of_alarm(alarm: Alarm) -> Iterator[Draft]:
    """All that the log should say of it by now."""
    yield _raised(alarm)
    yield from (_step(alarm, index) for index in range(len(alarm.steps)))
    yield from (_escalation(alarm, index) for index in range(len(alarm.escalations)))


def _raised(alarm: Alarm) -> Draft:
    said = alarm.message
    kind = _KINDS[said.kind]
    return Draft(EntryKind.ALARM, BY_CSU, f"{kind}, {said.site} ({said.commune}) : alarme levée", alarm=alarm.alarm)


def _step(alarm: Alarm, index: int) -> Draft:
    step = alarm.steps[index]
    police = f" : {step.police.service}, pris par {step.police.taken_by}" if step.police is not None else ""
    return Draft(EntryKind.ALARM, step.by, f"alarme {step.to.words.fr}{police}", alarm=alarm.alarm)


def _escalation(alarm: Alarm, index: int) -> Draft:
    told = alarm.escalations[index]
    text = f"alarme {told.state.words.fr} depuis trop longtemps : {_CONTACTS[told.to]} prévenu"
    return Draft(EntryKind.ALARM, BY_CSU, text, alarm=alarm.alarm)


def _call(call: OutboxCall, text: str) -> Draft:
    return Draft(EntryKind.DISPATCH, BY_CSU, text, call=call.call.call)


def _deport(deport: Deport) -> Draft:
    """Its last line."""
    line, whom = deport.last, f"{deport.recipient.name} ({deport.recipient.service})"
    cameras = ", ".join(deport.cameras)
    until = in_paris(line.until_ns) if line.until_ns is not None else ""
    match line.step:
        case DeportStep.STARTED:
            text = f"déport d'images ouvert à {whom} jusqu'à {until} : {cameras} ; {line.reason}"
        case DeportStep.PROLONGED:
            text = f"déport à {whom} prolongé jusqu'à {until} ; {line.reason}"
        case DeportStep.RESUMED:
            text = f"déport à {whom} repris après un arrêt du centre, jusqu'à {in_paris(deport.until_ns)}"
        case DeportStep.WITHDRAWN:
            text = f"déport à {whom} : {', '.join(line.cameras)} n'est plus montrée ({line.reason})"
        case DeportStep.ENDED:
            why = line.why.words.fr if line.why is not None else ""
            text = f"déport à {whom} terminé : {why}" + (f" ; {line.reason}" if line.reason else "")
    return Draft(EntryKind.DISPATCH, line.by, text, alarm=deport.alarm)
