"""The tours that a camera makes by itself: none while the centre turns it, none after it was entered. Shell.

The centre's rounds are its own (`csu.operations`); its presets are poses that it remembers. A camera that wanders all
the same is masked for where it looks, as any other; but nobody can hold a picture with it.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, tostring
from xml.sax.saxutils import escape

from onveef import envelopes

from hardware.onvif.errors import DeviceFault, NotOffered
from hardware.onvif.reading import TourTold, preset_tours
from hardware.onvif.session import Session


class Tours:
    """Of one head. All calls may raise CameraError."""

    def __init__(self, session: Session, profile: str) -> None:
        self._session, self._profile = session, profile
        self._has_none = False

    async def end(self, *, for_good: bool = False) -> int:
        """Stop those on their way. `for_good`: none begins by itself after a restart either. How many were ended, or
        kept from beginning."""
        ended = 0
        for tour in await self._told():
            stops, waits = tour.is_running, for_good and tour.begins_by_itself
            if stops:
                body = envelopes.ptz_operate_preset_tour(
                    profile_token=self._profile, preset_tour_token=tour.token, operation="Stop"
                )
                stops = await self._is_done("OperatePresetTour", body)
            if waits:
                waits = await self._is_done("ModifyPresetTour", _waiting(self._profile, tour.element))
            ended += stops or waits
        return ended

    async def _is_done(self, operation: str, body: str) -> bool:
        """False where it will not: it goes on wandering, and is masked for where it looks."""
        try:
            await self._session.call("ptz", operation, body)
        except (NotOffered, DeviceFault):
            return False
        return True

    async def _told(self) -> tuple[TourTold, ...]:
        """Asked once of a camera that has no tours at all."""
        if self._has_none:
            return ()
        body = envelopes.ptz_get_preset_tours(profile_token=self._profile)
        try:
            return preset_tours(await self._session.call("ptz", "GetPresetTours", body))
        except (NotOffered, DeviceFault):
            self._has_none = True
            return ()


def _waiting(profile: str, tour: Element) -> str:
    """The same tour, which begins when it is told to."""
    for each in tour.iter():
        if each.tag.endswith("}AutoStart"):
            each.text = "false"
    told = tostring(tour, encoding="unicode").strip()
    return (
        f"<tptz:ModifyPresetTour><tptz:ProfileToken>{escape(profile)}</tptz:ProfileToken>{told}</tptz:ModifyPresetTour>"
    )
