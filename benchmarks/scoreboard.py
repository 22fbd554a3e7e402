"""The figures of a run, csu beside its peers: printed when the run ends and written to var/benchmarks.json."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

Better = Literal["less", "more"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number of one subject. Figures of one `what` and `unit` are compared with each other."""

    what: str
    subject: str
    value: float
    unit: str
    better: Better

    @property
    def is_ours(self) -> bool:
        return self.subject.startswith("csu")


@dataclass(slots=True)
class Scoreboard:
    """Every figure in the order it was measured."""

    figures: list[Figure] = field(default_factory=list)

    def add(self, what: str, subject: str, value: float, unit: str, better: Better = "less") -> None:
        self.figures.append(Figure(what, subject, value, unit, better))

    def lines(self) -> list[str]:
        """One block for each comparison: every subject's value; for peers, how csu's first figure compares."""
        lines = []
        for what, unit, better in dict.fromkeys((each.what, each.unit, each.better) for each in self.figures):
            lines.append(f"{what} [{unit}; {better} is better]")
            rows = [each for each in self.figures if (each.what, each.unit) == (what, unit)]
            ours = next((each for each in rows if each.is_ours), None)
            for row in rows:
                ratio = f"   csu / this = {ours.value / row.value:.2f}" if _comparable(ours, row) and ours else ""
                lines.append(f"    {row.subject:<58}{row.value:>14,.3f}{ratio}")
        return lines

    def write(self, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps([asdict(each) for each in self.figures], indent=1) + "\n")


def _comparable(ours: Figure | None, row: Figure) -> bool:
    """Ours only makes a ratio with peers; a subject that begins with a blank explains the one before it."""
    return ours is not None and not row.is_ours and row.value > 0
