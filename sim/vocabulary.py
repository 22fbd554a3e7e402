"""The words a scenario may use: each kind of story event, of fault and of signal, registered by the model that owns it.

A model module offers its words (`Word`, `SignalKind`, `Measure`); `sim.dictionary` gathers them; the scenario file is
then read, refused, explained and published as JSON Schema from them alone. A word that nobody registered is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol, Self, TypeAlias, TypeVar, cast

from pydantic import (
    GetCoreSchemaHandler,
    create_model,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from csu.hal.camera import CameraId
from csu.hal.chance import Chance
from csu.hal.clock import Clock, Nanoseconds
from csu.hal.words import NO_WORDS, Words
from csu.notation import did_you_mean
from csu.notation.fields import Durations, Frequency, Name, PositiveDuration, Strict
from csu.notation.quantities import BadQuantity
from sim.notation import AfterEvent, When
from sim.quantities import Instant


class Spoken(Strict):
    """What follows a word in the file. Each word narrows `kind` to its own name."""

    kind: str


class Ground(Protocol):
    """What a line may be checked against before anything runs."""

    @property
    def cameras_of(self) -> Mapping[str, int]:
        """How many cameras each commune has, by its name; empty when the city itself is wrong."""
        ...

    @property
    def past_of(self) -> Collection[str]:
        """The communes whose footage is kept and can be asked for in this run."""
        ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is wrong with one key of a line."""

    key: str
    why: Words


def no_such_commune(name: str, communes: Mapping[str, int]) -> Words:
    """What is wrong with a commune that the city does not have."""
    hint = did_you_mean(name, communes)
    return Words(
        f"{name!r} n'est pas parmi les {len(communes)} communes de cette ville{hint.fr}",
        f"{name!r} is not among the {len(communes)} communes of this city{hint.en}",
    )


class Telling(Spoken):
    """A line of `story`. `at` counts from the beginning of what it names, `after` from its end."""

    name: Name | None = None
    at: When | None = None
    after: AfterEvent | None = None

    @property
    def length_ns(self) -> Nanoseconds:
        """How long it lasts; 0 for what is instant."""
        return 0

    @property
    def begins(self) -> Instant:
        """Its `at` or its `after`."""
        return self.at or self.after or Instant()

    @model_validator(mode="after")
    def _has_one_time(self) -> Self:
        if (self.at is None) is (self.after is None):
            raise BadQuantity(
                "un événement a soit un instant (at), soit un événement qu'il suit (after)",
                "an event has either an instant (at) or an event that it follows (after)",
            )
        return self

    def refusals(self, ground: Ground) -> Iterator[Refusal]:
        """What is wrong with it in this city, if anything."""
        return iter(())


class LastingTelling(Telling):
    """Something of the story that lasts."""

    lasts: PositiveDuration

    @property
    def length_ns(self) -> Nanoseconds:
        return self.lasts


class Trouble(Spoken):
    """A line of `faults`."""

    def refusals(self, ground: Ground) -> Iterator[Refusal]:
        """What is wrong with it in this city, if anything."""
        return iter(())


class ChanceFault(Trouble):
    """Faults of one kind that come by chance: so often, for so long."""

    rate: Frequency
    lasts: Durations


SpecT = TypeVar("SpecT", bound=Spoken)
SpecT_co = TypeVar("SpecT_co", bound=Spoken, covariant=True)
ModelT = TypeVar("ModelT")


@dataclass(frozen=True, slots=True)
class Happening(Generic[SpecT_co]):
    """Something of the scenario at its place in time: [start_ns, end_ns), ns UTC; start = end for what is instant."""

    name: str
    """As the scenario named it, or its place in the file: `story/3`, `faults/0/17`."""
    spec: SpecT_co
    start_ns: Nanoseconds
    end_ns: Nanoseconds
    told: bool
    """True when the story tells it; False when chance brought it."""


@dataclass(frozen=True, slots=True)
class Signal:
    """Something that was seen to happen in a run. Expectations are written over these."""

    kind: str
    at_ns: Nanoseconds
    fields: Mapping[str, str]
    """The subject and what else the kind declares, as text."""


class Stage(Protocol):
    """The running world, as a word sees it when it is played."""

    @property
    def clock(self) -> Clock: ...

    def chance(self, name: str) -> Chance:
        """A stream of its own for `name`."""
        ...

    def commune(self, name: str) -> str:
        """The identifier of a commune that the file names."""
        ...

    def cameras(self, commune: str) -> Sequence[CameraId]:
        """All cameras of a commune, as the file counts them."""
        ...

    def camera(self, commune: str, number: int) -> CameraId:
        """The camera of a commune that the file counts, from 1."""
        ...

    def model(self, kind: type[ModelT]) -> ModelT:
        """The one model of this class in the run. Raises LookupError when the run has none."""
        ...

    def tell(self, signal: Signal) -> None:
        """Something happened in the world that expectations may be about."""
        ...


Plays: TypeAlias = Callable[[Happening[Any], Stage], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Word(Generic[SpecT_co]):
    """One kind of story event or of fault."""

    name: str
    """As the file writes it after `kind:`."""
    said: Words
    """What people call it."""
    model: type[SpecT_co]
    shows: Words = NO_WORDS
    """What a run shows of it at its level, and what proves the rest."""
    plays: Plays | None = None
    """Started at `start_ns`; it ends by itself. None: declared, its model works it out before the run (closed form)."""


class Vocabulary(Generic[SpecT]):
    """All words of one list of the scenario. As an annotation it makes an item a union told apart by `kind`."""

    def __init__(self, name: str, words: Iterable[Word[SpecT]]) -> None:
        """`name`: of the list, for the schema. Raises ValueError for a word that is there twice."""
        self._words: dict[str, Word[SpecT]] = {}
        for word in words:
            if word.name in self._words:
                raise ValueError(f"the word {word.name!r} is registered twice")
            self._words[word.name] = word
        self.models: dict[str, type[SpecT]] = {
            word.name: cast("type[SpecT]", _narrowed(word, name)) for word in self._words.values()
        }

    def __iter__(self) -> Iterator[Word[SpecT]]:
        return iter(self._words.values())

    def __getitem__(self, name: str) -> Word[SpecT]:
        return self._words[name]

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        choices: dict[Any, CoreSchema] = {name: handler.generate_schema(model) for name, model in self.models.items()}
        return core_schema.tagged_union_schema(choices, discriminator="kind")


def _narrowed(word: Word[Any], of: str) -> type[Spoken]:
    """The word's model, for this word only."""
    name = "".join(part.capitalize() for part in word.name.split("_")) + of
    kind: Any = (Literal[word.name], ...)
    told = f"{word.said.en}. {word.shows.en}" if word.shows.en else word.said.en
    return create_model(name, __base__=word.model, __doc__=told, kind=kind)


@dataclass(frozen=True, slots=True)
class SignalKind:
    """One kind of signal: `alarm.raised` is about an `alarm`, and also tells its `commune`."""

    name: str
    said: Words
    subject: str
    """The field that says whom it is about."""
    fields: tuple[str, ...] = ()
    """What else it tells."""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The fields that can only say one of these."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A number that is known when the run is over: `coverage`, `alarms.open`."""

    name: str
    said: Words
    read: Callable[[object], float]
    """From the file's text to the number. Raises BadQuantity."""
    unit: str
    """`share`, `s` or `` (a count): how the number is shown."""
