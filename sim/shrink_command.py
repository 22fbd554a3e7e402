"""`csu sim shrink`: the smallest scenario that fails as this one does, written to a file."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.notation import read_text
from sim.language import say
from sim.run import RunResult, run_scenario
from sim.scenario_file import ScenarioFile, read_scenario
from sim.scenario_text import SCENARIO, filled, set_value
from sim.shrink import Draft, as_yaml, only_expecting, pinned, shrink, written_down
from sim.sweep import replay_command

_WHAT = Words("rien à réduire : cette course ne viole rien", "nothing to shrink: this run violates nothing")


@dataclass(frozen=True, slots=True)
class Shrunk:
    """What came of it."""

    draft: Draft
    broken: str
    """What both break: the name of the expectation or invariant, or the errors that ended the run."""
    runs: int


def shrink_file(
    file: ScenarioFile, seed: int, within_s: float, *, shuffle: bool, tell: Callable[[str], None]
) -> Shrunk:
    """The smallest failing draft found within `within_s` CPU seconds. Raises BadInput when the run violates nothing."""
    ends_s = time.process_time() + within_s
    draft = _draft(file, seed)
    result = run_scenario(file, seed, shuffle=shuffle)
    broken = what_is_broken(result)
    if not broken:
        raise BadInput(
            _WHAT,
            where=str(file.path),
            what_to_do=Words("Donnez la graine d'une course en faute", "Give the seed of a run that is violated"),
        )
    looked_for = broken[0]
    runs = 1
    with TemporaryDirectory(prefix="csu-shrink-") as directory:
        path = Path(directory) / "candidate.yaml"

        def play(candidate: Draft) -> RunResult | None:
            nonlocal runs
            path.write_text(as_yaml(candidate), encoding="utf-8")
            try:
                read = read_scenario(path)
            except BadInput:
                return None  # no scenario any more: it refers to what was taken out
            runs += 1
            return run_scenario(read, shuffle=shuffle)

        def fails(candidate: Draft) -> bool:
            played = play(candidate)
            return played is not None and looked_for in what_is_broken(played)

        def told(smaller: Draft) -> None:
            city, lines = smaller["city"], len(as_yaml(smaller).splitlines())
            cameras = say(f"{city['cameras']} caméras", f"{city['cameras']} cameras")
            tell(f"{lines} {say('lignes', 'lines')}, {cameras}, {smaller['duration']}, {runs} {say('courses', 'runs')}")

        names = [judgement.name for judgement in result.expectations]
        if looked_for in names:
            alone = only_expecting(draft, names.index(looked_for))
            found = what_is_broken(alone_run) if (alone_run := play(alone)) is not None else ()
            if found:
                draft, looked_for = alone, found[0]  # alone it needs no number to tell it from others
        elif fails(shorter := only_expecting(draft, 0)):
            draft = shorter
        for rewritten in (
            pinned(draft, file.scenario),
            written_down(pinned(draft, file.scenario), file.scenario, result.city),
        ):
            if fails(rewritten):
                draft = rewritten
        smallest = shrink(draft, fails, lambda: time.process_time() < ends_s, told)
    return Shrunk(smallest, looked_for, runs)


def what_is_broken(result: RunResult) -> tuple[str, ...]:
    """The names of the expectations and invariants that were violated; the errors, if some ended the run."""
    if result.failure is not None:
        return tuple(dict.fromkeys(type(error).__name__ for error in _leaves(result.failure)))
    return tuple(judgement.name for judgement in result.judgements if judgement.violations)


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in _leaves(inner)]
    return [error]


def _draft(file: ScenarioFile, seed: int) -> Draft:
    """The scenario's text with its parameters filled in, and the seed of the run."""
    _, text = read_text(file.path, SCENARIO)
    data = dict(text.data)
    data.pop("parameters", None)
    values = {name: parameter.default for name, parameter in file.parameters.items()}
    for key, value in file.values.items():
        if key in values:
            values[key] = value
        else:
            set_value(data, key, value)
    plain = filled(data, values)
    return {**plain, "seed": str(seed)} if isinstance(plain, dict) else {}


def tell_shrunk(shrunk: Shrunk, file: ScenarioFile, seed: int, out: Path, *, shuffle: bool, as_json: bool) -> None:
    """Write the scenario, and print the command that fails."""
    text = as_yaml(shrunk.draft)
    of = say(f"Réduit de {file.path.name}, graine {seed}", f"Shrunk from {file.path.name}, seed {seed}")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(f"# {of} : {shrunk.broken}\n{text}", encoding="utf-8")
    told: Mapping[str, object] = {
        "scenario": str(out),
        "broken": shrunk.broken,
        "lines": len(text.splitlines()),
        "runs": shrunk.runs,
        "cameras": int(shrunk.draft["city"]["cameras"]),
        "replay": replay_command(out, int(shrunk.draft["seed"]), {}, shuffle=shuffle),
    }
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    console = Console(highlight=False)
    for line in (
        text,
        f"{say('viole', 'violates')} : {shrunk.broken}",
        f"{say('rejouer', 'replay')} : {told['replay']}",
    ):
        console.print(line, markup=False, soft_wrap=True)
