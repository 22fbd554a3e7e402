"""What a run of the marked tests showed, and how it is kept between the run and the report."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, ValidationError

from csu.hal.errors import BadInput
from csu.hal.words import Words

MARKER = "requirement"
"""`@pytest.mark.requirement("AUD-1")`."""

LAST_RUN = Path("var") / "compliance.json"
"""Where `make test` and `csu compliance` leave the results, under the root of the checkout."""

Outcome: TypeAlias = Literal["passed", "failed", "error", "skipped", "not_run"]
"""`error`: set-up or tear-down broke. `not_run`: deselected (nightly) or never reached."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TestRecord(_Value):
    """One marked test and how it went."""

    __test__ = False  # not a test class, whatever its name says to pytest

    test: str
    requirements: tuple[str, ...]
    outcome: Outcome


class RunRecord(_Value):
    """One run. `broken`: files or tests that could not even be collected; they hide nothing by being absent."""

    ended_at: datetime
    commit: str
    tests: tuple[TestRecord, ...]
    broken: tuple[str, ...]


def write_run(target: Path, run: RunRecord) -> None:
    """Write `run` whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    partial.write_text(run.model_dump_json(indent=1), encoding="utf-8")
    partial.replace(target)


def read_run(source: Path) -> RunRecord:
    """Raises BadInput when there is no such file or it is not one of ours."""
    try:
        return RunRecord.model_validate_json(source.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(
            Words("aucun résultat n'a été gardé", "no run was kept"),
            where=str(source),
            what_to_do=Words(
                "Lancez `csu compliance` sans --last, ou `make test`",
                "Run `csu compliance` without --last, or `make test`",
            ),
        ) from error
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise BadInput(
            Words("ce n'est pas un fichier de résultats", "this is not a file of results"),
            where=str(source),
            what_to_do=Words("Effacez-le et lancez `csu compliance`", "Remove it and run `csu compliance`"),
        ) from error
