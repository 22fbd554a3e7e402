"""Orders that change under a running purge, and how often it works."""

from __future__ import annotations

from dataclasses import replace

from csu.governance import AuthorisationRegister
from csu.hal.camera import CameraId

CAM_12 = CameraId("cam-0012")


def corrected(world, days: int):
    """Another register takes the place of the one there was; what the running centre does when a paper is filed."""

    def change(purge) -> None:
        [first, *others] = world.facts.authorisations
        facts = replace(world.facts, authorisations=(replace(first, retention_days=days), *others))
        world.orders[0] = AuthorisationRegister(facts)
        purge.rules_changed()

    return change


def test_an_order_that_is_corrected_to_fewer_days_empties_the_disk_in_the_next_round(world, at):
    world.film(CAM_12, "2027-01-20 10:00", 3)
    left = []
    world.run(
        "2027-02-08 12:00:30",
        "2027-02-08 12:10",
        look={
            at("2027-02-08 12:04:50"): lambda _: left.append(len(world.disk.names())),
            at("2027-02-08 12:05:30"): corrected(world, 15),
            at("2027-02-08 12:06:30"): lambda _: left.append(len(world.disk.names())),
        },
    )
    assert left == [3, 0]
    assert world.town.counts.late_ms_max > 0  # and it is not hidden that they should have been gone


def test_an_order_that_is_corrected_to_more_days_keeps_what_the_old_one_would_have_taken(make_world, at):
    world = make_world()
    corrected(world, 15)(NoPurge())
    world.film(CAM_12, "2027-01-20 10:00", 3)
    world.run("2027-02-04 09:50", "2027-02-04 10:30", look={at("2027-02-04 09:55"): corrected(world, 30)})
    assert len(world.disk.names()) == 3


def test_a_purge_that_is_not_told_goes_on_by_the_old_order(make_world, at):
    world = make_world()
    corrected(world, 15)(NoPurge())
    world.film(CAM_12, "2027-01-20 10:00", 3)
    changes = at("2027-02-04 09:55")
    world.run("2027-02-04 09:50", "2027-02-04 10:30", look={changes: lambda _: corrected(world, 30)(NoPurge())})
    assert world.disk.names() == []


class NoPurge:
    """Nobody is told."""

    def rules_changed(self) -> None:
        return


def test_a_round_a_minute_although_something_expires_each_second(world, at):
    world.film(CAM_12, "2027-01-05 10:00:07", 30)
    world.film(CameraId("cam-0500"), "2027-01-04 10:00:31", 30)
    counts = world.run("2027-02-04 09:58", "2027-02-04 10:28")
    assert 29 <= counts.rounds <= 30
    assert counts.late_ms_max == 0
