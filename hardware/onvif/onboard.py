"""Masks that the device burns in by itself (Media2): pushed, and read back as it tells them.

ONVIF masks have no name and a device ignores the token it is offered, so names are kept here. It may change a polygon
without a fault: whether what it tells is enough is the engine's to decide, by comparing and by looking at pictures.
"""

from __future__ import annotations

from collections.abc import Sequence

from onveef import envelopes

from csu.hal.camera import CameraError, OnboardMask
from csu.hal.words import Words
from hardware.onvif import bodies
from hardware.onvif.errors import DeviceFault, NotOffered
from hardware.onvif.reading import MaskLimits, MaskTold, Unreadable, created_token, mask_limits, masks
from hardware.onvif.session import Session

NO_MASKS = MaskLimits(masks=0, corners=0, colour=False, rectangle_only=False)


class OnboardMasks:
    """The masks of one video source configuration. All calls may raise CameraError."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._names: dict[str, str] = {}
        """By token, in the order in which they were pushed."""

    async def limits(self, configuration: str) -> MaskLimits:
        """What it takes; NO_MASKS where no mask can be proved: none at all, no plain colour, rectangles only."""
        if not configuration or not await self._session.offers("media2"):
            return NO_MASKS
        try:
            answer = await self._session.call("media2", "GetMaskOptions", bodies.get_mask_options(configuration))
            found = mask_limits(answer)
        except (NotOffered, DeviceFault):
            return NO_MASKS
        except Unreadable as error:
            raise self._session.unreadable(error) from None
        return found if found.colour and not found.rectangle_only and found.corners >= 3 else NO_MASKS

    async def push(self, configuration: str, wanted: Sequence[OnboardMask]) -> None:
        """Replace all masks. Too many, or a shape it cannot take, is refused before anything is changed.

        Masks that are there are changed one by one, then others made, then those left over deleted: nothing is bare
        meanwhile that is covered before and after.
        """
        limits = await self.limits(configuration)
        self._require_room(wanted, limits)
        if limits is NO_MASKS:
            return
        there = [mask.token for mask in await self._told(configuration)]
        names: dict[str, str] = {}
        for token, mask in zip(there, wanted, strict=False):
            await self._session.call("media2", "SetMask", bodies.set_mask(configuration, mask, token))
            names[token] = mask.name
        for mask in wanted[len(there) :]:
            answer = await self._session.call("media2", "CreateMask", bodies.create_mask(configuration, mask))
            try:
                names[created_token(answer)] = mask.name
            except Unreadable as error:
                raise self._session.unreadable(error) from None
        for token in there[len(wanted) :]:
            await self._session.call("media2", "DeleteMask", envelopes.media2_delete_mask(token=token))
        self._names = names

    async def read(self, configuration: str) -> tuple[OnboardMask, ...]:
        """Those it says it burns in one colour, in the order of the last push, then any other.

        A mask that is off, blurs or pixelates hides nothing that can be proved, and is not told.
        """
        if await self.limits(configuration) is NO_MASKS:
            return ()
        told = await self._told(configuration)
        order = {token: place for place, token in enumerate(self._names)}
        ranked = sorted(told, key=lambda mask: order.get(mask.token, len(order)))
        return tuple(
            OnboardMask(self._names.get(mask.token, mask.token), bodies.picture_corners(mask.corners), mask.colour)
            for mask in ranked
            if mask.enabled and mask.colour is not None
        )

    async def _told(self, configuration: str) -> tuple[MaskTold, ...]:
        body = envelopes.media2_get_masks(configuration_token=configuration)
        try:
            return masks(await self._session.call("media2", "GetMasks", body))
        except Unreadable as error:
            raise self._session.unreadable(error) from None

    def _require_room(self, wanted: Sequence[OnboardMask], limits: MaskLimits) -> None:
        camera = self._session.camera
        if len(wanted) > limits.masks:
            raise CameraError(
                Words(
                    f"{len(wanted)} masques demandés, elle en prend {limits.masks}",
                    f"{len(wanted)} masks asked for, it takes {limits.masks}",
                ),
                where=camera,
                what_to_do=Words("Laissez le moteur masquer", "Let the engine mask"),
            )
        for mask in wanted:
            inside = all(0.0 <= share <= 1.0 for corner in mask.corners for share in corner)
            if not 3 <= len(mask.corners) <= limits.corners or not inside:
                raise CameraError(
                    Words(
                        f"le masque {mask.name} n'a pas une forme qu'elle prend",
                        f"mask {mask.name} has no shape that it takes",
                    ),
                    where=camera,
                    what_to_do=Words(
                        f"Donnez 3 à {limits.corners} coins dans l'image",
                        f"Give 3 to {limits.corners} corners in the picture",
                    ),
                )
