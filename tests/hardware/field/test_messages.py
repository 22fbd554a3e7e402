"""What a site may say (AUD-4): nothing unless its file says so; approved recordings only, told with file and line."""

from __future__ import annotations

import asyncio
import hashlib
import io
import wave
from pathlib import Path

import numpy as np
import pytest
import yaml

from csu.hal.errors import BadInput
from csu.hal.loudspeaker import MESSAGE_BYTES_MAX, SAMPLE_HZ, Loudspeaker
from csu.hal.site import Site, SiteRequest
from csu.machine import LocalDisk
from hardware.field import open_field
from hardware.field.messages import mu_law
from hardware.vault import SECRET_NAME, Entry, Login, Vault

KEY = "0123456789abcdef0123456789abcdef"
PERMIT = "loudspeaker: {decision: deliberation-7, from_day: 2026-01-01, ends_on: 2027-01-01}\n"


def camera(number: int) -> str:
    return (
        f"camera: cam-000{number}\nnumber: {number}\nname: Place\ncommune: metz\nview: wide_view\n"
        "address: http://127.0.0.1:9/onvif/device_service\n"
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two cameras, of which the first may speak, and one message."""
    monkeypatch.setenv(SECRET_NAME, KEY)
    (tmp_path / "cameras").mkdir()
    (tmp_path / "site.yaml").write_text("site: metz\nmessages: messages.yaml\n")
    (tmp_path / "cameras" / "cam-0001.yaml").write_text(camera(1) + PERMIT)
    (tmp_path / "cameras" / "cam-0002.yaml").write_text(camera(2))
    Vault(LocalDisk(tmp_path / "vault"), KEY.encode()).keep("cam-0001", Entry(Login("csu-a", "Zebra-Crossing-9")))
    write(tmp_path, "leave.ulaw", b"\xff\x7f" * 40)
    return tmp_path


def write(folder: Path, name: str, content: bytes, **changes: object) -> None:
    (folder / name).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    told = {"message": "leave", "text": "Quittez la place.", "file": name, "sha256": digest, "approved_by": "a.dupre"}
    (folder / "messages.yaml").write_text(yaml.safe_dump({"messages": [told | changes]}, sort_keys=False))


def wav(samples: np.ndarray, rate: int = SAMPLE_HZ, channels: int = 1) -> bytes:
    told = io.BytesIO()
    with wave.open(told, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return told.getvalue()


def opened(folder: Path) -> Site:
    async def whole() -> Site:
        async with open_field(SiteRequest(1, {"site": str(folder / "site.yaml")})) as site:
            return site

    return asyncio.run(whole())


def test_the_camera_that_a_decision_names_may_say_the_message_and_no_other_camera(folder):
    speech = opened(folder).speech
    ((speaker, permit),) = speech.speakers
    assert isinstance(speaker, Loudspeaker)
    assert (speaker.record.camera, permit.decision) == ("cam-0001", "deliberation-7")
    (message,) = speech.messages
    assert (message.message, message.pcmu, message.approved_by) == ("leave", b"\xff\x7f" * 40, "a.dupre")


@pytest.mark.parametrize("missing", ["messages", "permit"])
def test_without_messages_or_a_decision_nothing_can_be_said(folder, missing):
    if missing == "messages":
        (folder / "site.yaml").write_text("site: metz\n")
    else:
        (folder / "cameras" / "cam-0001.yaml").write_text(camera(1))
    assert opened(folder).speech is None


def test_a_recording_in_16_bits_becomes_mu_law(folder):
    samples = np.array([0, 1, -1, 8, 1000, -1000, 32_767, -32_768])
    write(folder, "leave.wav", wav(samples))
    told = opened(folder).speech.messages[0].pcmu
    # G.711's table 2a: 0 is FF, the loudest are 80 and 00; what is decoded is within half a step.
    assert told == bytes([0xFF, 0xFF, 0x7F, 0xFE, 0xCE, 0x4E, 0x80, 0x00])
    every = np.arange(-32_768, 32_768, dtype=np.int16)
    codes = ~np.frombuffer(mu_law(every), np.uint8).astype(int) & 0xFF
    heard = ((((codes & 15) << 3) + 132) << ((codes >> 4) & 7)) - 132
    heard = np.where(codes & 128, -heard, heard)
    assert np.all(np.abs(heard - np.clip(every.astype(int), -32_635, 32_635)) <= 4 << ((codes >> 4) & 7))


@pytest.mark.parametrize(
    ("name", "content", "changes", "what"),
    [
        ("leave.ulaw", b"\xff", {"sha256": "0" * 64}, "not the recording that was approved"),
        ("leave.ulaw", b"", {}, "between nothing and 30 s"),
        ("leave.ulaw", b"\xff" * (MESSAGE_BYTES_MAX + 1), {}, "between nothing and 30 s"),
        ("leave.wav", b"RIFF", {}, "no WAV of PCM"),
        ("leave.wav", wav(np.zeros(80), rate=44_100), {}, "8000 Hz are needed"),
        ("leave.wav", wav(np.zeros(80), channels=2), {}, "one channel"),
        ("leave.ulaw", b"\xff", {"file": "absent.ulaw"}, "No such file"),
        ("leave.ulaw", b"\xff", {"file": "../leave.ulaw"}, "match pattern"),
        ("leave.ulaw", b"\xff", {"message": "Jean Dupont"}, "match pattern"),
        ("leave.ulaw", b"\xff", {"approved_by": ""}, "at least 1"),
    ],
)
def test_what_cannot_be_said_is_told_with_file_and_line_when_the_site_opens(folder, name, content, changes, what):
    write(folder, name, content, **changes)
    with pytest.raises(BadInput, match=what) as told:
        opened(folder)
    assert "messages.yaml:" in told.value.trouble.where


def test_a_decision_that_ends_before_it_begins_is_none(folder):
    (folder / "cameras" / "cam-0001.yaml").write_text(camera(1) + PERMIT.replace("2027", "2025"))
    with pytest.raises(BadInput, match="it ends before it begins"):
        opened(folder)
