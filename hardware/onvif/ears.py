"""Microphones: taken out of every profile, by every service that shows them, and looked for again (AUD-1)."""

from __future__ import annotations

from onveef import envelopes

from csu.hal.camera import AudioState
from hardware.onvif.errors import DeviceFault, NotOffered, not_offered
from hardware.onvif.reading import MediaProfile, Unreadable, profiles
from hardware.onvif.session import Session

MEDIA = ("media2", "media")
"""Both list profiles; a device that has both may show in one what the other hides."""


async def media_profiles(session: Session, service: str) -> tuple[MediaProfile, ...]:
    """The profiles of one service. Raises CameraError."""
    body = envelopes.media_get_profiles(use_media2=service == "media2")
    try:
        return profiles(await session.call(service, "GetProfiles", body))
    except Unreadable as error:
        raise session.unreadable(error) from None


async def ears(session: Session) -> frozenset[str]:
    """Every audio source or encoder that some profile has, by its token.

    Raises CameraError, also for a device that shows no profile: nobody knows then whether it hears.
    """
    shown = [profile for service in await _offered(session) for profile in await media_profiles(session, service)]
    if not shown:
        raise not_offered(session.camera, "GetProfiles")
    return frozenset(profile.audio_source or profile.audio_encoder for profile in shown if profile.hears)


async def refuse_audio(session: Session) -> AudioState:
    """See Camera.refuse_audio. Only what is seen to be gone counts: a device may say yes and do nothing."""
    for service in await _offered(session):
        for profile in await media_profiles(session, service):
            if profile.hears:
                await _deafen(session, service, profile)
    return AudioState.STILL_OFFERED if await ears(session) else AudioState.ABSENT


async def _offered(session: Session) -> list[str]:
    return [service for service in MEDIA if await session.offers(service)]


async def _deafen(session: Session, service: str, profile: MediaProfile) -> None:
    """The encoder before its source: some devices refuse the other order."""
    for kind, token in (("AudioEncoder", profile.audio_encoder), ("AudioSource", profile.audio_source)):
        if not token:
            continue
        if service == "media2":
            operation = "RemoveConfiguration"
            body = envelopes.media2_remove_configuration(
                profile_token=profile.token, configurations=[{"type": kind, "token": token}]
            )
        elif kind == "AudioEncoder":
            operation = "RemoveAudioEncoderConfiguration"
            body = envelopes.media_remove_audio_encoder_configuration(profile_token=profile.token)
        else:
            operation = "RemoveAudioSourceConfiguration"
            body = envelopes.media_remove_audio_source_configuration(profile_token=profile.token)
        try:
            await session.call(service, operation, body)
        except (DeviceFault, NotOffered):
            continue  # it is looked for again below, and told
