"""Prometheus series of the room and of the console itself, in a registry of their own for each application."""

from __future__ import annotations

from collections import Counter as CountBy
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from csu.console.room import RoomHealth, RoomView
from csu.hal.camera import CameraLifecycle
from csu.hal.clock import NS_PER_S, Clock
from csu.ingest.board import CameraState
from csu.recording.space import MARKS


class ConsoleCounts:
    """What the console counts of its own work."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.viewers = Gauge("csu_console_viewers", "Live streams open now", registry=registry)
        self.wall_viewers = Gauge("csu_console_wall_viewers", "Pages that watch the whole wall now", registry=registry)
        self.pages = Gauge("csu_console_pages", "Pages that follow the state now", registry=registry)
        self.fragments = Counter("csu_console_fragments", "Live fragments sent", registry=registry)
        self.sent_bytes = Counter("csu_console_sent_bytes", "Bytes of live fragments sent", registry=registry)
        self.refused = Counter("csu_console_refused", "Requests refused", ["code"], registry=registry)
        self.strangers_unjournaled = Counter(
            "csu_console_strangers_unjournaled",
            "Requests of nobody, refused, too many in a minute to be journaled",
            registry=registry,
        )
        self.ends_unjournaled = Counter(
            "csu_console_ends_unjournaled", "Journaled deeds of which the end could not be journaled", registry=registry
        )


class RoomCollector(Collector):
    """Reads the room when it is scraped. Labels stay few: states, fates of frames, and one series a camera."""

    def __init__(self, room: RoomView, clock: Clock) -> None:
        self._room = room
        self._clock = clock

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        yield from self._cameras()
        yield from self._health()
        yield from self._counters()

    def _cameras(self) -> Iterator[GaugeMetricFamily]:
        cameras = self._room.cameras()
        by_state = CountBy(line.state for line in cameras)
        states = GaugeMetricFamily("csu_cameras", "Cameras by state", labels=["state"])
        for state in CameraState:
            states.add_metric([state.value], by_state[state])
        yield states
        by_lifecycle = CountBy(line.lifecycle for line in cameras)
        lives = GaugeMetricFamily(
            "csu_cameras_lifecycle", "Cameras by place in life; all but active are wholly masked", labels=["lifecycle"]
        )
        for lifecycle in CameraLifecycle:
            lives.add_metric([lifecycle.value], by_lifecycle[lifecycle])
        yield lives
        live = GaugeMetricFamily("csu_camera_live", "1 when the camera is live", labels=["camera", "commune"])
        audio = GaugeMetricFamily(
            "csu_camera_audio_offered", "1 when the camera offers sound, which is refused", labels=["camera", "commune"]
        )
        for line in cameras:
            labels = [line.record.camera, line.record.commune]
            live.add_metric(labels, line.state is CameraState.LIVE)
            audio.add_metric(labels, line.audio_offered)
        yield live
        yield audio

    def _health(self) -> Iterator[GaugeMetricFamily]:
        health = self._room.health()
        yield GaugeMetricFamily("csu_ok", "1 when the centre says it does its work", value=health.ok)
        yield GaugeMetricFamily("csu_nodes_up", "Media nodes at work", value=health.nodes_up)
        yield GaugeMetricFamily("csu_nodes_expected", "Media nodes wanted", value=health.nodes_expected)
        yield GaugeMetricFamily(
            "csu_started_timestamp_seconds", "When the centre started", value=health.started_at_ns / NS_PER_S
        )
        if health.last_manifest_at_ns is not None:
            age_s = (self._clock.now_ns() - health.last_manifest_at_ns) / NS_PER_S
            yield GaugeMetricFamily("csu_manifest_age_seconds", "Since a node last accounted", value=age_s)
        yield from self._space(health)

    def _space(self, health: RoomHealth) -> Iterator[GaugeMetricFamily]:
        size = GaugeMetricFamily("csu_volume_size_bytes", "Size of a volume of media", labels=["volume"])
        free = GaugeMetricFamily("csu_volume_free_bytes", "Free bytes of a volume of media", labels=["volume"])
        writable = GaugeMetricFamily("csu_volume_writable", "1 when segments begin on it", labels=["volume"])
        high = GaugeMetricFamily("csu_volume_high_water", "1 when it is soon full", labels=["volume"])
        for volume in health.volumes:
            size.add_metric([volume.name], volume.size_bytes)
            free.add_metric([volume.name], volume.free_bytes)
            writable.add_metric([volume.name], volume.is_writable(MARKS))
            high.add_metric([volume.name], volume.used_share >= MARKS.high_share)
        yield from (size, free, writable, high)
        if health.hours_left is not None:
            yield GaugeMetricFamily(
                "csu_space_hours_left", "Until nothing can be recorded, at this pace", value=health.hours_left
            )

    def _counters(self) -> Iterator[CounterMetricFamily]:
        counters = self._room.counters()
        counts = counters.frames
        frames = CounterMetricFamily("csu_frames", "Frames by what happened to them", labels=["fate"])
        frames.add_metric(["decoded"], counts.decoded)
        frames.add_metric(["masked"], counts.masked)
        frames.add_metric(["wholly_masked"], counts.wholly_masked)
        frames.add_metric(["dropped"], counts.dropped)
        frames.add_metric(["clear_refused"], counts.clear_refused)
        yield frames
        yield CounterMetricFamily("csu_audio_offered", "Audio tracks offered and refused", value=counts.audio_offered)
        yield CounterMetricFamily("csu_packets_lost", "Packets lost by cameras", value=counts.packets_lost)
        yield CounterMetricFamily("csu_segments", "Segments closed", value=counters.segments)
        yield CounterMetricFamily("csu_segment_bytes", "Bytes of closed segments", value=counters.segment_bytes)
        yield CounterMetricFamily("csu_gaps", "Gaps recorded as gaps", value=counters.gaps)
