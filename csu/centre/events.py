"""What the control plane tells its listeners: each thing that happens, once, in order; and what it has counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from csu.alarms import AlarmEvent
from csu.hal.alarms import AlarmPriority
from csu.hal.analysis import EventSignal, EventType
from csu.hal.camera import CameraId, CameraLifecycle
from csu.hal.clock import Nanoseconds
from csu.hal.media import CameraEvent, Manifest, NodeId
from csu.hal.words import NO_WORDS, Words
from csu.ingest.board import CameraChanged
from csu.operations import DeportChanged, DispatchEvent, PtzOutcome, ServiceEvent, TourReport, WatchEvent
from csu.wall import ShiftCoverage, WallDecision


@dataclass(frozen=True, slots=True)
class NodeChanged:
    """A media node came up or was lost."""

    node: NodeId
    up: bool
    at_ns: Nanoseconds
    detail: Words = NO_WORDS


@dataclass(frozen=True, slots=True)
class ManifestTaken:
    """A manifest was believed and will be written."""

    manifest: Manifest
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class ManifestRefused:
    """A manifest of an old epoch, or one already taken: two owners for a while, or a replay. Not written."""

    node: NodeId
    node_epoch: int
    sequence: int
    at_ns: Nanoseconds
    why: Words


@dataclass(frozen=True, slots=True)
class CatalogueWritten:
    """`manifests` manifests are durable."""

    manifests: int
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something failed and is tried again; told so that nothing fails in silence."""

    where: str
    """The same in every language: an id, or a part of the centre."""
    what: Words
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class CameraLifecycleChanged:
    """A camera was put into service, or taken out of it: moved, suspended, not verified in time (PRV-6)."""

    camera: CameraId
    before: CameraLifecycle
    after: CameraLifecycle
    at_ns: Nanoseconds
    detail: Words = NO_WORDS


@dataclass(frozen=True, slots=True)
class MasksInForce:
    """Another version of a camera's masks is in force, and its node was told. An edge plan of another is void."""

    camera: CameraId
    version: int
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class OrdersChanged:
    """Other orders and papers are in force: what was computed with the former ones is void."""

    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class CameraRightsChanged:
    """By its papers a camera may be recorded, or watched, or no longer (AUT-1, AUT-6, COM-2)."""

    camera: CameraId
    may_record: bool
    may_watch: bool
    at_ns: Nanoseconds
    why: Words


@dataclass(frozen=True, slots=True)
class AlarmsQueued:
    """A storm: of the untaken alarms these are in no line of the screen. None any more: it is over."""

    groups: int
    """Sites whose line does not fit; `Centre.alarm_lines` gives the lines that do."""
    by_priority: Mapping[AlarmPriority, int]
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class SignalRaised:
    """Analysis draws a person's attention to a camera. Nothing else comes of it (VSA-6, VSA-7)."""

    signal: EventSignal
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class SignalShown:
    """A signal waits for a person. `signal`: by which it is judged."""

    signal: str
    camera: CameraId
    type: EventType
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class SignalOver:
    """A person judged it, or it went unjudged. What he made of it is the report's (VSA-8), nobody else's."""

    signal: str
    camera: CameraId
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class AnalysisChanged:
    """A camera is analysed from now on, or no longer; `why` is for its tile."""

    camera: CameraId
    is_analysed: bool
    at_ns: Nanoseconds
    why: Words


CentreEvent: TypeAlias = (
    CameraChanged
    | CameraLifecycleChanged
    | CameraRightsChanged
    | OrdersChanged
    | MasksInForce
    | CameraEvent
    | AlarmEvent
    | AlarmsQueued
    | DispatchEvent
    | DeportChanged
    | WatchEvent
    | ServiceEvent
    | PtzOutcome
    | WallDecision
    | TourReport
    | ShiftCoverage
    | NodeChanged
    | ManifestTaken
    | ManifestRefused
    | CatalogueWritten
    | SignalRaised
    | SignalShown
    | SignalOver
    | AnalysisChanged
    | Trouble
)


@dataclass(slots=True)
class CentreCounts:
    """What the centre has counted since it started."""

    manifests_taken: int = 0
    manifests_refused: int = 0
    manifests_missing: int = 0
    """Holes in a node's sequence: minutes nobody accounts for."""
    manifests_written: int = 0
    segments_closed: int = 0
    frames_decoded: int = 0
    frames_masked: int = 0
    frames_wholly_masked: int = 0
    frames_dropped: int = 0
    clear_refused: int = 0
    audio_offered: int = 0
    sounds_dropped: int = 0
    """What devices told because something was heard: nobody read it (AUD-3)."""
    packets_lost: int = 0
    alarms_raised: int = 0
    alarms_repeated: int = 0
    alarms_escalated: int = 0
    alarms_refused: int = 0
    """Messages of accounts that nobody declared."""
    calls_unanswered: int = 0
    """Sendings of calls that nobody took in time: each is sent again."""
    nodes_lost: int = 0
    troubles: int = 0
