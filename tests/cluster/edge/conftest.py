"""Simulated cameras that mask by themselves over real RTSP and HTTP, served by one camera's thread and its auditors."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

import av
import numpy as np
import pytest

from csu.cluster.edge_auditors import EdgeAuditors
from csu.cluster.edge_route import edge_route
from csu.cluster.engine_route import engine_route
from csu.cluster.view_keeper import ViewKeepers
from csu.hal.camera import CameraId, CameraRecord, CommuneId, StreamAddress, ViewType
from csu.hal.frames import CaptureTime, EncodedFormat, MaskedFrame, MaskedPacket
from csu.hal.media import Assignment, CameraEvent, CameraEventKind, EdgePlan, NodeId
from csu.hal.place import Building, Pose
from csu.ingest import CameraPipeline, Outlets
from csu.machine import SystemChance, SystemClock
from csu.masking import FILL_YUV, Cover, CoverPolicy
from csu.masking.edge import MASK_COLOURS_YUV, edge_masks
from sim.endpoints import EndpointSpec, MaskFault, RtspFarm

SIZE = (640, 360)
HOUSE = Building("house", ((-8.0, 20.0), (6.0, 20.0), (6.0, 30.0), (-8.0, 30.0)), 0.0, 9.0, True)
POSE = Pose(0.0, 0.0, 5.0, pan_deg=0.0, tilt_deg=-5.0, roll_deg=0.0, focal_px=500.0)


@dataclass
class Run:
    """What came between two formats."""

    encoded: EncodedFormat
    packets: list[MaskedPacket] = field(default_factory=list)

    def lumas(self) -> list[np.ndarray]:
        """The pictures of the run, as a player shows them."""
        decoder = av.codec.CodecContext.create("h264", "r")
        decoder.extradata = self.encoded.extradata
        shown = []
        for packet in [*(av.Packet(each.data) for each in list(self.packets)), None]:
            shown += [frame.to_ndarray()[: SIZE[1]] for frame in decoder.decode(packet)]
        return shown


@dataclass
class Sink:
    """A recorder, or a wall, that remembers."""

    runs: list[Run] = field(default_factory=list)
    frames: list[np.ndarray] = field(default_factory=list)
    safe_until_ns: int | None = None

    def begin(self, encoded: EncodedFormat) -> None:
        self.runs.append(Run(encoded))

    def write(self, packet: MaskedPacket, clock_offset_ms: int) -> None:
        self.runs[-1].packets.append(packet)

    def end(self) -> None:
        pass

    def accept(self, frame: MaskedFrame) -> None:
        self.frames.append(frame.planes.y.copy())


class Served:
    """One camera being served: its events, what was kept of it and shown."""

    def __init__(self, assignment: Assignment, cover: Cover) -> None:
        self.events: list[CameraEvent] = []
        self.recorder, self.wall = Sink(), Sink()
        self.cover = cover
        clock = SystemClock()
        views = ViewKeepers(lambda *told: None)
        routes = engine_route(views), edge_route(views)
        self.pipeline = CameraPipeline(
            NodeId("node-1"), assignment, Outlets(routes[0], self.recorder, Sink(), self.wall, routes[1]),
            clock=clock, chance=SystemChance("1"), tell=self.events.append, lock=threading.Lock(),
        )  # fmt: skip
        self.auditors = EdgeAuditors(clock)
        self.thread = threading.Thread(target=self.pipeline.run, daemon=True)

    def __enter__(self) -> Served:
        self.thread.start()
        self.auditors.watch(self.pipeline.camera, self.pipeline.edge_trust)
        return self

    def __exit__(self, *exc: object) -> None:
        self.pipeline.ask_to_stop()
        self.auditors.stop()
        self.thread.join(4)
        assert not self.thread.is_alive()

    def told(self, kind: CameraEventKind) -> list[str]:
        return [event.detail.en for event in list(self.events) if event.kind is kind]

    def until(self, what: Callable[[], object], timeout_s: float = 10.0) -> None:
        end = time.monotonic() + timeout_s
        while not what():
            assert time.monotonic() < end, [(event.kind, event.detail.en) for event in self.events]
            time.sleep(0.02)

    def shows(self, more: int) -> None:
        """Wait until `more` further pictures were shown."""
        wanted = len(self.wall.frames) + more
        self.until(lambda: len(self.wall.frames) >= wanted)

    def is_from_camera(self, run: Run) -> bool:
        """The engine's encoder writes Constrained Baseline with its own settings; the farm's another SPS."""
        return run.encoded.extradata != self.recorder.runs[0].encoded.extradata

    def bare(self) -> int:
        """Pictures, kept or shown, in which something else than one of the masks' greys shows under the cover."""
        inner = self.cover.cells.repeat(16, axis=0).repeat(16, axis=1)[: SIZE[1], : SIZE[0]]
        greys = (FILL_YUV[0], *(colour[0] for colour in MASK_COLOURS_YUV))
        shown = [*self.wall.frames, *(luma for run in list(self.recorder.runs) for luma in run.lumas())]
        return sum(min(int(np.abs(luma[inner].astype(int) - grey).max()) for grey in greys) > 40 for luma in shown)


