"""What expectations may be about: the signals of a run, and the numbers that are known when it is over.

A signal is told by the world (`alarm.rung`, `fault.began`) or read off what the centre tells (`alarm.raised`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from csu.centre import (
    Alarm,
    AlarmAcknowledged,
    AlarmAdvanced,
    AlarmEscalated,
    AlarmRaised,
    AlarmState,
    AnalysisChanged,
    CameraChanged,
    CameraRightsChanged,
    CameraState,
    CentreEvent,
    ManifestRefused,
    NodeChanged,
    SceneChanged,
    SignalRaised,
    TileChanged,
    Trouble,
    WatchChanged,
)
from csu.hal.alarms import AlarmKind
from csu.hal.clock import Nanoseconds
from csu.hal.media import CameraEvent, CameraEventKind
from csu.hal.words import Words
from csu.notation.quantities import count, share
from sim.analysis_words import SIGNALS as ANALYSIS_SIGNALS
from sim.dictionary import FAULTS, STORY
from sim.order_words import SIGNALS as ORDER_SIGNALS
from sim.past.words import SIGNALS as PAST_SIGNALS
from sim.population_words import SIGNALS as POPULATION_SIGNALS
from sim.vocabulary import Measure, Signal, SignalKind
from sim.wall import SIGNALS as WALL_SIGNALS
from sim.wall_signals import SIGNALS as DIRECTOR_SIGNALS
from sim.wall_signals import WallReader

_OF_A_CAMERA = ("commune", "state")
_OF_AN_ALARM = ("commune", "kind")
_OF_A_FAULT = ("kind", "commune", "camera")
_STATES = {"state": tuple(state.value for state in CameraState)}
_ALARMS = {"kind": tuple(kind.value for kind in AlarmKind)}
_FAULTS = {"kind": tuple({**STORY.models, **FAULTS.models})}
_EVENTS = {"kind": tuple(STORY.models)}

SIGNALS: dict[str, SignalKind] = {
    kind.name: kind
    for kind in (
        SignalKind("alarm.rung", Words("une centrale sonne", "a panel rings"), "alarm", _OF_AN_ALARM, _ALARMS),
        SignalKind("alarm.raised", Words("une alarme se montre", "an alarm shows"), "alarm", _OF_AN_ALARM, _ALARMS),
        SignalKind(
            "alarm.acknowledged",
            Words("une personne la prend", "a person takes it"),
            "alarm",
            (*_OF_AN_ALARM, "by"),
            _ALARMS,
        ),
        SignalKind(
            "alarm.confirmed", Words("elle est confirmée", "it is confirmed"), "alarm", (*_OF_AN_ALARM, "by"), _ALARMS
        ),
        SignalKind("alarm.closed", Words("elle est close", "it is closed"), "alarm", (*_OF_AN_ALARM, "by"), _ALARMS),
        SignalKind("watch.short", Words("moins de deux veillent", "fewer than two watch"), "person"),
        SignalKind("watch.kept", Words("deux veillent au moins", "at least two watch"), "person"),
        SignalKind(
            "alarm.escalated", Words("elle remonte au chef", "it goes to the chief"), "alarm", _OF_AN_ALARM, _ALARMS
        ),
        SignalKind(
            "camera.live", Words("une caméra est en direct", "a camera is live"), "camera", _OF_A_CAMERA, _STATES
        ),
        SignalKind(
            "camera.not_live", Words("elle ne l'est plus", "it is no longer live"), "camera", _OF_A_CAMERA, _STATES
        ),
        SignalKind("camera.audio_offered", Words("elle propose du son", "it offers sound"), "camera", ("commune",)),
        SignalKind("camera.packets_lost", Words("elle perd des paquets", "it loses packets"), "camera", ("commune",)),
        SignalKind("camera.disk_trouble", Words("son disque refuse", "its disk refuses"), "camera", ("commune",)),
        SignalKind("camera.covered", Words("elle est couverte", "it is covered"), "camera", ("commune",)),
        SignalKind("camera.knocked", Words("elle a été heurtée", "it was knocked"), "camera", ("commune",)),
        SignalKind("camera.restored", Words("sa vue est rétablie", "its view is well again"), "camera", ("commune",)),
        SignalKind("camera.mask_failed", Words("ses masques manquent", "its masks are gone"), "camera", ("commune",)),
        SignalKind("camera.mask_verified", Words("ses masques se voient", "its masks show"), "camera", ("commune",)),
        SignalKind("node.up", Words("un nœud est en marche", "a node is up"), "node", ("commune",)),
        SignalKind("node.lost", Words("un nœud est perdu", "a node is lost"), "node", ("commune",)),
        SignalKind(
            "manifest.refused", Words("un compte rendu est refusé", "a manifest is refused"), "node", ("commune",)
        ),
        SignalKind("centre.trouble", Words("le centre signale un ennui", "the centre tells a trouble"), "where"),
        SignalKind("fault.began", Words("une panne commence", "a fault begins"), "fault", _OF_A_FAULT, _FAULTS),
        SignalKind("fault.ended", Words("une panne finit", "a fault ends"), "fault", _OF_A_FAULT, _FAULTS),
        SignalKind("story.began", Words("un événement commence", "an event begins"), "event", ("kind",), _EVENTS),
        SignalKind("story.ended", Words("un événement finit", "an event ends"), "event", ("kind",), _EVENTS),
        SignalKind("police.asked", Words("un contact est essayé", "a contact is tried"), "call", ("commune",)),
        SignalKind("police.called", Words("la police est appelée", "the police are called"), "call", ("commune",)),
        *ORDER_SIGNALS,
        *POPULATION_SIGNALS,
        *WALL_SIGNALS,
        *DIRECTOR_SIGNALS,
        *PAST_SIGNALS,
        *ANALYSIS_SIGNALS,
        SignalKind("camera.closed", Words("elle n'est plus prise", "it is no longer taken in"), "camera", ("commune",)),
        SignalKind("camera.opened", Words("elle peut être prise", "it may be taken in"), "camera", ("commune",)),
        SignalKind("police.informed", Words("la police a entendu", "the police have heard"), "call", ("commune",)),
        SignalKind("police.telephoned", Words("on lui téléphone", "a person telephones"), "call", ("commune",)),
    )
}
"""Every signal of a run, by name."""

MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure("coverage", Words("temps enregistré", "time recorded"), share, "share"),
        Measure("cameras.not_live", Words("caméras pas en direct", "cameras not live"), count, ""),
        Measure("alarms.open", Words("alarmes encore ouvertes", "alarms still open"), count, ""),
        Measure("nodes.down", Words("nœuds arrêtés", "nodes down"), count, ""),
        Measure("pictures.analysed", Words("images analysées", "pictures analysed"), count, ""),
        Measure("calls.given_up", Words("appels abandonnés", "calls given up"), count, ""),
    )
}
"""Every number known at the end of a run, by name."""

_OF_STEP = {AlarmState.CONFIRMED: "alarm.confirmed", AlarmState.CLOSED: "alarm.closed"}
_OF_CAMERA_EVENT = {
    CameraEventKind.AUDIO_OFFERED: "camera.audio_offered",
    CameraEventKind.PACKETS_LOST: "camera.packets_lost",
    CameraEventKind.DISK_TROUBLE: "camera.disk_trouble",
    CameraEventKind.VIEW_COVERED: "camera.covered",
    CameraEventKind.VIEW_MOVED: "camera.knocked",
    CameraEventKind.VIEW_RESTORED: "camera.restored",
    CameraEventKind.MASK_FAILED: "camera.mask_failed",
    CameraEventKind.MASK_VERIFIED: "camera.mask_verified",
}


@dataclass(frozen=True, slots=True)
class Places:
    """In which commune each camera and node stands."""

    cameras: Mapping[str, str]
    nodes: Mapping[str, str]


@dataclass(slots=True)
class SignalReader:
    """Reads the signals off what the centre tells."""

    places: Places
    live: set[str] = field(default_factory=set)
    wall: WallReader = field(default_factory=WallReader)

    def of(self, event: CentreEvent, now_ns: Nanoseconds) -> Iterable[Signal]:
        """The signals of one event; manifests, the bulk of all events, are none."""
        if isinstance(event, AlarmRaised):
            return (_of_alarm("alarm.raised", event.alarm, now_ns),)
        if isinstance(event, AlarmAcknowledged):
            return (_of_alarm("alarm.acknowledged", event.alarm, now_ns, by=event.alarm.acked_by),)
        if isinstance(event, AlarmAdvanced):
            kind = _OF_STEP.get(event.alarm.state)
            told = (_of_alarm(kind, event.alarm, now_ns, by=event.alarm.steps[-1].by),) if kind else ()
            return (*told, *self.wall.of(event, now_ns))
        if isinstance(event, WatchChanged):
            return (Signal("watch.short" if event.is_short else "watch.kept", now_ns, {"person": event.person}),)
        if isinstance(event, AlarmEscalated):
            return (_of_alarm("alarm.escalated", event.alarm, now_ns),)
        if isinstance(event, CameraChanged):
            return self._of_camera(event, now_ns)
        if isinstance(event, CameraEvent):
            kind = _OF_CAMERA_EVENT.get(event.kind)
            commune = self.places.cameras.get(event.camera, "")
            return (Signal(kind, now_ns, {"camera": event.camera, "commune": commune}),) if kind else ()
        if isinstance(event, CameraRightsChanged):
            kind = "camera.opened" if event.may_record else "camera.closed"
            commune = self.places.cameras.get(event.camera, "")
            return (Signal(kind, now_ns, {"camera": event.camera, "commune": commune}),)
        if isinstance(event, AnalysisChanged):
            kind = "analysis.began" if event.is_analysed else "analysis.ended"
            commune = self.places.cameras.get(event.camera, "")
            return (Signal(kind, now_ns, {"camera": event.camera, "commune": commune}),)
        if isinstance(event, SignalRaised):
            camera = event.signal.camera
            fields = {"camera": camera, "commune": self.places.cameras.get(camera, ""), "type": event.signal.type.value}
            return (Signal("analysis.signal", now_ns, fields),)
        if isinstance(event, NodeChanged):
            return (self._of_node("node.up" if event.up else "node.lost", event.node, now_ns),)
        if isinstance(event, ManifestRefused):
            return (self._of_node("manifest.refused", event.node, now_ns),)
        if isinstance(event, SceneChanged | TileChanged):
            return self.wall.of(event, now_ns)
        if isinstance(event, Trouble):
            return (Signal("centre.trouble", now_ns, {"where": event.where}),)
        return ()

    def _of_camera(self, event: CameraChanged, now_ns: Nanoseconds) -> Iterator[Signal]:
        fields = {
            "camera": str(event.camera),
            "commune": self.places.cameras.get(event.camera, ""),
            "state": event.after.value,
        }
        is_live = event.after is CameraState.LIVE
        if is_live is not (event.camera in self.live):
            (self.live.add if is_live else self.live.discard)(event.camera)
            yield Signal("camera.live" if is_live else "camera.not_live", now_ns, fields)

    def _of_node(self, kind: str, node: str, now_ns: Nanoseconds) -> Signal:
        return Signal(kind, now_ns, {"node": node, "commune": self.places.nodes.get(node, "")})


def _of_alarm(kind: str, alarm: Alarm, now_ns: Nanoseconds, **more: str) -> Signal:
    message = alarm.message
    fields = {"alarm": str(alarm.alarm), "commune": str(message.commune), "kind": message.kind.value, **more}
    return Signal(kind, now_ns, fields)
