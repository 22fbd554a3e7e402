"""The last question to a camera: is it as it was found? Its microphones stay out of its profiles: that is the law."""

from __future__ import annotations

from csu.hal.errors import CsuError
from csu.hal.words import Words
from hardware.conform.asking import Answer, fails, holds, question
from hardware.conform.camera_pictures import are_alike
from hardware.conform.camera_subject import CameraSubject
from hardware.onvif import bodies
from hardware.onvif.reading import MediaProfile, PtzStatus, ptz_spaces

BACK_WITHIN_S = 15.0
"""Half a turn, for a slow mount."""
AWAY_MAX_DEG = 1.0
"""Of a pan range of 360, tilt and zoom in proportion: nearer than that it looks where it looked."""


@question(
    "device.as_found",
    "PRV-6",
    Words("Elle est rendue comme elle était : masques, direction", "It is left as it was: masks, direction"),
)
async def as_found(subject: CameraSubject) -> Answer:
    """Both are tried, whatever the other's luck."""
    if subject.masks_before is None and subject.stood is None:
        return holds(Words("rien n'y a été changé", "nothing was changed"))
    wrong = [why for why in (await _masks_back(subject), await _turned_back(subject)) if why]
    subject.is_put_back = True
    if wrong:
        return fails(Words("; ".join(each.fr for each in wrong), "; ".join(each.en for each in wrong)))
    return holds(Words("relu après coup", "read afterwards"))


async def _masks_back(subject: CameraSubject) -> Words | None:
    """Why it has not its masks again; None when it has."""
    before = subject.masks_before
    if before is None:
        return None
    try:
        await subject.camera.push_masks(before)
        now = await subject.camera.read_masks()
    except CsuError as error:
        return error.trouble.what
    told = Words(f"{len(now)} masque(s), {len(before)} avant", f"{len(now)} mask(s), {len(before)} before")
    return None if are_alike(now, before) else told


async def _turned_back(subject: CameraSubject) -> Words | None:
    """Why it does not look where it looked; None when it does."""
    if subject.stood is None:
        return None
    profile, stood = subject.stood
    if stood.position is None:
        return Words("elle n'a pas dit où elle regardait", "it did not say where it looked")
    try:
        await subject.session.call("ptz", "AbsoluteMove", bodies.absolute_move(profile.token, stood.position))
        rests = await subject.rests(profile, BACK_WITHIN_S) is not None
        away_deg = await _away_deg(subject, profile, stood)
    except CsuError as error:
        return error.trouble.what
    if not rests:
        return Words(f"elle tourne encore après {BACK_WITHIN_S:g} s", f"it still turns after {BACK_WITHIN_S:g} s")
    if away_deg is None or away_deg > AWAY_MAX_DEG:
        return Words("elle ne regarde pas où elle regardait", "it does not look where it looked")
    return None


async def _away_deg(subject: CameraSubject, profile: MediaProfile, stood: PtzStatus) -> float | None:
    """How far it is from where it stood; None when it does not say."""
    now = (await subject.status(profile)).position
    spaces = ptz_spaces(await subject.session.call("ptz", "GetNode", bodies.get_node(profile.ptz_node)))
    before, after = (spaces.place(each) if each is not None else None for each in (stood.position, now))
    if before is None or after is None:
        return None
    return max(abs(a - b) for a, b in zip(before, after, strict=True))
