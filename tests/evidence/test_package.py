"""The export package: bit by bit what was recorded, bounded by the act, told frame by frame."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
from dataclasses import replace

import av
import bagit
import pytest

from csu.evidence import CameraSpan, EvidenceInputRefused, ExportFailed, ReleaseRefused, make_package, seal_package
from csu.evidence.cut import access_units
from csu.evidence.frames import table_of_json

S = 1_000_000_000


def nal_units(path_or_bytes) -> list[bytes]:
    """Every NAL unit in order, by another way than the exporter's: ffmpeg's Annex B."""
    source = path_or_bytes if isinstance(path_or_bytes, bytes) else path_or_bytes.read_bytes()
    command = ["ffmpeg", "-v", "error", "-i", "pipe:0", "-c", "copy", "-bsf:v", "h264_mp4toannexb", "-f", "h264", "-"]
    found = subprocess.run(command, input=source, capture_output=True, check=True, timeout=30)
    return found.stdout.split(b"\x00\x00\x01")


def test_the_library_of_congress_finds_a_valid_bag(good):
    bag = bagit.Bag(str(good.root))
    assert bag.validate()
    assert bag.version_info == (1, 0)
    assert bag.info["External-Identifier"] == "2026-0042"


@pytest.mark.requirement("EXP-7")
def test_every_access_unit_is_the_recorded_one_bit_by_bit(good, recorded):
    for table in good.tables:
        stored = access_units(recorded.files[table.segment])
        exported = access_units((good.root / table.file).read_bytes())
        start = stored.digests.index(exported.digests[0])
        assert exported.digests == stored.digests[start : start + len(exported.digests)]
        assert exported.parameters == stored.parameters


def test_ffmpeg_finds_the_same_nal_units_in_a_whole_segment(good, recorded):
    """The middle segment of camera 12 lies wholly in the interval: the file holds the same NAL bytes, all of them."""
    table = next(each for each in good.tables if each.camera == "cam-0012" and len(each.frames) == 40)
    assert nal_units(good.root / table.file) == nal_units(recorded.files[table.segment])


def test_the_cut_begins_at_the_key_frame_before_and_ends_with_the_interval(good, spans):
    first = good.tables[0]
    assert first.frames[0].is_key
    assert not first.frames[0].is_asked
    assert sum(not frame.is_asked for frame in first.frames) == 5  # 1.0 s to 1.5 s at 10 pictures a second
    asked = [f.captured_ns for t in good.tables if t.camera == "cam-0012" for f in t.asked]
    assert len(asked) == 80
    assert min(asked) >= spans[0].from_ns
    assert max(asked) < spans[0].to_ns


@pytest.mark.requirement("EXP-7")
def test_every_frame_tells_camera_place_utc_paris_clock_and_mask(good):
    for table in good.tables:
        beside = good.root / table.file.replace("data/video", "data/frames").replace(".mp4", ".csv")
        rows = list(csv.DictReader(io.StringIO(beside.read_text(encoding="utf-8-sig")), delimiter=";"))
        with av.open(str(good.root / table.file)) as container:
            assert len(rows) == sum(1 for packet in container.demux(video=0) if packet.size)
        for row, frame in zip(rows, table.frames, strict=True):
            assert (row["camera"], row["commune"], row["mask_version"]) == (table.camera, "Metz", "7")
            assert row["place"] in ("Place d'Armes", "Rue des Clercs")
            assert row["clock_offset_ms"] == "-120"
            assert row["sha256"] == frame.sha256
    first = good.root / good.tables[0].file.replace("data/video", "data/frames").replace(".mp4", ".csv")
    rows = list(csv.DictReader(io.StringIO(first.read_text(encoding="utf-8-sig")), delimiter=";"))
    assert rows[5]["utc"] == "2026-11-22T10:00:01.500000000Z"
    assert rows[5]["paris"] == "2026-11-22T11:00:01.500+01:00"


def test_frame_tables_come_back_as_they_were(good):
    for table in good.tables:
        assert table_of_json(table.as_json()) == table


def test_the_export_journal_lists_every_flow_with_its_exporter(good):
    held = json.loads((good.root / "data/export.json").read_text())
    assert held["exporter"] == "agent-7"
    assert held["exported_paris"] == "2026-11-22T13:00:00.000+01:00"
    assert [flow["camera"] for flow in held["flows"]] == ["cam-0012"] * 3 + ["cam-0042"]
    for flow in held["flows"]:
        data = (good.root / flow["file"]).read_bytes()
        assert (flow["size_bytes"], flow["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
        assert (flow["mask_version"], flow["clock_offset_ms"], flow["clock"]) == (7, -120, "camera")


def test_there_is_no_sound_in_any_file(good):
    for path in good.root.rglob("*.mp4"):
        command = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_type", "-of", "csv=p=0", str(path)]
        found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
        assert found.stdout.split() == ["video"]


@pytest.mark.parametrize("by_ns", [(-S, 0), (0, S), (-1, 0), (0, 1)])
def test_one_second_or_one_nanosecond_more_than_the_act_is_refused(order, recorded, pki, tmp_path, by_ns):
    wider = CameraSpan(order.spans[0].camera, order.spans[0].from_ns + by_ns[0], order.spans[0].to_ns + by_ns[1])
    with pytest.raises(ReleaseRefused):
        make_package(
            replace(order, spans=(wider,)),
            recorded.segments,
            tmp_path / "x",
            pki.signer,
            pki.authority,
            (pki.stamp_root,),
        )
    assert not (tmp_path / "x").exists()


def test_another_camera_than_the_act_s_is_refused(order, recorded, pki, tmp_path):
    other = CameraSpan(order.spans[1].camera, order.spans[0].from_ns, order.spans[0].to_ns)
    with pytest.raises(ReleaseRefused):
        make_package(replace(order, spans=(other,)), recorded.segments, tmp_path, pki.signer, pki.authority, ())


def test_an_incomplete_act_makes_no_package_even_for_who_forgot_the_desk(order, recorded, pki, tmp_path):
    unsigned = replace(order, act=replace(order.act, is_signed=False))
    with pytest.raises(ReleaseRefused, match="not signed"):
        make_package(unsigned, recorded.segments, tmp_path / "x", pki.signer, pki.authority, (pki.stamp_root,))
    assert not (tmp_path / "x").exists()


def broken_bytes(recorded, index: int) -> bytes:
    data = bytearray(recorded.files[recorded.segments[index].name])
    data[len(data) // 2] ^= 1
    return bytes(data)


def test_a_segment_that_is_not_the_recorded_one_stops_the_export_and_leaves_nothing(
    order, recorded, pki, stored, tmp_path
):
    segments = list(recorded.segments)
    segments[1] = stored(segments[1], broken_bytes(recorded, 1))
    with pytest.raises(ExportFailed, match="not the one that was recorded"):
        make_package(order, segments, tmp_path, pki.signer, pki.authority, (pki.stamp_root,))
    assert list(tmp_path.iterdir()) == []


def test_no_segment_leaves_without_its_link_in_the_chain(order, recorded, pki, tmp_path):
    with pytest.raises(ExportFailed, match="chain"):
        make_package(
            replace(order, chains=()), recorded.segments, tmp_path, pki.signer, pki.authority, (pki.stamp_root,)
        )


def test_a_broken_chain_stops_the_export(order, recorded, pki, tmp_path):
    chain = recorded.chains[0]
    spoilt = replace(chain, previous=bytes([1]) * 32)
    with pytest.raises(ExportFailed, match="chain of segments is broken"):
        make_package(
            replace(order, chains=(spoilt, *recorded.chains[1:])),
            recorded.segments,
            tmp_path,
            pki.signer,
            pki.authority,
            (pki.stamp_root,),
        )


def test_no_time_stamp_no_package(order, recorded, pki, tmp_path):
    """An authority that answers for another request: its token is not over this signature."""

    class Parrot:
        def __init__(self) -> None:
            self.first: bytes | None = None

        def answer(self, request: bytes) -> bytes:
            self.first = self.first or pki.authority.answer(request)
            return self.first

    parrot = Parrot()
    make_package(order, recorded.segments, tmp_path / "a", pki.signer, parrot, (pki.stamp_root,))
    with pytest.raises(ExportFailed, match="no time-stamp"):
        make_package(order, recorded.segments, tmp_path / "b", pki.signer, parrot, (pki.stamp_root,))
    assert list((tmp_path / "b").iterdir()) == []


def test_sealing_removes_the_plain_package_and_a_wrong_key_keeps_it(order, recorded, pki, officer_key, tmp_path):
    package = make_package(order, recorded.segments, tmp_path, pki.signer, pki.authority, (pki.stamp_root,))
    with pytest.raises(EvidenceInputRefused):
        seal_package(package, tmp_path / "x.tar.age", ["age1notakey"])
    assert package.root.is_dir()
    assert not (tmp_path / "x.tar.age").exists()
    digest = seal_package(package, tmp_path / "x.tar.age", [officer_key.public])
    assert [path.name for path in tmp_path.iterdir()] == ["x.tar.age"]
    assert digest == hashlib.sha256((tmp_path / "x.tar.age").read_bytes()).hexdigest()
