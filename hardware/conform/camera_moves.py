"""Questions to a camera that turns, and to one that starts again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from onveef import envelopes

from csu.hal.camera import PtzVelocity
from csu.hal.clock import NS_PER_S
from csu.hal.words import Words
from hardware.conform.asking import Answer, at_most, either, fails, lacks, question
from hardware.conform.camera_pictures import on_main
from hardware.conform.camera_subject import BACK_WITHIN_S, CameraSubject
from hardware.onvif.ears import ears
from hardware.onvif.reading import MediaProfile

STOP_S_MAX = 1.5
"""From the Stop until two statuses agree: a mount at full speed comes to rest within a second."""
TIMEOUT_S = 1
DEAD_MAN_S = 0.5
"""Until the adapter's dead man has seen that it rests, and sends no Stop any more into the next question."""
SLOW = PtzVelocity(0.2, 0.0, 0.0)
_FIXED = Words("elle ne tourne pas", "it does not turn")
_NOT_ALLOWED = Words("la faire tourner : pas demandé (--no-moves)", "not asked (--no-moves)")
_NO_RESTART = Words("le redémarrer : pas demandé (--no-restart)", "not asked (--no-restart)")


def _turning(
    ask: Callable[[CameraSubject, MediaProfile], Awaitable[Answer]],
) -> Callable[[CameraSubject], Awaitable[Answer]]:
    """Of a camera that turns, and may; it is stopped afterwards whatever happened."""

    async def asked(subject: CameraSubject) -> Answer:
        profile = await subject.turning_profile()
        if profile is None or not subject.how.may_move:
            return lacks(_FIXED if profile is None else _NOT_ALLOWED)
        if subject.stood is None:
            subject.stood = profile, await subject.status(profile)
        try:
            return await ask(subject, profile)
        finally:
            await _stop(subject, profile)
            await subject.rests(profile, 2 * STOP_S_MAX)
            await asyncio.sleep(DEAD_MAN_S)

    return asked


@question("ptz.says_where", "PRV-5", Words("Elle dit où elle regarde", "It says where it looks"))
@_turning
async def says_where(subject: CameraSubject, profile: MediaProfile) -> Answer:
    began_ns = subject.clock.monotonic_ns()
    status = await subject.status(profile)
    took_s = (subject.clock.monotonic_ns() - began_ns) / NS_PER_S
    if status.position is None:
        return fails(Words("elle ne dit pas sa position", "it tells no position"))
    return at_most(took_s, 0.25, "s", Words(f"en {took_s * 1000:.0f} ms", f"in {took_s * 1000:.0f} ms"))


@question("ptz.turns_and_says_so", "PRV-5", Words("Elle tourne, et le dit", "It turns, and says so"))
@_turning
async def turns(subject: CameraSubject, profile: MediaProfile) -> Answer:
    before = await subject.status(profile)
    await subject.camera.move(PtzVelocity(0.3, 0.1, 0.1))
    await asyncio.sleep(0.4)
    during = await subject.status(profile)
    await asyncio.sleep(0.3)
    after = await subject.status(profile)
    if after.position == before.position:
        return fails(Words("elle ne bouge pas", "it does not move"))
    said = during.says_moving is True
    return either(
        said, Words("MOVING pendant le mouvement", "MOVING while it moves"), Words("elle le tait", "it does not say")
    )


@question("ptz.one_axis", "PRV-5", Words("Elle obéit à un seul axe", "It obeys a single axis"))
@_turning
async def one_axis(subject: CameraSubject, profile: MediaProfile) -> Answer:
    before = await subject.status(profile)
    body = envelopes.ptz_continuous_move(profile_token=profile.token, pan=0.3, tilt=0.0, zoom=None, timeout="")
    await subject.session.call("ptz", "ContinuousMove", body)
    await asyncio.sleep(0.8)
    moved = (await subject.status(profile)).position != (before.position)
    return either(
        moved, Words("panoramique seul", "pan alone"), Words("elle dit oui et ne bouge pas", "it says yes and stays")
    )


