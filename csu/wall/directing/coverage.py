"""Which cameras were looked at: how long each was live on the wall, by shift, never by person (OPS-6). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY, NS_PER_S, Nanoseconds

COUNTED_NS_MAX = 5 * NS_PER_S
"""Between two looks at the wall no more is counted: of the rest nobody knows what was up [D]."""
SEEN_NS_MIN = 3 * NS_PER_S
"""[D]: a live picture that was up for less in a shift was not looked at; as for guard tours."""
WEEK_NS = 7 * NS_PER_DAY


@dataclass(frozen=True, slots=True)
class ShiftCoverage:
    """What a shift had before its eyes: each camera is in exactly one of the two."""

    begun_ns: Nanoseconds
    ended_ns: Nanoseconds
    live_ns: Mapping[CameraId, Nanoseconds]
    """How long each was live on the wall, of those seen."""
    not_seen: tuple[CameraId, ...]


@dataclass(frozen=True, slots=True)
class CoverageKept:
    """What a centre knows of it when it starts again."""

    since_ns: Nanoseconds
    """Since when it is counted."""
    begun_ns: Nanoseconds
    """Of the shift that was on."""
    live_ns: Mapping[CameraId, Nanoseconds] = field(default_factory=dict)
    """Of that shift."""
    last_seen_ns: Mapping[CameraId, Nanoseconds] = field(default_factory=dict)
    """When each was last looked at."""


class WallCoverage:
    """Over all cameras. Say what is live on the wall each second (`look`), and when a shift begins."""

    def __init__(self, cameras: Iterable[CameraId], now_ns: Nanoseconds, kept: CoverageKept | None = None) -> None:
        """`kept`: of an earlier life of the centre."""
        self._cameras = tuple(cameras)
        kept = kept or CoverageKept(now_ns, now_ns)
        self._since_ns, self._begun_ns, self._looked_ns = kept.since_ns, kept.begun_ns, now_ns
        self._last_seen_ns, self._live_ns = dict(kept.last_seen_ns), dict(kept.live_ns)
        self._told: frozenset[CameraId] | tuple[CameraId, ...] = ()
        self._up: tuple[CameraId, ...] = ()

    @property
    def kept(self) -> CoverageKept:
        """For the centre's next life."""
        return CoverageKept(self._since_ns, self._begun_ns, dict(self._live_ns), dict(self._last_seen_ns))

    @property
    def begun_ns(self) -> Nanoseconds:
        """When the shift that is on began."""
        return self._begun_ns

    def look(self, live: frozenset[CameraId] | tuple[CameraId, ...], now_ns: Nanoseconds) -> None:
        """These are up now, with a live picture. What was up at the last look counts from there to here."""
        spent_ns = min(max(now_ns - self._looked_ns, 0), COUNTED_NS_MAX)
        for camera in self._up:
            self._live_ns[camera] = self._live_ns.get(camera, 0) + spent_ns
            if self._live_ns[camera] >= SEEN_NS_MIN:
                self._last_seen_ns[camera] = now_ns
        self._looked_ns = max(now_ns, self._looked_ns)
        if live is not self._told:
            self._told = live
            self._up = tuple(dict.fromkeys(camera for camera in self._cameras if camera in live))

    def so_far(self, now_ns: Nanoseconds) -> ShiftCoverage:
        """Of the shift that is on."""
        seen = {camera: lasted for camera, lasted in sorted(self._live_ns.items()) if lasted >= SEEN_NS_MIN}
        return ShiftCoverage(self._begun_ns, now_ns, seen, tuple(c for c in self._cameras if c not in seen))

    def begin_shift(self, now_ns: Nanoseconds, begun_ns: Nanoseconds | None = None) -> ShiftCoverage:
        """Another shift: what the last one came to. `begun_ns`: when it began; None: now."""
        self.look(self._up, now_ns)
        begun_ns = now_ns if begun_ns is None else begun_ns
        told = self.so_far(begun_ns)
        self._begun_ns, self._live_ns = begun_ns, {}
        return told

    def never_seen(self, weeks: int, now_ns: Nanoseconds) -> tuple[CameraId, ...] | None:
        """Cameras that were not looked at in so many weeks; None: nobody has counted for that long."""
        from_ns = now_ns - weeks * WEEK_NS
        if self._since_ns > from_ns:
            return None
        return tuple(camera for camera in self._cameras if self._last_seen_ns.get(camera, from_ns - 1) < from_ns)
