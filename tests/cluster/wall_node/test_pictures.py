"""From fragments to the pictures a wall takes: the right camera and frame, nothing of one that is not shown."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from csu.cluster import wall_node_pictures
from csu.cluster.shared_pictures import SharedPictures, SharedPicturesReader, SharedPicturesWriter
from csu.cluster.wall_node_pictures import FRAGMENTS_WAITING_MAX, Fragments, NodePictures
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S
from csu.hal.frame_mark import read_mark
from csu.hal.frames import ClearPictureRefused
from csu.hal.media import LiveFragment

ONE, TWO = CameraId("cam-0001"), CameraId("cam-0002")


class Eyes:
    """A node's pictures with the memory they go to."""

    def __init__(self) -> None:
        self.shared = SharedPictures.create([ONE, TWO], 320, 180)
        self.reader = SharedPicturesReader.attach(self.shared.spec)
        self.writer = SharedPicturesWriter.attach(self.shared.spec)
        self.pictures = NodePictures(self.writer, lambda centre_ns: centre_ns - 5, threads=2)
        self.patience_s = 10.0

    def mark(self, camera: CameraId) -> tuple[int, int] | None:
        picture = self.reader.newest(camera, 0)
        mark = None if picture is None else read_mark(picture.planes.y)
        return None if mark is None else (mark.camera_number, mark.frame_number)

    def until(self, holds) -> None:
        until = time.monotonic() + self.patience_s
        while not holds():
            assert time.monotonic() < until, self.pictures.counts
            time.sleep(0.01)


@pytest.fixture
def eyes() -> Iterator[Eyes]:
    made = Eyes()
    yield made
    made.pictures.close()
    made.shared.close()


def test_each_fragment_becomes_its_picture_at_once_with_its_capture_time(eyes, fragments_of) -> None:
    eyes.pictures.show({ONE, TWO})
    for camera, number in ((ONE, 1), (TWO, 2)):
        for fragment in fragments_of(number, 7):
            eyes.pictures.take(camera, fragment)
    eyes.until(lambda: eyes.pictures.counts.shown == 14)
    assert (eyes.mark(ONE), eyes.mark(TWO)) == ((1, 7), (2, 7))
    picture = eyes.reader.newest(ONE, 0)
    assert picture.captured_at_ns == NS_PER_S + 6 * NS_PER_S // 12 - 5
    assert (picture.wholly_masked, eyes.pictures.counts.undecodable) == (False, 0)


def test_none_is_held_back_by_the_decoder(fragments_of) -> None:
    decoder = Fragments(ONE)
    init, *rest = fragments_of(1, 5)
    decoder.begin(init)
    for fragment in rest:
        ((told, planes),) = decoder.decode(fragment)
        assert told is fragment
        assert read_mark(planes.y).camera_number == 1


def test_a_picture_that_the_centre_masked_whole_is_said_to_be(eyes, fragments_of) -> None:
    eyes.pictures.show({ONE})
    for fragment in fragments_of(1, 2, whole=True):
        eyes.pictures.take(ONE, fragment)
    eyes.until(lambda: eyes.pictures.counts.shown == 2)
    assert eyes.reader.newest(ONE, 0).wholly_masked


def test_a_fragment_of_a_camera_that_is_not_shown_is_refused_and_counted(eyes, fragments_of) -> None:
    check_only_what_is_shown_comes_in(eyes, fragments_of)


def check_only_what_is_shown_comes_in(eyes: Eyes, fragments_of) -> None:
    """Two cameras send, one is shown; then the other."""
    of_one, of_two = fragments_of(1, 4), fragments_of(2, 4)
    eyes.pictures.show({ONE})
    for one, two in zip(of_one, of_two, strict=True):
        eyes.pictures.take(TWO, two)
        eyes.pictures.take(ONE, one)
    eyes.until(lambda: eyes.pictures.counts.shown >= 4)
    assert eyes.mark(TWO) is None
    assert eyes.pictures.counts.refused == len(of_two)
    eyes.pictures.show({TWO})
    for fragment in of_two:
        eyes.pictures.take(TWO, fragment)
    eyes.pictures.take(ONE, of_one[1])
    eyes.until(lambda: eyes.pictures.counts.shown == 8)
    assert (eyes.mark(ONE), eyes.mark(TWO)) == ((1, 4), (2, 4))
    assert eyes.pictures.counts.refused == len(of_two) + 1


