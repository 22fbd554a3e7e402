"""Alarmed buildings of the simulated street, which ring one after the other, and the police that is told of them."""

from __future__ import annotations

from collections.abc import Collection

from csu.hal.alarms import AlarmKind, PanelId, PanelMessage
from csu.hal.camera import CommuneId
from csu.hal.clock import NS_PER_MS, NS_PER_S, Clock, Nanoseconds
from sim.panels import SimDispatch, SimPanel
from sim.ports import SeededChance

PANEL = PanelId("centrale-1")
TAKEN_BY = "gardien Petit"
"""Who is on duty at the simulated police station."""
SITES_M = {
    (CommuneId("valmont-sur-seille"), "Mairie"): (8.0, -4.0),
    (CommuneId("saint-eloi-les-valmont"), "École des Tilleuls"): (47.0, -4.0),
}
"""Where they stand, in the street's metres: beside the crossing of camera 4, before camera 7."""
KINDS = (AlarmKind.INTRUSION, AlarmKind.FIRE, AlarmKind.INTRUSION, AlarmKind.TECHNICAL)
ALARMS_MAX = 1_000
"""Then nothing rings any more."""


def street_panel(clock: Clock, from_ns: Nanoseconds, every_s: float, communes: Collection[CommuneId]) -> SimPanel:
    """Rings each `every_s` seconds after `from_ns`, at one building of these communes and the next."""
    sites = [site for site in SITES_M if site[0] in communes]
    messages = []
    for number in range(ALARMS_MAX):
        at_ns = from_ns + round((number + 1) * every_s * NS_PER_S)
        commune, site = sites[number % len(sites)]
        # The instant numbers it: another run of the same centre begins with other numbers.
        messages.append(PanelMessage(PANEL, at_ns // NS_PER_MS, commune, site, KINDS[number % len(KINDS)], at_ns))
    return SimPanel(PANEL, clock, messages)


def street_police(clock: Clock, seed: int) -> SimDispatch:
    """Answers after some seconds, in a person's name."""
    return SimDispatch(clock, SeededChance(f"street/{seed}"), taken_by=TAKEN_BY)
