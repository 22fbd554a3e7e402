"""May this type of event be looked for in this camera's pictures, at that instant? Pure; everything must say yes.

The law (`RegimeNow`), the kill switch, a prefect's order of an event that names camera, commune, place, minute and
type, the camera's own papers, and a model that is registered, attested, tested for the type and named by that very
order. What is missing, unknown or not believed is no: then nothing is computed at all (VSA-1, VSA-2, VSA-3, VSA-8).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from csu.governance.analysis_orders import AnalysisOrders, StandingOrder
from csu.governance.analysis_switch import THROWN, SwitchNow
from csu.governance.authorisations import FAR_NS
from csu.governance.decision import Decision, granted, refused
from csu.governance.legal_calendar import in_paris, start_of_day
from csu.governance.legal_regime import RegimeNow
from csu.governance.model_register import ModelRegister
from csu.hal.analysis import EVENT_WORDS, EventType
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import Nanoseconds
from csu.hal.words import NO_WORDS, Words

ORDER_LAW = "loi 2023-380, art. 10 ; décret 2023-828"
_FORBIDDEN = "CSI L251-2 ; loi 2023-380, art. 10"
_TOOL = "décret 2023-828, art. 13-14"


class CameraPapers(Protocol):
    """What is asked of the papers of a camera: `AuthorisationRegister`."""

    def may_view_live(self, camera: CameraId, at_ns: Nanoseconds) -> Decision: ...

    def next_change_ns(self, camera: CameraId, after_ns: Nanoseconds) -> Nanoseconds | None: ...


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision, and the order that permits it: None where it is refused."""

    decision: Decision
    order: StandingOrder | None = None