def nothing_is_refused_at_the_door(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(NodePictures, "_is_shown", lambda self, camera: True)


def a_scene_that_ends_goes_on(patch: pytest.MonkeyPatch) -> None:
    show = NodePictures.show
    patch.setattr(NodePictures, "show", lambda self, cameras: show(self, {*self._shows, *cameras}))


@pytest.mark.parametrize("plant", [nothing_is_refused_at_the_door, a_scene_that_ends_goes_on])
def test_a_planted_defect_at_this_door_is_found(eyes, fragments_of, monkeypatch, plant) -> None:
    plant(monkeypatch)
    eyes.patience_s = 0.5
    with pytest.raises(AssertionError):
        check_only_what_is_shown_comes_in(eyes, fragments_of)


@pytest.mark.requirement("PRV-3")
def test_only_what_the_masking_room_took_in_reaches_the_wall(eyes, fragments_of, monkeypatch) -> None:
    """Planted: a node that gives the wall what it decoded, without the room's word for it."""
    refused: list[Exception] = []
    accept = eyes.writer.accept

    def offered(frame: object) -> None:
        try:
            accept(frame)
        except ClearPictureRefused as error:
            refused.append(error)

    monkeypatch.setattr(eyes.writer, "accept", offered)
    monkeypatch.setattr(wall_node_pictures, "received_masked", lambda *told, **more: told[3])
    eyes.pictures.show({ONE})
    for fragment in fragments_of(1, 2):
        eyes.pictures.take(ONE, fragment)
    eyes.until(lambda: len(refused) == 2)
    assert eyes.mark(ONE) is None


@pytest.mark.parametrize("junk", [b"", b"junk", b"\x00\x00\x00\x08mdat", b"\x00\x00\x10\x00moof", bytes(600)])
def test_what_is_no_picture_is_counted_and_the_camera_goes_on_at_its_next_key_frame(eyes, fragments_of, junk) -> None:
    eyes.pictures.show({ONE})
    init, *rest = fragments_of(1, 14)  # key frames: 1 and 13
    assert [fragment.is_key for fragment in rest] == [number in (1, 13) for number in range(1, 15)]
    broken = LiveFragment(junk, False, False, NS_PER_S, "")
    for fragment in (init, *rest[:2], broken, *rest[2:12]):
        eyes.pictures.take(ONE, fragment)
        time.sleep(0.002)
    eyes.until(lambda: eyes.pictures.counts.shown + eyes.pictures.counts.undecodable == 13)
    assert (eyes.mark(ONE), eyes.pictures.counts.shown) == ((1, 2), 2)
    for fragment in rest[12:]:
        eyes.pictures.take(ONE, fragment)
    eyes.until(lambda: eyes.pictures.counts.shown == 4)
    assert eyes.mark(ONE) == (1, 14)


def test_an_init_without_parameter_sets_begins_nothing(eyes, fragments_of) -> None:
    eyes.pictures.show({ONE})
    init, *rest = fragments_of(1, 2)
    eyes.pictures.take(ONE, replace(init, data=b"ftyp"))
    for fragment in rest:
        eyes.pictures.take(ONE, fragment)
    eyes.until(lambda: eyes.pictures.counts.undecodable == 3)
    assert eyes.mark(ONE) is None


def test_a_machine_that_is_too_slow_leaves_out_whole_groups(eyes, fragments_of, monkeypatch) -> None:
    decode, slow = Fragments.decode, []

    def decoded(self, fragment):
        while not slow:
            time.sleep(0.005)
        return decode(self, fragment)

    monkeypatch.setattr(Fragments, "decode", decoded)
    eyes.pictures.show({ONE})
    sent = fragments_of(1, 60)
    for fragment in sent:
        eyes.pictures.take(ONE, fragment)
    slow.append(True)
    eyes.until(lambda: eyes.mark(ONE) == (1, 60))
    counts = eyes.pictures.counts
    assert counts.dropped >= FRAGMENTS_WAITING_MAX
    assert counts.undecodable == 0
