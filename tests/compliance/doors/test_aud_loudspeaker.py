"""AUD-4 from the console's door to a camera's loudspeaker on a socket, and who tests the tester.

The door, the rights, the room, the book and the adapter are those that run; the camera is a simulated one that keeps
what it was told to say.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from csu.centre.rooms.speaker_room import SpeakerRoom
from csu.governance import Action, Role
from csu.governance.journal_entry import Ended, Outcome
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.loudspeaker import SpeakingPermit, Speech, SpokenMessage
from csu.machine import SystemChance, SystemClock
from csu.operations import SpeechBook
from hardware.onvif import OnvifCamera, OnvifSettings, StreamFloors, backchannel, open_onvif_camera
from hardware.vault import Login
from sim.endpoints import EndpointSpec, RtspFarm, Speaker
from sim.endpoints.onvif import OnvifSpec, open_onvif

CAMERA = CameraId("cam-0012")
RECORD = CameraRecord(CAMERA, 12, "Place d'Armes", CommuneId("metz"), ViewType.WIDE)
SPEC = OnvifSpec(
    EndpointSpec(CAMERA, 12, width_px=64, height_px=48, frames_per_s=1, audio=True, password="street-0000")
)
SOUND = bytes(range(250)) * 8
"""0.25 s."""
LEAVE = SpokenMessage("leave", "Quittez la place.", SOUND, "a.dupre")
PERMIT = SpeakingPermit("deliberation-7", date(2027, 1, 1), date(2028, 1, 1))
SAY = f"/api/cameras/{CAMERA}/messages/leave"


@pytest.fixture(scope="module")
def farm() -> Iterator[RtspFarm]:
    with RtspFarm([SPEC.endpoint]) as served:
        yield served


class Watched:
    """The camera, and when it was told to speak beside what was journaled."""

    def __init__(self, camera: OnvifCamera, seen: list[str]) -> None:
        self.record, self._camera, self._seen = camera.record, camera, seen

    async def speak(self, pcmu: bytes) -> None:
        self._seen.append("sound")
        await self._camera.speak(pcmu)


@dataclass
class Street:
    """The console of `world` with that camera behind it."""

    world: Any
    farm: RtspFarm
    camera: OnvifCamera
    troubles: list[str] = field(default_factory=list)
    is_short: bool = False
    room: SpeakerRoom | None = None

    def open(self, permit: SpeakingPermit | None = PERMIT) -> None:
        """The centre starts anew."""
        world, self.troubles = self.world, []
        status = world.room.cameras()[0]
        centre = SimpleNamespace(
            board=SimpleNamespace(all=lambda: [status]), may_watch=lambda _: True, is_short_of_watch=self.is_short
        )
        watched = Watched(self.camera, world.seen)
        speech = Speech((LEAVE,), ((watched, permit),)) if permit is not None else None
        self.room = SpeakerRoom(
            speech, centre=centre, clock=world.clock, journal=world.journal,
            tell=lambda each: self.troubles.append(each.what.en),
        )  # fmt: skip
        world.speak_by(self.room)

    async def fit(self, speaker: Speaker) -> None:
        await asyncio.to_thread(self.farm.fit_speaker, CAMERA, speaker)

    async def ask(self, path: str = SAY, role: Role = Role.OPERATOR) -> tuple[Any, list[Any]]:
        """The answer, and the rows that were written for it."""
        self.world.journal.rows.clear()
        self.world.seen.clear()
        answer = await self.world.send("POST", path, {"authorization": self.world.token(role)})
        return answer, [row.entry for row in self.world.journal.rows]

    async def setups(self) -> tuple[int, int]:
        """How often its loudspeaker was set up, and its microphone."""
        counts = (await asyncio.to_thread(self.farm.counts))[CAMERA]
        return counts.speaker_setups, counts.audio_setups

    async def heard(self) -> bytes:
        return await asyncio.to_thread(self.farm.heard, CAMERA)


Check = Callable[[Street], Awaitable[None]]


def on_street(world, farm: RtspFarm, check: Check) -> None:
    async def whole() -> None:
        async with open_onvif([SPEC], farm=farm) as site:
            settings = OnvifSettings(RECORD, site.device(CAMERA).url, StreamFloors(1, 1, 1.0), answer_s_max=2.0)
            login = Login("csu", "street-0000")
            async with open_onvif_camera(settings, login, SystemClock(), SystemChance("test")) as camera:
                street = Street(world, farm, camera)
                await street.heard()
                try:
                    await check(street)
                finally:
                    await street.fit(Speaker.NONE)

    world.runner.run(whole())


async def off_by_default(street: Street) -> None:
    """A camera whose loudspeaker nobody decided on is mute, and the attempt is journaled."""
    await street.fit(Speaker.ONE_WAY)
    before = await street.setups()
    for permit in (None, SpeakingPermit("deliberation-6", date(2026, 1, 1), date(2027, 1, 1))):
        street.open(permit)
        answer, rows = await street.ask()
        assert len(rows) == 3, rows
        told = rows[1]
        assert (answer.status, json.loads(answer.body)["code"]) == (409, "speech_refused")
        assert (told.operation, told.outcome, told.refusal) == ("loudspeaker", Outcome.REFUSED, "aud-4.off")
        assert (told.author, [each.camera for each in told.data]) == ("operator.1", [CAMERA])
    assert await street.setups() == before
    assert await street.heard() == b""


async def each_message_is_journaled_first(street: Street) -> None:
    """Message, author, time and place are written, then it is said, once, and nothing is heard of the street."""
    await street.fit(Speaker.ONE_WAY)
    speakers, microphones = await street.setups()
    street.open()
    answer, rows = await street.ask()
    assert answer.status == 200, answer.body
    assert json.loads(answer.body)["sha256"] == LEAVE.sha256
    assert len(rows) == 4, rows
    door, told, ended, _ = rows
    assert (door.subject, door.outcome) == ("console/loudspeaker/say", Outcome.GRANTED)
    assert (told.author, told.role, told.subject, told.sha256) == (
        "operator.1", "operator", "message/leave", LEAVE.sha256,
    )  # fmt: skip
    assert ([each.camera for each in told.data], told.outcome) == ([CAMERA], Outcome.GRANTED)
    assert isinstance(ended, Ended)
    assert ended.outcome is Outcome.DONE
    assert [each for each in street.world.seen if each != "byte"][:3] == ["journal", "journal", "sound"]
    assert await street.heard() == SOUND
    assert await street.setups() == (speakers + 1, microphones)


async def no_return_channel(street: Street) -> None:
    """A camera that would answer is cut, told, counted, journaled, and spoken through no more."""
    for speaker in (Speaker.LISTENS, Speaker.DUPLEX):
        await street.fit(speaker)
        speakers, microphones = await street.setups()
        street.open()
        answer, rows = await street.ask()
        assert answer.status == 503, (speaker, answer.status)
        told = [row for row in rows if not isinstance(row, Ended) and row.outcome is Outcome.REFUSED]
        assert [(row.refusal, row.subject) for row in told] == [("aud-4.return-channel", "message/leave")]
        assert Outcome.FAILED in [row.outcome for row in rows if isinstance(row, Ended)]
        assert street.room.counts.return_channels == 1
        assert "return channel refused" in street.troubles[0]
        assert len(await street.heard()) < len(SOUND)
        tried = speaker is Speaker.LISTENS  # it is described as honest: only its sound tells
        assert await street.setups() == (speakers + tried, microphones)
        await street.fit(Speaker.ONE_WAY)
        answer, rows = await street.ask()
        assert (answer.status, rows[1].refusal) == (409, "aud-4.return-channel")
        assert await street.heard() == b""


@pytest.mark.requirement("AUD-4")
def test_a_loudspeaker_is_one_way_off_by_default_and_each_message_is_journaled_before_it_is_said(world, farm) -> None:
    on_street(world, farm, off_by_default)
    on_street(world, farm, each_message_is_journaled_first)
    on_street(world, farm, no_return_channel)
    assert not [action for action in Action if "listen" in action.value or "hear" in action.value or "talk" in action]


def test_only_approved_messages_seen_by_two_through_a_camera_that_has_one(world, farm) -> None:
    async def check(street: Street) -> None:
        street.open()
        answer, (_, told, _) = await street.ask(SAY.replace("leave", "jean-dupont"))
        assert (answer.status, told.refusal, told.subject) == (409, "aud-4.no-such-message", "message/unknown")
        street.is_short = True
        street.open()
        answer, (_, told, _) = await street.ask()
        assert (answer.status, told.refusal) == (409, "aud-4.fewer-than-two")
        street.is_short = False
        street.open()
        answer, (_, _, ended, _) = await street.ask()
        assert (answer.status, ended.outcome) == (503, Outcome.FAILED)
        assert street.troubles == ["it has no one-way loudspeaker. Take `loudspeaker` out of its file"]
        assert (street.room.counts.failed, street.room.counts.said) == (1, 0)

    on_street(world, farm, check)


# -- who tests the tester ---------------------------------------------------------------------------------------------


def the_flag_is_ignored(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SpeechBook, "_is_permitted", lambda self, camera, now_ns: True)


def it_is_journaled_when_it_was_said(patch: pytest.MonkeyPatch) -> None:
    async def late(self, camera, spoken, entry):
        await camera.speak(spoken.pcmu)
        async with self._journal.before(entry):
            pass

    patch.setattr(SpeakerRoom, "_speak", late)


def it_is_not_journaled(patch: pytest.MonkeyPatch) -> None:
    async def silent(self, camera, spoken, entry):
        await camera.speak(spoken.pcmu)

    patch.setattr(SpeakerRoom, "_speak", silent)


def sound_that_comes_back_is_borne(patch: pytest.MonkeyPatch) -> None:
    def deaf(self):
        size = 4 + int.from_bytes(self._received[2:4], "big")
        whole = len(self._received) >= size
        self._received = self._received[size:] if whole else self._received
        return whole

    patch.setattr(backchannel.Backchannel, "_take_frame", deaf)


def an_intercom_is_taken_for_a_loudspeaker(patch: pytest.MonkeyPatch) -> None:
    line = backchannel.speaker_line
    patch.setattr(backchannel, "speaker_line", lambda camera, sdp: line(camera, sdp.replace("sendrecv", "sendonly")))


def the_microphone_is_set_up(patch: pytest.MonkeyPatch) -> None:
    line = backchannel.speaker_line

    def ear(camera, sdp):
        found = line(camera, sdp)
        return backchannel.SpeakerLine("trackID=2", found.payload_type)

    patch.setattr(backchannel, "speaker_line", ear)


def who_answered_is_asked_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SpeechBook, "silence", lambda self, camera: None)


MUTANTS: list[tuple[Callable[[pytest.MonkeyPatch], None], Check]] = [
    (the_flag_is_ignored, off_by_default),
    (it_is_journaled_when_it_was_said, each_message_is_journaled_first),
    (it_is_not_journaled, each_message_is_journaled_first),
    (the_microphone_is_set_up, each_message_is_journaled_first),
    (sound_that_comes_back_is_borne, no_return_channel),
    (an_intercom_is_taken_for_a_loudspeaker, no_return_channel),
    (who_answered_is_asked_again, no_return_channel),
]


@pytest.mark.nightly
@pytest.mark.parametrize(("mutate", "check"), MUTANTS, ids=lambda each: each.__name__)
def test_a_planted_defect_is_found(world, farm, monkeypatch, mutate, check) -> None:
    mutate(monkeypatch)
    with pytest.raises(AssertionError):
        on_street(world, farm, check)
