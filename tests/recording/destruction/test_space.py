"""Space: told early, chosen evenly, never made by overwriting; a disk that is not ours is not used."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.governance import Span
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE
from csu.hal.disk import DiskError
from csu.hal.words import Words
from csu.recording.destruction import Footage
from csu.recording.space import (
    GIB,
    MARKS,
    SpaceWatch,
    VolumeFault,
    VolumeIdentity,
    VolumeState,
    choose,
    fault_of,
    next_identity,
)
from csu.recording.space_left import days_left, loss_to_declare

READ_ONLY = Words("lecture seule", "read-only")


def volume(name: str, free_gib: float, **more) -> VolumeState:
    return VolumeState(name, 100 * GIB, int(free_gib * GIB), **more)


def footage(minute: int, size: int = 10) -> Footage:
    start_ns = 1_799_139_600_000_000_000 + minute * NS_PER_MINUTE
    return Footage(CameraId("cam-0012"), CommuneId("metz"), Span(start_ns, start_ns + NS_PER_MINUTE), size)


def test_the_emptiest_volume_takes_the_next_segment():
    assert choose([volume("a", 20), volume("b", 50), volume("c", 90, trouble=READ_ONLY)], MARKS) == "b"


@pytest.mark.parametrize(
    "bad", [volume("a", 1), volume("a", 50, trouble=READ_ONLY), volume("a", 50, fault=VolumeFault.SWAPPED)]
)
def test_without_a_sound_volume_nothing_is_recorded_and_nothing_overwritten(bad):
    with pytest.raises(DiskError, match="no volume"):
        choose([bad], MARKS)


def test_a_volume_is_told_of_once_when_it_gets_short_and_once_when_it_is_well_again():
    watch = SpaceWatch(MARKS)
    told = [watch.look([volume("a", free)]) for free in (50, 9, 8, 1, 1, 50, 60)]
    assert [[words.en for _, words in news] for news in told] == [
        [],
        ["soon full (91%)"],
        [],
        ["full: nothing more is recorded on it"],
        [],
        ["well again (50%)"],
        [],
    ]


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (None, VolumeFault.ABSENT),
        (VolumeIdentity("vol-2", 7), VolumeFault.SWAPPED),
        (VolumeIdentity("vol-1", 3), VolumeFault.OLDER),
        (VolumeIdentity("vol-1", 9), VolumeFault.NEWER),
    ],
)
def test_a_swapped_lost_or_restored_disk_is_recognised_and_not_written_to(found, fault):
    expected = VolumeIdentity("vol-1", 7)
    assert fault_of(expected, found) is fault
    with pytest.raises(DiskError):
        next_identity(expected, found, where="/media/a")


def test_an_opening_that_crashed_between_its_two_notes_is_made_good():
    noted, written = VolumeIdentity("vol-1", 8), VolumeIdentity("vol-1", 7)  # the note first, then the directory
    assert next_identity(noted, written, where="a") == VolumeIdentity("vol-1", 9)
    assert next_identity(written, written, where="a") == noted


def test_a_directory_of_another_centre_cannot_be_added():
    with pytest.raises(DiskError, match="belongs to a centre"):
        next_identity(None, VolumeIdentity("vol-9", 1), where="a")


@given(st.text(min_size=1), st.integers(0, 2**60))
def test_an_identity_is_read_as_it_was_written(name, sequence):
    identity = VolumeIdentity(name, sequence)
    assert VolumeIdentity.of_bytes(identity.to_bytes(), "a") == identity


@given(st.integers(0, 40))
def test_a_torn_identity_is_none(length):
    whole = VolumeIdentity("vol-1", 7).to_bytes()
    with pytest.raises(DiskError):
        VolumeIdentity.of_bytes(whole[: min(length, len(whole) - 2)], "a")


def test_a_loss_takes_the_oldest_past_their_minimum_and_says_how_early():
    now_ns = footage(0).span.from_ns + 20 * NS_PER_DAY
    every = [footage(minute) for minute in range(6)]
    due = {each.name: now_ns + 10 * NS_PER_DAY for each in every}
    minimum = {each.name: now_ns - 1 for each in every}
    del minimum[every[0].name]  # locked
    minimum[every[1].name] = now_ns + 1  # within its lawful minimum
    loss = loss_to_declare(every, due, minimum, 20, now_ns)
    assert loss is not None
    assert (loss.footage, loss.bytes, loss.days_early_max) == ((every[2], every[3]), 20, 10)
    assert loss_to_declare(every, due, minimum, 50, now_ns) is None


def test_how_long_space_lasts():
    volumes = [volume("a", 32), volume("b", 30, trouble=READ_ONLY)]
    assert days_left(volumes, MARKS, 15 * GIB, 5 * GIB) == 3
    assert days_left(volumes, MARKS, 5 * GIB, 5 * GIB) is None
