"""The views of a node's cameras, kept over connections and restarts: who was moved is masked whole until signed again.

The lock is closed here, in the media process, at the look that finds the camera moved: nobody has to be asked first
(PRV-6).
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, Nanoseconds
from csu.hal.disk import Disk, DiskError
from csu.hal.frames import MaskedFrame
from csu.hal.media import Assignment, CameraEventKind
from csu.hal.place import Pose
from csu.hal.words import Words
from csu.masking import Cover, FreezeWatch, ViewState, ViewWatch

REMEMBER_EVERY_NS = 10 * NS_PER_MINUTE
"""The light of ten minutes ago is near enough to go on from after a restart."""

TellOfView = Callable[[CameraId, CameraEventKind, Words], None]

_KIND_OF = {
    ViewState.SAME: CameraEventKind.VIEW_RESTORED,
    ViewState.MOVED: CameraEventKind.VIEW_MOVED,
    ViewState.DEFOCUSED: CameraEventKind.VIEW_DEFOCUSED,
    ViewState.COVERED: CameraEventKind.VIEW_COVERED,
}
_log = logging.getLogger(__name__)


class ViewKeeper:
    """One camera's watch, memory and lock. Used by the camera's thread alone."""

    def __init__(self, assignment: Assignment, tell: TellOfView, disk: Disk | None) -> None:
        """`disk`: where learned views are remembered; None: nowhere."""
        self._camera = assignment.record.camera
        self._tell = tell
        self._disk = disk
        self._is_locked = False
        self._is_withdrawn = not assignment.commissioned
        self.freeze = FreezeWatch()
        """Over connections too: an encoder that is stuck may send the same picture on the next one."""
        self._begin(assignment)

    @property
    def is_locked(self) -> bool:
        """It was moved, and nobody has signed its masks again: only whole masks."""
        return self._is_locked

    @property
    def hides(self) -> bool:
        """Whether the whole picture is to be masked: it was moved, or the last look suspects that it was."""
        return self._is_locked or self._watch.is_suspect

    def wants(self, now_ns: Nanoseconds) -> bool:
        """Is a look due? A locked camera is not looked at: only people open it."""
        return not self._is_locked and self._watch.wants(now_ns)

    def follow(self, assignment: Assignment) -> None:
        """The newest assignment. Masks signed anew, or newer ones, are for a view to learn anew: they open the lock."""
        if not assignment.commissioned:
            self._is_withdrawn = True
        elif self._is_withdrawn or assignment.mask_epoch > self._mask_epoch:
            self._begin(assignment)
            self._is_withdrawn = self._is_locked = False

    def seen(self, frame: MaskedFrame, cover: Cover, pose: Pose | None, now_ns: Nanoseconds) -> None:
        """Look at a masked picture before anybody else does, with its cover and the pose it is told to be from (None:
        the camera moves). `hides` then says whether it may be shown."""
        if not self.wants(now_ns):
            return
        change = self._watch.look(frame.planes.y, cover, pose, now_ns)
        if change is not None:
            self._is_locked = change.state is ViewState.MOVED
            if self._is_locked:
                self._forget()
            self._tell(self._camera, _KIND_OF[change.state], change.detail)
        elif self._watch.views_learned > self._views_kept or now_ns - self._kept_at_ns >= REMEMBER_EVERY_NS:
            self._keep(now_ns)

    def _begin(self, assignment: Assignment) -> None:
        self._mask_epoch = assignment.mask_epoch
        self._prefix = f"{self._camera}/{assignment.mask_epoch:08d}-"
        self._kept_at_ns: Nanoseconds = 0
        self._names: list[str] = []
        memory = None if self._is_withdrawn else self._newest_memory()
        try:
            self._watch = ViewWatch(assignment.bounds.angle_deg, memory)
        except ValueError as error:
            _log.warning("camera %s: its views are learned anew: %s", self._camera, error)
            self._watch = ViewWatch(assignment.bounds.angle_deg)
        self._views_kept = self._watch.views_learned

    def _newest_memory(self) -> bytes | None:
        if self._disk is None:
            return None
        self._names = self._disk.names(self._prefix)
        if not self._names:
            return None
        try:
            with self._disk.open(self._names[-1]) as file:
                return file.read()
        except (OSError, DiskError) as error:
            _log.warning("camera %s: its views cannot be read: %s", self._camera, error)
            return None

    def _keep(self, now_ns: Nanoseconds) -> None:
        self._kept_at_ns, self._views_kept = now_ns, self._watch.views_learned
        if self._disk is None or self._watch.state is not ViewState.SAME:
            return
        name = f"{self._prefix}{now_ns:020d}.view"
        try:
            file = self._disk.create(name)
            file.write(self._watch.memory())
            file.commit()
        except DiskError as error:  # the pictures go on; what is lost is the memory over a restart
            _log.warning("camera %s: its views cannot be kept: %s", self._camera, error)
            return
        self._forget()
        self._names = [name]

    def _forget(self) -> None:
        """What was remembered is of no use any more."""
        names, self._names = self._names, []
        for name in names:
            try:
                if self._disk is not None:
                    self._disk.remove(name)
            except DiskError as error:
                _log.warning("camera %s: an old view stays: %s", self._camera, error)


class ViewKeepers:
    """Those of a whole node, by camera. `of` may be called from any camera's thread."""

    def __init__(self, tell: TellOfView, disk: Disk | None = None) -> None:
        self._tell = tell
        self._disk = disk
        self._keepers: dict[CameraId, ViewKeeper] = {}

    def of(self, assignment: Assignment) -> ViewKeeper:
        """The camera's keeper, told its newest assignment."""
        keeper = self._keepers.get(assignment.record.camera)
        if keeper is None:
            keeper = self._keepers[assignment.record.camera] = ViewKeeper(assignment, self._tell, self._disk)
        keeper.follow(assignment)
        return keeper
