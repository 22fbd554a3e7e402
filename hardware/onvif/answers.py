"""Answers to a WS-Discovery probe: whom to believe, and about what. A pure core.

Anybody on the network may answer. It counts when it answers our own probe, is small and is SOAP; of the addresses in
it only those count that are its sender's own: nobody can offer another's host, nor be offered by another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from onveef.wsdiscovery import DiscoveredDevice, parse_probe_matches

from csu.hal.camera import CameraError
from hardware.onvif.addresses import Enrolled
from hardware.onvif.xml_door import envelope, local

DATAGRAM_BYTES_MAX = 16_384
ANSWERS_MAX = 4_096
"""In one search: 1,300 cameras that answer three probes each."""
ANSWERS_OF_ONE_MAX = 256
"""Recorders and NAT put many cameras behind one address."""
ADDRESSES_MAX = 8
DEVICES_MAX = 2_048
TEXT_CHARACTERS_MAX = 64


class Refused(StrEnum):
    """Why an answer did not count."""

    TOO_MANY = "too_many"
    TOO_LARGE = "too_large"
    NO_SOAP = "no_soap"
    NOT_ASKED = "not_asked"
    """It answers no probe of ours."""
    OTHER_HOST = "other_host"
    """It names no address of its own."""


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """A device that says it is an ONVIF one. Nothing of this is proved before somebody logs in over TLS."""

    address: str
    """Its device service, at the host that answered."""
    endpoint: str
    """What it calls itself, the same after its address changed."""
    name: str
    hardware: str
    contested: bool = False
    """Another host answered under the same name: one of them lies, or a device has two addresses."""


class Answers:
    """The answers to one search. `refused` counts by reason."""

    def __init__(self, message_ids: Collection[str]) -> None:
        self._message_ids = frozenset(message_ids)
        self._found: dict[tuple[str, str], FoundDevice] = {}
        self._by_sender: Counter[str] = Counter()
        self._heard = 0
        self.refused: Counter[Refused] = Counter()

    def heard(self, datagram: bytes, sender: str) -> None:
        """An answer came from the host `sender`."""
        refused = self._take(datagram, sender)
        if refused is not None:
            self.refused[refused] += 1

    def devices(self) -> tuple[FoundDevice, ...]:
        """Each once, by address."""
        hosts: dict[str, set[str]] = {}
        for endpoint, sender in self._found:
            hosts.setdefault(endpoint, set()).add(sender)
        found = [
            FoundDevice(each.address, each.endpoint, each.name, each.hardware, contested=len(hosts[endpoint]) > 1)
            for (endpoint, _), each in self._found.items()
        ]
        return tuple(sorted(found, key=lambda each: each.address))

    def _take(self, datagram: bytes, sender: str) -> Refused | None:
        self._heard += 1
        self._by_sender[sender] += self._heard <= ANSWERS_MAX
        if self._heard > ANSWERS_MAX or self._by_sender[sender] > ANSWERS_OF_ONE_MAX:
            return Refused.TOO_MANY
        if len(datagram) > DATAGRAM_BYTES_MAX:
            return Refused.TOO_LARGE
        try:
            root = envelope(sender, datagram)
            text = datagram.decode("utf-8")
        except (CameraError, UnicodeDecodeError):
            return Refused.NO_SOAP
        answered = next(((each.text or "").strip() for each in root.iter() if local(each) == "RelatesTo"), "")
        if answered not in self._message_ids:
            return Refused.NOT_ASKED
        usable = [device for match in parse_probe_matches(text)[:1] if (device := _device(match, sender)) is not None]
        if not usable:
            return Refused.OTHER_HOST
        key = (usable[0].endpoint, sender)
        if key not in self._found and len(self._found) >= DEVICES_MAX:
            return Refused.TOO_MANY
        self._found.setdefault(key, usable[0])
        return None


def _device(match: DiscoveredDevice, sender: str) -> FoundDevice | None:
    for told in match.xaddrs[:ADDRESSES_MAX]:
        try:
            scheme = urlsplit(told).scheme
            host = f"[{sender}]" if ":" in sender else sender
            address = Enrolled(sender, f"{scheme}://{host}/").service(told, "discovery")
        except (CameraError, ValueError):
            continue
        return FoundDevice(address, _shown(match.endpoint_reference), _shown(match.name), _shown(match.hardware))
    return None


def _shown(text: str) -> str:
    """What may be put on a screen and into a log."""
    return "".join(sign for sign in text[:TEXT_CHARACTERS_MAX] if sign.isprintable())
