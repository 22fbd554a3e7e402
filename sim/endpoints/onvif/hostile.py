"""What a broken or hostile camera sends instead of an answer."""

from __future__ import annotations

import asyncio

GARBAGE = b"\x00\xff\x1b<html>404 \xc3\x28 <<<&&& not xml at all"

_ENTITIES = "".join(f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 10))
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE bomb [<!ENTITY e0 "ha">'
    + _ENTITIES
    + '<!ENTITY file SYSTEM "file:///etc/hostname">]>'
    '<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope"><env:Body>&e9;&file;</env:Body></env:Envelope>'
).encode()
"""Two billion bytes when it is resolved, and a file of whoever reads it."""

_PIECE_S = 0.05


async def endless(writer: asyncio.StreamWriter) -> None:
    """An answer that goes on for as long as somebody reads it."""
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nContent-Length: 999999999\r\n\r\n<env:Envelope "
    )
    while not writer.is_closing():
        writer.write(b" " * 64)
        await writer.drain()
        await asyncio.sleep(_PIECE_S)
