"""Image received, right view, recorded: three figures a camera and day, kept, and never averaged (TEC-6)."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from csu.governance.spans import Span
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY
from csu.hal.media import Gap, GapCause
from csu.recording.availability import Availability, CameraDay, day_lines
from csu.recording.availability_store import AvailabilityStore
from csu.recording.coverage import ACCOUNT_LAG_NS, Account, paris_day

CAM, OTHER = CameraId("cam-1"), CameraId("cam-2")
DAY = date(2026, 11, 29)
FROM_NS, TO_NS = paris_day(DAY)
HOUR = 3600 * 1_000_000_000
LATER_NS = TO_NS + NS_PER_DAY


class Catalogue:
    """Hours of the day at which cameras were recorded, and gaps."""

    def __init__(self, recorded, gaps=()):
        self._recorded, self._gaps = recorded, gaps

    def accounts(self, cameras, from_ns, to_ns):
        found = {}
        for camera in cameras:
            pieces = [(FROM_NS + a * HOUR, FROM_NS + b * HOUR) for a, b in self._recorded.get(camera, ())]
            gaps = tuple(
                Gap(camera, FROM_NS + a * HOUR, FROM_NS + b * HOUR, why) for of, a, b, why in self._gaps if of == camera
            )
            found[camera] = Account(np.array(pieces, np.int64).reshape(-1, 2), gaps)
        return found


def hours(*pieces):
    return tuple(Span(FROM_NS + a * HOUR, FROM_NS + b * HOUR) for a, b in pieces)


def line(recorded, gaps=(), expected=((0, 24),), served=((0, 24),), now_ns=LATER_NS):
    catalogue = Catalogue({CAM: recorded}, [(CAM, *gap) for gap in gaps])
    (found,) = day_lines(catalogue, {CAM: hours(*expected)}, {CAM: hours(*served)}, DAY, now_ns=now_ns)
    return found.availability


def test_each_of_the_three_is_its_own():
    """Three hours on a full disk: received, not kept. Two hours after a knock: recorded, of a wrong view."""
    told = line([(0, 10), (13, 24)], [(10, 13, GapCause.DISK)], served=((0, 20), (22, 24)))
    assert told == Availability(24 * HOUR, 24 * HOUR, 22 * HOUR, 21 * HOUR)
    assert told.share(told.recorded_ns) == pytest.approx(21 / 24)


def test_a_camera_that_answers_a_ping_and_sends_no_picture_is_not_available():
    told = line([(0, 6)], [(6, 24, GapCause.CAMERA_LOST)])
    assert (told.received_ns, told.recorded_ns) == (6 * HOUR, 6 * HOUR)


def test_what_nobody_accounts_for_is_missing():
    assert line([(0, 6)]).received_ns == 6 * HOUR


def test_only_what_its_papers_let_it_record_is_expected():
    assert line([(0, 24)], expected=((8, 12),)) == Availability(4 * HOUR, 4 * HOUR, 4 * HOUR, 4 * HOUR)
    nothing = line([], expected=())
    assert nothing == Availability()
    assert nothing.share(nothing.recorded_ns) is None


def test_of_a_day_that_goes_on_only_what_can_have_been_told_is_expected():
    now_ns = FROM_NS + 6 * HOUR + ACCOUNT_LAG_NS
    assert line([(0, 6)], now_ns=now_ns) == Availability(6 * HOUR, 6 * HOUR, 6 * HOUR, 6 * HOUR)
    assert line([], now_ns=FROM_NS) == Availability()


def test_lines_are_kept_whole_replaced_whole_and_read_back(tmp_path):
    full = Availability(24 * HOUR, 23 * HOUR, 22 * HOUR, 21 * HOUR)
    store = AvailabilityStore(tmp_path / "availability.sqlite")
    store.keep(DAY, [CameraDay(CAM, DAY, full), CameraDay(OTHER, DAY, full)])
    store.keep(DAY, [CameraDay(CAM, DAY, replace(full, recorded_ns=HOUR))])
    store.keep(date(2026, 11, 28), [])
    store.close()
    store = AvailabilityStore(tmp_path / "availability.sqlite")
    assert store.days() == {DAY, date(2026, 11, 28)}
    assert store.sums(date(2026, 11, 1), date(2026, 11, 30)) == {CAM: replace(full, recorded_ns=HOUR)}
    assert store.sums(date(2026, 11, 30), date(2026, 11, 30)) == {}
    store.keep(date(2026, 11, 28), [CameraDay(CAM, date(2026, 11, 28), full), CameraDay(OTHER, DAY, full)])
    both = Availability(48 * HOUR, 46 * HOUR, 44 * HOUR, 22 * HOUR)
    assert store.sums(date(2026, 11, 28), DAY) == {CAM: both, OTHER: full}
    store.close()


_DIES = """
import os, sys
from datetime import date
from pathlib import Path
import sqlalchemy as sa
from csu.recording.availability import Availability, CameraDay
from csu.recording.availability_store import AvailabilityStore
store = AvailabilityStore(Path(sys.argv[1]))
day = date(2026, 11, 29)
store.keep(day, [CameraDay("cam-1", day, Availability(1, 1, 1, 1))])
sa.event.listen(store._engine, "commit", lambda connection: os._exit(9))
store.keep(day, [CameraDay("cam-1", day, Availability(2, 2, 2, 2)), CameraDay("cam-2", day, Availability(2, 2, 2, 2))])
"""


def test_a_process_that_dies_while_a_day_is_written_leaves_the_day_as_it_was(tmp_path):
    path = tmp_path / "availability.sqlite"
    died = subprocess.run([sys.executable, "-c", _DIES, str(path)], check=False, timeout=60)
    assert died.returncode == 9
    store = AvailabilityStore(path)
    assert store.sums(DAY, DAY) == {CAM: Availability(1, 1, 1, 1)}
    store.close()
