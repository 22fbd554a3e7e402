"""Whether who is before the wall may see a camera: by the papers of each; nobody unknown sees any (COM-3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from csu.centre.papers import Papers
from csu.governance import Action, Resource, Subject
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, Nanoseconds

ASKED_AGAIN_NS = NS_PER_MINUTE
"""An answer counts no longer: whoever shows pictures asks again at least each minute (ACC-2, AUT-6)."""

FindPerson: TypeAlias = Callable[[str], Subject | None]
"""Somebody at his post, with the papers that the centre holds of him; None: nobody it knows."""


class WallViewers:
    """Asks the centre's rights. Each answer counts until papers change, a minute at most."""

    def __init__(self, papers: Papers, find: FindPerson) -> None:
        self._papers, self._find = papers, find
        self._answers: dict[tuple[str, CameraId], tuple[bool, Nanoseconds]] = {}
        papers.listen(self._answers.clear)

    def may_view(self, person: str, camera: CameraId, now_ns: Nanoseconds) -> bool:
        """See `csu.wall.MayView`."""
        known = self._answers.get((person, camera))
        if known is not None and 0 <= now_ns - known[1] < ASKED_AGAIN_NS:
            return known[0]
        subject = self._find(person)
        may = False
        if subject is not None:
            may = self._papers.decide(subject, Action.WALL_SHOW, Resource(camera=camera), now_ns).permitted
        self._answers[person, camera] = may, now_ns
        return may
