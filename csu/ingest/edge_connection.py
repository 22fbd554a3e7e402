"""One connection to a camera that masks by itself: which of its packets are kept as they came.

Each packet waits here for its decoded picture; only the two together go on, and only through a stage that looked at
the picture. Whatever is not kept here is masked by the engine, from that very picture on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.frames import ClearFrame, EncodedFormat, MaskedFrame, MaskedPacket, YuvPlanes
from csu.hal.media import Assignment, CameraEventKind
from csu.hal.words import Words
from csu.ingest.edge_trust import EdgeTrust
from csu.ingest.parameter_sets import nal_units
from csu.ingest.ports import PictureShape

AGAIN_AFTER_NS = 10 * NS_PER_S
"""A run that broke off for want of a packet begins again after this, not sooner: each change of route cuts a file."""
BROKEN_RUNS_MAX = 10
"""Runs of one assignment that may break off, by loss or another format: out of order (B frames), each of them does."""
KEY_EVERY_NS_MAX = 10 * NS_PER_S
"""Segments end, and whoever watches begins, at key frames: with rarer ones the engine's route serves better."""
_SPS, _PPS = 7, 8
WAITING_MAX = 64
"""Packets whose picture has not come out of the decoder yet."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A camera's own packet, with its picture: both were looked at."""

    frame: MaskedFrame
    packet: MaskedPacket
    begins: EncodedFormat | None
    """A new run begins with this packet, in this format."""


@dataclass(frozen=True, slots=True)
class NotKept:
    """The engine must mask this picture. `is_failure`: and all that follow, until there is another plan."""

    why: Words
    is_failure: bool


class EdgeStage(Protocol):
    """What knows the masks of one assignment at one picture size."""

    def verified(self, clear: ClearFrame, data: bytes) -> Kept | NotKept:
        """Look at a picture and let its packet `data` through, or not."""
        ...

    def missing(self, planes: YuvPlanes) -> Words | None:
        """Look at a picture of another stream; None when it shows the masks. Called from an auditor's thread."""
        ...

    def interrupt(self) -> None:
        """Packets are missing: what is kept next begins at a key frame."""
        ...


class EdgeRoute(Protocol):
    """Makes edge stages; None where nothing may be left to the camera. `sets_beside`: SPS and PPS, Annex B."""

    def __call__(self, assignment: Assignment, shape: PictureShape, sets_beside: bytes) -> EdgeStage | None: ...


