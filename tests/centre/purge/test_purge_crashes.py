"""Whatever step the process dies at, the next life ends what was begun: nothing twice, nothing lost, nothing early."""

from __future__ import annotations

from dataclasses import replace

import pytest

from csu.governance import Span
from csu.hal.camera import CameraId, CommuneId
from csu.hal.disk import DiskError
from csu.hal.keys import utc_day
from csu.hal.words import Words
from sim.footage import Crash, CrashAt

CAM_12, CAM_13 = CameraId("cam-0012"), CameraId("cam-0013")
METZ = CommuneId("metz")
STEPS = ["journaled", "preserved", "unlinked", "marked", "shredded", "registered", "dropped"]


def filmed(world, at) -> Span:
    """Two cameras, a lock on one of them, all due together with their key."""
    world.film(CAM_12, "2027-01-05 09:58", 5)
    world.film(CAM_12, "2027-01-05 23:00", 2)
    world.film(CAM_13, "2027-01-05 09:58", 2)
    locked = Span(at("2027-01-05 10:00:10"), at("2027-01-05 10:01:20"))
    world.evidence.locks["REQ-1"] = (CAM_12, locked)
    return locked


def state(world) -> tuple[object, ...]:
    """All that is left, and all that is said of it."""
    day = utc_day(1_799_139_600_000_000_000)
    lines = world.register.answer(day)
    return (
        world.disk.names(),
        world.evidence.seconds(),
        [str(key) for key in world.keys.kept()],
        world.catalogue.living_of_day(day).segments,
        sorted(line.camera for line in lines.recorded),
        sorted((line.cameras, line.segments, line.size_bytes, line.kept) for line in lines.destroyed),
    )


@pytest.mark.parametrize("passes", range(1, len(STEPS) + 1))
def test_a_crash_at_any_step_is_made_good_by_the_next_life(make_world, at, passes):
    whole, broken = make_world(name="whole"), make_world(name="broken")
    for world in (whole, broken):
        locked = filmed(world, at)
    begin, end = "2027-02-05 06:00", "2027-02-05 06:03"
    whole.run(begin, end)
    chaos = CrashAt(passes)
    with pytest.raises(Crash):
        broken.run(begin, end, chaos=chaos)
    assert chaos.passed == [f"purge.{step}" for step in STEPS[:passes]]
    assert broken.journal.entries  # before anything else
    if broken.keys.is_shredded(METZ, utc_day(locked.from_ns)):
        assert broken.disk.names() == []
        assert broken.evidence.seconds() == whole.evidence.seconds()
    broken.run("2027-02-05 06:04", "2027-02-05 06:08")
    assert state(broken) == state(whole)
    assert state(whole)[:4] == ([], list(range(locked.from_ns // 10**9, locked.to_ns // 10**9)), [], 0)
    assert len(broken.register.answer(utc_day(locked.from_ns)).destroyed) == 1


class Dying:
    """A tier whose process dies after so many removals."""

    def __init__(self, tier, removals: int) -> None:
        self.name, self._tier, self._left = tier.name, tier, removals

    def names(self, day=None, camera=None, hours=None):
        return self._tier.names(day, camera, hours)

    def days(self):
        return self._tier.days()

    def cameras(self, day):
        return self._tier.cameras(day)

    def held(self, names):
        return self._tier.held(names)

    def destroy(self, names):
        for name in names:
            if self._left == 0:
                raise Crash(name)
            self._left -= 1
            self._tier.destroy([name])
        return 0


@pytest.mark.parametrize("removals", [0, 1, 4, 8])
def test_a_crash_between_any_two_files_is_made_good_too(make_world, at, removals):
    world = make_world()
    locked = filmed(world, at)
    sound = world.town.ports
    world.town.ports = replace(sound, tiers=[Dying(sound.tiers[0], removals)])
    with pytest.raises(Crash):
        world.run("2027-02-05 06:00", "2027-02-05 06:03")
    assert len(world.disk.names()) == 9 - removals
    assert world.keys.kept()  # not while a file under it is there
    world.town.ports = sound
    world.run("2027-02-05 06:04", "2027-02-05 06:08")
    assert world.disk.names() == [] == list(world.keys.kept())
    assert len(world.evidence.seconds()) == (locked.to_ns - locked.from_ns) // 10**9


def test_nothing_goes_while_the_journal_cannot_be_written(world, at):
    world.film(CAM_12, "2027-01-05 10:00", 1)
    world.journal.is_down = True
    with pytest.raises(DiskError, match="journal"):
        world.run("2027-02-05 06:00", "2027-02-05 06:03")
    assert world.disk.names()
    assert world.keys.kept()


def test_a_read_only_disk_keeps_the_key_alive_and_is_told_then_all_is_made_good(world, at):
    world.film(CAM_12, "2027-01-05 10:00", 2)

    def fail(_):
        world.disk.read_only = True

    def mend(_):
        world.disk.read_only = False

    world.run(
        "2027-02-04 09:55",
        "2027-02-04 12:10",
        look={at("2027-02-04 09:56"): fail, at("2027-02-04 12:05"): mend},
    )
    assert world.disk.names() == []
    assert world.town.counts.rounds_failed > 120
    times = [trouble.at_ns for trouble in world.town.told]
    assert times[0] <= at("2027-02-04 10:00")  # at once
    assert 4 <= len(times) <= 6  # and again each half hour, not each minute
    assert world.town.counts.late_ms_max > 2 * 3_600_000  # the lateness is not hidden
    assert all(isinstance(trouble.what, Words) and "INCIDENT" in trouble.what.fr for trouble in world.town.told)
