"""DC-09 frames: cut out of what a socket brings, read, opened with the account's key, and answered. Pure.

`siadc09` does the coding. Around it stands what it leaves open (notes of the hardware study): the header is read by a
grammar before anything is looked up, frames without `L` are read as `L0`, a frame that does not open is a value and no
exception, and answers repeat the header as the panel wrote it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from siadc09.account import Account
from siadc09.dc05 import NEWEVENT
from siadc09.message import Message, parse_frame
from siadc09.siadcs import scan_info
from siadc09.util import crc

from csu.hal.clock import Nanoseconds
from hardware.dc09.codes import EventCode, EventFormat

for _name in ("message", "siadcs", "admcid"):
    logging.getLogger(f"siadc09.{_name}").setLevel(logging.CRITICAL)  # it logs what it deciphers

LF, CR = b"\n", b"\r"
FRAME_BYTES_MAX = 10 + 0xFFF
"""LF, CRC, length, CR and the longest body that the three digits of the length can tell (DC-09 5.5.1.3)."""
EVENTS_MAX = 32
"""Of one frame."""
POLLS = frozenset({"NULL", "XNM"})
_HEADER = re.compile(
    rb'\n(?P<crc>[0-9A-Fa-f]{4})(?P<length>[0-9A-Fa-f]{4})"(?P<star>\*?)(?P<id>[A-Z0-9-]{3,10})"(?P<seq>[0-9]{4})'
    rb"(?P<receiver>R[0-9A-Fa-f]{1,6})?(?P<line>L[0-9A-Fa-f]{1,6})?#(?P<account>[0-9A-Fa-f]{3,16})\["
)
_SEALED = re.compile(rb"[0-9A-Fa-f]{64,}")
_INNER = re.compile(rb"#([0-9A-Fa-f]{3,16})\Z")
_CID = re.compile(rb"([136])([0-9B-F]{3}) ([0-9B-F]{2}) ([0-9B-F]{3})\Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Unreadable(StrEnum):
    """Why no frame was read."""

    GRAMMAR = "grammar"
    CRC = "crc"
    LENGTH = "length"
    OVERSIZED = "oversized"
    CONTENT = "content"
    """It does not open with the key that the account has, or what opens is no content."""


@dataclass(frozen=True, slots=True)
class Header:
    """What stands in clear before the data. Nothing of it is authenticated."""

    id: str
    is_encrypted: bool
    sequence: int
    receiver: int | None
    line: int | None
    account: int
    echo: bytes
    """Sequence, receiver, line and account as written, for the answer."""
    sealed: bytes
    """What follows the bracket, still enciphered if it is."""

    @property
    def sealed_end(self) -> bytes | None:
        """The last two cipher blocks; None where there are none.

        They hold the frame's time. AES-CBC chains them to all before, so no two frames of an honest panel share them;
        and who has no key can put a frame's end behind another beginning or change what stands before, but make no
        other end that opens into a time.
        """
        if _SEALED.fullmatch(self.sealed) is None or len(self.sealed) % 32:
            return None
        return bytes.fromhex(self.sealed.decode("ascii"))[-32:]


@dataclass(frozen=True, slots=True)
class Content:
    """What a frame says."""

    data: bytes
    stamped_at_ns: Nanoseconds | None
    """When the panel sent it, by the panel's clock."""
    occurred_at_ns: Nanoseconds | None
    """When it happened there, if it says so."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a frame; `is_new` is false for restorals and status reports."""

    code: EventCode
    zone: str | None
    """As the panel writes it, without leading zeros."""
    is_new: bool


class FrameSplitter:
    """Cuts what a connection brings into frames, however it was split or joined. Holds one frame at the most."""

    def __init__(self) -> None:
        self._held = bytearray()

    @property
    def is_waiting(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._held)

    def feed(self, data: bytes) -> Iterator[bytes | Unreadable]:
        """The frames that end in `data`, and what was no frame."""
        for piece in _pieces(data):
            if piece.startswith(LF) and self._held:
                self._held.clear()
                yield Unreadable.GRAMMAR  # a frame began within a frame
            if not self._held and not piece.startswith(LF):
                if piece.strip(b"\r\n\0 "):
                    yield Unreadable.GRAMMAR
                continue
            self._held += piece
            if len(self._held) > FRAME_BYTES_MAX:
                self._held.clear()
                yield Unreadable.OVERSIZED
            elif piece.endswith(CR):
                frame = bytes(self._held)
                self._held.clear()
                yield frame


def _pieces(data: bytes) -> Iterator[bytes]:
    """`data` cut before each LF and behind each CR."""
    return (match.group() for match in _PIECE.finditer(data))


_PIECE = re.compile(rb"\n[^\n\r]*\r?|[^\n\r]+\r?|\r")


def read_header(frame: bytes) -> Header | Unreadable:
    """The header of a whole frame, its CRC and length proved."""
    match = _HEADER.match(frame)
    if match is None or not frame.endswith(CR):
        return Unreadable.OVERSIZED if len(frame) > FRAME_BYTES_MAX else Unreadable.GRAMMAR
    body = frame[9:-1]
    if len(frame) > FRAME_BYTES_MAX:
        return Unreadable.OVERSIZED
    if len(body) != int(match["length"], 16):
        return Unreadable.LENGTH
    if crc(body) != int(match["crc"], 16):
        return Unreadable.CRC
    return Header(
        id=match["id"].decode("ascii"),
        is_encrypted=bool(match["star"]),
        sequence=int(match["seq"]),
        receiver=_number(match["receiver"]),
        line=_number(match["line"]),
        account=int(match["account"], 16),
        echo=frame[match.start("seq") : match.end() - 1],
        sealed=frame[match.end() : -1],
    )


