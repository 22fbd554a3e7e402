"""What a process of ours and its parent say to each other, and how it goes over their socket.

Pickle is safe here: both ends are our own code, on a socket pair that nobody else can open. Masked pictures travel as
`LiveFragment` bytes only; a `ClearFrame` refuses to be pickled (PRV-3).
"""

from __future__ import annotations

import pickle
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from csu.cluster.shared_pictures import SharedPicturesSpec
from csu.hal.analysis import AnalysisAssignment, AnalysisMinute, EventSignal, SlotCount
from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.media import Assignment, CameraEvent, LiveFragment, Manifest, NodeId
from csu.hal.place import PoseReading

HEADER = struct.Struct("<I")
MESSAGE_BYTES_MAX = 64 << 20
"""A manifest of 64 cameras has some kB, a key frame in 4K some MB: more is a broken stream."""


@dataclass(frozen=True, slots=True)
class Begin:
    """The first order: who the process is, and where it keeps its segments."""

    node: NodeId
    node_epoch: int
    media_directory: Path
    pictures: SharedPicturesSpec | None
    accounted_until_ns: Mapping[CameraId, Nanoseconds] = field(default_factory=dict)
    """Where the account of the node's former life ends: what lies between is a gap, because the node was lost."""
    views_directory: Path | None = None
    """Where learned views are remembered; None: nowhere."""
    keys_directory: Path | None = None
    """Where the keys are that seal segments: the directory travels, never a key. None: segments are not sealed."""
    heads_directory: Path | None = None
    """Where the heads of the cameras' chains are kept; None: segments are in no chain."""
    volumes_note: Path | None = None
    """Where the centre notes its volumes; None: `media_directory` alone, whatever lies there."""


@dataclass(frozen=True, slots=True)
class Assign:
    """The whole set of cameras from now on."""

    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class TellPose:
    """Where a camera looks now."""

    camera: CameraId
    reading: PoseReading | None


@dataclass(frozen=True, slots=True)
class Watch:
    """Send live fragments of a camera, or no longer."""

    camera: CameraId
    on: bool


@dataclass(frozen=True, slots=True)
class Stop:
    """Close every segment, send the last manifest, end."""


@dataclass(frozen=True, slots=True)
class BeginAnalysis:
    """The first order to an analysis process: where masked pictures are, where models may lie. It has no camera yet."""

    pictures: SharedPicturesSpec
    models_directories: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class AssignAnalysis:
    """The whole set of what may be analysed from now on; answered by `Assigned` once nothing else is."""

    number: int
    assignments: tuple[AnalysisAssignment, ...]


@dataclass(frozen=True, slots=True)
class Assigned:
    """The set of that number is in force: no picture of another camera is looked at any more."""

    number: int


@dataclass(frozen=True, slots=True)
class Ready:
    """The process has begun."""


@dataclass(frozen=True, slots=True)
class Alive:
    """The process's control loop turns."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The last manifest is out: the process ends now, as it was asked."""


@dataclass(frozen=True, slots=True)
class FragmentOf:
    """A live fragment of a watched camera."""

    camera: CameraId
    fragment: LiveFragment


Order: TypeAlias = Begin | Assign | TellPose | Watch | Stop | BeginAnalysis | AssignAnalysis
Report: TypeAlias = (
    Ready | Alive | Stopped | Manifest | CameraEvent | FragmentOf | Assigned | EventSignal | AnalysisMinute | SlotCount
)


def pack(message: Order | Report) -> bytes:
    """A message as it goes on the socket: length, then pickle."""
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return HEADER.pack(len(body)) + body


def body_bytes(header: bytes) -> int:
    """Length of the body that follows. Raises ValueError when it cannot be."""
    (size,) = HEADER.unpack(header)
    if size > MESSAGE_BYTES_MAX:
        raise ValueError(f"a message of {size} bytes")
    return int(size)


def unpack_report(body: bytes) -> Report:
    """A report from its body."""
    report: Report = pickle.loads(body)  # noqa: S301 - see the module's first lines
    return report


def receive_order(connection: socket.socket) -> Order | None:
    """The next order; None when the parent is gone."""
    header = _receive(connection, HEADER.size)
    body = _receive(connection, body_bytes(header)) if header else b""
    if not body:
        return None
    order: Order = pickle.loads(body)  # noqa: S301 - see the module's first lines
    return order


def _receive(connection: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        try:
            part = connection.recv(count - len(parts))
        except OSError:
            return b""
        if not part:
            return b""
        parts += part
    return bytes(parts)
