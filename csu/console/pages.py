"""Which pages of the console a role may open: those of which it can do something, as the policies have it."""

from __future__ import annotations

from csu.governance import Action, Role, role_can

PAGES: dict[str, frozenset[Action]] = {
    "live": frozenset({Action.LIVE_VIEW}),
    "map": frozenset({Action.LIVE_VIEW}),
    "wall": frozenset({Action.WALL_READ}),
    "alarms": frozenset({Action.ALARM_ACK}),
    "analysis": frozenset({Action.ANALYSIS_READ}),
    "log": frozenset({Action.LOGBOOK_READ}),
    "deport": frozenset({Action.DEPORT_READ}),
    "enforcement": frozenset({Action.TICKET_READ}),
    "received": frozenset({Action.DEPORT_VIEW}),
    "service": frozenset({Action.POST_READ}),
    "events": frozenset({Action.EVENT_READ}),
    "desk": frozenset({Action.LEGAL_REGISTER_READ, Action.CASE_FOLLOW, Action.HOLD_REQUEST}),
    "dpo": frozenset({Action.JOURNAL_READ, Action.MASK_READ, Action.SIGN_RECORD}),
    "commune": frozenset({Action.STATISTICS_READ}),
    "statistics": frozenset({Action.STATISTICS_READ}),
    "administration": frozenset({Action.INVENTORY_READ}),
}
"""By name, in the order in which they are shown; any of the actions opens it. The names are those of `pages.ts`."""


def pages_of(role: Role) -> list[str]:
    """The pages of that role, in order. What a page shows is asked for at its own doors."""
    return [page for page, actions in PAGES.items() if any(role_can(role, action) for action in actions)]


def actions_of(role: Role) -> list[Action]:
    """All that the role can have at all: a page offers nothing else. Whether it is permitted is asked each time."""
    return [action for action in Action if role_can(role, action)]
