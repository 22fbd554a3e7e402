from csu.hal.clock import NS_PER_MS, NS_PER_S
from csu.hal.disk import DiskError
from csu.hal.media import CameraEventKind, GapCause
from csu.hal.words import Words
from csu.ingest.recording_run import DISK_RETRY_NS, RecordingRun
from csu.ingest.tally import Tally

START_NS = 1_800_000_000 * NS_PER_S
INTERVAL_NS = 100 * NS_PER_MS
FULL = DiskError(
    Words("le disque est plein", "the disk is full"),
    where="/media",
    what_to_do=Words("Faites de la place", "Make room"),
)


class NoLock:
    def __enter__(self) -> bool:
        return True

    def __exit__(self, *exc: object) -> None:
        return None


def build(recorder):
    told: list[tuple[CameraEventKind, Words]] = []
    tally = Tally("cam-0001", START_NS, NoLock())
    return RecordingRun(recorder, tally, lambda kind, detail: told.append((kind, detail)), INTERVAL_NS), tally, told


def test_a_run_begins_with_a_key_frame_and_ends_one_interval_after_its_last_picture(kept, masked_packets) -> None:
    recorder = kept()
    run, tally, told = build(recorder)
    encoded, packets = masked_packets(25, start_ns=START_NS, interval_ns=INTERVAL_NS)
    run.begin(encoded)
    for packet in packets[3:]:
        run.write(packet, 0)
    run.end()
    assert recorder.runs[0][0].is_key
    assert recorder.ended == 1
    assert run.end_ns == packets[-1].captured.at_ns + INTERVAL_NS
    (starting,) = tally.take(START_NS + NS_PER_S * 60).gaps
    assert (starting.cause, starting.end_ns) == (GapCause.STARTING, recorder.runs[0][0].captured.at_ns)
    assert told == []


def test_a_full_disk_is_told_once_and_its_gap_reaches_back_to_the_last_safe_segment(kept, masked_packets) -> None:
    recorder = kept()
    run, tally, told = build(recorder)
    encoded, packets = masked_packets(200, start_ns=START_NS, interval_ns=INTERVAL_NS)
    run.begin(encoded)
    for packet in packets[:40]:
        run.write(packet, 0)
    recorder.safe_until_ns = START_NS + 2 * NS_PER_S
    recorder.error = FULL
    for packet in packets[40:120]:
        run.write(packet, 0)
    recorder.error = None
    for packet in packets[120:]:
        run.write(packet, 0)
    gaps = tally.take(START_NS + 60 * NS_PER_S).gaps
    (disk,) = [gap for gap in gaps if gap.cause is GapCause.DISK]
    assert disk.start_ns == START_NS + 2 * NS_PER_S
    again = recorder.runs[-1][0]
    assert disk.end_ns == again.captured.at_ns
    assert again.is_key
    assert again.captured.at_ns - packets[119].captured.at_ns <= DISK_RETRY_NS + NS_PER_S
    assert told == [(CameraEventKind.DISK_TROUBLE, FULL.trouble.words)]
