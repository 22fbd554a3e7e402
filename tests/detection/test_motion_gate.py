"""What moves is told apart from what stands; light and noise are not told; hidden cells neither raise nor learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.detection.motion_gate import MotionGate
from tests.detection.street_builders import HEIGHT, WIDTH, Street


@pytest.fixture
def street():
    return Street()


def learned(street, pictures=25, gate=None):
    gate = gate or MotionGate(street.width, street.height)
    for _ in range(pictures):
        gate.look(street.luma())
    return gate


def walk(step):
    return (40 + 6 * step, 60, 60 + 6 * step, 120)


def test_the_first_picture_is_a_new_scene(street):
    motion = MotionGate(WIDTH, HEIGHT).look(street.luma())
    assert motion.scene_changed
    assert len(motion.moving) == len(motion.still) == 0


def test_who_walks_is_told_with_a_box_around_him(street):
    gate = learned(street)
    for step in range(8):
        motion = gate.look(street.luma(walk(step)))
    left, top, right, bottom = walk(7)
    assert len(motion.moving) == 1
    box = motion.moving[0]
    assert box[0] <= left + 4
    assert box[1] <= top + 4
    assert box[2] >= right - 4
    assert box[3] >= bottom - 4
    assert motion.energy[90 * gate.shape[0] // HEIGHT].any()


def test_what_was_put_down_becomes_still(street):
    gate = learned(street)
    motion = [gate.look(street.luma((100, 100, 130, 130))) for _ in range(10)][-1]
    assert len(motion.moving) == 0
    assert len(motion.still) == 1


def test_what_stands_is_background_in_the_end_and_not_before_minutes(street):
    gate = learned(street)
    with_bag = [street.luma((100, 100, 130, 130)) for _ in range(7)]
    after_a_minute = [gate.look(with_bag[each % 7]) for each in range(300)][-1]
    assert len(after_a_minute.still) == 1
    assert not [gate.look(with_bag[each % 7]) for each in range(3_000)][-1].still.size


def test_noise_at_night_raises_nothing():
    street = Street(noise=7.0, gain=0.25)
    gate = learned(street)
    assert sum(len(m.moving) + len(m.still) for m in (gate.look(street.luma()) for _ in range(60))) == 0


def test_dusk_and_exposure_raise_nothing(street):
    gate = learned(street)
    for step in range(40):
        street.gain = 1 + 0.3 * step / 40
        motion = gate.look(street.luma())
        assert not motion.scene_changed
        assert len(motion.moving) == len(motion.still) == 0


def shaded(luma, middle_x, fades_px):
    """A round shade, 40 px about its middle, that fades over that much."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    away = np.hypot(x - middle_x, y - 100)
    return (luma * (1 - 0.4 * np.clip((40 + fades_px - away) / fades_px, 0, 1))).astype(np.uint8)


def test_the_shade_of_a_cloud_is_no_thing_and_what_ends_sharply_is(street):
    gate, sharp = learned(street), learned(Street())
    told, changed, told_sharp = 0, 0, 0
    for step in range(40):
        luma = street.luma()
        motion = gate.look(shaded(luma, 60 + 4 * step, 60))
        told += len(motion.moving) + len(motion.still)
        changed += motion.changed is not None and bool(motion.changed.any())
        told_sharp += len(sharp.look(shaded(luma, 60 + 4 * step, 2)).moving)
    assert (told, changed) == (0, 40)
    assert told_sharp >= 40


def test_who_walks_in_the_shade_is_told_with_a_box_of_his_own(street):
    gate = learned(street)
    for step in range(8):
        motion = gate.look(shaded(street.luma(walk(step)), 100, 60))
    left, top, right, bottom = walk(7)
    (box,) = motion.moving
    assert box[0] <= left + 4
    assert box[2] >= right - 4
    assert (box[2] - box[0]) * (box[3] - box[1]) < 4 * (right - left) * (bottom - top)  # the shade is 100 px about


def test_another_view_is_a_new_scene_and_what_was_learned_is_gone(street):
    gate = learned(street)
    other = Street(seed=2)
    assert gate.look(other.luma()).scene_changed
    assert not gate.look(other.luma()).scene_changed
    assert [len(gate.look(other.luma()).moving) for _ in range(10)] == [0] * 10


