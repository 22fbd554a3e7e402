"""The newest picture that a live session is being shown: masked fragments of the relay in, one decoded picture out.

What a verbalising agent takes as a still is what his own session was sent a moment ago, and nothing else: it comes from
no file and over no network but the relay's (docs/decisions/0098). Nothing is decoded before he takes one.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from csu.cluster.wall_node_pictures import Fragments
from csu.hal.camera import CameraId
from csu.hal.errors import CsuError
from csu.hal.frames import MaskedFrame, YuvPlanes
from csu.hal.media import LiveFragment
from csu.masking.received import received_masked

FRAGMENTS_MAX, BYTES_MAX = 600, 24 << 20
"""Since the last key frame. A stream with fewer key frames gives no still until the next one."""


@dataclass(slots=True)
class _Shown:
    """What one session was shown since the last key frame."""

    camera: CameraId
    init: LiveFragment | None = None
    since_key: list[LiveFragment] = field(default_factory=list)
    size_bytes: int = 0

    def take_in(self, fragment: LiveFragment) -> None:
        if fragment.is_init:
            self.init, self.since_key, self.size_bytes = fragment, [], 0
            return
        if fragment.is_key:
            self.since_key, self.size_bytes = [], 0
        elif not self.since_key:
            return
        self.since_key.append(fragment)
        self.size_bytes += len(fragment.data)
        if len(self.since_key) > FRAGMENTS_MAX or self.size_bytes > BYTES_MAX:
            self.since_key, self.size_bytes = [], 0


class SessionPictures:
    """Of all sessions. `offer` from the loop, `newest` from a thread: it decodes."""

    def __init__(self) -> None:
        self._shown: dict[str, _Shown] = {}
        self._turn = threading.Lock()

    def begin(self, session: str, camera: CameraId) -> None:
        """Its fragments are held from now on."""
        with self._turn:
            self._shown[session] = _Shown(camera)

    def offer(self, session: str, fragment: LiveFragment) -> None:
        """It is being sent this."""
        with self._turn:
            shown = self._shown.get(session)
            if shown is not None:
                shown.take_in(fragment)

    def end(self, session: str) -> None:
        """Nothing of it is held any more."""
        with self._turn:
            self._shown.pop(session, None)

    def newest(self, session: str) -> MaskedFrame | None:
        """The newest picture that it was sent; None: none yet, no such session, or none that can be decoded."""
        with self._turn:
            shown = self._shown.get(session)
            if shown is None or shown.init is None or not shown.since_key:
                return None
            camera, init, fragments = shown.camera, shown.init, list(shown.since_key)
        decoder, found = Fragments(camera), list[tuple[LiveFragment, YuvPlanes]]()
        try:
            decoder.begin(init)
            for fragment in fragments:
                found = decoder.decode(fragment) or found
        except (ValueError, CsuError):
            return None
        if not found:
            return None
        told, planes = found[-1]
        return received_masked(
            camera,
            len(fragments),
            told.captured_at_ns,
            planes,
            mask_epoch=told.mask_epoch,
            wholly_masked=told.wholly_masked,
        )
