"""Nothing of an engine-masked camera's own stream is left in what a real node writes and sends (PRV-3)."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from csu.cluster.embedded import EmbeddedMediaNode
from csu.hal.camera import CameraId, CameraRecord, CommuneId, StreamAddress, ViewType
from csu.hal.media import Assignment, CameraEvent, Manifest, NodeId
from csu.hal.place import Building, Pose
from csu.machine import SystemChance
from csu.masking import Cover, MaskedEncoder, cover_of, mask
from csu.masking.proof import Trace, traces
from csu.masking.proof.by_products import size_correlation
from csu.masking.proof.footage import PictureKind, clear_frame, pixels_of, street
from csu.masking.proof.noise import noise

CAMERA = CameraId("proof")
WIDTH_PX, HEIGHT_PX, FRAMES = 160, 96, 30
NORTH = Pose(0.0, 0.0, 5.0, pan_deg=0.0, tilt_deg=-5.0, roll_deg=0.0, focal_px=125.0)
HOUSE = Building("house", ((-5.0, 20.0), (5.0, 20.0), (5.0, 30.0), (-5.0, 30.0)), 0.0, 9.0, True)


@dataclass(frozen=True)
class Run:
    """What a camera sent, and all that a node made of it."""

    sent: list[bytes]
    written: dict[str, bytes]
    ours: list[bytes]


def make_clip(path: Path) -> list[bytes]:
    """A street through x264, as a camera would send it; its packets."""
    chance = SystemChance("clip")
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        stream.options = {"preset": "veryfast", "tune": "zerolatency", "crf": "20"}
        for number in range(FRAMES):
            planes = street(chance, WIDTH_PX, HEIGHT_PX, number, PictureKind())
            picture = np.concatenate([np.ascontiguousarray(p).ravel() for p in (planes.y, planes.u, planes.v)])
            frame = av.VideoFrame.from_ndarray(picture.reshape(HEIGHT_PX * 3 // 2, WIDTH_PX), format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with av.open(path) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


async def serve(directory: Path, clip: Path) -> dict[str, bytes]:
    """A real node on the clip for some two seconds: files, live fragments, all that it said."""
    record = CameraRecord(CAMERA, 1, "Place d'Armes", CommuneId("metz"), ViewType.WIDE)
    address = StreamAddress(clip.as_uri())
    assignment = Assignment(record, address, NORTH, False, (HOUSE,), 2.5, mask_epoch=1)
    node = EmbeddedMediaNode(NodeId("node-1"), directory)
    said: list[str] = []

    async def listen() -> None:
        async for message in node.messages():
            table = asdict(message.segments) if isinstance(message, Manifest) else {}
            said.append(json.dumps({name: column.tolist() for name, column in table.items()}))
            said.append(repr(message) if isinstance(message, Manifest | CameraEvent) else "")

    async def watch() -> bytes:
        taken: list[bytes] = []
        async with node.watch(CAMERA) as fragments:
            async for fragment in fragments:
                taken.append(fragment.data)
                if len(taken) == 30:
                    break
        return b"".join(taken)

    await node.start()
    listening = asyncio.create_task(listen())
    try:
        await node.assign([assignment])
        relayed = await asyncio.wait_for(watch(), 15)
    finally:
        await node.stop()
        await listening
    files = {path.name: path.read_bytes() for path in directory.rglob("*") if path.is_file()}
    return files | {"relay": relayed, "said": "\n".join(said).encode()}


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    """`ours`: what our encoder says in every stream: its parameter sets, and a picture in which nothing is seen."""
    directory = tmp_path_factory.mktemp("by-products")
    sent = make_clip(directory / "clip.mp4")
    written = asyncio.run(serve(directory / "media", directory / "clip.mp4"))
    encoder = MaskedEncoder(CAMERA, WIDTH_PX, HEIGHT_PX, 25.0)
    planes = street(SystemChance("any"), WIDTH_PX, HEIGHT_PX, 0, PictureKind())
    (blank,) = encoder.encode(mask(clear_frame(planes, 0), Cover.whole(WIDTH_PX, HEIGHT_PX), 1, 1))
    return Run(sent, written, [encoder.format.extradata, blank.data])


def test_a_node_leaves_nothing_of_the_cameras_own_stream(run):
    assert any(name.endswith(".mp4") for name in run.written), sorted(run.written)
    assert min(len(run.written[name]) for name in run.written) > 100
    assert sum(map(len, run.written.values())) > 20_000
    assert traces(run.sent, run.written, run.ours) == []


def test_an_original_packet_in_a_file_would_have_been_found(run):
    name = next(name for name in run.written if name.endswith(".mp4"))
    packet = max(run.sent[3:], key=len)
    spoilt = run.written | {name: run.written[name][:501] + packet[40:110] + run.written[name][501:]}
    assert traces(run.sent, spoilt, run.ours) == [Trace(name, 501, f"70 bytes of packet {run.sent.index(packet)}")]


@pytest.mark.parametrize("kind", ["<u4", ">u4", ">u2", "<u8", "text"])
def test_a_table_of_the_cameras_packet_sizes_would_have_been_found(run, kind):
    sizes = [len(packet) for packet in run.sent][5:15]
    table = (
        json.dumps([{"size": size} for size in sizes]).encode() if kind == "text" else np.array(sizes, kind).tobytes()
    )
    found = traces(run.sent, {"index": b"header" + table}, run.ours)
    assert found
    assert all("sizes" in trace.what for trace in found)


def test_bytes_of_chance_share_nothing():
    drawn = SystemChance("bytes")
    original = [noise(drawn, (5_000,)).tobytes() for _ in range(20)]
    assert traces(original, {"other": noise(drawn, (200_000,)).tobytes()}) == []


@pytest.mark.parametrize("shift", range(0, 17, 4))
def test_a_run_is_found_wherever_it_begins(shift):
    drawn = SystemChance("runs")
    packet, around = noise(drawn, (500,)).tobytes(), noise(drawn, (100,)).tobytes()
    taken = packet[shift + 3 : shift + 3 + 32]
    assert traces([packet], {"x": around[: 50 + shift] + taken + around}) != []
    assert traces([packet], {"x": around[: 50 + shift] + taken[:30] + around}) == []


def test_sizes_of_masked_packets_do_not_follow_what_happens_in_the_dwelling():
    """Somebody moves behind the window now and then: the camera's packet sizes tell, ours do not."""
    cover = cover_of(NORTH, [HOUSE], WIDTH_PX, HEIGHT_PX, 2.5)
    hidden = pixels_of(cover.cells, WIDTH_PX, HEIGHT_PX)
    chance, activity = SystemChance("dance"), [int(number % 5 == 0) for number in range(20)]

    def sizes(over: Cover, is_home: bool) -> list[int]:
        encoder, found = MaskedEncoder(CAMERA, WIDTH_PX, HEIGHT_PX, 25.0), []
        for number, moves in enumerate(activity):
            planes = street(chance, WIDTH_PX, HEIGHT_PX, 0, PictureKind())
            planes.y[hidden] = noise(chance.stream(f"{number if moves and is_home else 0}"), hidden.shape)[hidden]
            (packet,) = encoder.encode(mask(clear_frame(planes, number), over, 1, 1))
            found.append(len(packet.data))
        return found[1:]

    nothing = Cover.nothing(WIDTH_PX, HEIGHT_PX)
    assert sizes(nothing, is_home=True) != sizes(nothing, is_home=False)
    assert abs(size_correlation(activity[1:], sizes(nothing, is_home=True))) > 0.3
    assert sizes(cover, is_home=True) == sizes(cover, is_home=False)
