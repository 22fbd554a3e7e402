"""The examination of a camera: network, streams, silence, masks, head, and what a restart leaves of them."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from csu.hal.conformance import Check, CheckStatus, Examination, StreamEyes
from csu.hal.words import Words
from csu.machine import SystemChance, SystemClock
from hardware.conform import camera_moves, camera_network, camera_pictures
from hardware.conform.asking import ask_all
from hardware.conform.camera_as_found import as_found
from hardware.conform.camera_subject import CameraSubject
from hardware.conform.camera_target import CameraTarget, read_target, seen_certificate
from hardware.onvif import open_onvif_camera
from hardware.onvif.session import Session

QUESTIONS = (
    *camera_network.FIRST,
    *camera_pictures.ADDRESSES,
    *camera_network.QUESTIONS,
    *camera_pictures.SILENCE,
    *camera_pictures.STREAMS,
    *camera_pictures.MASKS,
    *camera_moves.MOVES,
    *camera_moves.RESTARTS,
    *camera_network.AT_THE_END,
    as_found,
)
"""In this order: what ends an examination comes first, what disturbs the camera last; then it is left as it was."""


async def examine_camera(target: str, eyes: StreamEyes, examination: Examination) -> AsyncIterator[Check]:
    """See `csu.hal.conformance.Examiner`. `target`: see CameraTarget."""
    place = read_target(target)
    with tempfile.TemporaryDirectory(prefix="csu-conform-") as directory:
        pinned, fingerprint = await _pinned(place, Path(directory))
        if place.fingerprint and fingerprint != place.fingerprint:
            yield _another(fingerprint)
            return
        clock, settings = SystemClock(), place.settings(pinned)
        async with (
            open_onvif_camera(settings, place.login, clock, SystemChance(place.host)) as camera,
            open_onvif_camera(replace(settings, rtsps=True), place.login, clock, SystemChance(place.host)) as secure,
            Session(settings, place.login, clock) as session,
        ):
            subject = CameraSubject(place, settings, camera, secure, session, eyes, examination, clock, fingerprint)
            try:
                async for check in ask_all(QUESTIONS, subject):
                    yield check
            finally:
                if not subject.is_put_back:  # somebody broke off: nobody listens any more
                    await as_found.ask(subject)


async def _pinned(place: CameraTarget, directory: Path) -> tuple[Path | None, str]:
    if not place.is_tls:
        return None, ""
    pem, fingerprint = await asyncio.to_thread(seen_certificate, place)
    pinned = directory / "camera.pem"
    pinned.write_text(pem)
    return pinned, fingerprint


def _another(fingerprint: str) -> Check:
    return Check(
        "tls.certificate",
        "TEC-5",
        Words("Elle montre le certificat inscrit", "It shows the certificate on record"),
        CheckStatus.FAILED,
        Words(f"un autre : {fingerprint}", f"another one: {fingerprint}"),
    )
