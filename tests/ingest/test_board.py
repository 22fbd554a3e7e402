import numpy as np
import pytest

from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.hal.media import CameraEvent, CameraEventKind, Gap, GapCause, Manifest, NodeId, NodeLost, SegmentTable
from csu.hal.words import NO_WORDS, Words
from csu.ingest.board import SILENT_AFTER_NS, CameraBoard, CameraState

NODE = NodeId("node-1")
ONE, TWO = CameraId("cam-0001"), CameraId("cam-0002")
MINUTE_NS = 1_800_000_000 * NS_PER_S // NS_PER_MINUTE * NS_PER_MINUTE
END_NS = MINUTE_NS + NS_PER_MINUTE
ANSWERING = [GapCause.DISK, GapCause.PACKETS_LOST]
WHY = Words("mot de passe incorrect", "wrong password")


def board() -> CameraBoard:
    records = [CameraRecord(c, n, c, CommuneId("metz"), ViewType.WIDE) for n, c in enumerate((ONE, TWO), start=1)]
    return CameraBoard(records, MINUTE_NS)


def event(kind: CameraEventKind, camera: CameraId = ONE, at_ns: int = MINUTE_NS, detail: Words = NO_WORDS):
    return CameraEvent(NODE, camera, kind, at_ns, detail)


def manifest(*recorded: CameraId, gaps: tuple[Gap, ...] = (), minute_ns: int = MINUTE_NS) -> Manifest:
    n = len(recorded)
    zeros = np.zeros(n, np.int32)
    table = SegmentTable(
        np.array([(ONE, TWO).index(camera) for camera in recorded], np.int32),
        np.zeros(n, np.int64), zeros, np.zeros(n, np.int64), zeros, zeros, np.zeros((n, 32), np.uint8),
    )  # fmt: skip
    return Manifest(NODE, 1, 0, minute_ns, (ONE, TWO), table, gaps)


def live_board() -> CameraBoard:
    known = board()
    known.hear(event(CameraEventKind.LIVE), MINUTE_NS)
    return known


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (CameraEventKind.LIVE, CameraState.LIVE),
        (CameraEventKind.LOST, CameraState.LOST),
        (CameraEventKind.REFUSED, CameraState.REFUSED),
        (CameraEventKind.UNSUPPORTED, CameraState.UNSUPPORTED),
    ],
)
def test_an_event_moves_its_camera_and_no_other(kind: CameraEventKind, state: CameraState) -> None:
    known = board()
    (change,) = known.hear(event(kind, detail=WHY), MINUTE_NS + 1)
    assert (change.before, change.after, change.detail) == (CameraState.STARTING, state, WHY)
    assert known[ONE].state is state
    assert known[TWO].state is CameraState.STARTING


def test_a_camera_nobody_vouches_for_is_lost_within_two_minutes() -> None:
    known = live_board()
    assert SILENT_AFTER_NS < 2 * NS_PER_MINUTE
    assert known.tick(MINUTE_NS + SILENT_AFTER_NS - 1) == []
    (change,) = known.tick(MINUTE_NS + SILENT_AFTER_NS)
    assert (change.camera, change.after) == (ONE, CameraState.LOST)


def test_before_the_next_silence_that_it_tells_of_nobody_turns_silent() -> None:
    known = live_board()
    now_ns = MINUTE_NS
    while not known.tick(now_ns):
        before_ns, now_ns = now_ns, max(known.next_silence_ns, now_ns + 1)
    assert (before_ns, now_ns) == (MINUTE_NS, MINUTE_NS + SILENT_AFTER_NS)


def test_a_manifest_with_its_segment_vouches_for_a_camera() -> None:
    known = live_board()
    assert known.hear(manifest(ONE), END_NS) == []
    assert known.tick(MINUTE_NS + SILENT_AFTER_NS) == []
    assert known[ONE].heard_at_ns == END_NS


def test_a_usual_minute_vouches_for_all_and_an_unusual_one_only_for_who_was_recorded() -> None:
    """As many segments as cameras is not yet one of each: two of one camera vouch for it alone."""
    known = live_board()
    known.hear(event(CameraEventKind.LIVE, TWO), MINUTE_NS)
    assert known.hear(manifest(ONE, TWO), END_NS) == []
    assert (known[ONE].heard_at_ns, known[TWO].heard_at_ns) == (END_NS, END_NS)
    assert known.hear(manifest(ONE, ONE), END_NS + 1) == []
    assert (known[ONE].heard_at_ns, known[TWO].heard_at_ns) == (END_NS + 1, END_NS)
    (change,) = known.tick(END_NS + SILENT_AFTER_NS)
    assert (change.camera, change.after) == (TWO, CameraState.LOST)
    (back,) = known.hear(manifest(ONE, TWO), END_NS + SILENT_AFTER_NS + 1)
    assert (back.camera, back.after) == (TWO, CameraState.LIVE)


def test_a_usual_minute_of_a_camera_the_board_does_not_know_is_ignored() -> None:
    known = CameraBoard([CameraRecord(ONE, 1, ONE, CommuneId("metz"), ViewType.WIDE)], MINUTE_NS)
    known.hear(event(CameraEventKind.LIVE), MINUTE_NS)
    assert known.hear(manifest(ONE, TWO), END_NS) == []
    assert known[ONE].heard_at_ns == END_NS


