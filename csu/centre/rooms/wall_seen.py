"""What was really looked at on the wall, shift by shift, by camera and never by person (OPS-6); kept over a restart.

A camera counts while it is up, its picture is live and the wall answers. A shift begins when the roster says, or, where
nobody wrote one, at 06:00, 14:00 and 22:00 in Paris [D].
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from csu.governance.legal_calendar import day_in_paris, instant_in_paris
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words
from csu.operations.roster import Roster
from csu.wall import ShiftCoverage, WallCoverage
from csu.wall.directing.coverage import CoverageKept

SHIFT_MINUTES = (6 * 60, 14 * 60, 22 * 60)
KEPT_EVERY_NS = NS_PER_MINUTE
"""What a centre that dies loses of it at most."""


class CoverageNotKept(CsuError):
    """The file cannot be read or written: it is counted, and forgotten with the centre."""


class SeenFile:
    """One JSON file. Blocks."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> CoverageKept | None:
        """None: there is none yet. Raises CoverageNotKept."""
        try:
            told = json.loads(self._path.read_bytes())
            live, last = ({CameraId(str(c)): int(ns) for c, ns in told[key].items()} for key in ("live_ns", "last_ns"))
            return CoverageKept(int(told["since_ns"]), int(told["begun_ns"]), live, last)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._refused("ne peut être lu", "cannot be read", error) from error

    def save(self, kept: CoverageKept) -> None:
        """Raises CoverageNotKept; what was there stays."""
        told = {"since_ns": kept.since_ns, "begun_ns": kept.begun_ns}
        body = json.dumps(told | {"live_ns": dict(kept.live_ns), "last_ns": dict(kept.last_seen_ns)})
        making = self._path.with_suffix(".making")
        try:
            with making.open("w") as file:
                file.write(body)
                file.flush()
                os.fdatasync(file.fileno())
            making.replace(self._path)
        except OSError as error:
            raise self._refused("ne peut être écrit", "cannot be written", error) from error

    def _refused(self, fr: str, en: str, error: Exception) -> CoverageNotKept:
        why = getattr(error, "strerror", None) or type(error).__name__
        return CoverageNotKept(
            Words(f"ce qui a été regardé {fr} ({why})", f"what was looked at {en} ({why})"),
            where=str(self._path),
            what_to_do=Words("Vérifiez le volume ; ôtez ce fichier s'il est abîmé", "Check the volume; take it away"),
        )


class WallSeen:
    """Of one wall."""

    def __init__(
        self,
        cameras: Iterable[CameraId],
        now_ns: Nanoseconds,
        file: SeenFile | None = None,
        kept: CoverageKept | None = None,
        roster: Roster | None = None,
    ) -> None:
        """`kept`: what `file` says. Without a file it ends with the centre."""
        first = CoverageKept(now_ns, shift_began(now_ns, roster))
        self.coverage = WallCoverage(cameras, now_ns, kept or first)
        self._file, self._roster = file, roster
        self._saved_ns, self._asked = now_ns, -1
        self._saving: asyncio.Task[CoverageNotKept | None] | None = None

    def look(self, live: frozenset[CameraId], now_ns: Nanoseconds) -> ShiftCoverage | None:
        """These are up now, with a live picture; each second. What a shift came to, when it ends."""
        self.coverage.look(live, now_ns)
        half_minute = now_ns // (30 * NS_PER_S)
        if half_minute == self._asked:  # late by no more [D]
            return None
        self._asked, began_ns = half_minute, shift_began(now_ns, self._roster)
        return self.coverage.begin_shift(now_ns, began_ns) if began_ns > self.coverage.begun_ns else None

    def keep(self, now_ns: Nanoseconds) -> CoverageNotKept | None:
        """Begin to write it, once a minute: nobody waits for the disk. Why the last time failed."""
        if self._file is None or (self._saving is not None and not self._saving.done()):
            return None
        ended, self._saving = self._saving, None
        if not 0 <= now_ns - self._saved_ns < KEPT_EVERY_NS:
            self._saved_ns = now_ns
            self._saving = asyncio.create_task(self._save(self._file), name="wall coverage")
        return ended.result() if ended is not None else None

    async def close(self) -> None:
        """Write it a last time. Raises CoverageNotKept."""
        if self._saving is not None:
            await self._saving
        if self._file is not None:
            await asyncio.to_thread(self._file.save, self.coverage.kept)

    async def _save(self, file: SeenFile) -> CoverageNotKept | None:
        try:
            await asyncio.to_thread(file.save, self.coverage.kept)
        except CoverageNotKept as error:
            return error
        return None


def shift_began(now_ns: Nanoseconds, roster: Roster | None = None) -> Nanoseconds:
    """When the shift of that instant began."""
    planned = [shift.span.from_ns for shift in roster.shifts if shift.span.from_ns <= now_ns] if roster else []
    if planned:
        return max(planned)
    today = day_in_paris(now_ns)
    hours = [instant_in_paris(day, at) for day in (today - timedelta(days=1), today) for at in SHIFT_MINUTES]
    return max(each for each in hours if each <= now_ns)