class EdgeConnection:
    """The edge side of one `Connection`; the camera's thread calls it."""

    def __init__(
        self, route: EdgeRoute, trust: EdgeTrust, tell: Callable[[CameraEventKind, Words], None], sets_beside: bytes
    ) -> None:
        self._route = route
        self._trust = trust
        self._tell = tell
        self._sets = _parameter_sets(sets_beside)
        self._waiting: deque[tuple[Nanoseconds, bytes]] = deque(maxlen=WAITING_MAX)
        self._stage: EdgeStage | None = None
        self._stage_of: tuple[Assignment, tuple[int, int, bool]] | None = None
        self._is_kept = False
        self._is_told_good = False
        self._told_bad: Words | None = None
        self._again_at_ns: Nanoseconds = 0
        self._broken_runs = 0
        self._key_at_ns: Nanoseconds = 0
        self._has_other_sets = False

    @property
    def is_kept(self) -> bool:
        """Whether the last picture was kept as it came."""
        return self._is_kept

    def packet(self, pts_ns: Nanoseconds, data: bytes) -> None:
        """A packet is about to be decoded. Other parameter sets in it make another stream of it: all begins again."""
        sps, pps = _parameter_sets(data)
        if not (set(sps) <= set(self._sets[0]) and set(pps) <= set(self._sets[1])):
            self._sets = sps or self._sets[0], pps or self._sets[1]
            self._has_other_sets = True
        self._waiting.append((pts_ns, data))

    def interrupt(self) -> None:
        """Packets were lost or given up: nothing goes on until the next key frame."""
        self._waiting.clear()
        if self._stage is not None:
            self._stage.interrupt()

    def take(
        self, clear: ClearFrame, pts_ns: Nanoseconds, assignment: Assignment, shape: PictureShape, now_ns: Nanoseconds
    ) -> Kept | None:
        """What is kept of the picture that came from the packet at `pts_ns`; None: the engine masks it.

        The clear picture is read, never held.
        """
        data = self._packet_of(pts_ns)
        stage = self._stage_for(assignment, shape)
        if stage is None:
            return None
        if not self._trust.holds(now_ns):
            self._distrust()
            return None
        if data is None:
            stage.interrupt()
            self._pause(now_ns)
            return None
        if not self._is_kept and now_ns < self._again_at_ns:
            return None
        found = self._verified(stage, clear, data)
        if isinstance(found, Kept):
            self._is_kept = True
            if not self._is_told_good:
                self._is_told_good = True
                self._tell(CameraEventKind.MASK_VERIFIED, _VERIFIED)
            return found
        if found.is_failure:
            self._trust.fail(found.why)
            self._distrust()
            return None
        self._pause(now_ns)
        return None

    def close(self) -> None:
        """The connection is over: what the camera shows after it comes back is not known."""
        self._trust.end()
        self._waiting.clear()
        self._stage, self._stage_of, self._is_kept = None, None, False

    def _verified(self, stage: EdgeStage, clear: ClearFrame, data: bytes) -> Kept | NotKept:
        found = stage.verified(clear, data)
        if isinstance(found, NotKept):
            return found
        if found.packet.is_key:
            self._key_at_ns = clear.captured.at_ns
        is_rare = clear.captured.at_ns - self._key_at_ns > KEY_EVERY_NS_MAX
        return NotKept(_RARE_KEYS, is_failure=True) if is_rare else found

    def _stage_for(self, assignment: Assignment, shape: PictureShape) -> EdgeStage | None:
        size = (shape.width_px, shape.height_px, shape.full_range)
        is_known = self._stage_of is not None and self._stage_of[0] is assignment
        if is_known and self._stage_of == (assignment, size) and not self._has_other_sets:
            return self._stage
        self._broken_runs = self._broken_runs + 1 if is_known else 0
        self._stage = None if assignment.edge is None else self._route(assignment, shape, self._sets_beside())
        self._stage_of = assignment, size
        self._has_other_sets = False
        self._is_kept, self._is_told_good, self._again_at_ns = False, False, 0
        if self._stage is None or assignment.edge is None:
            self._trust.end()
        else:
            self._trust.begin(assignment.edge, self._stage.missing)
            self._give_up_if_broken()
        return self._stage

    def _sets_beside(self) -> bytes:
        return b"".join(b"\0\0\0\1" + unit for units in self._sets for unit in units)

    def _distrust(self) -> None:
        """Tell once why, if it is a failure or the camera was believed so far."""
        why = self._trust.failure
        if why is None and self._is_kept:
            why = _LATE
            self._is_told_good = False
        if self._stage is not None:
            self._stage.interrupt()
        self._is_kept = False
        if why is not None and why != self._told_bad:
            self._tell(CameraEventKind.MASK_FAILED, why)
        self._told_bad = self._trust.failure

    def _pause(self, now_ns: Nanoseconds) -> None:
        if not self._is_kept:
            return
        self._is_kept, self._again_at_ns = False, now_ns + AGAIN_AFTER_NS
        self._broken_runs += 1
        self._give_up_if_broken()

    def _give_up_if_broken(self) -> None:
        if self._broken_runs >= BROKEN_RUNS_MAX:
            self._trust.fail(_BROKEN)

    def _packet_of(self, pts_ns: Nanoseconds) -> bytes | None:
        """The packet a picture came from: the next in line, or something is missing and nothing is sure."""
        for place, (waiting_pts_ns, data) in enumerate(self._waiting):
            if waiting_pts_ns == pts_ns:
                for _ in range(place + 1):
                    self._waiting.popleft()
                return data if place == 0 else None
        return None


def _parameter_sets(annex_b: bytes) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """(SPS, PPS), in order."""
    units = [unit for unit in nal_units(annex_b) if unit]
    return tuple(u for u in units if u[0] & 0x1F == _SPS), tuple(u for u in units if u[0] & 0x1F == _PPS)


_VERIFIED = Words(
    "ses propres masques ont été vus sur tous ses flux : ses images sont gardées telles quelles",
    "its own masks were seen on all its streams: its pictures are kept as they come",
)
_BROKEN = Words(
    "des paquets manquent trop souvent, ou ses images ne viennent pas dans l'ordre (images B)",
    "packets are missing too often, or its pictures come out of order (B frames)",
)
_RARE_KEYS = Words(
    f"plus de {KEY_EVERY_NS_MAX // NS_PER_S} s sans image clé : réglez-en une par seconde ou deux",
    f"more than {KEY_EVERY_NS_MAX // NS_PER_S} s without a key frame: set one each second or two",
)
_LATE = Words(
    "ses autres flux n'ont pas pu être contrôlés à temps : le moteur masque",
    "its other streams could not be audited in time: the engine masks",
)
