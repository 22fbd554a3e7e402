"""What the operations log says by itself of shifts, handovers, visits and planned events. Pure; French, as the log."""

from __future__ import annotations

from collections.abc import Iterator

from csu.governance import Span, in_paris
from csu.hal.clock import Nanoseconds
from csu.operations import (
    AbsenceTold,
    Draft,
    EntryKind,
    EventDeed,
    EventTold,
    HoleAhead,
    NoteLate,
    NoteSigned,
    RosterSet,
    ServiceEvent,
    VisitTold,
)

_CSU = "csu"
_DEEDS = {
    EventDeed.PLANNED: "prévu",
    EventDeed.CHANGED: "modifié",
    EventDeed.BEGAN: "commence",
    EventDeed.ENDED: "se termine",
    EventDeed.CALLED_OFF: "annulé",
    EventDeed.REPORTED: "clos",
}


def lines_of_service(event: ServiceEvent) -> Iterator[Draft]:
    """What the log says of it. Visitors are numbers here: their names are erased one day, and a log is not."""
    match event:
        case RosterSet():
            yield Draft(EntryKind.ROSTER, event.by, f"tableau de service fixé, {_span(event.over)}")
        case AbsenceTold():
            what = "de retour" if event.is_back else "absent"
            holes = f" : {event.holes} période(s) à moins de deux agents" if event.holes else ""
            yield Draft(EntryKind.ROSTER, event.by, f"{event.person} {what}, {_span(event.span)}{holes}")
        case HoleAhead(fault):
            yield Draft(EntryKind.ROSTER, _CSU, f"à venir, {_span(fault.span)} : {fault.words.fr}")
        case NoteSigned():
            rest = f" ; à signer par {', '.join(event.waiting)}" if event.waiting else " ; toute l'équipe l'a signée"
            yield Draft(EntryKind.HANDOVER, event.person, f"consigne n° {event.log_entry} signée{rest}")
        case NoteLate():
            who = ", ".join(event.waiting) or "personne"
            yield Draft(
                EntryKind.HANDOVER, _CSU, f"consigne n° {event.log_entry} non signée à temps (attendus : {who})"
            )
        case VisitTold(number, visit):
            step = "entrée" if visit.is_inside else "sortie"
            yield Draft(
                EntryKind.VISIT,
                event.by,
                f"visite n° {number} ({visit.purpose.words.fr}) : {step}, accompagnée par {visit.beside}",
            )
        case EventTold(number, planned):
            ends = f", {planned.report.outcome.words.fr}" if planned.report is not None else ""
            told = f"événement n° {number} ({planned.kind.words.fr}, {planned.place}, {planned.commune})"
            yield Draft(EntryKind.OBSERVATION, event.by or _CSU, f"{told} : {_DEEDS[event.deed]}{ends}")


def _span(span: Span) -> str:
    """Without a word between the two: `00 au 16` looks like a plate, and the log takes none."""
    return f"{_minute(span.from_ns)} – {_minute(span.to_ns)}"


def _minute(at_ns: Nanoseconds) -> str:
    year, month, day = (told := in_paris(at_ns))[:10].split("-")
    return f"{day}/{month}/{year} {told[11:16]}"
