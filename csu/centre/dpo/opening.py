"""The data protection officer's desks of a running centre, opened when they are first used and closed with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from csu.centre.dpo.journal import JournalOfCentre
from csu.centre.dpo.masks import MasksOfCentre
from csu.centre.dpo.regime import RegimeOfCentre
from csu.centre.dpo.register import RegisterOfCentre
from csu.centre.dpo.requests import FILE as REQUESTS_FILE
from csu.centre.dpo.requests import RequestsOfCentre
from csu.centre.dpo.signs import FILE as SIGNS_FILE
from csu.centre.dpo.signs import SignsOfCentre
from csu.centre.papers import LawOfPast
from csu.centre.registers.settings import ANCHOR_FILE, RegisterSettings
from csu.cluster.journal_verifying import verify_journal_apart
from csu.console import DpoDesks
from csu.evidence import Case
from csu.governance import CentreKey, Journal
from csu.governance.legal_regime import FILE as REGIME_FILE
from csu.hal.clock import Clock


@dataclass(frozen=True, slots=True)
class DpoHome:
    """What the desks stand on. `cases`: those of the requisition desk, now."""

    data_directory: Path
    key: CentreKey
    journal: Journal
    settings: RegisterSettings
    law: LawOfPast
    cases: Callable[[], Sequence[Case]]
    clock: Clock


@asynccontextmanager
async def open_dpo(home: DpoHome) -> AsyncIterator[DpoDesks]:
    """The desks, while inside."""
    directory, key, clock = home.data_directory, home.key, home.clock
    register = directory / "register.sqlite"
    papers = home.law.papers
    journal = JournalOfCentre(directory / "journal", partial(_verified, home), clock)
    masks = MasksOfCentre(directory / "masks.sqlite", home.journal, clock)
    signs, regime = (
        SignsOfCentre(directory / SIGNS_FILE, key, clock),
        RegimeOfCentre(directory / REGIME_FILE, key, clock),
    )
    days = RegisterOfCentre(register, lambda camera: papers.register.commune_of(camera))
    requests = RequestsOfCentre(
        directory / REQUESTS_FILE,
        key,
        clock,
        register=register,
        cases=home.cases,
        commune_of=lambda camera: papers.register.commune_of(camera),
        rules_of=home.law.rules,
    )
    try:
        yield DpoDesks(journal, masks, signs, requests, regime, days)
    finally:
        await journal.close()
        for desk in (masks, signs, regime, requests, days):
            desk.close()


async def _verified(home: DpoHome) -> Mapping[str, Any]:
    """Against the anchors that are there now: a place where nothing was noted yet holds nothing to compare with."""
    anchors = [path for each in home.settings.anchors if (path := each / ANCHOR_FILE).is_file()]
    directory = home.data_directory
    return await verify_journal_apart(
        directory / "journal", directory / "centre" / "key.pem", anchors, home.settings.tsa_root
    )
