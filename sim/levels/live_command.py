"""`--level L2` of `csu sim run` and `csu demo --scenario`: played in real time, told as a run is."""

from __future__ import annotations

import asyncio
import json
import shlex
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from sim.cli import tell_judgement
from sim.language import read, say
from sim.levels.live import LiveResult, play_live
from sim.levels.live_words import LEVEL, require_live
from sim.oracles.stage import INVARIANTS
from sim.report import worst
from sim.scenario_file import ScenarioFile


def run_live(file: ScenarioFile, seed: int, *, partly: bool, as_json: bool, port: int = 0) -> bool:
    """True when it held. Raises ScenarioRefused for what cannot be played at this level, CsuError."""
    require_live(file)

    def told(url: str) -> None:
        seconds = f"{file.scenario.duration / 1e9:g} s"
        said = say(f"console, en temps réel ({seconds})", f"console, in real time ({seconds})")
        Console(stderr=True, highlight=False).print(f"{said} : {url}", markup=False)

    result = asyncio.run(play_live(file, seed, told, port=port))
    holds = result.holds(partly=partly)
    verdict = tell_live(result, partly=partly)
    if as_json:
        print(json.dumps(verdict, ensure_ascii=False))
    else:
        _print(result, verdict, holds=holds)
    return holds


def tell_live(result: LiveResult, *, partly: bool) -> dict[str, Any]:
    """The run as the JSON object of `--json`."""
    scenario, found = result.file.scenario, result.examination
    judged = {judgement.name for judgement in result.invariants}
    words = ["csu", "sim", "run", str(result.file.path), "--seed", str(result.seed), "--level", LEVEL]
    return {
        "scenario": str(result.file.path),
        "scenario_sha256": result.file.sha256,
        "title": scenario.title,
        "seed": result.seed,
        "level": LEVEL,
        "levels": [asdict(group) for group in result.groups],
        "cameras": scenario.city.cameras,
        "duration_s": result.ran_s,
        "verdict": "holds" if result.holds(partly=partly) else "does not hold",
        "partly": partly,
        "expectations": [tell_judgement(judgement) for judgement in result.expectations],
        "not_judged": list(result.not_judged),
        "invariants": [tell_judgement(judgement) for judgement in result.invariants],
        "invariants_not_judged": sorted(INVARIANTS.keys() - judged),
        "segments": {"on_disk": found.segments, "playable": found.playable, "frames": found.frames},
        "replay": shlex.join(words),
    }


def _print(result: LiveResult, verdict: dict[str, Any], *, holds: bool) -> None:
    table = Table(box=None)
    for title in ("", result.file.scenario.title, say("cas", "cases"), say("pire cas", "worst case")):
        table.add_column(title)
    for judgement in result.judgements:
        table.add_row("✓" if judgement.holds else "✗", read(judgement.said), f"{judgement.cases}", worst(judgement))
    console = Console(highlight=False)
    console.print(table)
    for name in result.not_judged:
        console.print(say(f"  pas jugé à ce niveau : {name}", f"  not judged at this level: {name}"), markup=False)
    for judgement in result.judgements:
        for detail in () if judgement.holds else judgement.details:
            console.print(f"  {read(detail)}", markup=False)
    said = say("tenu", "holds") if holds else say("non tenu", "does not hold")
    console.print(f"{said} · {LEVEL} · {verdict['replay']}", markup=False)
