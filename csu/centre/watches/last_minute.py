"""What each node last accounted for: who was recorded in that minute, why not, and how wrong clocks are."""

from __future__ import annotations

from collections.abc import Mapping

from csu.centre.events import CentreEvent, ManifestTaken
from csu.centre.watches.clock_watch import WRONG_MS
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, Nanoseconds
from csu.hal.media import Manifest, NodeId
from csu.operations.inventory import LastMinute


class LastMinutes:
    """One for each centre. Hearing costs nothing: an account is read when somebody asks."""

    def __init__(self) -> None:
        self._manifests: dict[NodeId, Manifest] = {}

    def hear(self, event: CentreEvent) -> None:
        """Give it to the centre's listeners."""
        if isinstance(event, ManifestTaken):
            known = self._manifests.get(event.manifest.node)
            if known is None or event.manifest.minute_ns >= known.minute_ns:
                self._manifests[event.manifest.node] = event.manifest

    @property
    def told_at_ns(self) -> Mapping[NodeId, Nanoseconds]:
        """Of each node, the end of the minute that it last accounted for."""
        return {node: manifest.minute_ns + NS_PER_MINUTE for node, manifest in self._manifests.items()}

    def all(self) -> dict[CameraId, LastMinute]:
        """Of each camera, by the node that spoke of it last."""
        found: dict[CameraId, LastMinute] = {}
        for manifest in sorted(self._manifests.values(), key=lambda each: each.minute_ns):
            found |= _minutes_of(manifest)
        return found


def _minutes_of(manifest: Manifest) -> dict[CameraId, LastMinute]:
    segments, end_ns = manifest.segments, manifest.minute_ns + NS_PER_MINUTE
    offsets = dict(zip(segments.camera.tolist(), segments.clock_offset_ms.tolist(), strict=True))
    open_gaps = {gap.camera: gap.cause for gap in manifest.gaps if gap.end_ns >= end_ns}
    said_gaps = {gap.camera: gap.cause for gap in manifest.gaps}
    minutes = {}
    for index, camera in enumerate(manifest.cameras):
        offset_ms = offsets.get(index)
        minutes[camera] = LastMinute(
            manifest.node,
            manifest.minute_ns,
            is_recorded=offset_ms is not None and camera not in open_gaps,
            gap=open_gaps.get(camera, said_gaps.get(camera)),
            clock_offset_ms=offset_ms,
            is_clock_wrong=offset_ms is not None and abs(offset_ms) > WRONG_MS,
        )
    return minutes
