"""The camera board: what the centre believes of each camera, from what the nodes say and from their silence.

A pure core: messages and `now_ns` in, changes out. A camera that nobody speaks of turns LOST by itself: the board
trusts no "all is well" older than `silent_after_ns` (invariant: a camera down shows within 2 minutes).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from csu.hal.camera import CameraId, CameraLifecycle, CameraRecord
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Nanoseconds
from csu.hal.media import (
    CameraEvent,
    CameraEventKind,
    GapCause,
    Manifest,
    NodeLost,
    NodeMessage,
    each_camera_once,
)
from csu.hal.words import NO_WORDS, Words

ROSTERS_MAX = 1024
"""Lists of cameras kept: one a node, and those of nodes whose cameras changed."""
SILENT_AFTER_NS = 100 * NS_PER_S
"""A manifest comes each minute; one and a bit missed is silence. Keeps the whole answer under 2 minutes."""


class CameraState(StrEnum):
    """What a person sees beside the camera's name."""

    STARTING = "starting"
    LIVE = "live"
    LOST = "lost"
    REFUSED = "refused"
    UNSUPPORTED = "unsupported"
    UNAUTHORISED = "unauthorised"
    """No order lets it be taken in: nobody asks it for pictures (AUT-1)."""

    @property
    def words(self) -> Words:
        """The state as people say it of a camera."""
        return _STATE_WORDS[self]


_STATE_WORDS = {
    CameraState.STARTING: Words("démarrage", "starting"),
    CameraState.LIVE: Words("en direct", "live"),
    CameraState.LOST: Words("perdue", "lost"),
    CameraState.REFUSED: Words("refusée", "refused"),
    CameraState.UNSUPPORTED: Words("non prise en charge", "not supported"),
    CameraState.UNAUTHORISED: Words("sans autorisation", "not authorised"),
}


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """One line of the board."""

    record: CameraRecord
    state: CameraState
    since_ns: Nanoseconds
    heard_at_ns: Nanoseconds
    """Last time a node vouched for it."""
    detail: Words = NO_WORDS
    audio_offered: bool = False
    """The device offered sound; it was refused, and someone must go and switch it off (AUD-2)."""
    lifecycle: CameraLifecycle = CameraLifecycle.DRAFT
    """Anything but ACTIVE: its picture is wholly masked (PRV-6)."""
    mask_version: int = 0
    """The version of its masks in force; 0: none, wholly masked."""
    watched: bool = True
    """False: its commune has agreed to storage only, or no order covers it: nobody sees it live (COM-2)."""


@dataclass(frozen=True, slots=True)
class CameraChanged:
    """A camera changed state: shown, counted, journaled."""

    camera: CameraId
    before: CameraState
    after: CameraState
    at_ns: Nanoseconds
    detail: Words = NO_WORDS


_STATE_OF_EVENT = {
    CameraEventKind.LIVE: CameraState.LIVE,
    CameraEventKind.LOST: CameraState.LOST,
    CameraEventKind.REFUSED: CameraState.REFUSED,
    CameraEventKind.UNSUPPORTED: CameraState.UNSUPPORTED,
}

_ANSWERING = frozenset({GapCause.PACKETS_LOST, GapCause.DISK})
"""Not recorded, or not wholly, by a camera that does answer; the disk's trouble is told by itself."""


_UNKNOWN = -1
_NO_MANIFEST = Words("aucun compte rendu n'est venu de son nœud", "no manifest came from its node")
_WHY_LOST = {
    GapCause.CAMERA_LOST: Words("la caméra ne répond plus", "the camera no longer answers"),
    GapCause.CAMERA_REFUSED: Words("la caméra a refusé", "the camera refused"),
    GapCause.STREAM_UNSUPPORTED: Words("flux non pris en charge", "unsupported stream"),
    GapCause.STREAM_CHANGED: Words("le flux a changé", "the stream changed"),
    GapCause.OVERLOAD: Words("nœud surchargé", "node overloaded"),
    GapCause.NODE_LOST: Words("nœud perdu", "node lost"),
    GapCause.STOPPED: Words("enregistrement arrêté", "recording stopped"),
}


class _Roster(NamedTuple):
    """A list of cameras that manifests come with, looked up once."""

    position: Mapping[CameraId, int]
    members: frozenset[CameraId]
    every_place: NDArray[np.intp]
    """Of each on the board, or _UNKNOWN."""
    places: NDArray[np.intp] | slice
    """Of those that the board knows; a slice where they stand side by side, which is five times faster."""
    everyone: NDArray[np.int32]
    """`SegmentTable.camera` of a minute in which each camera closed one segment."""


