"""From a YAML file to a `Scenario`, or to all that is wrong with it: file, line, column, reason, in both languages."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from csu.hal.clock import NS_PER_DAY, NS_PER_S, Nanoseconds
from csu.hal.words import Words
from csu.notation import FileRefused, KeyPath, WrittenText, explain, read_text, unknown
from csu.notation.quantities import Rate
from sim.city import spread
from sim.communes import COMMUNES
from sim.dictionary import FAULTS, STORY
from sim.expectations import Expectation, Finally
from sim.explain import KINDS
from sim.levels.words import chosen, group_refusals, pixel_refusals
from sim.order_words import AuthorisationSpec
from sim.parameters import PARAMETERS, Parameter
from sim.past.words import PastSpec
from sim.scenario import CitySpec, DoctrineSpec, MediaSpec, Options, PeopleSpec, Scenario
from sim.scenario_text import SCENARIO, filled, set_value, used_parameters
from sim.story import StoryUntold, lay
from sim.vocabulary import ChanceFault, Telling
from sim.vocabulary import Trouble as TroubleSpec

LEVEL_OF_ALL = "level"
"""Among the values asked for: the level of all cameras, in place of what the file says."""
OF_CHANCE_MAX = 200_000
"""More faults or alarms of one line than that are a slip of the pen, and would fill the memory."""


class ScenarioRefused(FileRefused):
    """A scenario cannot be played."""


@dataclass(frozen=True, slots=True)
class ScenarioFile:
    """A scenario with where it came from."""

    path: Path
    scenario: Scenario
    sha256: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    """What was asked for in place of the file's own values."""


def read_scenario(path: Path, values: Mapping[str, str] | None = None) -> ScenarioFile:
    """Read and check a scenario. Raises ScenarioRefused with every fault, BadInput for a file that cannot be read.

    `values`: parameters, or keys of the file (`people.operators`), with the text to take instead.
    """
    content, text = read_text(path, SCENARIO)
    asked = dict(values or {})
    parameters = _parameters(text)
    named = {name: asked.pop(name, parameter.default) for name, parameter in parameters.items()}
    if (level := asked.pop(LEVEL_OF_ALL, None)) is not None:
        set_level(text.data, level)
    for key, value in asked.items():
        set_value(text.data, key, value)
    _check_parameters(text, parameters)
    text.data = dict(_mapping(filled(text.data, named)))
    if text.data or not text.faults:
        scenario = _scenario(text)
        if scenario is not None and not text.faults:
            return ScenarioFile(path, scenario, sha256(content).hexdigest(), parameters, dict(values or {}))
    raise ScenarioRefused(path, text)


def set_level(data: dict[str, object], level: str) -> None:
    """All cameras at this level, whatever the file says of them."""
    media = data.setdefault("media", {})
    if isinstance(media, dict):
        media["level"] = level
        groups = media.get("groups")
        for group in groups if isinstance(groups, list) else ():
            if isinstance(group, dict):
                group.pop("level", None)


def _mapping(data: object) -> Mapping[str, object]:
    return data if isinstance(data, dict) else {}


def _parameters(text: WrittenText) -> dict[str, Parameter]:
    given = text.data.pop("parameters", {})
    try:
        return PARAMETERS.validate_python(given)
    except ValidationError as error:
        explain(error, Parameter, text, ("parameters",), KINDS)
        return {}


def _check_parameters(text: WrittenText, parameters: Mapping[str, Parameter]) -> None:
    used = list(used_parameters(text.data))
    for at, name in used:
        if name not in parameters and not any(at[0] == "parameters" for at in text.values if at):
            text.refuse(at, Words(f"${name} : ce scénario n'a pas de parameters", f"${name}: there are no parameters"))
        elif name not in parameters:
            error = unknown(("le paramètre", "the parameter"), name, tuple(parameters))
            text.refuse(at, Words(error.french, error.english))
    for name in parameters.keys() - {name for _, name in used}:
        what = Words(f"rien ne se sert du paramètre {name!r}", f"nothing uses the parameter {name!r}")
        text.refuse(("parameters", name), what, Words(f"Écrivez ${name}, ou ôtez-le", f"Write ${name}, or take it out"))


