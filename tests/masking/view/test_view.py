"""A covered, defocused, turned or knocked camera is found in under a minute, from masked pictures only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import csu.masking.view as view_module
from csu.hal.clock import NS_PER_S
from csu.hal.place import Pose
from csu.masking.cover import Cover
from csu.masking.view import LOOK_EVERY_NS, VIEWS_KEPT, ViewChange, ViewWatch
from csu.masking.view_look import SMALL_PX, ViewState, _Tiles, _tiles
from sim.street import StreetPainter, build_street, posts, sensitive_quads
from sim.street.lens import SHIFT, lens_of, project_quads

WIDTH, HEIGHT = 640, 360
NOON_NS = 1_790_000_037 * NS_PER_S
WITHIN_NS = 60 * NS_PER_S
Luma = NDArray[np.uint8]
Spoil = Callable[[Luma], Luma]


class Filmed:
    """One camera of the street. Its masks are drawn by another program than the engine's."""

    def __init__(self, number: int, seed: int = 1, angle_deg: float = 0.2) -> None:
        street = build_street(seed)
        self.pose = posts(street, number)[number - 1].pose
        self.hidden = sensitive_quads(street)
        self.painters = {night: StreetPainter(seed, WIDTH, HEIGHT, night=night) for night in (False, True)}
        self.watch = ViewWatch(angle_deg)
        self.at_ns = NOON_NS
        self.told: list[ViewChange] = []

    def cover(self, pose: Pose) -> Cover:
        lens = lens_of(pose, WIDTH, HEIGHT)
        drawn = np.zeros((HEIGHT, WIDTH), np.uint8)
        for polygon in project_quads(lens, self.hidden)[0]:
            cv2.fillConvexPoly(drawn, polygon, 1, shift=SHIFT)
        cells = cv2.resize(drawn * 255, (WIDTH // 16, -(-HEIGHT // 16)), interpolation=cv2.INTER_AREA) > 0
        return Cover(WIDTH, HEIGHT, np.asarray(cells))

    def film(
        self,
        for_s: float,
        *,
        told_pose: Pose | None = None,
        true_pose: Pose | None = None,
        night: bool = False,
        spoil: Spoil = lambda luma: luma,
        is_moving: bool = False,
    ) -> list[ViewChange]:
        """Look every 2 s for `for_s` seconds; the changes told meanwhile."""
        told_pose = told_pose or self.pose
        cover = self.cover(told_pose)
        hidden = cover.cells.repeat(16, 0).repeat(16, 1)[:HEIGHT, :WIDTH]
        told: list[ViewChange] = []
        for _ in range(int(for_s * NS_PER_S / LOOK_EVERY_NS)):
            self.at_ns += LOOK_EVERY_NS
            clear = self.painters[night].bgr(true_pose or told_pose, self.at_ns)
            luma = spoil(np.asarray(cv2.cvtColor(clear, cv2.COLOR_BGR2GRAY), np.uint8))
            luma[hidden] = 64
            change = self.watch.look(luma, cover, None if is_moving else told_pose, self.at_ns)
            if change is not None:
                told.append(change)
        return told


def turned(pose: Pose, pan: float = 0.0, tilt: float = 0.0, roll: float = 0.0, zoom: float = 1.0) -> Pose:
    return replace(
        pose,
        pan_deg=pose.pan_deg + pan,
        tilt_deg=pose.tilt_deg + tilt,
        roll_deg=pose.roll_deg + roll,
        focal_px=pose.focal_px * zoom,
    )


def blurred(sigma_px: float) -> Spoil:
    return lambda luma: np.asarray(cv2.GaussianBlur(luma, (0, 0), sigma_px), np.uint8)


def bag(luma: Luma) -> Luma:
    return np.full_like(luma, 22)


def hand(luma: Luma) -> Luma:
    found = luma.copy()
    found[:, : WIDTH * 2 // 3] = 90
    return found


@pytest.mark.parametrize("number", [2, 5, 6, 8])
def test_people_cars_and_shadows_are_no_reason_to_tell_anything(number):
    assert Filmed(number).film(120) == []


@pytest.mark.parametrize("number", [2, 3, 7])
@pytest.mark.parametrize(
    "turn",
    [{"pan": 0.35}, {"tilt": -0.35}, {"pan": -1.0}, {"tilt": 3.0}, {"roll": 2.0}, {"zoom": 1.05}, {"pan": 25.0}],
    ids=str,
)
def test_a_turned_or_knocked_camera_is_found_within_a_minute(number, turn):
    filmed = Filmed(number)
    filmed.film(20)
    told = filmed.film(WITHIN_NS / NS_PER_S, true_pose=turned(filmed.pose, **turn))
    assert [change.state for change in told] == [ViewState.MOVED]


def test_a_turn_within_the_margins_of_the_masks_is_borne():
    filmed = Filmed(1, angle_deg=0.5)
    filmed.film(20)
    assert filmed.film(60, true_pose=turned(filmed.pose, pan=0.3)) == []


@pytest.mark.parametrize("number", [1, 3, 7])
@pytest.mark.parametrize(
    ("spoil", "state"),
    [
        (blurred(4), ViewState.DEFOCUSED),
        (blurred(40), ViewState.COVERED),
        (bag, ViewState.COVERED),
        (hand, ViewState.COVERED),
    ],
    ids=["defocused", "frosted with paint", "bag", "hand"],
)
def test_a_covered_or_defocused_camera_is_found_within_a_minute(number, spoil, state):
    filmed = Filmed(number)
    filmed.film(20)
    told = filmed.film(WITHIN_NS / NS_PER_S, spoil=spoil)
    assert [change.state for change in told] == [state]


def test_a_view_that_comes_back_is_told():
    filmed = Filmed(1)
    filmed.film(20)
    filmed.film(40, spoil=bag)
    assert [change.state for change in filmed.film(60)] == [ViewState.SAME]


def test_a_bus_that_stops_for_twenty_seconds_does_not_cover_the_camera():
    filmed = Filmed(1)
    filmed.film(20)
    assert filmed.film(20, spoil=hand) + filmed.film(20) == []


def test_the_evening_comes_slowly_and_is_borne():
    """Ten minutes of dusk: the day's picture fades into the night's."""
    filmed = Filmed(1)
    filmed.film(20)
    night = filmed.painters[True]
    for step in range(60):

        def dusk(luma: Luma, share: float = step / 60) -> Luma:
            dark = cv2.cvtColor(night.bgr(filmed.pose, filmed.at_ns), cv2.COLOR_BGR2GRAY)
            return np.asarray(cv2.addWeighted(luma, 1 - share, np.asarray(dark, np.uint8), share, 0), np.uint8)

        assert filmed.film(10, spoil=dusk) == []


def test_a_ptz_is_watched_at_each_preset_and_not_while_it_moves():
    filmed = Filmed(4)
    presets = [filmed.pose, turned(filmed.pose, pan=-60, tilt=2), turned(filmed.pose, pan=40, zoom=1.5)]
    for preset in presets:
        assert filmed.film(20, told_pose=preset) == []
        assert filmed.film(10, told_pose=preset, true_pose=turned(preset, pan=9), is_moving=True) == []
    for preset in presets:
        assert filmed.film(12, told_pose=preset) == []
    told = [
        change
        for preset in presets
        for change in filmed.film(20, told_pose=preset, true_pose=turned(preset, pan=1.5, tilt=-1.0))
    ]
    assert [change.state for change in told] == [ViewState.MOVED]


def test_a_ptz_knocked_on_tour_is_found_within_a_minute():
    """Ten seconds at each preset: looks at different presets count together."""
    filmed = Filmed(4)
    presets = [filmed.pose, turned(filmed.pose, pan=-60, tilt=2)]
    for preset in presets:
        filmed.film(20, told_pose=preset)
    told, began_ns = list[ViewChange](), filmed.at_ns
    while not told and filmed.at_ns - began_ns < WITHIN_NS:
        for preset in presets:
            told += filmed.film(6, told_pose=preset, true_pose=turned(preset, tilt=2.0))
            told += filmed.film(2, told_pose=preset, is_moving=True)
    assert told
    assert told[0].state is ViewState.MOVED


def test_a_head_that_does_not_come_back_exactly_is_at_the_same_preset():
    filmed = Filmed(4)
    for visit in range(10):
        beside = turned(filmed.pose, pan=0.04 * (visit % 3 - 1), tilt=0.03 * (visit % 2))
        assert filmed.film(4, told_pose=beside) == []
    assert len(filmed.watch._views) == 1
    assert [change.state for change in filmed.film(30, true_pose=turned(filmed.pose, pan=0.6))] == [ViewState.MOVED]


def test_what_is_remembered_is_bounded_and_no_picture():
    filmed = Filmed(4)
    for index in range(VIEWS_KEPT + 5):
        filmed.film(2, told_pose=turned(filmed.pose, pan=index * 7.0))
    assert len(filmed.watch._views) == VIEWS_KEPT


def test_a_camera_turned_while_its_node_was_down_is_found():
    filmed = Filmed(1)
    filmed.film(20)
    memory = filmed.watch.memory()
    assert len(memory) < 20_000
    filmed.watch = ViewWatch(0.2, memory)
    assert filmed.film(20) == []
    filmed.watch = ViewWatch(0.2, memory)
    told = filmed.film(20, true_pose=turned(filmed.pose, pan=0.4))
    assert [change.state for change in told] == [ViewState.MOVED]


@pytest.mark.parametrize("spoilt", [b"", b"PK\x03\x04 nothing", b"\0" * 500])
def test_a_spoilt_memory_is_told(spoilt):
    with pytest.raises(ValueError, match="not the views"):
        ViewWatch(0.2, spoilt)


def test_a_wholly_masked_picture_says_nothing():
    watch = ViewWatch(0.2)
    luma = np.full((HEIGHT, WIDTH), 64, np.uint8)
    whole = Cover.whole(WIDTH, HEIGHT)
    home = Pose(0.0, 0.0, 6.0, 0.0, -10.0, 0.0, 500.0)
    assert all(watch.look(luma, whole, home, look * LOOK_EVERY_NS) is None for look in range(40))
    assert watch.state is ViewState.LEARNING


def test_looking_at_the_border_of_the_mask_would_hide_a_turn_and_is_seen(monkeypatch):
    """The mutant that compares the masked area too: its edges never move."""
    real = view_module.clear_part

    def everything(cover: Cover):
        return real(Cover.nothing(cover.width_px, cover.height_px))

    monkeypatch.setattr(view_module, "clear_part", everything)
    filmed = Filmed(2)
    filmed.film(20)
    assert filmed.film(60, true_pose=turned(filmed.pose, pan=0.25)) == []
    monkeypatch.undo()
    filmed = Filmed(2)
    filmed.film(20)
    assert filmed.film(60, true_pose=turned(filmed.pose, pan=0.25)) != []


@pytest.mark.parametrize("seed", range(6))
def test_tiles_taken_together_say_what_each_says_alone(seed):
    chance = np.random.default_rng(seed)
    reference, noise = (chance.normal(0, 1, SMALL_PX[::-1]).astype(np.float32) for _ in range(2))
    share = chance.uniform(0, 1.2, (6, 8)).repeat(15, 0).repeat(20, 1).astype(np.float32)
    seen = np.where(chance.random((6, 8)).repeat(15, 0).repeat(20, 1) < 0.2, 0.01, 1).astype(np.float32)
    seen *= reference + share * noise
    reference *= np.where(chance.random((6, 8)).repeat(15, 0).repeat(20, 1) < 0.2, 0.1, 1).astype(np.float32)
    valid = chance.random(SMALL_PX[::-1]) < chance.uniform(0, 1, (6, 8)).repeat(15, 0).repeat(20, 1)
    alone = _Tiles()
    for top in range(0, 90, 15):
        for left in range(0, 160, 20):
            part = (slice(top, top + 15), slice(left, left + 20))
            a, b = reference[part][valid[part]], seen[part][valid[part]]
            if len(a) < 60 or a.std() < 0.25:
                continue
            likeness = float(np.corrcoef(a, b)[0, 1])
            alone.textured += 1
            alone.dead += bool(b.std() < 0.3 * a.std())
            alone.same += likeness > 0.5
            alone.firm += likeness > 0.85
    assert _tiles(reference, seen, valid) == alone
    assert 0 < alone.dead < alone.textured
    assert 0 < alone.firm < alone.same
