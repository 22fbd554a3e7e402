"""What a scenario may expect: `whenever/then/within`, `never`, `sometimes`, `at_most/of/per`, `finally`.

Expectations are written over signals and measures (`sim.signals`) and judged by `sim.judgement`. What must hold of
every run (no unexplained second, nothing twice) needs no line here: `sim.oracles`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator

from csu.notation import unknown
from csu.notation.fields import Count, Name, PositiveDuration, Strict
from csu.notation.quantities import BadQuantity
from sim.signals import MEASURES, SIGNALS
from sim.vocabulary import SignalKind

_Path: TypeAlias = tuple[str | int, ...]


def _signal(text: object) -> str:
    given = str(text)
    if given not in SIGNALS:
        raise unknown(("le signal", "the signal"), given, SIGNALS)
    return given


def _measure(text: object) -> str:
    given = str(text)
    if given not in MEASURES:
        raise unknown(("la mesure", "the measure"), given, MEASURES)
    return given


def _as_list(given: object) -> object:
    return [given] if isinstance(given, str) else given


SignalName = Annotated[str, AfterValidator(_signal), WithJsonSchema({"type": "string", "enum": list(SIGNALS)})]
SignalNames = Annotated[tuple[SignalName, ...], BeforeValidator(_as_list), Field(min_length=1)]
MeasureName = Annotated[str, AfterValidator(_measure), WithJsonSchema({"type": "string", "enum": list(MEASURES)})]


class _OverSignals(Strict):
    """What all expectations over signals may say."""

    name: Name | None = None
    where: dict[str, str] = {}
    """Only signals whose fields say so."""
    during: Name | None = None
    """Only while this event of the story goes on."""

    @property
    def signal(self) -> SignalKind:
        """The signal it is about."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _fields_are_there(self) -> Any:
        _check_fields(self.signal, self.where)
        return self


def _check_fields(kind: SignalKind, where: Mapping[str, str]) -> None:
    fields = (kind.subject, *kind.fields)
    for key in where:
        if key not in fields:
            raise unknown(("le champ", "the field"), key, fields, ("where", key))
        values = kind.values.get(key)
        if values is not None and where[key] not in values:
            raise unknown(("la valeur", "the value"), where[key], values, ("where", key))


class Pause(Strict):
    """Times that do not count: from one signal to another."""

    begins: SignalName = Field(alias="from")
    ends: SignalName = Field(alias="to")
    where: dict[str, str] = {}
    """Only signals whose fields say so."""

    @model_validator(mode="after")
    def _fields_are_there(self) -> Any:
        for kind in (SIGNALS[self.begins], SIGNALS[self.ends]):
            _check_fields(kind, self.where)
        return self


class Whenever(_OverSignals):
    """Each time `whenever` is told, one of `then` follows for the same thing, `within` that time."""

    whenever: SignalName
    then: SignalNames
    within: PositiveDuration
    same: str | None = None
    """The field that both must share; their subject when not said, and they have the same one."""
    not_counting: Pause | None = None
    """While this holds the time does not run."""

    @property
    def signal(self) -> SignalKind:
        return SIGNALS[self.whenever]

    @property
    def shared(self) -> str:
        """The field that says that an answer is the answer to this."""
        return self.same or self.signal.subject

    @model_validator(mode="after")
    def _answers_are_about_the_same(self) -> Whenever:
        for kind in (self.signal, *(SIGNALS[name] for name in self.then)):
            if self.shared not in (kind.subject, *kind.fields):
                raise BadQuantity(
                    f"{kind.name} ne dit pas {self.shared!r} : dites par same quel champ les deux ont en commun",
                    f"{kind.name} does not tell {self.shared!r}: say with same which field both have",
                    ("same",) if self.same else ("then",),
                )
        return self


class Never(_OverSignals):
    """This is not told at all."""

    never: SignalName

    @property
    def signal(self) -> SignalKind:
        return SIGNALS[self.never]


class Sometimes(_OverSignals):
    """This is told, in a sweep of runs at least in one: else the scenario does not reach what it is for."""

    sometimes: SignalName
    at_least: Annotated[Count, Field(ge=1)] = 1

    @property
    def signal(self) -> SignalKind:
        return SIGNALS[self.sometimes]


class AtMost(_OverSignals):
    """This is told no more often than that: in the whole run, or in any stretch of `per`."""

    at_most: Count
    of: SignalName
    per: PositiveDuration | None = None

    @property
    def signal(self) -> SignalKind:
        return SIGNALS[self.of]


class Finally(Strict):
    """A number, when the run is over."""

    name: Name | None = None
    measure: MeasureName = Field(alias="finally")
    at_least: str | None = None
    at_most: str | None = None

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """The least and the most it may be."""
        read = MEASURES[self.measure].read
        return (
            None if self.at_least is None else read(self.at_least),
            None if self.at_most is None else read(self.at_most),
        )

    @model_validator(mode="after")
    def _is_bounded(self) -> Finally:
        if self.at_least is None and self.at_most is None:
            raise BadQuantity("dites au moins (at_least) ou au plus (at_most)", "say at_least or at_most", ("finally",))
        for key, given in (("at_least", self.at_least), ("at_most", self.at_most)):
            if given is not None:
                try:
                    MEASURES[self.measure].read(given)
                except BadQuantity as error:
                    raise BadQuantity(error.french, error.english, (key,)) from None
        return self


VERBS = ("whenever", "never", "sometimes", "at_most", "finally")
"""What an expectation begins with. `finally` comes first when it is there: it has an `at_most` of its own."""


def _verb(given: object) -> str | None:
    if isinstance(given, Mapping):
        return next((verb for verb in ("finally", *VERBS) if verb in given), None)
    return None


Expectation = Annotated[
    Annotated[Whenever, Tag("whenever")]
    | Annotated[Never, Tag("never")]
    | Annotated[Sometimes, Tag("sometimes")]
    | Annotated[AtMost, Tag("at_most")]
    | Annotated[Finally, Tag("finally")],
    Discriminator(_verb),
]
OverSignals: TypeAlias = Whenever | Never | Sometimes | AtMost
