"""WS-Discovery: who is on the network, or at one address. Shell around `answers`; it believes nobody (see there)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from onveef.wsdiscovery import WS_DISCOVERY_ADDRESS, WS_DISCOVERY_PORT, build_probe

from csu.hal.chance import Ids
from csu.hal.errors import CsuError
from csu.hal.words import Words
from hardware.onvif.answers import Answers, FoundDevice, Refused

PROBES = 3
"""Multicast loses some; spread over the time of listening."""
LISTEN_S = 3.0
HOPS = 1
"""The cameras' own network: a probe that leaves it tells others what is here."""


class DiscoveryFailed(CsuError):
    """The network of this machine takes no probe."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a search found, and how many answers did not count."""

    devices: tuple[FoundDevice, ...]
    refused: Mapping[Refused, int]


async def discover(
    ids: Ids,
    *,
    interface: str = "0.0.0.0",  # noqa: S104 - the host chooses the interface; answers are read, nothing is served
    group: str = WS_DISCOVERY_ADDRESS,
    port: int = WS_DISCOVERY_PORT,
    listen_s: float = LISTEN_S,
) -> Discovery:
    """Ask everybody on the network of `interface` (an IPv4 address of this machine). Raises DiscoveryFailed."""
    return await _search(ids, interface, (group, port), listen_s, only_from=None)


async def probe(host: str, ids: Ids, *, port: int = WS_DISCOVERY_PORT, listen_s: float = LISTEN_S) -> Discovery:
    """Ask one IPv4 address; others that answer are refused. Raises DiscoveryFailed."""
    return await _search(ids, "", (host, port), listen_s, only_from=host)


async def _search(
    ids: Ids, interface: str, to: tuple[str, int], listen_s: float, *, only_from: str | None
) -> Discovery:
    names = [f"urn:uuid:{ids.new('uuid').removeprefix('uuid-')}" for _ in range(PROBES)]
    answers = Answers(names)
    try:
        sender = _socket(interface)
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Listener(answers, only_from), sock=sender
        )
    except OSError as error:
        raise _failed(error, to[0]) from error
    try:
        for name in names:
            transport.sendto(build_probe(message_id=name).encode(), to)
            await asyncio.sleep(listen_s / PROBES)
    except OSError as error:
        raise _failed(error, to[0]) from error
    finally:
        transport.close()
    return Discovery(answers.devices(), dict(answers.refused))


class _Listener(asyncio.DatagramProtocol):
    def __init__(self, answers: Answers, only_from: str | None) -> None:
        self._answers = answers
        self._only_from = only_from

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        host = str(addr[0])
        if self._only_from is None or host == self._only_from:
            self._answers.heard(data, host)
        else:
            self._answers.refused[Refused.OTHER_HOST] += 1

    def error_received(self, exc: Exception) -> None:
        """A port that is closed (ICMP): nobody is there, which the empty answer says."""


def _socket(interface: str) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        if interface:
            made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, HOPS)
            if interface != "0.0.0.0":  # noqa: S104 - the default route's interface
                made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
        made.bind((interface, 0))
    except OSError:
        made.close()
        raise
    return made


def _failed(error: OSError, where: str) -> DiscoveryFailed:
    reason = error.strerror or type(error).__name__
    return DiscoveryFailed(
        Words(f"la recherche n'est pas partie : {reason}", f"the search could not be sent: {reason}"),
        where=where,
        what_to_do=Words("Vérifiez l'interface du réseau des caméras", "Check the interface of the cameras' network"),
    )
