"""Which addresses that a device names may be asked: its own host's, and none other. Pure.

A device that points elsewhere makes the centre connect where an intruder wants. One behind NAT points at the address it
believes to have: those are declared, one by one, and only the path of what it says is used.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit, urlunsplit

from csu.hal.words import Words
from hardware.onvif.errors import answer_refused, other_host

URL_CHARACTERS_MAX = 1024
_SHOWN_MAX = 64


class Enrolled:
    """The one place at which a camera is asked."""

    def __init__(self, camera: str, address: str, advertised_hosts: Collection[str] = ()) -> None:
        parts = urlsplit(address)
        self.camera = camera
        self.scheme, self.host, self.authority = parts.scheme, (parts.hostname or "").lower(), parts.netloc
        self._others = frozenset(host.lower() for host in advertised_hosts)

    def service(self, told: str, what: str) -> str:
        """The address of a service or subscription that the device tells. Raises OtherHost, AnswerRefused."""
        scheme, host, parts = self._read(told, what)
        if scheme not in ("http", "https"):
            raise answer_refused(self.camera, _NO_ADDRESS)
        # Behind NAT, and where it forgets that it was reached over TLS, only the path is what it says.
        elsewhere = host in self._others or scheme != self.scheme
        return urlunsplit((self.scheme, self.authority if elsewhere else parts[1], parts[2], parts[3], ""))

    def stream(self, told: str, what: str, *, secure: bool = False) -> str:
        """The address of a stream, without user and password. Raises OtherHost, AnswerRefused."""
        scheme, host, parts = self._read(told, what)
        if scheme != "rtsps" and (scheme != "rtsp" or secure):
            raise answer_refused(self.camera, _NOT_SECURE if scheme == "rtsp" else _NO_ADDRESS)
        return urlunsplit((scheme, self._here(host, parts[1]), parts[2], parts[3], ""))

    def still(self, told: str, what: str) -> str:
        """The address of a snapshot, without user and password. Raises OtherHost, AnswerRefused."""
        scheme, host, parts = self._read(told, what)
        if scheme not in ("http", "https") or (self.scheme == "https" and scheme != "https"):
            raise answer_refused(self.camera, _NO_ADDRESS)
        return urlunsplit((scheme, self._here(host, parts[1]), parts[2], parts[3], ""))

    def may_ask(self, scheme: str, host: str) -> bool:
        """Is this the camera, and no weaker than it was enrolled?"""
        return host.lower() == self.host and scheme == self.scheme

    def _here(self, host: str, authority: str) -> str:
        port = (
            authority[authority.rfind("]") + 1 :].rpartition(":")[2]
            if ":" in authority[authority.rfind("]") + 1 :]
            else ""
        )
        name = f"[{self.host}]" if ":" in self.host else self.host
        return f"{name}:{port}" if port else name

    def _read(self, told: str, what: str) -> tuple[str, str, tuple[str, str, str, str]]:
        """(scheme, host, (scheme, authority without login, path, query))."""
        if len(told) > URL_CHARACTERS_MAX or not told.isascii() or any(sign <= " " or sign == "\x7f" for sign in told):
            raise answer_refused(self.camera, _NO_ADDRESS)
        try:
            parts = urlsplit(told)
            host, _ = (parts.hostname or "").lower(), parts.port
        except ValueError:
            raise answer_refused(self.camera, _NO_ADDRESS) from None
        if "\\" in told or not host:
            raise answer_refused(self.camera, _NO_ADDRESS)
        if host != self.host and host not in self._others:
            raise other_host(self.camera, what, host[:_SHOWN_MAX])
        authority = parts.netloc.rpartition("@")[2]
        return parts.scheme.lower(), host, (parts.scheme, authority, parts.path, parts.query)


_NO_ADDRESS = Words("ce n'est pas une adresse que l'on suit", "that is no address to follow")
_NOT_SECURE = Words("le flux n'est pas sous TLS", "the stream is not over TLS")
