"""Questions to a camera about its streams, its silence and its own masks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from csu.hal.camera import AudioState, OnboardMask
from csu.hal.words import Words
from hardware.conform.asking import Answer, at_least, at_most, either, fails, holds, lacks, question
from hardware.conform.camera_subject import SHORT_S, CameraSubject
from hardware.conform.camera_target import FLOORS

START_S_MAX = 5.0
KEY_INTERVAL_S_MAX = 10.0
"""Segments end at key frames."""
NARROW = 704, 576, 12.0
"""What a stream must have for a view of people close by (TEC-1, TEC-2)."""
CORNER_MAX = 0.02
"""Of the picture's side: how far a mask read back may lie from the one pushed."""
BURNS_WITHIN_S = 1.0

_NO_MASKS = Words("aucun masque à elle : route du moteur", "no masks of its own: the engine's route")
_NO_SUB = Words("un seul flux", "one stream only")


@question("stream.address", "TEC-5", Words("Ses flux sont chez elle", "Its streams are at its own address"), ends=True)
async def addresses(subject: CameraSubject) -> Answer:
    profiles = await subject.profiles()
    for profile in profiles:
        await subject.address(profile)
    return holds(Words(f"{len(profiles)} flux", f"{len(profiles)} streams"))


@question("stream.format", "TEC-1", Words("Son flux est de ceux que le moteur prend", "The engine takes its stream"))
async def form(subject: CameraSubject) -> Answer:
    codecs = []
    for profile in await subject.profiles():
        codecs.append((await subject.eyes.offer(await subject.address(profile))).video_codec)
    return either(set(codecs) == {"H264"}, Words.same("H.264"), Words.same(", ".join(codecs)))


@question("stream.size", "TEC-1", Words("Ses images ont la taille exigée", "Its pictures have the size demanded"))
async def size(subject: CameraSubject) -> Answer:
    look = await subject.main_look()
    told = f"{look.width_px}x{look.height_px}"
    is_narrow = look.width_px >= NARROW[0] and look.height_px >= NARROW[1]
    view = (
        Words("plans étroits et larges", "narrow and wide views") if is_narrow else Words("plans larges", "wide views")
    )
    enough = look.width_px >= FLOORS.width_px and look.height_px >= FLOORS.height_px
    return either(enough, Words(f"{told} : {view.fr}", f"{told}: {view.en}"), Words.same(told))


@question("stream.as_told", "TEC-1", Words("Elle envoie ce qu'elle annonce", "It sends what it tells"))
async def as_told(subject: CameraSubject) -> Answer:
    look, told = await subject.main_look(), (await subject.capabilities()).profiles[0]
    same = (look.width_px, look.height_px) == (told.width_px, told.height_px)
    found = Words.same(f"{look.width_px}x{look.height_px} / {told.width_px}x{told.height_px}")
    return either(same, found, found)


@question("stream.rate", "TEC-2", Words("Sa cadence mesurée suffit", "Its measured rate is enough"))
async def rate(subject: CameraSubject) -> Answer:
    measured = (await subject.main_look()).frames_per_s
    view = (
        Words("plans étroits et larges", "narrow and wide views")
        if measured >= NARROW[2]
        else Words("plans larges", "wide views")
    )
    return at_least(measured, FLOORS.frames_per_s, "images/s", view)


@question("stream.whole", "TEC-2", Words("Aucune image ne manque", "No picture is missing"))
async def whole(subject: CameraSubject) -> Answer:
    look = await subject.main_look()
    found = Words(f"sur {look.pictures} images", f"of {look.pictures} pictures")
    return at_most(look.frames_missing, 0, "images", found)


@question("stream.starts", "TEC-6", Words("La première image vient vite", "The first picture comes soon"))
async def starts(subject: CameraSubject) -> Answer:
    began_s = (await subject.main_look()).started_in_s
    return at_most(began_s, START_S_MAX, "s", Words.same(f"{began_s:.2f} s"))


@question("stream.key_interval", "TEC-3", Words("Les images clés sont assez proches", "Key frames are close enough"))
async def key_interval(subject: CameraSubject) -> Answer:
    between_s = (await subject.main_look()).key_interval_s
    return at_most(between_s, KEY_INTERVAL_S_MAX, "s", Words.same(f"{between_s:.2f} s"))


@question("stream.sub", "TEC-6", Words("Elle a un petit flux, qui joue", "It has a small stream, and it plays"))
async def sub(subject: CameraSubject) -> Answer:
    profiles = await subject.profiles()
    if len(profiles) < 2:
        return lacks(_NO_SUB)
    look = await subject.eyes.watch(await subject.address(profiles[1]), SHORT_S)
    return holds(Words.same(f"{look.width_px}x{look.height_px}, {look.frames_per_s:.1f}/s"))