def _scenario(text: WrittenText) -> Scenario | None:
    """The scenario, and all that is wrong with it noted in `text`."""
    scenario = None
    try:
        scenario = Scenario.model_validate(text.data)
    except ValidationError as error:
        explain(error, Scenario, text, kinds=KINDS)
    draft = _Draft.of(text.data)
    for at, why in draft.refusals():
        text.refuse(at, why)
    return scenario


@dataclass(frozen=True, slots=True)
class _Draft:
    """Those parts of a scenario that can be read, so that one fault does not hide another."""

    epoch_ns: Nanoseconds | None
    duration_ns: Nanoseconds | None
    options: Options | None
    city: CitySpec | None
    people: PeopleSpec | None
    past: PastSpec | None
    media: MediaSpec | None
    doctrine: DoctrineSpec | None
    has_past: bool
    authorisations: Mapping[int, AuthorisationSpec]
    story: Mapping[int, Telling]
    story_is_whole: bool
    faults: Mapping[int, TroubleSpec]
    expect: Mapping[int, Any]

    @classmethod
    def of(cls, data: Mapping[str, object]) -> _Draft:
        start, story = _part("start", data), _items(_STORY_LINE, data.get("story"))
        whole = data.get("story", [])
        return cls(
            None if start is None else int(start.timestamp()) * NS_PER_S,
            _part("duration", data),
            _part("options", data),
            _part("city", data),
            _part("people", data),
            _part("past", data),
            _part("media", data),
            _part("doctrine", data),
            "past" in data,
            _items(_AUTHORISATION, data.get("authorisations")),
            story,
            isinstance(whole, list) and len(whole) == len(story),
            _items(_FAULT_LINE, data.get("faults")),
            _items(_EXPECTATION, data.get("expect")),
        )

    @property
    def cameras_of(self) -> dict[str, int]:
        """See Ground."""
        if self.city is None:
            return {}
        counts = spread(self.city.cameras, self.city.communes, self.city.node_cameras_max)
        return dict(zip(COMMUNES, counts, strict=False))

    @property
    def past_of(self) -> Collection[str]:
        """See Ground."""
        named = self.past.communes if self.past is not None else ()
        return named or (self.cameras_of if self.has_past else ())

    def refusals(self) -> Iterator[tuple[KeyPath, Words]]:
        """What is wrong between one part and another."""
        yield from self._of_the_end()
        yield from self._of_the_story()
        for refusal in self.past.refusals(self) if self.past is not None else ():
            yield ("past", refusal.key), refusal.why
        for index, said in self.authorisations.items():
            for refusal in said.refusals(self):
                yield ("authorisations", index, refusal.key), refusal.why
        for index, fault in self.faults.items():
            for refusal in fault.refusals(self):
                yield ("faults", index, refusal.key), refusal.why
            if isinstance(fault, ChanceFault):
                yield from self._too_many(fault.rate, ("faults", index, "rate"))
        if self.city is not None:
            yield from self._too_many(self.city.alarms, ("city", "alarms"))
        yield from self._of_the_levels()
        yield from self._of_the_expectations()

    def _of_the_end(self) -> Iterator[tuple[KeyPath, Words]]:
        if self.duration_ns is not None and self.options is not None and self.options.quiet >= self.duration_ns:
            yield (
                ("options", "quiet"),
                Words(
                    "le calme de la fin (quiet) doit être plus court que la durée",
                    "the quiet at the end must be shorter than the duration",
                ),
            )
        if self.people is not None and self.epoch_ns is not None and self.duration_ns is not None:
            for index, absence in enumerate(self.people.room_empty):
                if not 0 <= absence.at.after(self.epoch_ns % NS_PER_DAY) < self.duration_ns:
                    yield ("people", "room_empty", index, "at"), _NOT_IN_THE_RUN

    def _of_the_story(self) -> Iterator[tuple[KeyPath, Words]]:
        for index, line in self.story.items():
            for refusal in line.refusals(self):
                yield ("story", index, refusal.key), refusal.why
        if self.epoch_ns is None:
            return
        try:
            happenings = lay(self.story, self.epoch_ns)
        except StoryUntold as error:
            for index, refusal in error.refusals:
                if self.story_is_whole or refusal.key == "name":  # else what it follows may stand in a wrong line
                    yield ("story", index, refusal.key), refusal.why
            return
        if self.duration_ns is None or self.options is None:
            return
        last_ns = self.epoch_ns + self.duration_ns - self.options.quiet
        index_of = {id(line): index for index, line in self.story.items()}
        for happening in happenings:
            at = ("story", index_of[id(happening.spec)], "at" if happening.spec.at is not None else "after")
            if happening.start_ns < self.epoch_ns:
                yield at, _NOT_IN_THE_RUN
            elif happening.start_ns >= last_ns:
                name = happening.spec.name or happening.spec.kind
                yield (
                    at,
                    Words(
                        f"{name} tombe après les pannes, dans le calme final ou après la fin",
                        f"{name} comes after the faults, in the final quiet or after the end",
                    ),
                )

    def _of_the_levels(self) -> Iterator[tuple[KeyPath, Words]]:
        if self.media is None or not self.cameras_of:
            return
        yield from group_refusals(self.media.groups, self.cameras_of)
        if self.duration_ns is not None and self.doctrine is not None:
            levels, _ = chosen(self.media.level, self.media.groups, self.cameras_of)
            yield from pixel_refusals(
                levels, self.duration_ns, self.doctrine.mask_above, self.story, self.faults, has_past=self.has_past
            )

    def _too_many(self, rate: Rate, at: KeyPath) -> Iterator[tuple[KeyPath, Words]]:
        if self.duration_ns is not None and rate.per_s * self.duration_ns / NS_PER_S > OF_CHANCE_MAX:
            yield at, Words(f"plus de {OF_CHANCE_MAX} en une course", f"more than {OF_CHANCE_MAX} in a run")

    def _of_the_expectations(self) -> Iterator[tuple[KeyPath, Words]]:
        names = tuple(line.name for line in self.story.values() if line.name is not None)
        for index, expected in self.expect.items():
            if isinstance(expected, Finally):
                continue
            commune = expected.where.get("commune")
            if commune is not None and self.city is not None and commune not in self.cameras_of:
                error = unknown(("la commune", "the commune"), commune, tuple(self.cameras_of))
                yield ("expect", index, "where", "commune"), Words(error.french, error.english)
            if expected.during is not None and self.story_is_whole and expected.during not in names:
                error = unknown(("l'événement", "the event"), expected.during, names)
                yield ("expect", index, "during"), Words(error.french, error.english)


