"""What a centre and a wall node on another host say to each other, and how it goes over their WebSocket.

Never pickle: the two are different machines. Text messages are JSON of one of the models below and refused whole when
anything in them is not as it should be; binary ones are a fragment (centre to node) or a piece of a picture (node to
centre). All instants are the centre's clock; a node turns them into its own (`wall_node_clock`).
"""

from __future__ import annotations

import struct
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from csu.hal.camera import CameraId
from csu.hal.media import LiveFragment
from csu.hal.wall import NodeScene, WallNodeId, WallReading
from csu.wall.drawing.windows import ONE_WINDOW, NodeScreens

FRAGMENT = struct.Struct(">BqqH")
"""Flags, captured_at_ns, mask_epoch, bytes of the camera's name, which follows; then the fMP4."""
IS_INIT, IS_KEY, IS_WHOLLY_MASKED = 1, 2, 4
PIECE = struct.Struct(">IB")
"""Which question is answered, and whether this is the last piece; then its bytes."""
PIECE_BYTES_MAX = 48 << 10
"""The centre reads no message above 64 KiB."""
ANSWER_BYTES_MAX = 64 << 20
"""Of one answer: four 4K panels as a PNG have some 20 MiB."""
TO_NODE_BYTES_MAX = 8 << 20
"""Of one message to a node: a key frame in 4K has some MB, a scene of 100 tiles 50 kB."""
CAMERAS_MAX = 4096
WORDS_MAX = 500
_Count = Annotated[int, Field(ge=0, lt=1 << 63)]


class _Message(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        ser_json_bytes="base64",
        val_json_bytes="base64",
    )


class Hello(_Message):
    """The centre's first word: what the node draws into, and of which cameras it may get pictures."""

    kind: Literal["hello"] = "hello"
    node: WallNodeId
    width_px: Annotated[int, Field(ge=16, le=32_768)]
    height_px: Annotated[int, Field(ge=16, le=32_768)]
    cameras: Annotated[tuple[CameraId, ...], Field(max_length=CAMERAS_MAX)]
    picture_px_max: tuple[Annotated[int, Field(ge=2, le=8192)], Annotated[int, Field(ge=2, le=8192)]]
    """Width and height that a picture is kept in at most; larger ones are reduced when they come."""
    screens: NodeScreens = ONE_WINDOW
    """Where its windows lie, if it has any."""


class ShowScene(_Message):
    """Show this from now on."""

    kind: Literal["scene"] = "scene"
    scene: NodeScene


class Renew(_Message):
    """What is shown may be shown until then."""

    kind: Literal["renew"] = "renew"
    until_ns: _Count


class Ask(_Message):
    """A question about the pixels; answered by pieces or a `Failed` of the same number."""

    kind: Literal["ask"] = "ask"
    number: Annotated[int, Field(ge=0, lt=1 << 32)]
    what: Literal["reading", "png"]


class Told(_Message):
    """The centre's clock, in answer to a `Beat`."""

    kind: Literal["told"] = "told"
    asked_at_ns: _Count
    now_ns: _Count


class Beat(_Message):
    """Each second from the node: that it is there, what it did, and the question for the centre's clock."""

    kind: Literal["beat"] = "beat"
    asked_at_ns: _Count
    """The node's monotonic clock; comes back as it is."""
    offset_ns: int | None = None
    """The centre's clock less the node's, as the node knows it; None: not yet."""
    error_ns: _Count | None = None
    """How far that may be from the truth."""
    shown: _Count = 0
    """Pictures that were decoded and given to the wall."""
    refused: _Count = 0
    """Fragments of cameras that its scene does not show."""
    dropped: _Count = 0
    """Fragments left out because the node was slow."""
    undecodable: _Count = 0


class Failed(_Message):
    """A question cannot be answered (`number`), or the node is in trouble (None)."""

    kind: Literal["failed"] = "failed"
    number: Annotated[int, Field(ge=0, lt=1 << 32)] | None = None
    fr: Annotated[str, Field(max_length=WORDS_MAX)]
    en: Annotated[str, Field(max_length=WORDS_MAX)]


ToNode: TypeAlias = Hello | ShowScene | Renew | Ask | Told
FromNode: TypeAlias = Beat | Failed
_TO_NODE: TypeAdapter[ToNode] = TypeAdapter(Annotated[ToNode, Field(discriminator="kind")])
_FROM_NODE: TypeAdapter[FromNode] = TypeAdapter(Annotated[FromNode, Field(discriminator="kind")])


class _Reading(_Message):
    reading: WallReading


def to_node(text: str) -> ToNode:
    """A message of the centre. Raises ValueError for anything else."""
    return _TO_NODE.validate_json(text)


def from_node(text: str) -> FromNode:
    """A message of a node. Raises ValueError for anything else."""
    return _FROM_NODE.validate_json(text)


def pack_reading(reading: WallReading) -> bytes:
    """The answer to a question for a reading."""
    return _Reading(reading=reading).model_dump_json().encode()


def unpack_reading(answer: bytes) -> WallReading:
    """Raises ValueError for what is no reading."""
    return _Reading.model_validate_json(answer).reading


def pack_fragment(camera: CameraId, fragment: LiveFragment) -> bytes:
    """A fragment as it goes to a node."""
    flags = IS_INIT * fragment.is_init | IS_KEY * fragment.is_key | IS_WHOLLY_MASKED * fragment.wholly_masked
    name = camera.encode()
    return FRAGMENT.pack(flags, fragment.captured_at_ns, fragment.mask_epoch, len(name)) + name + fragment.data


def unpack_fragment(message: bytes) -> tuple[CameraId, LiveFragment]:
    """Raises ValueError for what is none."""
    if len(message) < FRAGMENT.size:
        raise ValueError(f"a fragment of {len(message)} bytes")
    flags, captured_at_ns, mask_epoch, count = FRAGMENT.unpack_from(message)
    name = message[FRAGMENT.size : FRAGMENT.size + count]
    if len(name) < count or not 0 < count <= 128:
        raise ValueError("a fragment without its camera")
    is_init, is_key, whole = bool(flags & IS_INIT), bool(flags & IS_KEY), bool(flags & IS_WHOLLY_MASKED)
    data = message[FRAGMENT.size + count :]
    return CameraId(name.decode()), LiveFragment(data, is_init, is_key, captured_at_ns, "", mask_epoch, whole)


def pieces_of_answer(number: int, answer: bytes) -> list[bytes]:
    """An answer as the messages it goes in."""
    starts = range(0, max(1, len(answer)), PIECE_BYTES_MAX)
    return [
        PIECE.pack(number, start + PIECE_BYTES_MAX >= len(answer)) + answer[start : start + PIECE_BYTES_MAX]
        for start in starts
    ]


def unpack_piece(message: bytes) -> tuple[int, bool, bytes]:
    """Number of the question, whether it is the last piece, its bytes. Raises ValueError for what is none."""
    if len(message) < PIECE.size:
        raise ValueError(f"a piece of {len(message)} bytes")
    number, is_last = PIECE.unpack_from(message)
    return number, bool(is_last), message[PIECE.size :]


def pack(message: ToNode | FromNode) -> str:
    """A message as it goes on the socket."""
    return message.model_dump_json()
