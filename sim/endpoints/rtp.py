"""RTP packets of H.264 (RFC 6184), H.265 (RFC 7798) and JPEG (RFC 2435), and RTCP sender reports (RFC 3550).

Pure: bytes in, bytes out. One `RtpTrack` is one stream of packets, whoever receives it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from csu.hal.clock import NS_PER_S, Nanoseconds

PAYLOAD_BYTES_MAX = 1400
"""Fits an Ethernet frame with its headers, as real cameras do; the reader cannot tell loopback from a street."""

VIDEO_CLOCK_HZ = 90_000
NTP_UNIX_S = 2_208_988_800
"""Seconds from 1900 (NTP) to 1970 (Unix)."""

_FU_A, _FU_H265 = 28, 49
_RTCP_SENDER_REPORT, _RTCP_SOURCE_DESCRIPTION = 200, 202


def split_annex_b(data: bytes) -> list[bytes]:
    """The NAL units of an Annex B byte stream, without start codes or trailing zeros."""
    units = []
    for piece in data.split(b"\x00\x00\x01")[1:]:
        unit = piece.rstrip(b"\x00")
        if unit:
            units.append(unit)
    return units


def packetise_h264(nal: bytes, payload_bytes_max: int = PAYLOAD_BYTES_MAX) -> list[bytes]:
    """RTP payloads of one NAL unit: itself when it fits, else FU-A fragments (RFC 6184 5.8)."""
    if len(nal) <= payload_bytes_max:
        return [nal]
    indicator = bytes([(nal[0] & 0xE0) | _FU_A])
    return _fragments(indicator, nal[0] & 0x1F, nal[1:], payload_bytes_max - 2)


def packetise_h265(nal: bytes, payload_bytes_max: int = PAYLOAD_BYTES_MAX) -> list[bytes]:
    """RTP payloads of one NAL unit: itself when it fits, else fragmentation units (RFC 7798 4.4.3)."""
    if len(nal) <= payload_bytes_max:
        return [nal]
    header = bytes([(nal[0] & 0x81) | (_FU_H265 << 1), nal[1]])
    return _fragments(header, (nal[0] >> 1) & 0x3F, nal[2:], payload_bytes_max - 3)


def _fragments(header: bytes, kind: int, body: bytes, room: int) -> list[bytes]:
    pieces = [body[start : start + room] for start in range(0, len(body), room)]
    last = len(pieces) - 1
    return [
        header + bytes([(0x80 if index == 0 else 0) | (0x40 if index == last else 0) | kind]) + piece
        for index, piece in enumerate(pieces)
    ]


def packetise_jpeg(jpeg: bytes, payload_bytes_max: int = PAYLOAD_BYTES_MAX) -> list[bytes]:
    """RTP payloads of a baseline 4:2:0 JPEG with the standard Huffman tables (RFC 2435, type 1, Q 255).

    Raises ValueError for a JPEG this format cannot carry.
    """
    tables, size, scan = _read_jpeg(jpeg)
    width, height = size
    payloads, offset = [], 0
    while offset < len(scan):
        header = struct.pack(">I4B", offset, 1, 255, width // 8, height // 8)
        if offset == 0:
            header += struct.pack(">BBH", 0, 0, len(tables)) + tables
        piece = scan[offset : offset + payload_bytes_max - len(header)]
        payloads.append(header + piece)
        offset += len(piece)
    return payloads


def _read_jpeg(jpeg: bytes) -> tuple[bytes, tuple[int, int], bytes]:
    tables, size, at = b"", (0, 0), 2
    while at + 4 <= len(jpeg):
        marker, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4], "big")
        body = jpeg[at + 4 : at + 2 + length]
        if marker == 0xDB:
            for start in range(0, len(body), 65):
                if body[start] >> 4:
                    raise ValueError("a 16-bit quantisation table cannot travel in RFC 2435")
                tables += body[start + 1 : start + 65]
        elif marker == 0xC0:
            height, width = struct.unpack(">HH", body[1:5])
            size = (width, height)
            if width % 8 or height % 8 or max(size) > 2040:
                raise ValueError(f"RFC 2435 carries multiples of 8 px up to 2040, not {width}x{height}")
        elif marker == 0xDA:
            end = -2 if jpeg.endswith(b"\xff\xd9") else None
            return tables, size, jpeg[at + 2 + length : end]
        at += 2 + length
    raise ValueError("no scan in this JPEG")


def rtp_timestamp(at_ns: Nanoseconds, clock_hz: int = VIDEO_CLOCK_HZ) -> int:
    """The media time of an instant, in ticks of `clock_hz` modulo 2^32."""
    return (at_ns * clock_hz // NS_PER_S) & 0xFFFFFFFF


def interleave(channel: int, packets: Sequence[bytes]) -> bytes:
    """Packets as they go on an RTSP connection (RFC 2326 10.12)."""
    parts: list[bytes] = []
    for packet in packets:
        parts.append(struct.pack(">BBH", 0x24, channel, len(packet)))
        parts.append(packet)
    return b"".join(parts)


class RtpTrack:
    """One stream of RTP packets: numbers them, counts them, reports on them."""

    def __init__(self, ssrc: int, payload_type: int, clock_hz: int, first_sequence: int = 0) -> None:
        self.ssrc = ssrc
        self.payload_type = payload_type
        self.clock_hz = clock_hz
        self.sequence = first_sequence & 0xFFFF
        self.packets = 0
        self.octets = 0

    def packets_of(self, payloads: Sequence[bytes], at_ns: Nanoseconds) -> list[bytes]:
        """The RTP packets of one picture (or one piece of sound) taken at `at_ns`; the last carries the marker."""
        timestamp = rtp_timestamp(at_ns, self.clock_hz)
        last = len(payloads) - 1
        packets = []
        for index, payload in enumerate(payloads):
            kind = self.payload_type | (0x80 if index == last else 0)
            packets.append(struct.pack(">BBHII", 0x80, kind, self.sequence, timestamp, self.ssrc) + payload)
            self.sequence = (self.sequence + 1) & 0xFFFF
            self.packets += 1
            self.octets += len(payload)
        return packets

    def sender_report(self, at_ns: Nanoseconds, camera_clock_ns: Nanoseconds, name: str) -> bytes:
        """The compound RTCP packet that ties media time `at_ns` to what the camera's clock says then."""
        seconds, rest = divmod(camera_clock_ns, NS_PER_S)
        report = struct.pack(
            ">BBHIIIIII",
            0x80,
            _RTCP_SENDER_REPORT,
            6,
            self.ssrc,
            (seconds + NTP_UNIX_S) & 0xFFFFFFFF,
            (rest << 32) // NS_PER_S,
            rtp_timestamp(at_ns, self.clock_hz),
            self.packets & 0xFFFFFFFF,
            self.octets & 0xFFFFFFFF,
        )
        return report + _source_description(self.ssrc, name)


def _source_description(ssrc: int, name: str) -> bytes:
    text = name.encode("ascii", "replace")[:255]
    item = bytes([1, len(text)]) + text
    chunk = struct.pack(">I", ssrc) + item
    chunk += b"\x00" * (4 - len(chunk) % 4)  # at least one zero ends the list, then fill to 32 bits
    return struct.pack(">BBH", 0x81, _RTCP_SOURCE_DESCRIPTION, len(chunk) // 4) + chunk