@dataclass(frozen=True, slots=True)
class AnalysisBasis:
    """All that is believed now. `distrusted`: why nothing of it is; then everything is refused."""

    papers: CameraPapers
    regime: RegimeNow = RegimeNow()
    switch: SwitchNow = SwitchNow()
    orders: AnalysisOrders = AnalysisOrders()
    models: ModelRegister = ModelRegister()
    distrusted: Words = NO_WORDS

    def decide(
        self,
        camera: CameraId,
        commune: CommuneId,
        place_m: tuple[float, float] | None,
        type: EventType,
        at_ns: Nanoseconds,
    ) -> Decision:
        """Yes or no, why, and by which text. `place_m`: where it stands in the site's metres, if anybody knows."""
        return self.rule(camera, commune, place_m, type, at_ns).decision

    def rule(
        self,
        camera: CameraId,
        commune: CommuneId,
        place_m: tuple[float, float] | None,
        type: EventType,
        at_ns: Nanoseconds,
    ) -> Ruling:
        """As `decide`, with the order by which it is permitted: of several, the one that ends last."""
        everywhere = self._everywhere(at_ns)
        if everywhere is not None:
            return Ruling(everywhere)
        naming = self.orders.naming(camera)
        refusals: list[tuple[int, Decision]] = []
        for each in sorted(naming, key=lambda one: (one.ends_ns, one.order.number), reverse=True):
            refusal = self._refusal(each, commune, place_m, type, at_ns)
            if refusal is None:
                return self._by_its_own_papers(each, camera, type, at_ns)
            refusals.append(refusal)
        if not refusals:
            return Ruling(
                refused(
                    "aucun arrêté d'analyse ne nomme cette caméra",
                    "no order for analysis names this camera",
                    _FORBIDDEN,
                )
            )
        return Ruling(max(refusals, key=lambda found: found[0])[1])

    def until(self, camera: CameraId, at_ns: Nanoseconds) -> Nanoseconds:
        """The first instant after `at_ns` at which an answer about this camera may be another by itself.

        Never too late, perhaps too early. FAR_NS: none is known.
        """
        changes = [*self._regime_days(), *self._order_instants(camera)]
        papers_ns = self.papers.next_change_ns(camera, at_ns)
        changes += [papers_ns] if papers_ns is not None else []
        return min((change for change in changes if change > at_ns), default=FAR_NS)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _everywhere(self, at_ns: Nanoseconds) -> Decision | None:
        """What refuses every camera alike."""
        if self.distrusted:
            return refused(self.distrusted.fr, self.distrusted.en, _FORBIDDEN)
        for said in (self.regime.allows(at_ns), self.switch.allows()):
            if not said.permitted:
                return said
        return None

    def _refusal(
        self,
        standing: StandingOrder,
        commune: CommuneId,
        place_m: tuple[float, float] | None,
        type: EventType,
        at_ns: Nanoseconds,
    ) -> tuple[int, Decision] | None:
        """Why this order does not permit it, and how near it came; None: it does."""
        order, number = standing.order, standing.order.number
        if (why := _not_in_force(standing, at_ns)) is not None:
            return 0, refused(why.fr, why.en, ORDER_LAW)
        if commune not in order.communes:
            return 1, refused(
                f"l'arrêté {number} ne vise pas {commune}", f"order {number} is not about {commune}", ORDER_LAW
            )
        if not order.reaches(place_m):
            return 2, refused(
                f"elle n'est pas dans le périmètre de l'arrêté {number}",
                f"it is outside the bounds of order {number}",
                ORDER_LAW,
            )
        said = EVENT_WORDS[type]
        if type not in order.types:
            return 3, refused(f"l'arrêté {number} n'a pas : {said.fr}", f"order {number} has not: {said.en}", ORDER_LAW)
        model = self.models.known.get(order.tool.sha256)
        if model is None or (model.attestation, model.version) != (order.tool.attestation, order.tool.version):
            return 4, refused(
                f"le modèle de l'arrêté {number} n'est pas inscrit avec son attestation",
                f"the model of order {number} is not registered with its attestation",
                _TOOL,
            )
        if model.result(type) is None:
            return 5, refused(f"modèle jamais éprouvé : {said.fr}", f"the model was never tested for: {said.en}", _TOOL)
        return None

    def _by_its_own_papers(
        self, standing: StandingOrder, camera: CameraId, type: EventType, at_ns: Nanoseconds
    ) -> Ruling:
        own = self.papers.may_view_live(camera, at_ns)  # a signal is for a person who may look
        if not own.permitted:
            return Ruling(own)
        number, said, end = standing.order.number, EVENT_WORDS[type], in_paris(standing.ends_ns)
        yes = granted(
            f"{said.fr} : arrêté {number}, jusqu'à {end}", f"{said.en}: order {number}, until {end}", ORDER_LAW
        )
        return Ruling(yes, standing)

    def _regime_days(self) -> Iterable[Nanoseconds]:
        regime = self.regime.regime
        if regime is not None:
            yield start_of_day(regime.valid_from)
            yield start_of_day(regime.valid_until + timedelta(days=1))

    def _order_instants(self, camera: CameraId) -> Iterable[Nanoseconds]:
        for each in self.orders.naming(camera):
            yield each.begins_ns
            yield each.ends_ns


def distrusted(papers: CameraPapers, why: Words) -> AnalysisBasis:
    """Something is not believed, or cannot be read: nothing may be analysed."""
    return AnalysisBasis(papers, switch=THROWN, distrusted=why)


def _not_in_force(standing: StandingOrder, at_ns: Nanoseconds) -> Words | None:
    number = standing.order.number
    if standing.holds(at_ns):
        return None
    if standing.withdrawn_ns is not None and at_ns >= standing.withdrawn_ns:
        return Words(f"l'arrêté {number} est retiré", f"order {number} is withdrawn")
    if at_ns >= standing.ends_ns:
        end = in_paris(standing.ends_ns)
        return Words(f"l'arrêté {number} a pris fin à {end}", f"order {number} ended at {end}")
    first = in_paris(standing.begins_ns)
    return Words(f"l'arrêté {number} ne vaut qu'à partir de {first}", f"order {number} holds from {first} only")
