"""An answer of the decision point: yes or no, why, and by which text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from csu.hal.words import Words


class Layer(StrEnum):
    """Where a rule comes from. Both hold; the stricter wins."""

    LAW = "law"
    DOCTRINE = "local_doctrine"


@dataclass(frozen=True, slots=True)
class Decision:
    """May this be done? `bool(decision)` is the answer."""

    permitted: bool
    reason: Words
    """Why, for the person who asked and for the journal. No personal data of filmed people (LOG-5)."""
    source: str
    """The text behind it: an article, a section of the local doctrine, a requirement."""
    layer: Layer = Layer.LAW
    rule: str = ""
    """The rule that decided, as an identifier for the journal: `acc-3.live-only`."""
    rules: tuple[str, ...] = ()
    """Of a refusal: every rule that holds back, `rule` among them."""
    must_journal: bool = False
    """True: an entry of the audit journal is written before anything follows, refusals too (LOG-2, LOG-3)."""

    def __bool__(self) -> bool:
        return self.permitted


def granted(fr: str, en: str, source: str, layer: Layer = Layer.LAW) -> Decision:
    """Yes."""
    return Decision(True, Words(fr, en), source, layer)


def refused(fr: str, en: str, source: str, layer: Layer = Layer.LAW) -> Decision:
    """No."""
    return Decision(False, Words(fr, en), source, layer)
