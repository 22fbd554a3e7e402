"""A failing scenario made small: less city, less time, fewer lines, as long as it fails in the same way.

Delta debugging (Zeller and Hildebrandt 2002) over the scenario as text. Faults that came by chance are first written
down as lines of the story, at their place and time: then each can be taken out by itself. A candidate that is no
scenario any more is no candidate. Pure: whoever calls runs the candidates, and says when to stop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any, TypeAlias

import yaml

from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_MS, NS_PER_S, Nanoseconds
from csu.notation.quantities import BadQuantity, duration_ns, rate
from sim.city import City
from sim.communes import COMMUNES
from sim.dictionary import STORY
from sim.fault_words import FaultKind
from sim.scenario import Scenario
from sim.story import lay

Draft: TypeAlias = dict[str, Any]
"""A scenario as its file has it: dicts, lists and texts, no parameters left."""
Fails: TypeAlias = Callable[[Draft], bool]
"""Whether this draft can be played, and fails in the way that is looked for."""

_OF_CHANCE = ("rate", "lasts", "clock_error")
"""What a line of `faults` says of all its faults; each has its own."""
ROUNDS_MAX = 8
"""Each round tries everything; most shrink in two or three."""
_LISTS = (("story",), ("faults",), ("people", "room_empty"))
_OPTIONAL = (
    *(("proves",), ("doctrine",), ("media",), ("people",), ("faults",), ("story",), ("options",)),
    *(("city", "node_cameras_max"), ("people", "reaction"), ("people", "operators"), ("people", "room_empty")),
    *(("media", "microphones"), ("media", "bit_rate")),
)


def shrink(draft: Draft, fails: Fails, goes_on: Callable[[], bool], tell: Callable[[Draft], None]) -> Draft:
    """The smallest draft found that fails. `tell` hears of each smaller one; ends when `goes_on` says no."""
    search = _Search(draft, fails, goes_on, tell)
    for _ in range(ROUNDS_MAX):
        before = deepcopy(search.best)
        for candidates in (_without_keys, _smaller_cities, _shorter_runs, _earlier, _fewer_alarms, _rounder):
            search.improve(candidates)
        for path in _LISTS:
            search.thin_out(path)
        if search.best == before or not goes_on():
            break
    return search.best


def only_expecting(draft: Draft, index: int) -> Draft:
    """The draft with one of its expectations."""
    return {**draft, "expect": [draft["expect"][index]]}


def pinned(draft: Draft, scenario: Scenario) -> Draft:
    """The draft with each line of its story at so long after the start, so that none needs another to be there."""
    new = deepcopy(draft)
    index_of = {id(line): index for index, line in enumerate(scenario.story)}
    for happening in lay(dict(enumerate(scenario.story)), scenario.epoch_ns):
        line = new["story"][index_of[id(happening.spec)]]
        line.pop("after", None)
        line["at"] = _after(happening.start_ns - scenario.epoch_ns)
    for absence, said in zip(scenario.people.room_empty, new.get("people", {}).get("room_empty", ()), strict=True):
        said["at"] = _after(absence.at.after(scenario.epoch_ns % NS_PER_DAY))
    return new


def written_down(draft: Draft, scenario: Scenario, city: City) -> Draft:
    """The draft with the faults that came by chance as lines of its story. Kinds that no story can tell stay."""
    new = deepcopy(draft)
    told = {kind.value for kind in FaultKind} & set(STORY.models)
    declared = {line["kind"]: line for line in reversed(new.get("faults", ()))}
    new["faults"] = [line for line in new.get("faults", ()) if line["kind"] not in told]
    for fault in city.faults:
        if fault.told or fault.kind.value not in told:
            continue
        commune = city.communes[fault.commune]
        more = {key: said for key, said in declared[fault.kind.value].items() if key not in _OF_CHANCE}
        line = {
            **more,
            "at": _after(fault.start_ns - scenario.epoch_ns),
            "kind": fault.kind.value,
            "commune": commune.name,
            "lasts": _span(fault.end_ns - fault.start_ns),
        }
        if fault.camera is not None:
            line["camera"] = str([camera.camera for camera in commune.cameras].index(fault.camera) + 1)
        if fault.clock_ahead_ms:
            line["clock_error"] = f"{fault.clock_ahead_ms} ms"
        new.setdefault("story", []).append(line)
    return new


def as_yaml(draft: Mapping[str, Any]) -> str:
    """The draft as its file: a line for each line of the story, nothing that is empty."""
    whole = {key: value for key, value in draft.items() if value not in ([], {}, "")}
    text: str = yaml.safe_dump(whole, sort_keys=False, allow_unicode=True, default_flow_style=None, width=118)
    return text


class _Search:
    """The best draft so far."""

    def __init__(self, draft: Draft, fails: Fails, goes_on: Callable[[], bool], tell: Callable[[Draft], None]) -> None:
        self.best = deepcopy(draft)
        self._fails, self._goes_on, self._tell = fails, goes_on, tell
        self._tried: set[str] = set()

    def improve(self, candidates: Callable[[Draft], Iterator[Draft]]) -> None:
        """Take the first candidate that fails, and begin again from it, until none does."""
        while any(self._take(candidate) for candidate in candidates(self.best)):
            pass

    def thin_out(self, path: tuple[str, ...]) -> None:
        """Take out what can go of a list: halves first, then ever smaller pieces, down to single lines."""
        piece = max(1, len(_at(self.best, path) or ()) // 2)
        while True:
            start = 0
            while start < len(lines := _at(self.best, path) or []):
                if not self._take(_with(self.best, path, lines[:start] + lines[start + piece :])):
                    start += piece
            if piece == 1 or not self._goes_on():
                return
            piece //= 2

    def _take(self, candidate: Draft) -> bool:
        said = as_yaml(candidate)
        if said in self._tried or said == as_yaml(self.best) or not self._goes_on():
            return False
        self._tried.add(said)
        if not self._fails(candidate):
            return False
        self.best = candidate
        self._tell(candidate)
        return True


def _without_keys(draft: Draft) -> Iterator[Draft]:
    for path in _OPTIONAL:
        if _at(draft, path) is not None:
            new = deepcopy(draft)
            del _around(new, path)[path[-1]]
            yield new
    wanted = {expected.get("during") for expected in draft["expect"]}
    for index, line in enumerate(draft.get("story", ())):
        if "name" in line and line["name"] not in wanted:
            lines = [dict(other) for other in draft["story"]]
            del lines[index]["name"]
            yield _with(draft, ("story",), lines)


def _smaller_cities(draft: Draft) -> Iterator[Draft]:
    communes, cameras = int(draft["city"]["communes"]), int(draft["city"]["cameras"])
    sizes = {(few, max(few, cameras * few // communes)) for few in (1, 2, communes // 4, communes // 2, communes - 1)}
    sizes |= {(communes, max(communes, few)) for few in (1, 2, cameras // 8, cameras // 4, cameras // 2, cameras - 1)}
    for few, fewer in sorted(sizes, key=lambda size: (size[1], size[0])):
        if 1 <= few <= communes and fewer <= cameras and (few, fewer) != (communes, cameras):
            yield _moved_into({**draft, "city": {**draft["city"], "communes": str(few), "cameras": str(fewer)}}, few)


def _moved_into(draft: Draft, communes: int) -> Draft:
    """What the story tells of communes that are gone happens in those that stay."""
    new = deepcopy(draft)
    for line in (*new.get("story", ()), *(expected.get("where", {}) for expected in new["expect"])):
        if line.get("commune") in COMMUNES[communes:]:
            line["commune"] = COMMUNES[COMMUNES.index(line["commune"]) % communes]
    for line in new.get("story", ()):
        if "camera" in line and int(line["camera"]) > int(new["city"]["cameras"]) // communes:
            line["camera"] = "1"
    return new


def _shorter_runs(draft: Draft) -> Iterator[Draft]:
    duration = duration_ns(draft["duration"])
    for parts in (1, 2, 4, 6, 7):
        minutes = max(2, duration * parts // 8 // NS_PER_MINUTE)
        quiet = duration_ns(draft.get("options", {}).get("quiet", "10 min"))
        for calm in sorted({quiet, min(quiet, 3 * NS_PER_MINUTE), min(quiet, NS_PER_MINUTE)}, reverse=True):
            last = minutes * NS_PER_MINUTE - calm
            if last > 0 and minutes * NS_PER_MINUTE < duration:
                story = [line for line in draft.get("story", ()) if not _begins_at_or_after(line, last)]
                options = {**draft.get("options", {}), "quiet": _span(calm)}
                yield {**draft, "duration": f"{minutes} min", "story": story, "options": options}


def _earlier(draft: Draft) -> Iterator[Draft]:
    """All of the story sooner: then less time is needed."""
    starts = [start for line in draft.get("story", ()) if (start := _start(line)) is not None]
    if len(starts) != len(draft.get("story", ())) or not starts:
        return
    for first in (2 * NS_PER_MINUTE, 10 * NS_PER_MINUTE):
        sooner = min(starts) - first
        if sooner > NS_PER_MINUTE:
            lines = [{**line, "at": _after(start - sooner)} for line, start in zip(draft["story"], starts, strict=True)]
            yield {**draft, "story": lines, "duration": _span(duration_ns(draft["duration"]) - sooner)}
            yield {**draft, "story": lines}


def _fewer_alarms(draft: Draft) -> Iterator[Draft]:
    per_hour = rate(draft["city"]["alarms"]).per_s * 3600
    for fewer in (0, 1, int(per_hour) // 4, int(per_hour) // 2):
        if fewer < per_hour:
            yield {**draft, "city": {**draft["city"], "alarms": f"{fewer}/h"}}


def _rounder(draft: Draft) -> Iterator[Draft]:
    """Times of the story in whole minutes, or in whole seconds."""
    for index, line in enumerate(draft.get("story", ())):
        start = _start(line)
        lasts = duration_ns(line["lasts"]) if "lasts" in line else None
        for unit in (NS_PER_MINUTE, NS_PER_S):
            new = dict(line)
            if start is not None and start % unit:
                new["at"] = _after(start // unit * unit)
            if lasts is not None and lasts % unit:
                new["lasts"] = _span(-(-lasts // unit) * unit)
            if new != line:
                yield _with(draft, ("story",), [*draft["story"][:index], new, *draft["story"][index + 1 :]])


def _begins_at_or_after(line: Draft, last: Nanoseconds) -> bool:
    start = _start(line)
    return start is not None and start >= last


def _start(line: Draft) -> Nanoseconds | None:
    """When a pinned line begins, after the start of the run; None for one that is not pinned."""
    said = str(line.get("at", ""))
    try:
        return duration_ns(said[1:]) if said.startswith("+") else None
    except BadQuantity:
        return None


def _after(delay_ns: Nanoseconds) -> str:
    return f"+{_span(delay_ns)}"


def _span(length_ns: Nanoseconds) -> str:
    for unit, said in ((60 * NS_PER_MINUTE, "h"), (NS_PER_MINUTE, "min"), (NS_PER_S, "s")):
        if length_ns % unit == 0 and (length_ns or said == "s"):
            return f"{length_ns // unit} {said}"
    return f"{length_ns // NS_PER_MS} ms"


def _at(draft: Draft, path: tuple[str, ...]) -> Any:
    found: Any = draft
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _around(draft: Draft, path: tuple[str, ...]) -> Any:
    return draft if len(path) == 1 else _at(draft, path[:-1])


def _with(draft: Draft, path: tuple[str, ...], lines: list[Draft]) -> Draft:
    new = deepcopy(draft)
    _around(new, path)[path[-1]] = deepcopy(lines)
    return new