@question("ptz.stops", "PRV-5", Words("Elle s'arrête à l'ordre", "It stops when told"))
@_turning
async def stops(subject: CameraSubject, profile: MediaProfile) -> Answer:
    await subject.camera.move(PtzVelocity(0.5, 0.0, 0.0))
    await asyncio.sleep(0.6)
    await _stop(subject, profile)
    rests_s = await subject.rests(profile, 4 * STOP_S_MAX)
    if rests_s is None:
        return fails(Words("elle tourne encore", "it still turns"))
    return at_most(rests_s, STOP_S_MAX, "s", Words.same(f"{rests_s:.2f} s"))


@question("ptz.keeps_timeout", "PRV-5", Words("Elle s'arrête au délai donné", "It stops at the time-out it was given"))
@_turning
async def keeps_timeout(subject: CameraSubject, profile: MediaProfile) -> Answer:
    body = envelopes.ptz_continuous_move(
        profile_token=profile.token, pan=0.2, tilt=0.0, zoom=0.0, timeout=f"PT{TIMEOUT_S}S"
    )
    await subject.session.call("ptz", "ContinuousMove", body)
    await asyncio.sleep(TIMEOUT_S + 0.7)
    rests_s = await subject.rests(profile, 1.0)
    return either(
        rests_s is not None,
        Words(f"au bout de {TIMEOUT_S} s", f"after {TIMEOUT_S} s"),
        Words("elle tourne toujours : le veilleur du moteur l'arrête", "it runs away: the engine's dead man stops it"),
    )


@question("masks.while_moving", "PRV-5", Words("Le masque tient pendant un mouvement", "The mask holds during a move"))
@_turning
async def masks_hold(subject: CameraSubject, profile: MediaProfile) -> Answer:
    if subject.masks_before is None:
        return lacks(Words("aucun masque à elle", "no masks of its own"))
    moving = asyncio.ensure_future(_to_and_fro(subject))
    try:
        return await on_main.ask(subject)
    finally:
        moving.cancel()
        await asyncio.gather(moving, return_exceptions=True)


@question("restart.comes_back", "TEC-6", Words("Redémarrée, elle revient", "Restarted, it comes back"))
async def comes_back(subject: CameraSubject) -> Answer:
    if not subject.how.may_restart:
        return lacks(_NO_RESTART)
    took_s = await subject.restart()
    return at_most(took_s, BACK_WITHIN_S, "s", Words.same(f"{took_s:.1f} s"))


@question(
    "restart.same_streams", "TEC-1", Words("Redémarrée, ses flux sont les mêmes", "Restarted, its streams are the same")
)
async def same_streams(subject: CameraSubject) -> Answer:
    if subject.restarted_in_s is None:
        return lacks(_NO_RESTART)
    main = await subject.main_look()
    now = await subject.eyes.watch(await subject.address((await subject.profiles())[0]), 1.0)
    told = Words.same(f"{main.width_px}x{main.height_px} / {now.width_px}x{now.height_px}")
    return either((now.width_px, now.height_px) == (main.width_px, main.height_px), told, told)


@question("restart.still_deaf", "AUD-1", Words("Redémarrée, elle reste sourde", "Restarted, it stays deaf"))
async def still_deaf(subject: CameraSubject) -> Answer:
    if subject.restarted_in_s is None:
        return lacks(_NO_RESTART)
    heard = await ears(subject.session)
    return either(
        not heard,
        Words("aucune source son", "no audio source"),
        Words(f"{len(heard)} source(s) son revenues", f"{len(heard)} audio source(s) are back"),
    )


@question("masks.after_restart", "PRV-5", Words("Le masque survit au redémarrage", "The mask survives a restart"))
async def masks_survive(subject: CameraSubject) -> Answer:
    if subject.restarted_in_s is None:
        return lacks(_NO_RESTART)
    return await on_main.ask(subject)


async def _to_and_fro(subject: CameraSubject) -> None:
    while True:
        for pan in (0.3, -0.3):
            await subject.camera.move(PtzVelocity(pan, 0.0, 0.0))
            await asyncio.sleep(0.7)


async def _stop(subject: CameraSubject, profile: MediaProfile) -> None:
    """Sent here too: the adapter's dead man looks after what it moved itself."""
    await subject.camera.stop()
    body = envelopes.ptz_stop(profile_token=profile.token, pan_tilt=True, zoom=True)
    await subject.session.call("ptz", "Stop", body)


MOVES = (says_where, turns, one_axis, stops, keeps_timeout, masks_hold)
RESTARTS = (comes_back, same_streams, still_deaf, masks_survive)
