"""Who tests the tester: a defect planted in the simulated ONVIF camera must fail the test that is there for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from csu.hal.clock import NS_PER_S
from sim.endpoints import RtspFarm
from sim.endpoints.onvif import OnvifDevice, events, listener, masks, security

Patch = pytest.MonkeyPatch


def y_points_down(patch: Patch) -> None:
    patch.setattr(masks, "_corner", lambda x, y: ((x + 1) / 2, (1 + y) / 2))
    upside_down = property(lambda mask: [(2 * x - 1, 2 * y - 1) for x, y in mask.corners])
    patch.setattr(masks.HeldMask, "points", upside_down)


def a_token_serves_twice(patch: Patch) -> None:
    patch.setattr(security.TokenGate, "_take", lambda gate, nonce, now_ns: None)


def a_token_serves_for_an_hour(patch: Patch) -> None:
    patch.setattr(security, "NS_PER_S", 1000 * NS_PER_S)


def everybody_may_do_everything(patch: Patch) -> None:
    patch.setattr(listener.Listener, "_require", lambda served, has, needs: None)


def the_stream_still_offers_sound(patch: Patch) -> None:
    async def nothing(device, profile):
        return None

    patch.setattr(OnvifDevice, "_offer_audio", nothing)


def the_mount_is_not_turned(patch: Patch) -> None:
    patch.setattr(RtspFarm, "turn", lambda farm, camera, motion, *, seeking=False: None)


def pull_points_outlive_a_reboot(patch: Patch) -> None:
    patch.setattr(events.EventHub, "end_all", lambda hub: None)


PLANTED: dict[Callable[[Patch], None], tuple[str, str]] = {
    y_points_down: ("test_masks", "test_y_points_up_and_the_camera_burns_it"),
    a_token_serves_twice: ("test_security", "test_a_token_serves_once_and_only_now"),
    a_token_serves_for_an_hour: ("test_security", "test_a_token_serves_once_and_only_now"),
    everybody_may_do_everything: ("test_security", "test_levels_are_kept"),
    the_stream_still_offers_sound: ("test_quirks", "test_audio_that_is_taken_out_is_gone_from_the_stream_too"),
    the_mount_is_not_turned: (
        "test_positions",
        "test_each_position_is_that_of_its_instant_and_equals_what_status_tells",
    ),
    pull_points_outlive_a_reboot: ("test_events", "test_a_reboot_forgets_pull_points_and_the_next_one_tells_it"),
}


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_defect_is_found(must_fail, monkeypatch, plant) -> None:
    plant(monkeypatch)
    must_fail(*PLANTED[plant])