@question("audio.removed", "AUD-1", Words("Ses micros se laissent retirer", "Its microphones can be taken out"))
async def removed(subject: CameraSubject) -> Answer:
    state = await subject.camera.refuse_audio()
    subject.can = None
    return either(
        state is AudioState.ABSENT,
        Words("aucune source son dans aucun profil", "no audio source in any profile"),
        Words("du son reste dans un profil", "some profile still has audio"),
    )


@question("audio.not_offered", "AUD-1", Words("Aucun flux n'offre de son", "No stream offers sound"))
async def not_offered(subject: CameraSubject) -> Answer:
    for profile in await subject.profiles():
        offer = await subject.eyes.offer(await subject.address(profile))
        if offer.audio_tracks:
            tracks = offer.audio_tracks
            return fails(Words(f"{profile} : {tracks} piste(s) son", f"{profile}: {tracks} audio track(s)"))
    return holds(Words("sur tous les flux", "on all streams"))


@question("masks.taken", "PRV-3", Words("Elle prend un masque à elle", "It takes a mask of its own"))
async def taken(subject: CameraSubject) -> Answer:
    if not (await subject.capabilities()).onboard_masks:
        return lacks(_NO_MASKS)
    if subject.masks_before is None:
        subject.masks_before = await subject.camera.read_masks()
    await subject.camera.push_masks(list((await subject.mask_plan()).masks))
    await asyncio.sleep(BURNS_WITHIN_S)
    can = await subject.capabilities()
    corners = can.onboard_mask_corners_max
    return holds(
        Words(f"{can.onboard_masks} masques de {corners} coins", f"{can.onboard_masks} masks of {corners} corners")
    )


@question("masks.read_back", "PRV-3", Words("Elle dit le masque qu'on lui a donné", "It tells the mask it was given"))
async def read_back(subject: CameraSubject) -> Answer:
    if subject.masks_before is None:
        return lacks(_NO_MASKS)
    told, given = await subject.camera.read_masks(), list((await subject.mask_plan()).masks)
    return either(
        are_alike(told, given),
        Words("les mêmes coins", "the same corners"),
        Words("d'autres coins : elle les change sans le dire", "other corners: it changes them without a word"),
    )


@question("masks.main", "PRV-3", Words("Le flux enregistré montre le masque", "The recorded stream shows the mask"))
async def on_main(subject: CameraSubject) -> Answer:
    return await _shows(subject, 0)


@question("masks.sub", "PRV-3", Words("Le petit flux montre le masque", "The small stream shows the mask"))
async def on_sub(subject: CameraSubject) -> Answer:
    return await _shows(subject, 1)


@question("masks.still", "PRV-3", Words("L'image fixe montre le masque", "The still picture shows the mask"))
async def on_still(subject: CameraSubject) -> Answer:
    address = await subject.camera.snapshot()
    if subject.masks_before is None or address is None:
        return lacks(_NO_MASKS if address is not None else Words("pas d'image fixe", "no still picture"))
    why = await subject.eyes.still(address, await subject.mask_plan())
    return holds(Words("à chaque point", "at each point")) if why is None else fails(why)


async def _shows(subject: CameraSubject, place: int) -> Answer:
    """Whether each picture of the main (0) or sub (1) stream shows the mask."""
    if subject.masks_before is None:
        return lacks(_NO_MASKS)
    profiles = await subject.profiles()
    if place >= len(profiles):
        return lacks(_NO_SUB)
    look = await subject.eyes.watch(await subject.address(profiles[place]), SHORT_S, await subject.mask_plan())
    if look.masks_missing:
        return fails(look.first_missing)
    return holds(Words(f"sur {look.pictures} images", f"on {look.pictures} pictures"))


def are_alike(told: Sequence[OnboardMask], given: Sequence[OnboardMask]) -> bool:
    """The same masks, one for one."""
    return len(told) == len(given) and all(map(_is_alike, told, given))


def _is_alike(told: OnboardMask, given: OnboardMask) -> bool:
    """The same corners, in whatever order a device begins with."""
    if len(told.corners) != len(given.corners):
        return False
    near = [min(abs(x - a) + abs(y - b) for a, b in told.corners) for x, y in given.corners]
    return max(near) <= CORNER_MAX


ADDRESSES = (addresses,)
STREAMS = (form, size, as_told, rate, whole, starts, key_interval, sub)
SILENCE = (removed, not_offered)
MASKS = (taken, read_back, on_main, on_sub, on_still)