class Street:
    """The farm, and how each of its cameras is assigned."""

    def __init__(self, farm: RtspFarm) -> None:
        self.farm = farm

    def assignment(self, camera: str, colour: int = 0, *, other: str | None = None) -> tuple[Assignment, Cover]:
        """`other`: where its second stream is said to be."""
        record = CameraRecord(CameraId(camera), 1, camera, CommuneId("metz"), ViewType.WIDE)
        plain = Assignment(record, self.farm.address(camera), POSE, False, (HOUSE,), 2.5, mask_epoch=3)
        cover = CoverPolicy(plain, *SIZE).cover(CaptureTime(0, from_camera=False), 0, ())
        masks = edge_masks(cover, 8, 4, MASK_COLOURS_YUV[colour])
        assert masks
        second = self.farm.address(camera, "sub") if other is None else StreamAddress(other)
        plan = EdgePlan(masks, (second,), self.farm.snapshot_address(camera))
        return replace(plain, edge=plan), cover

    def serve(self, camera: str, **options) -> Served:
        """Push its masks, and serve it."""
        assignment, cover = self.assignment(camera, **options)
        assert assignment.edge is not None
        self.farm.set_masks(camera, assignment.edge.masks)
        return Served(assignment, cover)


BETRAYALS = {
    "main-only": MaskFault.MAIN_ONLY,
    "snapshot-clear": MaskFault.SNAPSHOT_CLEAR,
    "sub-only": MaskFault.SUB_ONLY,
    "reboots": MaskFault.GONE_AFTER_REBOOT,
}


@pytest.fixture(scope="module")
def street() -> Iterator[Street]:
    names = ("honest", "half-reached", *BETRAYALS)
    specs = [EndpointSpec(name, number, sub=True, frames_per_s=25) for number, name in enumerate(names, 1)]
    with RtspFarm(specs) as farm:
        yield Street(farm)


@pytest.fixture(scope="module")
def served(street: Street) -> Iterator[dict[str, Served]]:
    """All of the street's cameras at once, by name. "half-reached": its second stream is not where it is said to be."""
    with ExitStack() as stack:
        for name, fault in BETRAYALS.items():
            if fault is not MaskFault.GONE_AFTER_REBOOT:  # strikes when its test says so
                street.farm.set_mask_fault(name, fault)
        cameras = {name: stack.enter_context(street.serve(name)) for name in ("honest", *BETRAYALS)}
        cameras["half-reached"] = stack.enter_context(street.serve("half-reached", other="rtsp://127.0.0.1:9/none"))
        yield cameras


@pytest.fixture
def served_alone() -> Iterator[Callable[[str], Street]]:
    """A farm of one camera, for whoever serves it otherwise than by a thread."""
    with ExitStack() as stack:
        yield lambda name: Street(stack.enter_context(RtspFarm([EndpointSpec(name, 1, sub=True, frames_per_s=25)])))