def _number(told: bytes | None) -> int | None:
    return None if told is None else int(told[1:], 16)


def open_frame(frame: bytes, header: Header, key: bytes | None) -> Content | Unreadable:
    """What a frame says, opened with `key`. A wrong key may open anything: whoever asks judges what came out."""
    if header.is_encrypted and header.sealed_end is None:
        return Unreadable.CONTENT
    try:
        message = parse_frame(_for_codec(frame, header), key)
        occurred = [field.value for field in message.xdata if field.prefix == "H" and isinstance(field.value, datetime)]
    except (ValueError, RuntimeError, TypeError, LookupError, OverflowError):  # those that 60,000 mutants raised
        return Unreadable.CONTENT
    data = message.data.content if message.data is not None else b""
    return Content(data, _ns(message.timestamp), _ns(occurred[0]) if occurred else None)


def _for_codec(frame: bytes, header: Header) -> bytes:
    """The same frame as the codec wants it; the grammar has been proved, so where things stand is certain.

    With the `L0` that its panel left out; and a poll under another name, for the codec drops what a poll should not
    hold: an event that somebody renamed NULL on its way would be acknowledged and gone.
    """
    if header.line is not None and header.id not in POLLS:
        return frame
    name, at = frame.index(b'"', 10), frame.index(b"#", 9)
    token = frame[9:name] if header.id not in POLLS else frame[9 : name - len(header.id)] + b"SIA-PUL"
    line = b"L0" if header.line is None else b""
    body = token + frame[name:at] + line + frame[at:-1]
    return b"\n%04X%04X%b\r" % (crc(body), len(body), body)


def _ns(told: datetime | None) -> Nanoseconds | None:
    return None if told is None else (told - _EPOCH) // timedelta(microseconds=1) * 1000


def inner_accounts(data: bytes) -> frozenset[int | None]:
    """The accounts that the data itself names; None among them for a block that names none."""
    found: set[int | None] = set()
    for block in data.split(b"|"):
        if block.startswith(b"#"):
            match = _INNER.match(block)
            found.add(None if match is None else int(match[1], 16))
    return frozenset(found)


def events_of(format_: EventFormat, data: bytes) -> list[Event]:
    """The events of a frame's data in order, at most EVENTS_MAX; what cannot be read is an event of an unknown code."""
    blocks = [block for block in data.split(b"|") if block and not block.startswith(b"#")]
    if format_ is EventFormat.ADM_CID:
        events = [_cid_event(block) for block in blocks]
    else:
        events = [event for block in blocks for event in _sia_events(block)]
    return events[:EVENTS_MAX]


def _cid_event(block: bytes) -> Event:
    match = _CID.match(block)
    if match is None:
        return Event(EventCode(EventFormat.ADM_CID, "?"), None, is_new=True)
    code, zone = match[2].decode("ascii"), match[4].decode("ascii")
    is_new = match[1].decode("ascii") == NEWEVENT
    return Event(EventCode(EventFormat.ADM_CID, code), _zone(zone), is_new)


def _sia_events(block: bytes) -> Iterator[Event]:
    """One code packet after the other, so that a code nobody knows hides none of its neighbours."""
    text = block.decode("ascii", "replace")
    if text[0] == "L":  # the listen-in block
        yield Event(EventCode(EventFormat.SIA_DCS, "LF"), None, is_new=True)
        return
    if text[0] not in "NO":  # of new and of old events
        if text[0] != "A":  # text beside the events
            yield Event(EventCode(EventFormat.SIA_DCS, "?"), None, is_new=True)
        return
    at = 1
    while at < len(text):
        code, address, _, _, _, end = scan_info(text, at)
        at = max(end, at + 1)
        if code is None or not code.islower():  # lower case: a modifier of what follows
            known = code if code is not None and code.isascii() and code.isalnum() else "?"
            yield Event(EventCode(EventFormat.SIA_DCS, known), _zone(address), is_new=True)


def _zone(address: str | None) -> str | None:
    return (address.lstrip("0") or "0") if address else None


# -- answers --


class _Answer(Message):  # type: ignore[misc]  # the codec has no types
    """An answer whose header repeats the panel's, digit by digit; the codec would write the account anew."""

    def __init__(self, token: str, echo: bytes, key: bytes | None, timestamp: datetime | None) -> None:
        super().__init__(Account(key=key), {"idtoken": token, "timestamp": timestamp})
        self._echo = echo

    def pack_header(self, encrypted: bool = False) -> bytes:
        star = "*" if encrypted else ""
        return f'"{star}{self.idtoken}"'.encode("ascii") + self._echo


def ack(header: Header, key: bytes | None, now_ns: Nanoseconds) -> bytes:
    """It is safe. Enciphered and dated when the frame was."""
    told = _utc(now_ns) if header.is_encrypted else None
    return bytes(_Answer("ACK", header.echo, key if header.is_encrypted else None, told).encode())


def nak(now_ns: Nanoseconds) -> bytes:
    """The panel's clock is wrong: here is ours. Addressed to nobody, as DC-09 has it."""
    return bytes(_Answer("NAK", b"0000R0L0A0", None, _utc(now_ns)).encode())


def duh(header: Header) -> bytes:
    """Received, and nothing can be made of it."""
    return bytes(_Answer("DUH", header.echo, None, None).encode())


def _utc(now_ns: Nanoseconds) -> datetime:
    return _EPOCH + timedelta(seconds=now_ns // 1_000_000_000)
