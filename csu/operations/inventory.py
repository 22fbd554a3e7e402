"""Every camera of a centre and how it is, the troubled first: image received, right view, recorded (TEC-6). Pure.

Three lights, because a device that answers may show the wrong street, and one that shows the right one may not be kept.
No light is green because nothing was heard.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from csu.governance import lifecycle_words
from csu.hal.camera import CameraId, CameraLifecycle
from csu.hal.clock import NS_PER_MINUTE, Nanoseconds
from csu.hal.media import GapCause
from csu.hal.words import NO_WORDS, Words
from csu.ingest.board import SILENT_AFTER_NS, CameraState, CameraStatus

ACCOUNT_AGE_NS_MAX = NS_PER_MINUTE + SILENT_AFTER_NS
"""A minute's account is believed so long after the minute began: the next should have come by then."""


class Light(StrEnum):
    """How one of the three is."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"
    """Nothing was heard yet, or not any more."""
    OFF = "off"
    """It is not to be: no order, suspended, retired."""


@dataclass(frozen=True, slots=True)
class Said:
    """A light with its words."""

    light: Light
    words: Words


@dataclass(frozen=True, slots=True)
class LastMinute:
    """What its node last accounted for of one camera."""

    node: str
    minute_ns: Nanoseconds
    is_recorded: bool
    """It closed a segment in that minute, and no gap went on at its end."""
    gap: GapCause | None
    clock_offset_ms: int | None
    """The camera's clock less the node's; None: no segment told it."""
    is_clock_wrong: bool


@dataclass(frozen=True, slots=True)
class InventoryLine:
    """One camera."""

    status: CameraStatus
    node: str
    received: Said
    viewed: Said
    recorded: Said
    clock_offset_ms: int | None
    missing: tuple[Words, ...]
    """What people have to do before it does all it should, the first thing first."""

    @property
    def trouble(self) -> int:
        """How urgent it is; 0: nothing is wrong."""
        weights = ((self.recorded, 100), (self.received, 50), (self.viewed, 20))
        lights = sum(weight for said, weight in weights if said.light is Light.BAD)
        doubts = sum(weight // 10 for said, weight in weights if said.light is Light.UNKNOWN)
        return lights + doubts + len(self.missing)


def inventory(
    board: Iterable[CameraStatus], minutes: Mapping[CameraId, LastMinute], now_ns: Nanoseconds
) -> list[InventoryLine]:
    """All of them, the most troubled first; of two alike the lower number."""
    lines = [_line(status, minutes.get(status.record.camera), now_ns) for status in board]
    return sorted(lines, key=lambda line: (-line.trouble, line.status.record.number))


@dataclass(frozen=True, slots=True)
class InventoryPage:
    """Some lines of an inventory, and how many there are."""

    lines: Sequence[InventoryLine]
    matching: int
    total: int
    troubled: int
    lights: Mapping[str, Mapping[Light, int]]
    """Of all: `received`, `viewed`, `recorded`."""


def inventory_page(
    lines: Sequence[InventoryLine], find: str, only: Callable[[InventoryLine], bool], first: int, most: int
) -> InventoryPage:
    """Those that are asked for. `find`: words that must all stand in name, number, camera, commune or node."""
    words = _plain(find).split()
    chosen = [line for line in lines if only(line) and all(word in _text(line) for word in words)]
    kinds = ("received", "viewed", "recorded")
    lights = {kind: Counter(getattr(line, kind).light for line in lines) for kind in kinds}
    troubled = sum(line.trouble > 0 for line in lines)
    return InventoryPage(chosen[first : first + most], len(chosen), len(lines), troubled, lights)


def _line(status: CameraStatus, minute: LastMinute | None, now_ns: Nanoseconds) -> InventoryLine:
    return InventoryLine(
        status,
        minute.node if minute is not None else "",
        _received(status),
        _viewed(status.lifecycle),
        _recorded(status, minute, now_ns),
        minute.clock_offset_ms if minute is not None else None,
        tuple(_missing(status, minute)),
    )


_RECEIVED = {
    CameraState.LIVE: Said(Light.GOOD, Words("image reçue", "image received")),
    CameraState.STARTING: Said(Light.UNKNOWN, Words("démarrage", "starting")),
    CameraState.LOST: Said(Light.BAD, Words("pas d'image", "no image")),
    CameraState.REFUSED: Said(Light.BAD, Words("la caméra refuse", "the camera refuses")),
    CameraState.UNSUPPORTED: Said(Light.BAD, Words("flux non pris en charge", "unsupported stream")),
    CameraState.UNAUTHORISED: Said(Light.OFF, Words("sans autorisation", "not authorised")),
}
_IN_VIEW = Said(Light.GOOD, Words("bonne vue", "right view"))
_NOT_TO_RECORD = Said(Light.OFF, Words("rien à enregistrer", "nothing to record"))
_NOT_TOLD = Said(Light.UNKNOWN, Words("aucun compte rendu encore", "no account yet"))
_TOLD_LONG_AGO = Said(Light.BAD, Words("plus de compte rendu", "no account any more"))
_RECORDED = Said(Light.GOOD, Words("enregistrée", "recorded"))
_CAUSES = {
    GapCause.DISK: Words("disque en défaut", "disk fault"),
    GapCause.OVERLOAD: Words("nœud surchargé", "node overloaded"),
    GapCause.NODE_LOST: Words("nœud perdu", "node lost"),
    GapCause.STOPPED: Words("arrêté", "stopped"),
    GapCause.STREAM_CHANGED: Words("le flux a changé", "the stream changed"),
    GapCause.STREAM_UNSUPPORTED: Words("flux non pris en charge", "unsupported stream"),
    GapCause.CAMERA_LOST: Words("caméra perdue", "camera lost"),
    GapCause.CAMERA_REFUSED: Words("la caméra refuse", "the camera refuses"),
    GapCause.PACKETS_LOST: Words("paquets perdus", "packets lost"),
    GapCause.STARTING: Words("démarrage", "starting"),
}
_NOT_RECORDED = Words("pas enregistrée", "not recorded")


def _received(status: CameraStatus) -> Said:
    said = _RECEIVED[status.state]
    return Said(said.light, status.detail) if said.light is Light.BAD and status.detail else said


def _viewed(lifecycle: CameraLifecycle) -> Said:
    if lifecycle is CameraLifecycle.ACTIVE:
        return _IN_VIEW
    is_wrong = lifecycle in (CameraLifecycle.NOT_COMMISSIONED, CameraLifecycle.FAULT)
    return Said(Light.BAD if is_wrong else Light.OFF, lifecycle_words(lifecycle))


def _recorded(status: CameraStatus, minute: LastMinute | None, now_ns: Nanoseconds) -> Said:
    if status.state is CameraState.UNAUTHORISED:
        return _NOT_TO_RECORD
    if minute is None:
        return _NOT_TOLD
    if now_ns - minute.minute_ns > ACCOUNT_AGE_NS_MAX:
        return _TOLD_LONG_AGO
    if minute.is_recorded:
        return _RECORDED
    if minute.gap is GapCause.STARTING:
        return Said(Light.UNKNOWN, _CAUSES[GapCause.STARTING])
    cause = _CAUSES.get(minute.gap, NO_WORDS) if minute.gap is not None else NO_WORDS
    told = Words(f"{_NOT_RECORDED.fr} : {cause.fr}", f"{_NOT_RECORDED.en}: {cause.en}") if cause else _NOT_RECORDED
    return Said(Light.BAD, told)


def _missing(status: CameraStatus, minute: LastMinute | None) -> Iterable[Words]:
    if status.state is CameraState.UNAUTHORISED:
        yield Words(f"papiers : {status.detail.fr}", f"papers: {status.detail.en}")
    if status.lifecycle is CameraLifecycle.DRAFT:
        yield Words("proposer ses masques", "propose its masks")
    elif status.lifecycle is CameraLifecycle.NOT_COMMISSIONED:
        yield Words("faire signer ses masques (technique et DPD)", "have its masks signed (technical and DPO)")
    elif status.lifecycle is CameraLifecycle.FAULT:
        yield Words("la réparer, puis faire signer ses masques", "repair it, then have its masks signed")
    if status.audio_offered:
        yield Words("débrancher son micro", "unplug its microphone")
    if minute is not None and minute.is_clock_wrong:
        yield Words("régler son horloge", "set its clock")


def _text(line: InventoryLine) -> str:
    record = line.status.record
    return _plain(f"{record.name} {record.number} {record.camera} {record.commune} {line.node}")


def _plain(text: str) -> str:
    """Without accents and capitals."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))
