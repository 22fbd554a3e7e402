"""A camera's loudspeaker: it says what it is sent and nothing else is set up; whatever would answer ends the talk."""

from __future__ import annotations

import asyncio
import time

import pytest

from csu.hal.camera import CameraError
from csu.hal.loudspeaker import NoLoudspeaker, ReturnChannel
from hardware.onvif import Tls
from sim.endpoints import Fault, FaultKind, Speaker
from sim.endpoints.onvif import OnvifQuirk

NAME = "cam-0001"
SOUND = bytes(range(256)) * 10
"""0.32 s; 16 packets."""


@pytest.fixture
def fitted(streams):
    """The dome with an honest loudspeaker, and what happened to it: `fitted()` -> set-ups, microphones, ends, heard."""
    streams.fit_speaker(NAME, Speaker.ONE_WAY)
    streams.heard(NAME)
    before = streams.counts()[NAME]

    def since(ends: int = 1):
        until = time.monotonic() + 5  # it may learn that it is over a moment after we hung up
        while (now := streams.counts()[NAME]).speaker_ends - before.speaker_ends < ends and time.monotonic() < until:
            time.sleep(0.02)
        told = (now.speaker_setups - before.speaker_setups, now.audio_setups - before.audio_setups)
        return *told, now.speaker_ends - before.speaker_ends, streams.heard(NAME)

    yield since
    streams.fit_speaker(NAME, Speaker.NONE)


@pytest.mark.parametrize("secure", [False, True])
def test_it_says_what_it_is_sent_at_the_pace_of_speech_and_its_microphone_is_never_set_up(
    on_dome, fitted, certificate, secure
):
    async def check(device, camera):
        began = time.monotonic()
        await camera.speak(SOUND)
        assert time.monotonic() - began >= 0.32
        assert await asyncio.to_thread(fitted) == (1, 0, 1, SOUND)

    context, pem = certificate("camera")
    on_dome(check, **({"tls": context, "trust": Tls(pinned_file=pem), "rtsps": True} if secure else {}))


def test_a_camera_without_one_says_so_before_anything_is_set_up(on_dome, streams):
    async def check(device, camera):
        before = await asyncio.to_thread(streams.counts)
        with pytest.raises(NoLoudspeaker, match="no one-way loudspeaker"):
            await camera.speak(SOUND)
        assert (await asyncio.to_thread(streams.counts))[NAME].speaker_setups == before[NAME].speaker_setups

    on_dome(check)


def test_one_that_would_listen_as_well_is_not_even_set_up(on_dome, fitted):
    async def check(device, camera):
        with pytest.raises(ReturnChannel, match="speaks only where it listens"):
            await camera.speak(SOUND)
        assert await asyncio.to_thread(fitted, 0) == (0, 0, 0, b"")

    on_dome(check, OnvifQuirk.SPEAKER_DUPLEX)


def test_the_first_sound_that_comes_back_ends_the_talk_and_the_camera_is_told_to_forget_it(on_dome, fitted):
    async def check(device, camera):
        with pytest.raises(ReturnChannel, match="it sends sound"):
            await camera.speak(SOUND * 20)
        setups, microphones, ends, heard = await asyncio.to_thread(fitted)
        assert (setups, microphones, ends) == (1, 0, 1)
        assert len(heard) < len(SOUND) * 10

    on_dome(check, OnvifQuirk.SPEAKER_LISTENS)


def test_who_gives_up_hangs_up_and_what_was_not_said_is_not(on_dome, fitted, streams):
    async def check(device, camera):
        saying = asyncio.create_task(camera.speak(SOUND * 30))
        while not await asyncio.to_thread(streams.heard, NAME):
            await asyncio.sleep(0.02)
        saying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await saying
        setups, _, ends, heard = await asyncio.to_thread(fitted)
        assert (setups, ends) == (1, 1)
        assert len(heard) < len(SOUND) * 29

    on_dome(check)


@pytest.mark.parametrize("kind", [FaultKind.MUTE, FaultKind.REFUSE_LOGIN])
def test_one_that_does_not_answer_or_takes_no_login_costs_its_time_and_no_more(on_dome, fitted, streams, kind):
    async def check(device, camera):
        await asyncio.to_thread(streams.misbehave, NAME, Fault(kind))
        began = time.monotonic()
        with pytest.raises(CameraError) as told:
            await camera.speak(SOUND)
        assert time.monotonic() - began < 20
        assert "street-0000" not in str(told.value)

    on_dome(check, answer_s_max=1.0)
