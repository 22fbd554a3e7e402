"""Pixels: on every path a picture takes, each pixel that sees a forbidden surface shows the fill and nothing else.

Geometry decides what must be hidden (`judge`); here real pictures with a canary on every forbidden surface go through
the real mask, encoder and whatever path is handed in. A path is a function from masked pictures to what is seen at its
end: the rooms that own the paths (recorder, relay, wall, export) bring theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.chance import Chance
from csu.hal.frames import EncodedFormat, MaskedFrame, MaskedPacket, YuvPlanes
from csu.masking import encoder as encoder_module
from csu.masking import fill as fill_module
from csu.masking import still as still_module
from csu.masking.cover import Cover
from csu.masking.fill import Fill
from csu.masking.proof.cases import Case, trial
from csu.masking.proof.footage import (
    FRAMES_PER_S,
    KINDS,
    NUMBER,
    PictureKind,
    Where,
    canary,
    clear_frame,
    laid_over,
    street,
)
from csu.masking.proof.judge import MakeCovers, the_policy, truth
from csu.masking.proof.rays import FORBIDDEN
from csu.masking.proof.scenes import Scene, scene

FILL_YUV = (64, 132, 125)
"""The fill as decision 0004 of the masks has it, written down a second time: limited range."""
FROST_LEVELS = 12
"""How far frost may be from the fill's luma."""
CODEC_ERROR = 6
"""Levels that H.264 at CRF 26 or a JPEG may be off where all around is fill (measured: 1)."""
SCALED_ERROR = 32
"""The same for a smaller still: the colour blocks of a JPEG then span more of the picture than the cover's rim, so the
street rings in them (measured: 12). The canary is 100 levels from the fill and more."""
PICTURES = 4
WIDTH_PX = 368

Bgr = NDArray[np.uint8]
Shown = YuvPlanes | Bgr
Path = Callable[[Sequence[MaskedFrame]], Sequence[Shown]]
"""Masked pictures of one camera in order -> what is seen of each at the end of the path, in any size."""


@dataclass(frozen=True, slots=True)
class Leak:
    """A forbidden pixel that does not show the fill at the end of a path."""

    path: str
    scene: int
    kind: PictureKind
    fill: Fill
    pixels: int
    worst_levels: int
    """How far from the fill, in 8-bit levels."""


@dataclass(slots=True)
class PictureResult:
    """Of all paths together."""

    pictures: int = 0
    sensitive_px: int = 0
    leaks: tuple[Leak, ...] = ()


def planes_path(frames: Sequence[MaskedFrame]) -> list[Shown]:
    """What the detector and the wall are handed: the masked planes themselves."""
    return [frame.planes for frame in frames]


def recording_path(frames: Sequence[MaskedFrame]) -> list[Shown]:
    """What a player sees of the encoded stream: recording, relay and export carry these very packets."""
    planes = frames[0].planes
    encoder = encoder_module.MaskedEncoder(
        frames[0].camera, planes.width_px, planes.height_px, FRAMES_PER_S, full_range=planes.full_range
    )
    packets = [packet for frame in frames for packet in encoder.encode(frame)] + encoder.flush()
    return list(decoded(packets, encoder.format, planes.width_px, planes.height_px))


def still_path(frames: Sequence[MaskedFrame]) -> list[Shown]:
    """Snapshot at full size."""
    return [_opened(still_module.still_of(frame, frame.planes.width_px)) for frame in frames]


