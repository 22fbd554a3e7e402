"""A police station: what it believes, what it has received, who there takes a call and when; and how it misbehaves."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus

from csu.hal.clock import NS_PER_S, Clock, Nanoseconds

TOLERANCE_S = 300
"""Standard Webhooks: an older or newer message is refused."""
CLOCK_OFF_S = 900
_EVENT_KEYS = {"specversion", "id", "source", "type", "time", "datacontenttype", "data"}
_DATA_KEYS = {"call", "service", "commune", "site", "words"}


class StationQuirk(StrEnum):
    """How a station may misbehave. Each until it is healed."""

    SILENT = "silent"
    """Takes the connection and the call, and never answers."""
    NOBODY = "nobody"
    """Keeps every call; no person takes one."""
    BROKEN = "broken"
    """500, and nothing is kept."""
    REFUSES = "refuses"
    """403, and nothing is kept."""
    CLOCK_OFF = "clock_off"
    """Its clock is a quarter of an hour ahead: it finds every signature too old."""
    ANSWERS_TWICE = "answers_twice"
    """Sends each answer twice; the second names another person."""
    NAMELESS = "nameless"
    """Says that a call is taken, by nobody."""
    OTHER_CALL = "other_call"
    """Answers of another call."""
    REDIRECTS = "redirects"
    """Sends whoever calls to another machine."""
    HUGE = "huge"
    """Answers a megabyte."""
    GARBAGE = "garbage"
    """Answers what is no HTTP."""
    LOSES_ANSWERS = "loses_answers"
    """Keeps the call and hangs up before it answers."""
    BAD_CERTIFICATE = "bad_certificate"
    """Its certificate is signed by an authority that nobody knows."""
    WRONG_NAME = "wrong_name"
    """Its certificate is another machine's."""
    EXPIRED = "expired"
    """Its certificate ended yesterday."""


@dataclass(frozen=True, slots=True)
class StationSpec:
    """Who takes calls there, and after how long."""

    taken_by: str = "brigadier 12"
    taken_after_s: float = 0.0


@dataclass(slots=True)
class Kept:
    """One call as it was received first."""

    body: bytes
    event: Mapping[str, object]
    due_ns: Nanoseconds
    tellings: int = 1
    taken_by: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    status: HTTPStatus
    told: Mapping[str, str] = field(default_factory=dict)


class PoliceStation:
    """One station. Not thread-safe: lives in its server's loop."""

    def __init__(self, spec: StationSpec, secret: bytes, clock: Clock) -> None:
        self.spec = spec
        self.secret = b"whsec_" + base64.b64encode(secret)
        """As the vault of the centre holds it."""
        self.url = ""
        self.received: dict[str, Kept] = {}
        """By key, in the order of their first telling: a call told twice is here once."""
        self.refused: list[str] = []
        """Why messages were refused."""
        self.asked = 0
        """Requests that came through TLS."""
        self._secret, self._clock = secret, clock
        self._quirks: set[StationQuirk] = set()

    def misbehave(self, *quirks: StationQuirk) -> None:
        self._quirks |= set(quirks)

    def heal(self, *quirks: StationQuirk) -> None:
        """These; without any: all."""
        self._quirks -= set(quirks) or set(StationQuirk)

    def has(self, *quirks: StationQuirk) -> bool:
        """Any of these."""
        return not self._quirks.isdisjoint(quirks)

    def hear(self, headers: Mapping[str, str], body: bytes) -> Reply:
        """A call is told. `headers` by their names in lower case."""
        if self.has(StationQuirk.BROKEN):
            return Reply(HTTPStatus.INTERNAL_SERVER_ERROR)
        if self.has(StationQuirk.REFUSES):
            return self._refuse(HTTPStatus.FORBIDDEN, "refuses everybody")
        key = headers.get("webhook-id", "")
        if why := self._unsigned(key, headers, body):
            return self._refuse(HTTPStatus.UNAUTHORIZED, why)
        event = _event(body)
        if event is None or event["id"] != key:
            return self._refuse(HTTPStatus.UNPROCESSABLE_ENTITY, "not the agreed event")
        if headers.get("content-type") != "application/cloudevents+json":
            return self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "content type")
        known = self.received.get(key)
        if known is None:
            due_ns = self._clock.monotonic_ns() + round(self.spec.taken_after_s * NS_PER_S)
            self.received[key] = Kept(body, event, due_ns)
        elif not hmac.compare_digest(known.body, body):
            return self._refuse(HTTPStatus.CONFLICT, "another call under a known key")
        else:
            known.tellings += 1
        return self.status_of(key)

    def status_of(self, key: str) -> Reply:
        """Who took a call, as whoever asks is told."""
        kept = self.received.get(key)
        if kept is None:
            return Reply(HTTPStatus.NOT_FOUND)
        if not kept.taken_by and not self.has(StationQuirk.NOBODY) and self._clock.monotonic_ns() >= kept.due_ns:
            kept.taken_by = self.spec.taken_by
        data = kept.event["data"]
        call = str(data["call"]) if isinstance(data, dict) else ""
        call = f"{call}-bis" if self.has(StationQuirk.OTHER_CALL) else call
        if not kept.taken_by:
            return Reply(HTTPStatus.ACCEPTED, {"call": call, "state": "waiting"})
        name = " " if self.has(StationQuirk.NAMELESS) else kept.taken_by
        return Reply(HTTPStatus.OK, {"call": call, "state": "taken", "taken_by": name})

    def _refuse(self, status: HTTPStatus, why: str) -> Reply:
        self.refused.append(why)
        return Reply(status, {"why": why})

    def _unsigned(self, key: str, headers: Mapping[str, str], body: bytes) -> str:
        """Why this message is nobody's; empty: it is signed, and now."""
        stamp, given = headers.get("webhook-timestamp", ""), headers.get("webhook-signature", "")
        if not key or not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
            return "no key or no time"
        now_s = self._clock.now_ns() // NS_PER_S + (CLOCK_OFF_S if self.has(StationQuirk.CLOCK_OFF) else 0)
        if abs(now_s - int(stamp)) > TOLERANCE_S:
            return "signed too long ago, or in the future"
        wanted = hmac.new(self._secret, b".".join((key.encode(), stamp.encode(), body)), hashlib.sha256).digest()
        signature = b"v1," + base64.b64encode(wanted)
        if not any(hmac.compare_digest(signature, each.encode()) for each in given.split(" ")):
            return "not signed by the centre"
        return ""


def _event(body: bytes) -> Mapping[str, object] | None:
    """The event, if it is one of the agreed kind: its keys, its data's keys, and texts everywhere; else None."""
    try:
        event = json.loads(body)
    except ValueError:
        return None
    if not isinstance(event, dict) or set(event) != _EVENT_KEYS:
        return None
    data = event["data"]
    if not isinstance(data, dict) or set(data) != _DATA_KEYS:
        return None
    texts = [*data.values(), *(value for name, value in event.items() if name != "data")]
    is_right = all(isinstance(text, str) and len(text) <= 256 for text in texts)
    return event if is_right and event["specversion"] == "1.0" and event["type"] == "fr.csu.call.v1" else None