def test_a_lamp_that_goes_out_is_a_new_scene(street):
    gate = learned(street)
    street.gain = 0.3
    assert gate.look(street.luma()).scene_changed


def test_after_a_reset_the_next_picture_is_a_new_scene(street):
    gate = learned(street)
    gate.reset()
    assert gate.look(street.luma(walk(1))).scene_changed


def test_another_size_is_refused(street):
    with pytest.raises(ValueError, match="looks at pictures of"):
        MotionGate(WIDTH, HEIGHT).look(street.luma()[:, :300])
    with pytest.raises(ValueError, match="too small"):
        MotionGate(6, 6)


def test_every_third_row_of_a_large_picture_is_enough():
    gate = MotionGate(1920, 1088)
    assert gate.shape == (90, 160)
    empty = np.full((1088, 1920), 100, np.uint8)
    for _ in range(5):
        gate.look(empty)
    for step in range(4):
        luma = empty.copy()
        luma[500:650, 600 + 20 * step : 660 + 20 * step] = 160
        moving = gate.look(luma).moving
    assert len(moving) == 1


def half_hidden():
    masked = np.zeros((HEIGHT, WIDTH), bool)
    masked[:, : WIDTH // 2] = True
    return masked


def test_what_moves_where_the_mask_is_raises_nothing(street):
    gate = MotionGate(WIDTH, HEIGHT)
    gate.hide(half_hidden())
    learned(street, gate=gate)
    dice = np.random.default_rng(3)
    for _ in range(20):  # the edge of a fill that flickers
        luma = street.luma()
        luma[:, : WIDTH // 2] = dice.integers(0, 255)
        motion = gate.look(luma)
        assert not motion.scene_changed
        assert len(motion.moving) == len(motion.still) == 0
        assert not motion.energy.any()


def test_what_comes_out_from_behind_the_mask_is_learned_anew(street):
    gate = MotionGate(WIDTH, HEIGHT)
    gate.hide(half_hidden())
    for _ in range(25):
        filled = street.luma()
        filled[:, : WIDTH // 2] = 16
        gate.look(filled)
    gate.hide(None)
    motions = [gate.look(street.luma()) for _ in range(5)]
    assert [len(m.moving) + len(m.still) for m in motions] == [0] * 5
    assert not any(m.scene_changed for m in motions)


def test_a_cell_that_is_hidden_in_part_is_hidden(street):
    gate = MotionGate(WIDTH, HEIGHT)
    masked = np.zeros((HEIGHT, WIDTH), bool)
    masked[101, 203] = True
    gate.hide(masked)
    hidden = gate.hidden
    assert np.argwhere(hidden).tolist() == [[101 * gate.shape[0] // HEIGHT, 203 * gate.shape[1] // WIDTH]]
    gate.hide(None)
    assert gate.hidden is None


def masked_cells_seen(width, height, raster, seed):
    """How many cells of the gate show something of a mask drawn on any raster."""
    masked = np.random.default_rng(seed).random(raster) < 0.2
    gate = MotionGate(width, height)
    gate.hide(masked)
    rows, columns = gate.shape
    factor = max(1, round(width / 160))
    x, y = np.arange(columns * factor), np.arange(rows * factor)
    true = masked[y[:, None] * raster[0] // height, x[None] * raster[1] // width]
    cells = true.reshape(rows, factor, columns, factor).any(axis=(1, 3))
    return int((cells & (gate.hidden == 0)).sum())


@given(
    width=st.integers(64, 700),
    height=st.integers(64, 500),
    raster=st.tuples(st.integers(1, 90), st.integers(1, 160)),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_no_part_of_a_mask_of_any_raster_is_seen(width, height, raster, seed):
    assert masked_cells_seen(width, height, raster, seed) == 0


def test_all_hidden_tells_nothing(street):
    gate = MotionGate(WIDTH, HEIGHT)
    gate.hide(np.ones((9, 16), bool))
    for step in range(10):
        assert not gate.look(street.luma(walk(step))).energy.any()


def test_the_same_pictures_make_the_same_answers():
    def run():
        street = Street(seed=5)
        gate = MotionGate(WIDTH, HEIGHT)
        return [gate.look(street.luma(walk(step % 20))) for step in range(40)]

    for one, other in zip(run(), run(), strict=True):
        assert np.array_equal(one.moving, other.moving)
        assert np.array_equal(one.still, other.still)
        assert np.array_equal(one.energy, other.energy)
