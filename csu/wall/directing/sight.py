"""Which cameras may be shown to those who are before the wall, and which have a picture. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Nanoseconds

STEADY_NS = 20 * NS_PER_S
"""A camera that lost its signal is chosen again by a rule only after this long with one [D]."""

MayShow: TypeAlias = Callable[[CameraId, Nanoseconds], bool]
"""Whether this camera may be on the wall at that instant: right, service level, commune, a mask in force.

Who cannot know answers no; it does not raise."""
MayView: TypeAlias = Callable[[str, CameraId, Nanoseconds], bool]
"""Whether this person may see that camera at that instant (COM-3); as `MayShow`."""


class Sight:
    """Asked once a decision for each camera: an answer may change only between two."""

    def __init__(self, may_show: MayShow, may_view: MayView) -> None:
        self._may_show, self._may_view = may_show, may_view
        self.viewers: frozenset[str] = frozenset()
        self._signal: dict[CameraId, tuple[bool, Nanoseconds]] = {}
        self._asked: dict[CameraId, bool] = {}

    def begin(self) -> None:
        """Another decision: ask anew."""
        self._asked = {}

    def hear(self, camera: CameraId, has_signal: bool, now_ns: Nanoseconds) -> None:
        """It has a picture, or lost it."""
        if self._signal.get(camera, (True, 0))[0] is not has_signal:
            self._signal[camera] = (has_signal, now_ns)

    def permitted(self, camera: CameraId, now_ns: Nanoseconds) -> bool:
        """Whether it may be on the wall, with these people before it."""
        if camera not in self._asked:
            self._asked[camera] = self._may_show(camera, now_ns) and all(
                self._may_view(person, camera, now_ns) for person in sorted(self.viewers)
            )
        return self._asked[camera]

    def has_signal(self, camera: CameraId, now_ns: Nanoseconds) -> bool:
        """Whether a rule may count on its picture."""
        has, since_ns = self._signal.get(camera, (True, None))
        return has and (since_ns is None or now_ns - since_ns >= STEADY_NS)