class CameraBoard:
    """All cameras of the centre and their state."""

    def __init__(self, records: Iterable[CameraRecord], now_ns: Nanoseconds) -> None:
        self._status = {
            record.camera: CameraStatus(record, CameraState.STARTING, since_ns=now_ns, heard_at_ns=now_ns)
            for record in records
        }
        # Heard of each minute, changed rarely: 1.9 million vouchers a day touch neither the lines of the board nor each
        # camera, only one column, a node's cameras at once.
        self._place = {camera: place for place, camera in enumerate(self._status)}
        self._heard_at_ns = np.full(len(self._status), now_ns, np.int64)
        """By place: when a node last vouched for the camera."""
        self._not_live = set(self._status)
        self._is_live = np.zeros(len(self._status), np.bool_)
        """By place: the cameras that are not in `_not_live`."""
        self._rosters: dict[tuple[CameraId, ...], _Roster] = {}
        self._nothing_silent_before_ns = now_ns

    def __getitem__(self, camera: CameraId) -> CameraStatus:
        return replace(self._status[camera], heard_at_ns=int(self._heard_at_ns[self._place[camera]]))

    def all(self) -> list[CameraStatus]:
        """Every camera, in the order they were given."""
        return [self[camera] for camera in self._status]

    def count(self, state: CameraState) -> int:
        """How many cameras are in `state`."""
        return sum(status.state is state for status in self._status.values())

    def hear(self, message: NodeMessage, now_ns: Nanoseconds) -> list[CameraChanged]:
        """Take in what a node says. Cameras the board does not know are ignored."""
        if isinstance(message, Manifest):
            return self._hear_manifest(message, now_ns)
        if isinstance(message, CameraEvent):
            return self._hear_event(message, now_ns)
        return []

    def lose(self, node: NodeLost, cameras: Iterable[CameraId], now_ns: Nanoseconds) -> list[CameraChanged]:
        """A node is gone, and its `cameras` with it."""
        return [
            change
            for camera in cameras
            for change in self._move(camera, CameraState.LOST, now_ns, node.detail.at(node.node))
        ]

    def miss(self, camera: CameraId, why: Words, now_ns: Nanoseconds) -> list[CameraChanged]:
        """The camera did not answer when the centre prepared to record it."""
        return self._move(camera, CameraState.LOST, now_ns, why)

    def forbid(self, camera: CameraId, why: Words, now_ns: Nanoseconds) -> list[CameraChanged]:
        """No order lets it be taken in: whatever nodes still say of it, until `permit`."""
        status = self._status[camera]
        if status.state is CameraState.UNAUTHORISED:
            self._status[camera] = replace(status, detail=why)
            return []
        return self._set(camera, CameraState.UNAUTHORISED, now_ns, why)

    def permit(self, camera: CameraId, now_ns: Nanoseconds) -> list[CameraChanged]:
        """An order lets it be taken in again."""
        if self._status[camera].state is not CameraState.UNAUTHORISED:
            return []
        return self._set(camera, CameraState.STARTING, now_ns, NO_WORDS)

    def let_watch(self, camera: CameraId, watched: bool) -> None:
        """Whether its papers let anybody see it live."""
        if self._status[camera].watched is not watched:
            self._status[camera] = replace(self._status[camera], watched=watched)

    def commission(self, camera: CameraId, lifecycle: CameraLifecycle, mask_version: int) -> None:
        """Where the camera stands in its life, and which version masks it. Who decides so tells it, too."""
        self._status[camera] = replace(self._status[camera], lifecycle=lifecycle, mask_version=mask_version)

    @property
    def next_silence_ns(self) -> Nanoseconds:
        """Before then `tick` changes nothing."""
        return self._nothing_silent_before_ns

    def tick(self, now_ns: Nanoseconds) -> list[CameraChanged]:
        """Turn the cameras nobody vouched for into LOST."""
        if now_ns < self._nothing_silent_before_ns:
            return []
        self._not_live = set(self._not_live)  # one that held all cameras once is looked through as if it still did
        live = self._is_live
        is_silent = self._heard_at_ns <= now_ns - SILENT_AFTER_NS
        # Whoever is vouched for, or goes live, from now on is silent later than all those looked at.
        oldest_ns = int(self._heard_at_ns[live & ~is_silent].min(initial=now_ns))
        self._nothing_silent_before_ns = oldest_ns + SILENT_AFTER_NS
        gone = live & is_silent
        silent = [camera for camera, is_gone in zip(self._status, gone, strict=True) if is_gone] if gone.any() else []
        return [change for camera in silent for change in self._move(camera, CameraState.LOST, now_ns, _NO_MANIFEST)]

    def _hear_event(self, event: CameraEvent, now_ns: Nanoseconds) -> list[CameraChanged]:
        status = self._status.get(event.camera)
        if status is None:
            return []
        if event.kind is CameraEventKind.AUDIO_OFFERED:
            self._status[event.camera] = replace(status, audio_offered=True, detail=event.detail)
            return []
        after = _STATE_OF_EVENT.get(event.kind)
        if after is None:
            self._status[event.camera] = replace(status, detail=event.detail)
            return []
        return self._move(event.camera, after, now_ns, event.detail)

    def _hear_manifest(self, manifest: Manifest, now_ns: Nanoseconds) -> list[CameraChanged]:
        """A camera is judged by how its minute ended: a gap that was over by then does not make it lost."""
        roster = self._rosters.get(manifest.cameras) or self._new_roster(manifest.cameras)
        recorded = manifest.segments.camera
        all_recorded = recorded is roster.everyone or recorded.tobytes() == roster.everyone.tobytes()
        if all_recorded and not manifest.gaps and self._not_live.isdisjoint(roster.members):
            self._heard_at_ns[roster.places] = now_ns  # the usual minute: all recorded, all live before
            return []
        end_ns = manifest.minute_ns + NS_PER_MINUTE
        open_gaps = {gap.camera: gap for gap in manifest.gaps if gap.end_ns >= end_ns}
        to_look_at = {*open_gaps, *(self._not_live & roster.members)} & roster.members
        is_recorded = np.zeros(len(manifest.cameras), np.bool_)
        is_recorded[recorded] = True
        as_before = is_recorded.copy()
        over = [gap.camera for gap in manifest.gaps if gap.end_ns < end_ns and gap.camera in roster.position]
        as_before[[roster.position[camera] for camera in over]] = (
            True  # recorded since, though no segment is closed yet
        )
        looked_at = sorted(map(roster.position.__getitem__, to_look_at))
        as_before[looked_at] = False
        places = roster.every_place[as_before]
        self._heard_at_ns[places[places != _UNKNOWN]] = now_ns
        changes: list[CameraChanged] = []
        for index in looked_at:
            camera = manifest.cameras[index]
            gap = open_gaps.get(camera)
            if (gap is None and is_recorded[index]) or (gap is not None and gap.cause in _ANSWERING):
                changes += self._move(camera, CameraState.LIVE, now_ns, NO_WORDS)
            elif gap is not None and gap.cause is not GapCause.STARTING and not self._is_live_since(camera, end_ns):
                changes += self._move(camera, CameraState.LOST, now_ns, _WHY_LOST[gap.cause])
        return changes

    def _is_live_since(self, camera: CameraId, at_ns: Nanoseconds) -> bool:
        """It came back after the minute that is accounted for: what was told at once is newer than the account."""
        status = self._status[camera]
        return status.state is CameraState.LIVE and status.since_ns >= at_ns

    def _new_roster(self, cameras: tuple[CameraId, ...]) -> _Roster:
        if len(self._rosters) >= ROSTERS_MAX:
            self._rosters.clear()
        every_place = np.array([self._place.get(camera, _UNKNOWN) for camera in cameras], np.intp)
        roster = self._rosters[cameras] = _Roster(
            {camera: index for index, camera in enumerate(cameras)},
            frozenset(cameras),
            every_place,
            _side_by_side(every_place[every_place != _UNKNOWN]),
            each_camera_once(len(cameras)),
        )
        return roster

    def _move(self, camera: CameraId, after: CameraState, now_ns: Nanoseconds, detail: Words) -> list[CameraChanged]:
        status = self._status.get(camera)
        if status is None:
            return []
        if status.state is after:
            self._heard_at_ns[self._place[camera]] = now_ns
            return []
        if status.state is CameraState.UNAUTHORISED:
            return []  # what a node said before it heard of it
        if after is CameraState.LOST and status.state in (CameraState.REFUSED, CameraState.UNSUPPORTED):
            return []  # the better explanation stays
        return self._set(camera, after, now_ns, detail)

    def _set(self, camera: CameraId, after: CameraState, now_ns: Nanoseconds, detail: Words) -> list[CameraChanged]:
        status = self._status[camera]
        place = self._place[camera]
        self._heard_at_ns[place] = now_ns
        self._is_live[place] = after is CameraState.LIVE
        if after is CameraState.LIVE:
            self._not_live.discard(camera)
        else:
            self._not_live.add(camera)
        self._status[camera] = replace(status, state=after, since_ns=now_ns, detail=detail)
        return [CameraChanged(camera, status.state, after, now_ns, detail)]


def _side_by_side(places: NDArray[np.intp]) -> NDArray[np.intp] | slice:
    """The same places, as a slice if they follow one another."""
    if len(places) and (np.diff(places) == 1).all():
        return slice(int(places[0]), int(places[-1]) + 1)
    return places
