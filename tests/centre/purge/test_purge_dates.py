"""Footage is gone at its instant: a month, 30 and 15 days, February, the nights on which the clocks change."""

from __future__ import annotations

import pytest

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S

CAM_12, CAM_13, CAM_500 = CameraId("cam-0012"), CameraId("cam-0013"), CameraId("cam-0500")
LEAD_NS = 90 * NS_PER_S


@pytest.mark.requirement("RET-1")
@pytest.mark.parametrize(
    ("camera", "filmed", "gone"),
    [
        (CAM_500, "2027-01-31 10:00", "2027-02-28 10:00"),  # February has no 31st
        (CAM_500, "2027-02-01 00:00", "2027-03-01 00:00"),  # 30 days would be 3 March
        (CAM_500, "2027-01-31 23:59", "2027-02-28 23:59"),
        (CAM_500, "2028-01-31 10:00", "2028-02-29 10:00"),
        (CAM_500, "2027-02-28 02:30", "2027-03-28 01:30"),  # 02:30 does not exist that night: the earlier reading
        (CAM_13, "2027-03-13 02:30", "2027-03-28 01:30"),
        (CAM_12, "2027-10-01 02:30", "2027-10-31 02:30"),  # the hour that there is twice: the first of them
        (CAM_13, "2026-10-10 02:30", "2026-10-25 02:30"),  # the hour that there is twice: the first of them
        (CAM_13, "2026-10-11 00:00", "2026-10-25 23:00"),  # a day of 25 hours: 15 times 24 hours end before midnight
        (CAM_500, "2026-10-25 02:30", "2026-11-25 01:30"),  # in UTC the month ends an hour before it does in Paris
        (CAM_500, "2028-02-29 10:00", "2028-03-29 10:00"),
        (CAM_12, "2028-01-30 10:00", "2028-02-29 10:00"),
        (CAM_13, "2028-02-14 10:00", "2028-02-29 10:00"),
        (CAM_13, "2027-02-01 00:00", "2027-02-16 00:00"),
        (CAM_12, "2027-02-01 00:00", "2027-03-01 00:00"),  # 30 days would be 3 March: the month is shorter
        (CAM_13, "2027-01-31 10:00", "2027-02-15 10:00"),
        (CAM_12, "2027-01-05 10:00", "2027-02-04 10:00"),
    ],
)
def test_footage_is_gone_at_its_instant_and_no_sooner_than_the_rounds_need(world, at, camera, filmed, gone):
    world.film(camera, filmed, 1)
    gone_ns = at(gone)
    there = {}
    looks = {gone_ns - LEAD_NS - 1: "before", gone_ns - 1: "at the end"}
    world.town.run(
        gone_ns - 20 * NS_PER_MINUTE,
        gone_ns + NS_PER_MINUTE,
        look={ns: lambda _, name=name: there.update({name: bool(world.disk.names())}) for ns, name in looks.items()},
    )
    assert there == {"before": True, "at the end": False}
    assert world.town.counts.late_ms_max == 0
