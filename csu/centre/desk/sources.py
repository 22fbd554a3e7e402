"""What there is of the stretches that an act names: segments in the media, pieces in the evidence store, proof, holes.

Calls block, and use the catalogue that they are given as its one thread does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from csu.cluster.volumes import VolumesDisk
from csu.evidence import CameraSpan, ChainProof, ExportFailed, StoredSegment, chain_proofs, kept_segments
from csu.evidence.cut import failed
from csu.evidence.spans import paris_text, united, without
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_MS, Nanoseconds
from csu.hal.disk import Disk, DiskError
from csu.hal.media import Gap
from csu.hal.words import Words
from csu.recording import SEGMENT_NS_MAX, Catalogue, SegmentRow
from csu.recording.chain import NO_LINK
from csu.recording.coverage import ACCOUNT_LAG_NS, SEAM_NS
from csu.recording.destruction import Footage

_LOOK_BACK_NS = (5 * NS_PER_MINUTE, 120 * NS_PER_MINUTE, 2 * NS_PER_DAY)
"""A segment is proved by the one before it: a camera that was off for long has it long before."""
UNACCOUNTED, DESTROYED = "unaccounted", "destroyed"


@dataclass(frozen=True, slots=True)
class Sources:
    """What an export of some stretches is made from."""

    segments: tuple[StoredSegment, ...]
    """By camera and time; each instant is in one of them at most."""
    chains: tuple[ChainProof, ...]
    unlinked: tuple[str, ...]
    gaps: tuple[Gap, ...]
    absent: tuple[tuple[CameraSpan, str], ...]


class EvidenceSources:
    """Over the volumes of media and one evidence store, both opened with their keys."""

    def __init__(self, catalogue: Catalogue, volumes: VolumesDisk, media: Disk, store: Disk) -> None:
        """`media`: what lies on `volumes`, unsealed."""
        self._catalogue, self._volumes, self._media, self._store = catalogue, volumes, media, store

    def stored(self, footage: Footage) -> StoredSegment | None:
        """One segment, to be read; None: its file is not there.

        Raises ExportFailed where the catalogue does not know what is in it, DiskError, CatalogueError.
        """
        if not self._is_there(footage.name):
            return None
        start_ns = footage.span.from_ns
        rows = self._catalogue.segments(footage.camera, start_ns, start_ns + 1, with_destroyed=True)
        for row in rows:
            if row.name == footage.name:
                return self._segment(row)
        raise failed(footage.name, Words("inconnu du catalogue", "the catalogue does not know it"))

    def find(self, spans: Sequence[CameraSpan], now_ns: Nanoseconds) -> Sources:
        """All there is of `spans`. Raises ExportFailed where the end is not on disk yet, DiskError, CatalogueError."""
        by_camera: dict[CameraId, list[CameraSpan]] = {}
        for span in united(spans):
            by_camera.setdefault(span.camera, []).append(span)
        found = [self._of_camera(camera, each, now_ns) for camera, each in by_camera.items()]
        return Sources(
            tuple(segment for each in found for segment in each.segments),
            tuple(chain for each in found for chain in each.chains),
            tuple(name for each in found for name in each.unlinked),
            tuple(gap for each in found for gap in each.gaps),
            tuple(hole for each in found for hole in each.absent),
        )

    def _of_camera(self, camera: CameraId, spans: Sequence[CameraSpan], now_ns: Nanoseconds) -> Sources:
        from_ns, to_ns = spans[0].from_ns, spans[-1].to_ns
        rows = self._catalogue.segments(camera, from_ns, to_ns, with_destroyed=True)
        told = [row for row in rows if any(_span_of(row).touches(span) for span in spans)]
        living = [row for row in told if row.destroyed_at_ns is None and self._is_there(row.name)]
        whole = {row.name for row in living}
        pieces = [
            piece
            for piece in kept_segments(self._store, camera)
            if piece.name not in whole and any(_held(piece).touches(span) for span in spans)
        ]
        covered = [*(_span_of(row) for row in living), *(_held(piece) for piece in pieces)]
        gaps = self._catalogue.gaps(camera, from_ns, to_ns)
        holes = without(spans, [*covered, *(CameraSpan(camera, gap.start_ns, gap.end_ns) for gap in gaps)])
        absent = tuple(_absent(holes, [_span_of(row) for row in told]))
        _require_closed(absent, now_ns)
        segments = sorted([*map(self._segment, living), *pieces], key=lambda each: each.start_ns)
        chains, unlinked = self._proved(camera, from_ns, to_ns, {each.name for each in segments})
        return Sources(tuple(segments), chains, unlinked, tuple(_clipped(gaps, spans, covered)), absent)

    def _proved(
        self, camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds, names: set[str]
    ) -> tuple[tuple[ChainProof, ...], tuple[str, ...]]:
        """The stretches of chain that hold these segments, and those that stand in none."""
        proofs: tuple[ChainProof, ...] = ()
        loose: set[str] = set(names)
        for back_ns in _LOOK_BACK_NS:
            rows = self._catalogue.segments(camera, from_ns - back_ns, to_ns + SEGMENT_NS_MAX, with_destroyed=True)
            proofs, unproved = chain_proofs(camera, rows)
            loose = names & set(unproved)
            if not loose & {row.name for row in rows if row.link not in (None, NO_LINK)}:
                break
        wanted = tuple(proof for proof in proofs if any(link.name in names for link in proof.links))
        return wanted, tuple(sorted(loose))

    def _segment(self, row: SegmentRow) -> StoredSegment:
        if row.content_sha256 is None:
            raise failed(row.name, Words("son empreinte n'est pas connue", "its digest is not known"))
        return StoredSegment(
            row.camera,
            row.name,
            row.start_ns,
            row.content_sha256,
            row.mask_epoch,
            row.clock_offset_ms,
            partial(self._media.open, row.name),
        )

    def _is_there(self, name: str) -> bool:
        """Whether the file is there. While a volume is away, a file that is on none of the others is no answer."""
        try:
            if self._volumes.holds(name):
                return True
        except OSError as error:
            raise _no_answer(name, error.strerror or type(error).__name__) from error
        away = self._volumes.out_of_reach()
        if away:
            raise _no_answer(away[0].name, "not there")
        return False


def _span_of(row: SegmentRow) -> CameraSpan:
    return CameraSpan(row.camera, row.start_ns, row.start_ns + max(1, row.duration_ms) * NS_PER_MS)


def _held(piece: StoredSegment) -> CameraSpan:
    """Of a piece of the store: from its first picture to the end of its last."""
    return CameraSpan(piece.camera, piece.start_ns, max(piece.captured_ns) + SEAM_NS)


def _absent(holes: Iterable[CameraSpan], told: Sequence[CameraSpan]) -> Iterable[tuple[CameraSpan, str]]:
    """Holes that are no seams: footage that was recorded and is gone, or that nobody accounts for."""
    for hole in holes:
        unknown = without([hole], told)
        parts = [(part, UNACCOUNTED) for part in unknown] + [(part, DESTROYED) for part in without([hole], unknown)]
        yield from ((part, cause) for part, cause in sorted(parts) if part.to_ns - part.from_ns > SEAM_NS)


def _require_closed(absent: Iterable[tuple[CameraSpan, str]], now_ns: Nanoseconds) -> None:
    """Raises ExportFailed while the last minutes may be in an open file: a package without them would be a lie."""
    for span, cause in absent:
        ready_ns = span.to_ns + ACCOUNT_LAG_NS
        if cause == UNACCOUNTED and ready_ns > now_ns:
            at = paris_text(ready_ns)[11:16]
            raise ExportFailed(
                Words("la fin de l'intervalle s'écrit encore", "the end of the interval is still being written"),
                where=span.camera,
                what_to_do=Words(f"Recommencez à {at}", f"Try again at {at} (Paris)"),
            )


def _clipped(gaps: Iterable[Gap], spans: Sequence[CameraSpan], covered: Sequence[CameraSpan]) -> Iterable[Gap]:
    for gap in gaps:
        outside = without([CameraSpan(gap.camera, gap.start_ns, gap.end_ns)], spans)
        inside = without([CameraSpan(gap.camera, gap.start_ns, gap.end_ns)], [*outside, *covered])
        for part in inside:
            yield Gap(gap.camera, part.from_ns, part.to_ns, gap.cause)


def _no_answer(where: str, why: str) -> DiskError:
    return DiskError(
        Words(f"le volume ne répond pas : {why}", f"the volume does not answer: {why}"),
        where=where,
        what_to_do=Words("Vérifiez ce volume, puis recommencez", "Check this volume, then try again"),
    )
