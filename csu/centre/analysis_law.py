"""By which laws, orders, models and switch a centre analyses pictures: kept in its ledgers, or stated by a simulation.

What cannot be read or believed now permits nothing, until it can. Calls that read or write a file block.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from csu.centre.papers import Papers
from csu.governance.analysis_basis import AnalysisBasis, distrusted
from csu.governance.analysis_orders import (
    AnalysisOrderEvent,
    AnalysisOrderLedger,
    AnalysisOrderRecorded,
    AnalysisOrders,
    AnalysisOrderWithdrawn,
)
from csu.governance.analysis_switch import PUTS_BACK, THROWS, AnalysisSwitchLedger, SwitchNow, require_role
from csu.governance.centre_key import CentreKey
from csu.governance.legal_regime import FILE as REGIME_FILE
from csu.governance.legal_regime import RegimeLedger, RegimeNow
from csu.governance.model_register import ModelEvent, ModelLedger, ModelRegister, ModelRegistered
from csu.governance.roles import Role
from csu.hal.clock import Nanoseconds
from csu.hal.errors import BadInput, CsuError
from csu.hal.words import NO_WORDS, Words

ORDERS_FILE, MODELS_FILE, SWITCH_FILE = "analysis_orders.sqlite", "models.sqlite", "analysis_switch.sqlite"


SIMULATED = "site simulé"
"""Who answers for what a simulated site states."""


@dataclass(frozen=True, slots=True)
class Believed:
    """What the files say, or a simulated world."""

    regime: RegimeNow = RegimeNow()
    orders: AnalysisOrders = AnalysisOrders()
    models: ModelRegister = ModelRegister()
    switch: SwitchNow = SwitchNow()


class Ledgers:
    """The four files of a centre, opened when they are first needed. Calls block."""

    def __init__(self, directory: Path, key: CentreKey) -> None:
        self._directory, self._key = directory, key
        self._opened: tuple[RegimeLedger, AnalysisOrderLedger, ModelLedger, AnalysisSwitchLedger] | None = None

    def read(self) -> Believed | None:
        """As they stand; None: as they were. Raises CsuError: nothing is believed, and all are read anew next time."""
        try:
            was_open = self._opened is not None
            regime, orders, models, switch = self._open()
            changed = [each.catch_up() for each in (regime, orders, models, switch)]
            if was_open and not any(changed):
                return None
        except CsuError:
            self.close()
            raise
        return Believed(regime.state, orders.value, models.value, switch.state)

    def regime(self) -> RegimeLedger:
        return self._open()[0]

    def orders(self) -> AnalysisOrderLedger:
        return self._open()[1]

    def models(self) -> ModelLedger:
        return self._open()[2]

    def switch(self) -> AnalysisSwitchLedger:
        return self._open()[3]

    def close(self) -> None:
        """Release the files."""
        if self._opened is not None:
            for each in self._opened:
                each.close()
        self._opened = None

    def _open(self) -> tuple[RegimeLedger, AnalysisOrderLedger, ModelLedger, AnalysisSwitchLedger]:
        if self._opened is None:
            at, key = self._directory, self._key
            made: list[RegimeLedger | AnalysisOrderLedger | ModelLedger | AnalysisSwitchLedger] = []
            try:
                made.append(regime := RegimeLedger(at / REGIME_FILE, key))
                made.append(orders := AnalysisOrderLedger(at / ORDERS_FILE, key))
                made.append(models := ModelLedger(at / MODELS_FILE, key))
                switch = AnalysisSwitchLedger(at / SWITCH_FILE, key)
            except CsuError:
                for each in made:
                    each.close()
                raise
            self._opened = regime, orders, models, switch
        return self._opened


class AnalysisLaw:
    """One per centre. `basis` is another value each time something changed: ask for it anew."""

    def __init__(self, ledgers: Ledgers | None, papers: Papers, believed: Believed) -> None:
        """`ledgers` None: stated. Use `open` or `stated`."""
        self._ledgers, self._papers, self._believed = ledgers, papers, believed
        self._distrust = NO_WORDS if ledgers is None else Words("rien n'a encore été lu", "nothing was read yet")
        self._thrown_here: SwitchNow | None = None
        self._listeners: list[Callable[[], None]] = []
        papers.listen(self._tell)

    @staticmethod
    def open(directory: Path, key: CentreKey, papers: Papers) -> AnalysisLaw:
        """The ledgers in a centre's directory. Nothing is permitted until `catch_up` has read them."""
        return AnalysisLaw(Ledgers(directory, key), papers, Believed())

    @staticmethod
    def stated(text: str, papers: Papers) -> AnalysisLaw:
        """By the JSON text of a `Believed` that a simulated world states, kept nowhere. Raises BadInput."""
        return AnalysisLaw(None, papers, _believed_from(text))

    @property
    def basis(self) -> AnalysisBasis:
        """What holds now."""
        register, said = self._papers.register, self._believed
        if self._distrust:
            return distrusted(register, self._distrust)
        switch = self._thrown_here or said.switch
        return AnalysisBasis(register, said.regime, switch, said.orders, said.models)

    @property
    def is_shared(self) -> bool:
        """Another process may change it at any time: `catch_up` each second."""
        return self._ledgers is not None

    @property
    def distrust(self) -> Words:
        """Why nothing is believed; no words: it is."""
        return self._distrust

    def listen(self, listener: Callable[[], None]) -> None:
        """Tell `listener` when a simulated world stated otherwise, or papers changed. It must not block."""
        self._listeners.append(listener)

    def state(self, text: str) -> None:
        """A simulated world states otherwise; its kill switch stays as people set it. Raises BadInput."""
        self._believed = replace(_believed_from(text), switch=self._believed.switch)
        self._tell()

    def catch_up(self) -> bool:
        """Read what was entered; True: something changed. What fails is told by `distrust`, and permits nothing."""
        if self._ledgers is None:
            return False
        before = self._distrust
        try:
            read, self._distrust = self._ledgers.read(), NO_WORDS
        except CsuError as error:
            read, self._distrust = None, error.trouble.words
        self._believed = read or self._believed
        return read is not None or self._distrust != before

    def take_in(self, text: str, at_ns: Nanoseconds) -> None:
        """Enter what a simulated site states, in files that say nothing yet. Raises BadInput, CsuError. Calls block."""
        if self._ledgers is None or self._ledgers.read() != Believed():
            return
        said = _believed_from(text)
        self._ledgers.regime().enter(said.regime.regime, by=SIMULATED, reason=SIMULATED, at_ns=at_ns)
        for model in said.models.known.values():
            self.enter(ModelRegistered(model, SIMULATED, at_ns))
        for standing in said.orders.standing.values():
            self.enter(AnalysisOrderRecorded(standing.order, SIMULATED, at_ns))
        self._ledgers.close()  # what this process entered is read like what others did

    def enter(self, event: AnalysisOrderEvent | ModelEvent) -> None:
        """Record or withdraw an order, register or withdraw a model. Raises CsuError: nothing changed."""
        if isinstance(event, AnalysisOrderRecorded | AnalysisOrderWithdrawn):
            if self._ledgers is not None:
                kept = self._ledgers.orders()
                kept.decide(lambda _: [event])
                self._believed = replace(self._believed, orders=kept.value)
            else:
                self._believed = replace(self._believed, orders=self._believed.orders.with_event(event))
        elif self._ledgers is not None:
            models = self._ledgers.models()
            models.decide(lambda _: [event])
            self._believed = replace(self._believed, models=models.value)
        else:
            self._believed = replace(self._believed, models=self._believed.models.with_event(event))

    def hold(self, role: Role) -> None:
        """Stopped from now on in this process, before anything is written. Raises AnalysisSwitchRefused."""
        self._thrown_here = SwitchNow(True, require_role(role, THROWS))

    def throw(self, role: Role, *, by: str, reason: str, at_ns: Nanoseconds) -> None:
        """Throw the kill switch, durably. Raises CsuError: what is held stays held."""
        if self._ledgers is None:
            self._believed = replace(self._believed, switch=SwitchNow(True, role))
        else:
            switch = self._ledgers.switch()
            switch.throw(role, by=by, reason=reason, at_ns=at_ns)
            self._believed = replace(self._believed, switch=switch.state)

    def put_back(self, role: Role, *, by: str, reason: str, at_ns: Nanoseconds) -> None:
        """Let analysis go on. Raises AnalysisSwitchRefused, CsuError: it stays stopped."""
        require_role(role, PUTS_BACK)
        if self._ledgers is None:
            self._believed = replace(self._believed, switch=SwitchNow(False, role))
        else:
            switch = self._ledgers.switch()
            switch.put_back(role, by=by, reason=reason, at_ns=at_ns)
            self._believed = replace(self._believed, switch=switch.state)
        self._thrown_here = None

    def close(self) -> None:
        """Release the files."""
        if self._ledgers is not None:
            self._ledgers.close()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()


_BELIEVED = TypeAdapter(Believed)


def _believed_from(text: str) -> Believed:
    try:
        return _BELIEVED.validate_json(text, extra="forbid")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise BadInput(
            Words.same(str(first["msg"])),
            where="/".join(str(part) for part in first["loc"]) or "analysis",
            what_to_do=Words("Les bases d'avant restent", "What was stated before stands"),
        ) from error