def test_a_gap_that_was_over_by_the_end_of_the_minute_does_not_make_a_camera_lost() -> None:
    """A camera that drops a picture now and then is live, minute after minute."""
    known = live_board()
    over = Gap(ONE, MINUTE_NS + 5 * NS_PER_S, MINUTE_NS + 6 * NS_PER_S, GapCause.CAMERA_LOST)
    known.hear(manifest(ONE, gaps=(over,)), END_NS)
    assert known[ONE].state is CameraState.LIVE
    assert known[ONE].heard_at_ns == END_NS


def test_a_camera_that_is_recorded_again_is_vouched_for_before_its_segment_closes() -> None:
    """Found at level L1: after a disk's trouble it was called lost for a minute, while it was recorded."""
    known = live_board()
    gap = Gap(ONE, MINUTE_NS, MINUTE_NS + 40 * NS_PER_S, GapCause.DISK)
    assert known.hear(manifest(gaps=(gap,)), END_NS) == []
    assert known.tick(END_NS + SILENT_AFTER_NS - 1) == []
    assert [change.camera for change in known.tick(END_NS + SILENT_AFTER_NS)] == [ONE]


def test_a_gap_that_was_over_does_not_bring_a_lost_camera_back() -> None:
    known = live_board()
    known.hear(event(CameraEventKind.LOST), MINUTE_NS)
    gap = Gap(ONE, MINUTE_NS, MINUTE_NS + 40 * NS_PER_S, GapCause.CAMERA_LOST)  # as a node that stops cuts it
    assert known.hear(manifest(gaps=(gap,)), END_NS) == []
    assert known[ONE].state is CameraState.LOST


def test_a_gap_that_lasts_to_the_end_of_the_minute_makes_a_camera_lost_even_if_it_was_recorded_before() -> None:
    known = live_board()
    lasting = Gap(ONE, MINUTE_NS + 5 * NS_PER_S, END_NS, GapCause.CAMERA_LOST)
    (change,) = known.hear(manifest(ONE, gaps=(lasting,)), END_NS)
    assert (change.after, change.detail.en) == (CameraState.LOST, "the camera no longer answers")


def test_a_camera_that_came_back_is_not_lost_again_by_the_account_of_the_minute_before() -> None:
    known = live_board()
    gap = Gap(ONE, MINUTE_NS, END_NS, GapCause.CAMERA_LOST)
    known.hear(event(CameraEventKind.LOST), MINUTE_NS + 6)
    known.hear(event(CameraEventKind.LIVE, at_ns=END_NS + 500), END_NS + 500)
    assert known.hear(manifest(gaps=(gap,)), END_NS + 900) == []
    assert known[ONE].state is CameraState.LIVE
    again = Gap(ONE, END_NS, END_NS + NS_PER_MINUTE, GapCause.CAMERA_LOST)
    (change,) = known.hear(manifest(gaps=(again,), minute_ns=END_NS), END_NS + NS_PER_MINUTE + 900)
    assert change.after is CameraState.LOST


@pytest.mark.parametrize("cause", set(GapCause) - {GapCause.STARTING, *ANSWERING})
def test_a_camera_lost_by_a_gap_says_why_in_both_languages(cause: GapCause) -> None:
    (change,) = live_board().hear(manifest(gaps=(Gap(ONE, MINUTE_NS, END_NS, cause),)), END_NS)
    assert change.after is CameraState.LOST
    assert change.detail.fr
    assert change.detail.en


@pytest.mark.parametrize("cause", ANSWERING)
def test_a_disk_in_trouble_or_lost_packets_leave_a_camera_live(cause: GapCause) -> None:
    known = live_board()
    known.hear(manifest(gaps=(Gap(ONE, MINUTE_NS, END_NS, cause),)), END_NS)
    assert known[ONE].state is CameraState.LIVE
    assert known[ONE].heard_at_ns == END_NS


def test_a_camera_still_starting_is_not_called_lost() -> None:
    known = board()
    assert known.hear(manifest(gaps=(Gap(ONE, MINUTE_NS, END_NS, GapCause.STARTING),)), END_NS) == []


def test_a_refusal_is_not_forgotten_behind_a_mere_loss() -> None:
    known = board()
    known.hear(event(CameraEventKind.REFUSED, detail=WHY), MINUTE_NS)
    gap = Gap(ONE, MINUTE_NS, END_NS, GapCause.CAMERA_REFUSED)
    assert known.hear(manifest(gaps=(gap,)), END_NS) == []
    assert (known[ONE].state, known[ONE].detail) == (CameraState.REFUSED, WHY)


def test_a_lost_node_takes_its_cameras_with_it() -> None:
    known = live_board()
    (change,) = known.lose(NodeLost(NODE, 1, MINUTE_NS, Words("tué", "killed")), [ONE], MINUTE_NS)
    assert (change.after, change.detail) == (CameraState.LOST, Words("node-1 : tué", "node-1: killed"))


@pytest.mark.requirement("AUD-2")
def test_offered_audio_stays_on_the_board_until_someone_goes_and_looks() -> None:
    known = live_board()
    known.hear(event(CameraEventKind.AUDIO_OFFERED), MINUTE_NS)
    known.hear(event(CameraEventKind.LOST), MINUTE_NS)
    known.hear(event(CameraEventKind.LIVE), MINUTE_NS)
    assert known[ONE].audio_offered


def test_cameras_of_another_centre_are_ignored() -> None:
    known = board()
    assert known.hear(event(CameraEventKind.LIVE, CameraId("elsewhere")), MINUTE_NS) == []
    assert [status.record.camera for status in known.all()] == [ONE, TWO]
    assert known.count(CameraState.STARTING) == 2
