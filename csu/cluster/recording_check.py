"""Catalogue, disk and keys of one centre compared, and what is safe to repair repaired."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from csu.cluster.left_over import left_overs, recover_left_over
from csu.cluster.segment_sink import segment_table
from csu.cluster.volumes import VolumesDisk
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S, Nanoseconds
from csu.hal.disk import DiskError
from csu.hal.errors import BadInput, CsuError
from csu.hal.media import Manifest, NodeId
from csu.recording import Catalogue, ClosedSegment, parse_segment_name
from csu.recording.key_store import LocalKeyStore
from csu.recording.reconcile import REPAIRED, Difference, Finding, StoredFile, reconcile
from csu.recording.recovery import read_segment, with_hashes
from csu.recording.sealed_disk import SealedDisk, nobody
from csu.recording.sealed_records import is_sealed, key_name_of
from csu.recording.space import MARKS

CHECK_NODE = NodeId("recording-check")
SETTLED_NS = 5 * NS_PER_MINUTE
"""A node tells what it closed within the minute: before this, a file without a row is not yet a difference."""
_ALL_TIME = (-(2**61), 2**61)
_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found, and what of it is still so after the repair."""

    files: int
    rows: int
    found: tuple[Finding, ...]
    repaired: tuple[Finding, ...]
    not_repaired: tuple[tuple[Finding, CsuError], ...]

    @property
    def remaining(self) -> tuple[Finding, ...]:
        """Found and not repaired."""
        return tuple(finding for finding in self.found if finding not in self.repaired)


class RecordingCheck:
    """The three of one centre. Nodes may run meanwhile: what they write just now is locked, and no left-over; what they
    closed in the last minutes may be shown as not yet told. Blocks; calls come from one thread."""

    def __init__(self, media: VolumesDisk, catalogue: Catalogue, keys: LocalKeyStore) -> None:
        self._stored = media
        self._opened = SealedDisk(self._stored, keys, nobody)
        self._catalogue = catalogue
        self._keys = keys

    def check(
        self, now_ns: Nanoseconds, *, hashes: bool, progress: Callable[[int, int], None] = lambda done, of: None
    ) -> Checked:
        """Compare. `hashes`: read every file (as fast as the disk). Raises CsuError when one of the three fails."""
        names = [name for name in self._stored.names() if name.endswith(".mp4")]
        files: dict[str, StoredFile] = {}
        for number, name in enumerate(names):
            progress(number, len(names))
            try:
                files[name] = self._look(name, hashes=hashes)
            except DiskError:
                continue  # retention removed it just now: it is not there
        progress(len(names), len(names))
        rows = list(self._catalogue.listing(*_ALL_TIME))
        left = [left.name for left in left_overs(self._stored)]
        gone = {state.name: state.why_not(MARKS) for state in self._stored.out_of_reach()}
        found = reconcile(rows, files, left, self._keys.kept(), self._keys.came_back(), gone)
        settled = tuple(finding for finding in found if not _is_settling(finding, now_ns))
        return Checked(len(files), len(rows), settled, (), ())

    def repair(self, checked: Checked, now_ns: Nanoseconds) -> Checked:
        """Repair what is safe. What cannot be repaired stays as it is, with its reason."""
        done: list[Finding] = []
        failed: list[tuple[Finding, CsuError]] = []
        segments: list[ClosedSegment] = []
        told: list[Finding] = []
        for finding in checked.found:
            if finding.kind not in REPAIRED:
                continue
            try:
                closed = self._repair(finding)
            except CsuError as error:
                failed.append((finding, error))
                continue
            if closed is None:
                done.append(finding)
            else:
                segments.append(closed)
                told.append(finding)
        self._tell(segments, now_ns)
        return Checked(checked.files, checked.rows, checked.found, (*done, *told), tuple(failed))

    def _look(self, name: str, *, hashes: bool) -> StoredFile:
        with self._stored.open(name) as file:
            key = key_name_of(file, name) if is_sealed(file) else None
            if not hashes:
                return StoredFile(self._stored.size_bytes(name), key)
            file.seek(0)
            digest, size = hashlib.sha256(), 0
            while data := file.read(_READ_BYTES):
                digest.update(data)
                size += len(data)
        return StoredFile(size, key, digest.digest())

    def _repair(self, finding: Finding) -> ClosedSegment | None:
        if finding.kind is Difference.KEY_CAME_BACK:
            for key in self._keys.came_back():
                self._keys.shred(key.commune, key.day)
            return None
        if finding.kind is Difference.LEFT_OVER:
            left = [left for left in left_overs(self._stored) if left.name == finding.name]
            return recover_left_over(self._stored, left[0], self._keys) if left else None
        with self._opened.open(finding.name) as file:
            about = read_segment(file, finding.name)
        return with_hashes(about, self._opened)

    def _tell(self, segments: Sequence[ClosedSegment], now_ns: Nanoseconds) -> None:
        by_day: dict[int, list[ClosedSegment]] = {}
        for segment in segments:
            by_day.setdefault(segment.start_ns // NS_PER_DAY, []).append(segment)
        manifests = []
        for number, day in enumerate(sorted(by_day)):
            cameras = tuple(dict.fromkeys(segment.camera for segment in by_day[day]))
            minute_ns = min(segment.start_ns for segment in by_day[day]) // NS_PER_MINUTE * NS_PER_MINUTE
            table = segment_table(cameras, by_day[day])
            manifests.append(Manifest(CHECK_NODE, now_ns // NS_PER_S, number, minute_ns, cameras, table))
        if manifests:
            self._catalogue.record(manifests)


def _is_settling(finding: Finding, now_ns: Nanoseconds) -> bool:
    if finding.kind not in (Difference.FILE_WITHOUT_ROW, Difference.ROW_WITHOUT_FILE):
        return False
    try:
        return parse_segment_name(finding.name).start_ns > now_ns - SETTLED_NS
    except BadInput:
        return False