def _annotated(info: FieldInfo) -> Any:
    """The field's type with all that it asks for."""
    return Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation


_NOT_IN_THE_RUN = Words("cet instant n'est pas dans la simulation", "this instant is not within the run")
_PARTS: dict[str, TypeAdapter[Any]] = {
    name: TypeAdapter(_annotated(Scenario.model_fields[name]))
    for name in ("start", "duration", "options", "city", "people", "past", "media", "doctrine")
}
_STORY_LINE: TypeAdapter[Telling] = TypeAdapter(Annotated[Telling, STORY])
_FAULT_LINE: TypeAdapter[TroubleSpec] = TypeAdapter(Annotated[TroubleSpec, FAULTS])
_AUTHORISATION: TypeAdapter[AuthorisationSpec] = TypeAdapter(AuthorisationSpec)
_EXPECTATION: TypeAdapter[Any] = TypeAdapter(Expectation)


def _part(name: str, data: Mapping[str, object]) -> Any:
    """One part of the scenario, its default when it is not there, None when it cannot be read."""
    if name not in data:
        info = Scenario.model_fields[name]
        return None if info.is_required() else info.default
    try:
        return _PARTS[name].validate_python(data[name])
    except ValidationError:
        return None


def _items(adapter: TypeAdapter[Any], given: object) -> dict[int, Any]:
    """The items of a list that can be read, by index."""
    found = {}
    for index, item in enumerate(given if isinstance(given, list) else []):
        try:
            found[index] = adapter.validate_python(item)
        except ValidationError:
            continue
    return found


def scenario_schema() -> dict[str, Any]:
    """The JSON Schema of a scenario file, for editors."""
    schema = Scenario.model_json_schema()
    schema["properties"]["parameters"] = PARAMETERS.json_schema(ref_template="#/$defs/{model}")
    schema["$defs"].update(schema["properties"]["parameters"].pop("$defs", {}))
    return schema
