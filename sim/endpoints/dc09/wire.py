"""DC-09 as a panel writes it and reads its answers. Written from the standard, without the receiver's codec: what both
understand, they understand alike."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from csu.hal.clock import NS_PER_S, Nanoseconds

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = "%H:%M:%S,%m-%d-%Y"
_PAD = bytes(set(range(0x20, 0x7F)) - set(b"[]|_"))
_ANSWER = re.compile(
    rb'\n([0-9A-F]{4})([0-9A-F]{4})"(\*?)(ACK|NAK|DUH)"([0-9]{4})((?:R[0-9A-F]+)?(?:L[0-9A-F]+)?(?:#|A)[0-9A-F]+)\[(.*)\r\Z',
    re.DOTALL,
)


class AnswerUnreadable(ValueError):
    """What came back is no answer to this frame."""


@dataclass(frozen=True, slots=True)
class Answer:
    """ACK, NAK or DUH. `time_ns`: the receiver's clock, when it says."""

    word: str
    time_ns: Nanoseconds | None


def crc16(data: bytes) -> int:
    """CRC-16 of SIA DC-07: polynomial 0xA001 reflected, from zero."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0xA001 if value & 1 else 0)
    return value


def stamp(at_ns: Nanoseconds) -> str:
    return (_EPOCH + timedelta(seconds=at_ns // NS_PER_S)).strftime(_TIME)


def frame(head: str, token: str, data: str, at_ns: Nanoseconds | None, key: bytes | None) -> bytes:
    """A whole frame. `head`: sequence, receiver, line and account. `at_ns` None: without a time."""
    time = "" if at_ns is None else "_" + stamp(at_ns)
    if key is None:
        return envelope(f'"{token}"{head}[{data}]{time}'.encode("ascii"))
    said = f"|{data}]{time}".encode("ascii")
    pad = bytes(_PAD[byte % len(_PAD)] for byte in os.urandom(16 + -len(said) % 16))
    cipher = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).encryptor()
    sealed = (cipher.update(pad + said) + cipher.finalize()).hex().upper()
    return envelope(f'"*{token}"{head}[{sealed}'.encode("ascii"))


def envelope(body: bytes) -> bytes:
    """Line feed, CRC, length, body, carriage return."""
    return b"\n%04X%04X%b\r" % (crc16(body), len(body), body)


def read_answer(received: bytes, head: str, key: bytes | None) -> Answer:
    """An answer to the frame of this `head`. Raises AnswerUnreadable for anything else."""
    match = _ANSWER.match(received)
    if match is None:
        raise AnswerUnreadable("no answer")
    body, word = received[9:-1], match[4].decode("ascii")
    if int(match[1], 16) != crc16(body) or int(match[2], 16) != len(body):
        raise AnswerUnreadable("CRC or length")
    if word != "NAK" and match[5] + match[6] != head.encode("ascii"):
        raise AnswerUnreadable("another frame's answer")
    said = match[7]
    if match[3]:
        if key is None:
            raise AnswerUnreadable("enciphered to a panel without a key")
        cipher = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).decryptor()
        said = cipher.update(bytes.fromhex(said.decode("ascii"))) + cipher.finalize()
    elif word == "ACK" and key is not None:
        raise AnswerUnreadable("in clear to a panel with a key")
    end = re.search(rb"\](?:_(\d\d:\d\d:\d\d,\d\d-\d\d-\d{4}))?\Z", said)
    if end is None or (word == "NAK" and end[1] is None):
        raise AnswerUnreadable("no end, or no time")
    return Answer(word, None if end[1] is None else _read_time(end[1].decode("ascii")))


def _read_time(told: str) -> Nanoseconds:
    at = datetime.strptime(told, _TIME).replace(tzinfo=UTC)
    return (at - _EPOCH) // timedelta(seconds=1) * NS_PER_S
