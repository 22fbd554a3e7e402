"""One live camera: lens, mount, masks of its own, frame mark, one encoder for each stream."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from dataclasses import replace

import cv2

from csu.hal.camera import OnboardMask
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.frame_mark import draw_mark
from csu.hal.place import PoseReading
from sim.endpoints.burn import Burner
from sim.endpoints.encoder import EncodedPicture, Encoder, jpeg_of
from sim.endpoints.masks import MaskMemory, Output
from sim.endpoints.pictures import PictureSource, open_source
from sim.endpoints.spec import (
    PROFILE,
    EndpointSpec,
    Fault,
    FaultKind,
    MaskFault,
    StreamSpec,
    ViewFault,
    require_view,
    size_after,
    streams_of,
)
from sim.endpoints.view import Mount, spoil, true_pose
from sim.street.i420 import I420, new_i420, planes_of
from sim.street.mount import Motion


def frame_number(at_ns: Nanoseconds, frames_per_s: int) -> int:
    """The capture counter at an instant on the camera's grid: counts since 1970, whether drawn or not."""
    return (at_ns * frames_per_s + NS_PER_S // 2) // NS_PER_S


class LiveCamera:
    """`capture` is called by one worker thread at a time; all else by any. `watched` and `wants_key` name profiles.

    A picture goes its way as in a real camera: the mount turns, the lens sees (and suffers), the frame mark is written
    as a camera writes its name, and the masks are burnt in over everything: a mask that letters stand on is no mask.
    """

    def __init__(self, spec: EndpointSpec, now_ns: Nanoseconds) -> None:
        self.spec = spec
        self.fault: Fault | None = spec.fault
        self.watched: frozenset[str] = frozenset()
        self.wants_key: frozenset[str] = frozenset()
        self.pictures_late = 0
        self.scheduled = False
        self._streams = {stream.profile: _LiveStream(stream, spec.frames_per_s) for stream in streams_of(spec)}
        self._source: PictureSource = open_source(spec)
        self._still_burner = Burner()
        self._drawing = threading.Lock()  # the source serves one thread at a time: a studio, or whoever wants a still
        self._told = threading.Lock()  # of what follows: orders come from the event loop
        self._mount = Mount(spec)
        self._masks = MaskMemory(spec.onboard_masks, spec.mask_corners_max)
        if spec.burnt:
            self._masks.push(spec.burnt, now_ns)
        self._masks.misbehave(spec.mask_fault, spec.mask_fault_after_s, now_ns)
        self._stuck_at_ns: Nanoseconds | None = None
        self._view_fault, self._view_fault_from_ns = spec.view_fault, now_ns + round(spec.view_fault_after_s * NS_PER_S)

    def capture(
        self, at_ns: Nanoseconds, profiles: Collection[str], keys: Collection[str] = ()
    ) -> list[tuple[str, EncodedPicture]]:
        """Draw the picture of `at_ns` once, and encode it for each of `profiles`; those of `keys` as a key frame."""
        seen_ns = self._seen_ns(at_ns)
        with self._drawing:
            scene = self._scene(seen_ns)
        encoded = []
        for profile, stream in self._streams.items():
            if profile not in profiles:
                stream.forget()
                continue
            picture = scene.copy() if len(profiles) > 1 else scene
            size_px = size_after(stream.spec, self.fault, stream.encoded)
            if size_px != (self.spec.width_px, self.spec.height_px):
                picture = _resized(picture, *size_px)
            self._finish(picture, Output(profile), seen_ns, stream.burner)
            made = stream.encode(picture, at_ns, force_key=profile in keys)
            if self.fault is not None and self.fault.kind is FaultKind.NO_PARAMETER_SETS:
                made = replace(made, payloads=made.payloads[made.parameter_payloads :], parameter_payloads=0)
            encoded.append((profile, made))
        return encoded

    def still(self, at_ns: Nanoseconds) -> bytes:
        """The picture of `at_ns` in the main stream's size, as JPEG."""
        with self._drawing:
            picture = self._scene(at_ns)
            self._finish(picture, Output.SNAPSHOT, at_ns, self._still_burner)
        return jpeg_of(picture)

    def forget_stream(self) -> None:
        """Nobody watches any more: the next watcher begins a new stream."""
        for stream in self._streams.values():
            stream.forget()

    def obey(self, motion: Motion, *, seeking: bool) -> None:
        """Look where `motion` says from its start on."""
        with self._told:
            self._mount.obey(motion, seeking=seeking)

    def reading_at(self, at_ns: Nanoseconds) -> PoseReading:
        """Where its mount says it looks."""
        with self._told:
            return self._mount.reading_at(at_ns)

    def push_masks(self, masks: Sequence[OnboardMask], now_ns: Nanoseconds) -> None:
        """Replace all its masks. Raises Refused."""
        with self._told:
            self._masks.push(masks, now_ns)

    def report_masks(self, now_ns: Nanoseconds) -> tuple[OnboardMask, ...]:
        """The masks it says it burns."""
        with self._told:
            return self._masks.report(now_ns)

    def betray_masks(self, fault: MaskFault | None, after_s: float, now_ns: Nanoseconds) -> None:
        """Have this mask fault; None: none."""
        with self._told:
            self._masks.misbehave(fault, after_s, now_ns)

    def spoil_view(self, fault: ViewFault | None, after_s: float, now_ns: Nanoseconds) -> None:
        """Have this view fault; None: none. Raises ValueError for one that its picture cannot show."""
        require_view(self.spec, fault)
        with self._told:
            self._view_fault, self._view_fault_from_ns = fault, now_ns + round(after_s * NS_PER_S)

    def reboots_at_ns(self) -> Nanoseconds | None:
        """When it will start again by itself."""
        with self._told:
            return self._masks.reboots_at_ns()

    def rebooted(self) -> None:
        """It has started again."""
        with self._told:
            self._masks.rebooted()

    def _seen_ns(self, at_ns: Nanoseconds) -> Nanoseconds:
        """Of which instant its picture is."""
        if self.fault is None or self.fault.kind is not FaultKind.STUCK:
            self._stuck_at_ns = None
            return at_ns
        self._stuck_at_ns = self._stuck_at_ns or at_ns
        return self._stuck_at_ns

    def _scene(self, at_ns: Nanoseconds) -> I420:
        """What the lens gives."""
        with self._told:
            pose = self._mount.pose_at(at_ns)
            fault = self._view_fault if self._view_fault_from_ns <= at_ns else None
        picture = self._source.draw(true_pose(pose, fault, at_ns), at_ns)
        spoil(picture, fault)
        return picture

    def _finish(self, picture: I420, output: Output, at_ns: Nanoseconds, burner: Burner) -> None:
        with self._told:
            burn = self._masks.burn(output, at_ns, seeking=self._mount.seeking_at(at_ns))
        number = frame_number(at_ns, self.spec.frames_per_s)
        draw_mark(planes_of(picture), self.spec.number, number)
        burner.burn(picture, burn)
        if burn.under_name:
            draw_mark(planes_of(picture), self.spec.number, number)


class _LiveStream:
    """The encoder of one stream, made when somebody watches."""

    def __init__(self, spec: StreamSpec, frames_per_s: int) -> None:
        self.spec = spec
        self.burner = Burner()
        self.encoded = 0
        self._frames_per_s = frames_per_s
        self._encoder: Encoder | None = None

    def encode(self, picture: I420, at_ns: Nanoseconds, *, force_key: bool) -> EncodedPicture:
        planes = planes_of(picture)
        size_px = (planes.width_px, planes.height_px)
        if self._encoder is None or self._encoder.size_px != size_px:
            self._encoder = Encoder(self.spec.codec, *size_px, self._frames_per_s)
        self.encoded += 1
        return self._encoder.encode(picture, at_ns, force_key=force_key)

    def forget(self) -> None:
        self._encoder = None
        self.encoded = 0


def _resized(picture: I420, width_px: int, height_px: int) -> I420:
    planes = planes_of(picture)
    smaller = new_i420(width_px, height_px)
    to = planes_of(smaller)
    cv2.resize(planes.y, (width_px, height_px), dst=to.y, interpolation=cv2.INTER_AREA)
    cv2.resize(planes.u, (width_px // 2, height_px // 2), dst=to.u, interpolation=cv2.INTER_AREA)
    cv2.resize(planes.v, (width_px // 2, height_px // 2), dst=to.v, interpolation=cv2.INTER_AREA)
    return smaller


def encode_loop(spec: EndpointSpec, seconds: int) -> tuple[EncodedPicture, ...]:
    """`seconds` of this endpoint, encoded once (canned mode), from the street's second `spec.number` on."""
    camera = LiveCamera(replace(spec, fault=None), 0)
    rate = spec.frames_per_s
    first = spec.number * rate
    instants = [(first + index) * NS_PER_S // rate for index in range(seconds * rate)]
    return tuple(camera.capture(at_ns, (PROFILE,))[0][1] for at_ns in instants)
