"""A camera that goes on a tour by itself: ended when the centre turns it, and for good when it is entered."""

from __future__ import annotations

import asyncio

import pytest

from csu.hal.camera import PtzVelocity
from hardware.onvif.errors import not_offered
from hardware.onvif.head import Head
from hardware.onvif.tours import Tours
from sim.endpoints.onvif import OnvifQuirk

WANDERS = OnvifQuirk.TOURS_BY_ITSELF


def test_who_turns_a_camera_ends_its_tour_and_it_stays_where_it_was_left(on_dome):
    async def check(device, camera) -> None:
        assert device.head.touring is not None
        seen = [await camera.pose()]
        while not (seen[-1] is not None and seen[-1].moving):  # it says so: it is masked for where it looks
            await asyncio.sleep(0.05)
            seen.append(await camera.pose())
        await camera.move(PtzVelocity(0.2, 0.0, 0.0))
        assert all(tour.auto_start for tour in device.head.tours.values()), "ended, and not changed"
        await camera.stop()
        while (left := await camera.pose()) is None or left.moving:
            await asyncio.sleep(0.05)
        await asyncio.sleep(1.2)
        assert (await camera.pose()).pose == left.pose

    on_dome(check, WANDERS)


def test_a_camera_that_is_entered_tours_no_more_even_after_a_restart(on_dome):
    async def check(device, camera) -> None:
        (tour,) = device.head.tours.values()
        assert await camera.end_tours(for_good=True) == 1
        (kept,) = device.head.tours.values()
        assert (kept.spots, kept.name, kept.auto_start) == (tour.spots, tour.name, False)
        await device.reboot()
        assert device.head.touring is None
        assert await camera.end_tours(for_good=True) == 0

    on_dome(check, WANDERS)


def test_a_tour_that_begins_again_after_a_restart_is_ended_again_by_who_turns_it_next(on_dome, monkeypatch):
    monkeypatch.setattr("hardware.onvif.head.TAKEN_OVER_NS", 0)

    async def check(device, camera) -> None:
        assert await camera.end_tours() == 1
        await device.reboot()
        assert device.head.touring is not None
        await camera.move(PtzVelocity(0.1, 0.0, 0.0))
        await camera.stop()
        await asyncio.sleep(0.3)
        assert not device.head.touring

    on_dome(check, WANDERS)


def test_the_tests_find_a_tour_that_goes_on_under_the_operator_s_hand(monkeypatch, must_fail):
    async def nothing(self) -> None: ...

    async def goes_on(self, plan, *, seeking=False) -> None:
        await self._turn(plan, seeking=seeking)

    monkeypatch.setattr(Head, "_take_over", nothing)
    monkeypatch.setattr("sim.endpoints.onvif.head.Head.order", goes_on)
    must_fail("test_tours", "test_a_tour_that_begins_again_after_a_restart_is_ended_again_by_who_turns_it_next")


class NoTours:
    """A session with a camera that knows no tours."""

    camera, asked = "cam-0001", 0

    async def call(self, service, operation, body):
        self.asked += 1
        raise not_offered(self.camera, operation)


@pytest.mark.parametrize("for_good", [False, True])
def test_a_camera_without_tours_is_asked_once(for_good):
    session = NoTours()
    tours = Tours(session, "profile-main")
    for _ in range(3):
        assert asyncio.run(tours.end(for_good=for_good)) == 0
    assert session.asked == 1
