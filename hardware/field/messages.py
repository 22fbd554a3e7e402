"""The messages that a site may say (AUD-4): each recorded, and approved by somebody as it sounds. Read at the opening.

    messages:
      - message: place-evacuee
        text: "Cette place est évacuée. Suivez les agents."
        file: place-evacuee.wav
        sha256: "9f0c..."
        approved_by: "a.dupre"

A WAV file of one channel, 8,000 samples a second, 16 bits; or the samples in mu-law as such (`.ulaw`). `sha256` is of
the file: another recording is another message to approve.
"""

from __future__ import annotations

import hashlib
import io
import wave
from datetime import date
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from csu.hal.errors import BadInput
from csu.hal.loudspeaker import MESSAGE_BYTES_MAX, MESSAGE_S_MAX, SAMPLE_HZ, SpeakingPermit, SpokenMessage
from csu.hal.words import Words
from hardware.settings_file import BadSetting, place_of, read_settings

_CONFIG = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
_FILE_BYTES_MAX = 2 * MESSAGE_BYTES_MAX + 4096
_BIAS, _CLIP = 0x84, 32_635

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,47}$")]
"""Short enough for the journal's `message/...`."""


class Permit(BaseModel):
    """The local decision that lets a camera speak; without one it is mute."""

    model_config = _CONFIG

    decision: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,63}$")]
    from_day: date
    ends_on: date

    @model_validator(mode="after")
    def _lasts(self) -> Permit:
        if self.from_day >= self.ends_on:
            raise BadSetting(Words("elle finit avant de commencer", "it ends before it begins"))
        return self

    def permit(self) -> SpeakingPermit:
        return SpeakingPermit(self.decision, self.from_day, self.ends_on)


class Message(BaseModel):
    """One message."""

    model_config = _CONFIG

    message: Identifier
    text: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    file: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][\w.-]{0,79}$")]
    """In the folder of the messages' file."""
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    approved_by: Annotated[str, StringConstraints(min_length=1, max_length=64)]


class MessagesFile(BaseModel):
    """All of a site's."""

    model_config = _CONFIG

    messages: tuple[Message, ...] = Field(min_length=1, max_length=64)

    @model_validator(mode="after")
    def _are_distinct(self) -> MessagesFile:
        if len({each.message for each in self.messages}) != len(self.messages):
            raise BadSetting(Words("deux messages du même nom", "two messages of one name"))
        return self


def read_messages(path: Path) -> tuple[SpokenMessage, ...]:
    """Raises BadInput with file and line, also for a recording that is not the one approved."""
    found = []
    for number, each in enumerate(read_settings(path, MessagesFile).messages):
        try:
            content = _content(path.parent / each.file)
            if hashlib.sha256(content).hexdigest() != each.sha256:
                raise BadSetting(Words("ce n'est pas l'enregistrement approuvé", "not the recording that was approved"))
            sound = content if each.file.endswith(".ulaw") else mu_law(_samples(content))
            if not 0 < len(sound) <= MESSAGE_BYTES_MAX:
                raise BadSetting(Words(f"entre rien et {MESSAGE_S_MAX} s", f"between nothing and {MESSAGE_S_MAX} s"))
        except BadSetting as error:
            raise BadInput(
                error.what,
                where=place_of(path, "messages", number, "file"),
                what_to_do=Words("Enregistrez et approuvez ce message", "Record and approve this message"),
            ) from None
        found.append(SpokenMessage(each.message, each.text, sound, each.approved_by))
    return tuple(found)


def mu_law(samples: npt.NDArray[np.int16]) -> bytes:
    """16-bit samples as G.711 mu-law: sign, 3 bits of segment, 4 bits of step, all inverted."""
    wide = samples.astype(np.int32)
    magnitude = np.minimum(np.abs(wide), _CLIP) + _BIAS
    segment = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    step = (magnitude >> (segment + 3)) & 0x0F
    told = np.where(wide < 0, 0x80, 0) | (segment << 4) | step
    return bytes((~told & 0xFF).astype(np.uint8))


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_FILE_BYTES_MAX + 1)
    except OSError as error:
        raise BadSetting(Words.same(error.strerror or type(error).__name__)) from None
    if len(content) > _FILE_BYTES_MAX:
        raise BadSetting(Words(f"plus de {MESSAGE_S_MAX} s", f"more than {MESSAGE_S_MAX} s"))
    return content


def _samples(content: bytes) -> npt.NDArray[np.int16]:
    try:
        with wave.open(io.BytesIO(content)) as file:
            form = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            raw = file.readframes(MESSAGE_BYTES_MAX + 1)
    except (wave.Error, EOFError, ValueError):
        raise BadSetting(Words("ce n'est pas un WAV en PCM", "this is no WAV of PCM")) from None
    if form != (1, 2, SAMPLE_HZ):
        raise BadSetting(
            Words(f"il faut un canal, 16 bits, {SAMPLE_HZ} Hz", f"one channel, 16 bits, {SAMPLE_HZ} Hz are needed")
        )
    return np.frombuffer(raw[: len(raw) // 2 * 2], dtype="<i2").astype(np.int16)
