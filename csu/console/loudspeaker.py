"""Loudspeakers over HTTP: the approved messages, and saying one through a camera (AUD-4). No door listens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Protocol

from fastapi import FastAPI, Path, Request
from pydantic import BaseModel, ConfigDict

from csu.console.access import Door, one_camera, opens, own_list
from csu.console.gate import SUBJECT, Gate
from csu.console.refusals import Refusal, Refused
from csu.console.room import RoomView
from csu.governance import Action, Author, Subject
from csu.hal.camera import CameraId
from csu.hal.loudspeaker import SpokenMessage
from csu.operations import SpeechRefused

Name = Annotated[str, Path(pattern=r"^[\w.-]{1,64}$")]


class Speaking(Protocol):
    """What the console needs of the centre's loudspeakers."""

    def messages(self) -> Sequence[SpokenMessage]:
        """All approved messages."""
        ...

    def speakers(self) -> Sequence[CameraId]:
        """The cameras that may speak at all now."""
        ...

    async def say(self, camera: CameraId, message: str, by: Author) -> SpokenMessage:
        """Say one; returns when it was said. Raises SpeechRefused; CsuError: it was not said, or not to its end."""
        ...


class MessageAnswer(BaseModel):
    """One approved message."""

    model_config = ConfigDict(frozen=True)

    message: str
    text: str
    sha256: str
    """Of its sound, as the journal has it."""


def add_speaker_doors(app: FastAPI, speaking: Speaking | None, room: RoomView, gate: Gate) -> None:
    """The routes of loudspeakers, into `app` itself. None: this centre has none; its doors say so."""

    @app.get("/api/messages")
    @opens(Door("loudspeaker/messages", Action.CAMERA_LIST, own_list))
    async def messages() -> list[MessageAnswer]:
        """The approved messages, in the order of the site's file."""
        return [_answer(each) for each in _there(speaking).messages()]

    @app.get("/api/speakers")
    @opens(Door("loudspeaker/cameras", Action.CAMERA_LIST, own_list))
    async def speakers(request: Request) -> list[CameraId]:
        """The cameras of the asker's communes that a decision in force lets speak."""
        able = set(_there(speaking).speakers())
        listed = (line.record.camera for line in gate.listed(request.scope[SUBJECT], room.cameras()))
        return [camera for camera in listed if camera in able]

    @app.post("/api/cameras/{camera}/messages/{message}")
    @opens(Door("loudspeaker/say", Action.SPEAK, one_camera))
    async def say(request: Request, camera: Name, message: Name) -> MessageAnswer:
        """Say a message through a camera; the answer comes when it was said. 409: it may not be said now."""
        subject: Subject = request.scope[SUBJECT]
        by = Author(subject.person, subject.role.value)
        try:
            return _answer(await _there(speaking).say(CameraId(camera), message, by))
        except SpeechRefused as error:
            raise Refused(Refusal.SPEECH_REFUSED, where="loudspeaker", cause=error) from error


def _answer(message: SpokenMessage) -> MessageAnswer:
    return MessageAnswer(message=message.message, text=message.text, sha256=message.sha256)


def _there(speaking: Speaking | None) -> Speaking:
    if speaking is None:
        raise Refused(Refusal.LOUDSPEAKERS_ABSENT, where="loudspeaker")
    return speaking
