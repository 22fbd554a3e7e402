"""What was seen of the canary: of each picture before the mask, of each masked picture, of each picture on the disk.

The canary is a colour that only what must be masked has (`sim.street.canary`). The simulation drew the pictures, and
decodes what was recorded by itself: it trusts neither the mask nor what the engine says of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import BinaryIO

import av
import numpy as np

from csu.centre.media.inline_media import LOOK_EVERY_NS
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.frames import MaskedFrame
from csu.hal.words import Words
from sim.intervals import Interval
from sim.judgement import Judgement
from sim.levels.posts import PICTURE_EVERY_NS
from sim.levels.run import PixelCounts
from sim.oracles.stage import judged
from sim.street import canary_share, planes_of

KNOCK_HIDDEN_WITHIN_NS = LOOK_EVERY_NS + 2 * PICTURE_EVERY_NS
"""How long a knocked camera may show by its old mask: the view watch looks each 2 s, at the next picture."""


@dataclass(slots=True)
class _Drawn:
    at_ns: Nanoseconds
    share: float
    turned: bool
    """Since the picture before it."""


@dataclass(slots=True)
class PixelWitness:
    """Of all cameras of level L1 of a run."""

    knocks: Mapping[CameraId, Sequence[Interval]]
    """When each camera looks elsewhere than its masks were made for."""
    counts: PixelCounts = field(default_factory=PixelCounts)
    _waiting: dict[CameraId, deque[_Drawn]] = field(default_factory=dict)
    _put_to_the_test: int = 0
    _turning: int = 0
    _told: list[Words] = field(default_factory=list)
    _told_turning: list[Words] = field(default_factory=list)
    _seen_turning_ns: dict[CameraId, list[Nanoseconds]] = field(default_factory=dict)
    """Pictures that were told while the camera turned: in the file they are the same leak, and not another."""
    _worst: float = 0.0
    _hash: blake2b = field(default_factory=lambda: blake2b(digest_size=16))

    def drawn(self, camera: CameraId, at_ns: Nanoseconds, share: float, *, turned: bool) -> None:
        """A camera took a picture of which so much shows the canary, and sent it."""
        self.counts.drawn += 1
        self._waiting.setdefault(camera, deque()).append(_Drawn(at_ns, share, turned))

    def forget(self, camera: CameraId) -> None:
        """A connection begins: what was sent before will not come any more."""
        self._waiting.pop(camera, None)

    def accept(self, frame: MaskedFrame) -> None:
        """See csu.ingest.PictureSink: a masked picture, as the wall gets it. In the order of drawing."""
        drawn = self._waiting[frame.camera].popleft()
        self.counts.masked += 1
        self.counts.wholly_masked += frame.covered_share >= 1.0
        share = canary_share(frame.planes)
        is_case = drawn.share > 0 and frame.covered_share < 1.0
        self._put_to_the_test += is_case
        self._turning += is_case and drawn.turned
        if share > 0 and not self._is_excused(frame.camera, drawn.at_ns):
            told = self._told_turning if drawn.turned else self._told
            self._tell(told, frame.camera, drawn.at_ns, share, _SHOWN)
            if drawn.turned:
                self._seen_turning_ns.setdefault(frame.camera, []).append(drawn.at_ns)

    def recorded(self, camera: CameraId, start_ns: Nanoseconds, file: BinaryIO) -> None:
        """A file is on the disk: each of its pictures is decoded and looked at."""
        self.counts.files += 1
        with av.open(file, "r") as container:
            self.counts.sound_tracks += len(container.streams.audio)
            for packet in container.demux(video=0):
                self._hash.update(bytes(packet))
                for picture in packet.decode():
                    self.counts.recorded += 1
                    seconds = picture.time or 0.0
                    share = canary_share(planes_of(np.ascontiguousarray(picture.to_ndarray(), np.uint8)))
                    at_ns = start_ns + round(seconds * NS_PER_S)
                    if share > 0 and not self._is_excused(camera, at_ns) and not self._is_told(camera, at_ns):
                        self._tell(self._told, camera, at_ns, share, _RECORDED)

    def digest(self) -> str:
        """Of all pictures that were recorded, as they were encoded."""
        return self._hash.hexdigest()

    def judge(self) -> tuple[Judgement, ...]:
        """The run is over. Invariant 2 has cases only where a camera turned."""
        return (
            judged("pixels_masked", self._told, self._put_to_the_test, self._worst * 100, "%"),
            judged("turning_pixels_masked", self._told_turning, self._turning, cases_least=0),
        )

    def _is_told(self, camera: CameraId, at_ns: Nanoseconds) -> bool:
        near = self._seen_turning_ns.get(camera, ())
        return any(abs(at_ns - seen_ns) <= PICTURE_EVERY_NS // 2 for seen_ns in near)

    def _is_excused(self, camera: CameraId, at_ns: Nanoseconds) -> bool:
        spans = self.knocks.get(camera, ())
        excused = any(start <= at_ns < start + KNOCK_HIDDEN_WITHIN_NS for start, _ in spans)
        self.counts.excused += excused
        return excused

    def _tell(self, told: list[Words], camera: CameraId, at_ns: Nanoseconds, share: float, what: Words) -> None:
        self._worst = max(self._worst, share)
        told.append(Words(f"{share:.2%} {what.fr}", f"{share:.2%} {what.en}").at(camera))


_SHOWN = Words("de l'image masquée montre l'interdit", "of the masked picture shows what is forbidden")
_RECORDED = Words("de l'image enregistrée montre l'interdit", "of the recorded picture shows what is forbidden")