def thumbnail_path(frames: Sequence[MaskedFrame]) -> list[Shown]:
    """Thumbnail, a half as wide."""
    return [_opened(still_module.still_of(frame, frame.planes.width_px // 2)) for frame in frames]


PATHS: dict[str, Path] = {
    "planes": planes_path,
    "recording": recording_path,
    "snapshot": still_path,
    "thumbnail": thumbnail_path,
}
"""The paths that begin in this room."""


def judge_pictures(
    scenes: Iterable[int],
    chance: Chance,
    paths: dict[str, Path] | None = None,
    kinds: Sequence[PictureKind] = KINDS,
    make_covers: MakeCovers = the_policy,
) -> PictureResult:
    """Send pictures of these scenes down each path, in each format and fill by turns, and look for the canary."""
    paths = PATHS if paths is None else paths
    result = PictureResult()
    for number in scenes:
        place = at_width(scene(number, chance), WIDTH_PX + number % 2)
        hidden, cover = _hidden_and_cover(place, chance, make_covers)
        kind, fill = kinds[number % len(kinds)], tuple(Fill)[number // len(kinds) % 2]
        frames = masked_canary(place, cover, hidden, kind, fill, chance)
        result.pictures += len(frames)
        result.sensitive_px += int(hidden.sum()) * len(frames)
        if cover.is_whole or not hidden.any():
            continue  # a wholly covered picture bears the frame mark: the judge counts it, here it shows nothing
        found = (_leaks(name, path, frames, place.number, kind, fill, hidden) for name, path in paths.items())
        result.leaks += tuple(leak for leaks in found for leak in leaks)
    return result


def masked_canary(
    place: Scene, cover: Cover, hidden: Where, kind: PictureKind, fill: Fill, chance: Chance
) -> list[MaskedFrame]:
    """A street with the canary at `hidden`, masked: what the paths are given."""
    width, height = place.width_px, place.height_px
    dice, bird = chance.stream(f"footage/{place.number}"), canary(width, height, kind)
    frames = []
    for sequence in range(PICTURES):
        seen = laid_over(street(dice, width, height, sequence, kind), bird, hidden)
        frames.append(fill_module.mask(clear_frame(seen, sequence), cover, 1, NUMBER, fill))
    return frames


def at_width(place: Scene, width_px: int) -> Scene:
    """The same scene in a smaller picture of the same shape."""
    share = width_px / place.width_px
    pose = replace(place.pose, focal_px=place.pose.focal_px * share)
    return replace(place, pose=pose, width_px=width_px, height_px=round(place.height_px * share))


def decoded(packets: Sequence[MaskedPacket], encoded: EncodedFormat, width_px: int, height_px: int) -> list[YuvPlanes]:
    """What a player makes of packets, cut to the size of the pictures."""
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    decoder.extradata = encoded.extradata
    shown = [frame for packet in packets for frame in decoder.decode(av.Packet(packet.data))]
    shown += decoder.decode(None)
    half = ((height_px + 1) // 2, (width_px + 1) // 2)
    found = []
    for frame in shown:
        full_range = int(frame.color_range) == 2
        planes = [np.frombuffer(cast("memoryview[int]", p), np.uint8).reshape(-1, p.line_size) for p in frame.planes]
        y, u, v = (p[:h, :w] for p, (h, w) in zip(planes, ((height_px, width_px), half, half), strict=True))
        found.append(YuvPlanes(y, u, v, full_range))
    return found


def _hidden_and_cover(place: Scene, chance: Chance, make_covers: MakeCovers) -> tuple[Where, Cover]:
    tried = trial(place, Case.EXACT, chance)
    moment = tried.moments[0]
    columns, rows = np.arange(place.width_px), np.arange(place.height_px)
    seen = truth(tried.world, moment.real, place.width_px, place.height_px, columns, rows)
    maker = make_covers(tried.assignment, place.width_px, place.height_px)
    cover = maker.cover(moment.captured, moment.masked_at_ns, moment.readings)
    return np.isin(seen, FORBIDDEN), cover


def _leaks(
    name: str, path: Path, frames: list[MaskedFrame], number: int, kind: PictureKind, fill: Fill, hidden: Where
) -> list[Leak]:
    shown = path(frames)
    found = [] if len(shown) == len(frames) else [Leak(name, number, kind, fill, 0, 0)]  # a picture lost, or one more
    for seen in shown:
        away = _levels_from_fill(seen, hidden, kind, fill)
        allowed = 0 if path is planes_path else _allowed(seen, hidden)
        if (away > allowed).any():
            found.append(Leak(name, number, kind, fill, int((away > allowed).sum()), int(away.max())))
    return found


def _allowed(seen: Shown, hidden: Where) -> int:
    is_scaled = not isinstance(seen, YuvPlanes) and seen.shape[:2] != hidden.shape
    return SCALED_ERROR if is_scaled else CODEC_ERROR


def _levels_from_fill(seen: Shown, hidden: Where, kind: PictureKind, fill: Fill) -> NDArray[np.int64]:
    """How far each hidden pixel of what is shown is from the fill, in levels of the worst plane or colour."""
    luma_rest = 0 if fill is Fill.CONSTANT else FROST_LEVELS
    y, u, v = fill_levels(kind.full_range)
    if isinstance(seen, YuvPlanes):
        if seen.full_range != kind.full_range:
            return np.full(1, 255)  # the same samples would show as another colour
        rows, columns = np.nonzero(hidden)
        away_y = np.maximum(np.abs(seen.y[rows, columns].astype(np.int64) - y) - luma_rest, 0)
        away_u = np.abs(seen.u[rows // 2, columns // 2].astype(np.int64) - u)
        away_v = np.abs(seen.v[rows // 2, columns // 2].astype(np.int64) - v)
        return np.asarray(np.max([away_y, away_u, away_v], axis=0))
    height, width = seen.shape[:2]
    small = cv2.resize(hidden.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
    away = np.abs(seen[small].astype(np.int64) - fill_bgr())
    return np.asarray(np.maximum(away.max(axis=1) - luma_rest * 2, 0))


def fill_levels(full_range: bool) -> tuple[int, int, int]:
    """The fill's samples: the same light in both ranges."""
    y, u, v = FILL_YUV
    if not full_range:
        return y, u, v
    return round((y - 16) * 255 / 219), 128 + round((u - 128) * 255 / 224), 128 + round((v - 128) * 255 / 224)


def fill_bgr() -> tuple[int, int, int]:
    """The fill on a screen (BT.601; its colour is so faint that BT.709 is one level away)."""
    y, u, v = (FILL_YUV[0] - 16) * 255 / 219, (FILL_YUV[1] - 128) * 255 / 224, (FILL_YUV[2] - 128) * 255 / 224
    return round(y + 1.772 * u), round(y - 0.344 * u - 0.714 * v), round(y + 1.402 * v)


def _opened(data: bytes) -> Bgr:
    opened = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(opened, np.uint8)
