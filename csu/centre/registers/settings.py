"""Where a centre's registers are anchored and how long its journal is kept: what an installer decides."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from csu.centre.registers.stamp_client import HttpAuthority
from csu.governance import AnchorFile, AnchorPlaces, Elsewhere, JournalRetention
from csu.governance.journal_retention import DAYS_DEFAULT
from csu.governance.time_stamps import StampTrust
from csu.hal.errors import BadInput
from csu.hal.words import Words

ANCHORS_NAME, TSA_NAME, TSA_ROOT_NAME = "CSU_ANCHORS", "CSU_TSA", "CSU_TSA_ROOT"
DAYS_NAME = "CSU_JOURNAL_DAYS"
JUSTIFIED_BY_NAME, JUSTIFICATION_NAME = "CSU_JOURNAL_JUSTIFIED_BY", "CSU_JOURNAL_JUSTIFICATION"
OBLIGATION_NAME = "CSU_JOURNAL_OBLIGATION"
ANCHOR_FILE = "anchors.jsonl"


@dataclass(frozen=True, slots=True)
class RegisterSettings:
    """Everything has a default; without `anchors` a cut end does not show, and the centre says so when it starts."""

    anchors: tuple[Path, ...] = ()
    """Directories elsewhere than the centre's data: other volumes, other machines. Each gets every head."""
    tsa_url: str = ""
    """A time-stamping authority (RFC 3161), asked each hour; empty: none."""
    tsa_root: Path | None = None
    """PEM of whom to believe for its stamps."""
    retention: JournalRetention = JournalRetention()

    def elsewhere(self, data_directory: Path) -> Elsewhere | None:
        """Where heads are noted; None: nowhere. Raises BadInput, and StampRefused for a root that cannot be read."""
        if bool(self.tsa_url) is not (self.tsa_root is not None) or (self.tsa_url and not self.anchors):
            raise BadInput(
                Words(
                    "un horodatage veut une adresse, une racine et un dossier d'ancres",
                    "stamps want an address, a root and a directory of anchors",
                ),
                where="/".join((TSA_NAME, TSA_ROOT_NAME, ANCHORS_NAME)),
                what_to_do=Words("Donnez les trois, ou le dossier seul", "Give all three, or the directory alone"),
            )
        for directory in self.anchors:
            _require_elsewhere(directory, data_directory)
        if not self.anchors:
            return None
        place = AnchorPlaces([AnchorFile(directory / ANCHOR_FILE) for directory in self.anchors])
        if self.tsa_root is None:
            return Elsewhere(place)
        return Elsewhere(place, HttpAuthority(self.tsa_url), StampTrust.load(self.tsa_root))


def register_settings(environment: Mapping[str, str]) -> RegisterSettings:
    """From `CSU_ANCHORS` (directories, as in PATH), `CSU_TSA`, `CSU_TSA_ROOT`, `CSU_JOURNAL_DAYS` and, above a year,
    `CSU_JOURNAL_JUSTIFIED_BY`, `CSU_JOURNAL_JUSTIFICATION`, `CSU_JOURNAL_OBLIGATION`.

    Raises BadInput for days that are no number, JournalRetentionRefused for days that may not be.
    """
    days = environment.get(DAYS_NAME, "") or str(DAYS_DEFAULT)
    if not (days.isascii() and days.isdecimal()):
        raise BadInput(
            Words("ce n'est pas un nombre de jours", "this is no number of days"),
            where=f"{DAYS_NAME}={days}",
            what_to_do=Words(f"Écrivez {DAYS_DEFAULT}", f"Write {DAYS_DEFAULT}"),
        )
    root = environment.get(TSA_ROOT_NAME, "")
    return RegisterSettings(
        anchors=anchor_directories(environment),
        tsa_url=environment.get(TSA_NAME, ""),
        tsa_root=Path(root) if root else None,
        retention=JournalRetention(
            int(days),
            environment.get(JUSTIFIED_BY_NAME, ""),
            environment.get(JUSTIFICATION_NAME, ""),
            environment.get(OBLIGATION_NAME, ""),
        ),
    )


def anchor_directories(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """The directories of `CSU_ANCHORS`."""
    return tuple(Path(each) for each in environment.get(ANCHORS_NAME, "").split(os.pathsep) if each)


def _require_elsewhere(directory: Path, data_directory: Path) -> None:
    anchors, data = directory.resolve(), data_directory.resolve()
    if anchors.is_relative_to(data) or data.is_relative_to(anchors):
        raise BadInput(
            Words("l'ancre serait avec ce qu'elle prouve", "the anchor would lie with what it proves"),
            where=str(directory),
            what_to_do=Words("Choisissez un autre volume", "Choose another volume"),
        )
