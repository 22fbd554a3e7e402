"""Whether the display panels of the wall show what they should. Pure: readings and misses in, troubles out.

Each trouble of a panel (silent, off, stuck while it warms, on another input, a part that fails) is told once when it
begins and once when it is over. What a panel does not say leaves what was told of it as it is. A panel that says
nothing for `SILENT_NS` is told as silent, however its line is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.wall_panel import PanelPart, PanelPower, PanelState, WallPanelId
from csu.hal.words import NO_WORDS, Words
from csu.wall.directing.programme import PlanUnusable

SILENT_NS = 20 * NS_PER_S
"""[D]: a dark panel hides its cameras from those who watch; two questions may be lost, not more."""
WARMING_NS = 120 * NS_PER_S
"""[D]: what warms up for longer does not come on."""


@dataclass(frozen=True, slots=True)
class PanelPlan:
    """What a panel of the wall should show: it is on, at this input (in the name its adapter gives)."""

    panel: WallPanelId
    input: str


@dataclass(frozen=True, slots=True)
class PanelTold:
    """One trouble of a panel began, or is over."""

    panel: WallPanelId
    what: Words
    is_over: bool


Key: TypeAlias = tuple[str, str]
"""A kind of trouble, and of what: the input, the part."""
_SILENT: Key = ("silent", "")
_OFF: Key = ("off", "")
_STUCK: Key = ("stuck", "")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known of one panel."""

    plan: PanelPlan
    heard_at_ns: Nanoseconds
    why: Words = NO_WORDS
    """Why it was missed last."""
    warming_since_ns: Nanoseconds | None = None
    told: frozenset[Key] = field(default_factory=frozenset)


class PanelSupervision:
    """All panels of a wall. Give it each reading, each miss, and the time when something is due: a time that never
    steps, since only ages count."""

    def __init__(self, plans: Sequence[PanelPlan], now_ns: Nanoseconds) -> None:
        """Raises PlanUnusable when a panel is planned twice."""
        self._seen = {plan.panel: _Seen(plan, now_ns) for plan in plans}
        if len(self._seen) != len(plans):
            raise PlanUnusable(
                Words("un écran y est deux fois", "a panel is in it twice"),
                where="wall/panels",
                what_to_do=Words("Corrigez le plan du mur", "Put the wall's plan right"),
            )

    def troubles(self, panel: WallPanelId) -> frozenset[Key]:
        """What was told of a panel and is not over. Raises KeyError."""
        return self._seen[panel].told

    def read(self, panel: WallPanelId, state: PanelState, now_ns: Nanoseconds) -> list[PanelTold]:
        """It said how it is. Raises KeyError for a panel of no plan."""
        seen = self._seen[panel]
        is_warming = state.power is PanelPower.WARMING
        since_ns = seen.warming_since_ns if seen.warming_since_ns is not None else now_ns
        since = since_ns if is_warming else None
        seen = replace(seen, heard_at_ns=now_ns, why=NO_WORDS, warming_since_ns=since)
        return self._change(seen, _troubles_now(seen, state, now_ns))

    def miss(self, panel: WallPanelId, why: Words, now_ns: Nanoseconds) -> list[PanelTold]:
        """It was asked and did not say. Told when it has been silent long enough. Raises KeyError."""
        self._seen[panel] = replace(self._seen[panel], why=why)
        return self.tick(now_ns)

    def tick(self, now_ns: Nanoseconds) -> list[PanelTold]:
        """Who has been silent for too long."""
        told: list[PanelTold] = []
        for seen in list(self._seen.values()):
            if now_ns - seen.heard_at_ns >= SILENT_NS:
                told += self._change(seen, seen.told | {_SILENT})
        return told

    def due_at_ns(self) -> Nanoseconds | None:
        """When to `tick` next; None: everybody is heard of otherwise."""
        heard = [seen.heard_at_ns for seen in self._seen.values() if _SILENT not in seen.told]
        return min(heard) + SILENT_NS if heard else None

    def _change(self, seen: _Seen, now: frozenset[Key]) -> list[PanelTold]:
        panel, before = seen.plan.panel, seen.told
        self._seen[panel] = replace(seen, told=now)
        begun = [PanelTold(panel, _words(key, seen), False) for key in sorted(now - before)]
        over = [PanelTold(panel, _words_over(key), True) for key in sorted(before - now)]
        return over + begun


def _troubles_now(seen: _Seen, state: PanelState, now_ns: Nanoseconds) -> frozenset[Key]:
    """What is wrong by a reading; of what it does not say, what was told before."""
    now = {("failed", part.value) for part in state.failed} | {("warned", part.value) for part in state.warned}
    if state.power in (PanelPower.OFF, PanelPower.COOLING):
        now.add(_OFF)
    elif state.power is PanelPower.WARMING:
        now |= seen.told & {_OFF}
        if seen.warming_since_ns is not None and now_ns - seen.warming_since_ns >= WARMING_NS:
            now.add(_STUCK)
    kept = {"input"} if state.power is PanelPower.ON else {"input", "failed", "warned"}
    if state.power is PanelPower.ON and state.input:
        kept = set()
        if state.input != seen.plan.input:
            now.add(("input", state.input))
    return frozenset(now | {key for key in seen.told if key[0] in kept})


def _words(key: Key, seen: _Seen) -> Words:
    kind, of = key
    if kind == "silent":
        s, why = SILENT_NS // NS_PER_S, seen.why or Words("pas de réponse", "no answer")
        return Words(f"l'écran ne dit rien depuis {s} s : {why.fr}", f"the panel has said nothing for {s} s: {why.en}")
    if kind == "input":
        return Words(
            f"l'écran est sur l'entrée {of}, pas sur {seen.plan.input} : remettez-la",
            f"the panel is on input {of}, not on {seen.plan.input}: put it back",
        )
    if kind in ("failed", "warned"):
        part = _PART[PanelPart(of)]
        if kind == "failed":
            return Words(f"l'écran signale une panne : {part.fr}", f"the panel reports a failure: {part.en}")
        return Words(f"l'écran signale une alerte : {part.fr}", f"the panel warns: {part.en}")
    return _BEGUN[key]


def _words_over(key: Key) -> Words:
    kind, of = key
    if kind in ("failed", "warned"):
        part = _PART[PanelPart(of)]
        return Words(f"l'écran ne le signale plus : {part.fr}", f"the panel reports it no longer: {part.en}")
    return _OVER[kind]


_BEGUN = {
    _OFF: Words("l'écran est éteint : rallumez-le", "the panel is off: switch it on"),
    _STUCK: Words("l'écran s'allume et n'aboutit pas", "the panel warms up and does not come on"),
}
_OVER = {
    "silent": Words("l'écran répond de nouveau", "the panel answers again"),
    "off": Words("l'écran est rallumé", "the panel is on again"),
    "stuck": Words("l'écran n'est plus en train de s'allumer", "the panel is warming up no longer"),
    "input": Words("l'écran n'est plus sur cette entrée", "the panel has left that input"),
}
_PART = {
    PanelPart.LAMP: Words("rétroéclairage ou lampe", "backlight or lamp"),
    PanelPart.TEMPERATURE: Words("température", "temperature"),
    PanelPart.FAN: Words("ventilateur", "fan"),
    PanelPart.COVER: Words("capot ouvert", "cover open"),
    PanelPart.FILTER: Words("filtre", "filter"),
    PanelPart.SIGNAL: Words("aucun signal à son entrée", "no signal at its input"),
    PanelPart.LIGHT_SENSOR: Words("capteur de lumière", "light sensor"),
    PanelPart.OTHER: Words("autre", "other"),
}
