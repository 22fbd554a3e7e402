"""Which cameras are proposed for an alarm: the nearest that may be watched, of its commune unless a person's rights say
more (OPS-3, COM-3)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import islice

from csu.alarms import Alarm, nearest_cameras
from csu.centre.papers import Papers
from csu.hal.camera import CameraId, CameraRecord, CommuneId
from csu.hal.clock import Nanoseconds

PROPOSED_MAX = 4
"""As many as a person looks at for one alarm [D]."""

Place = tuple[float, float]


class Proposals:
    """Pure, over the papers as they are now."""

    def __init__(
        self,
        papers: Papers,
        records: Sequence[CameraRecord],
        *,
        found_at_m: Mapping[CameraId, Place],
        sites_m: Mapping[tuple[CommuneId, str], Place],
        may_watch: Callable[[CameraId], bool],
    ) -> None:
        """`found_at_m`: where cameras were found to stand, before where their papers say. `sites_m`: where the alarmed
        buildings stand, by commune and name. All in the metres of one origin. `may_watch`: by its papers, now."""
        self._papers, self._records, self._found_at_m, self._sites_m = papers, tuple(records), found_at_m, sites_m
        self._may_watch = may_watch

    def cameras(
        self, alarm: Alarm, now_ns: Nanoseconds, may_view: Callable[[CameraId], bool] | None = None
    ) -> tuple[CameraId, ...]:
        """At most PROPOSED_MAX, the nearest first. Where nobody said where the building stands: those of its commune,
        by number.

        `may_view`: whether the person who asks may see a camera; None: nobody asked yet, so none of another commune.
        """
        message = alarm.message

        def allowed(camera: CameraId) -> bool:
            return self._may_watch(camera) and (may_view is None or may_view(camera))

        ours = [record for record in self._records if record.commune == message.commune]
        at_m = self._sites_m.get((message.commune, message.site))
        if at_m is None:
            in_order = sorted(ours, key=lambda record: record.number)
            return tuple(islice((record.camera for record in in_order if allowed(record.camera)), PROPOSED_MAX))
        near = self._records if may_view is not None else ours
        return nearest_cameras(at_m, self.places(now_ns, near), allowed, most=PROPOSED_MAX)

    @property
    def sites_m(self) -> Mapping[tuple[CommuneId, str], Place]:
        """Where alarmed buildings stand."""
        return self._sites_m

    def places(self, now_ns: Nanoseconds, records: Sequence[CameraRecord] | None = None) -> dict[CameraId, Place]:
        """Where these cameras stand, or all, as far as anybody said."""
        records = self._records if records is None else records
        wanted = {record.camera for record in records}
        found = {camera: at_m for camera, at_m in self._found_at_m.items() if camera in wanted}
        return stands_at(self._papers, wanted, now_ns) | found


def stands_at(papers: Papers, cameras: Collection[CameraId], now_ns: Nanoseconds) -> dict[CameraId, Place]:
    """Where their papers say that these cameras stand, in the site's metres; of the others nobody knows."""
    return {
        governed.camera: (stands.x_m, stands.y_m)
        for governed in papers.register.facts.cameras
        if governed.camera in cameras and (stands := governed.placement(now_ns)) is not None
    }
