"""What each door of the console is for, and who answers for it: rights, identity, journal, requisition desk.

A route without a `Door` cannot be part of the application (`csu.console.gate`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from starlette.datastructures import QueryParams

from csu.console.evidence_desk import EvidenceDesk
from csu.console.identity import IdentitySource
from csu.console.refusals import Refusal
from csu.console.room import RoomView
from csu.governance import OWN_COMMUNE_ONLY, Action, Decision, Resource, Subject
from csu.governance.journal_desk import Journal
from csu.governance.journal_entry import CAMERAS_MAX, DataSpan, Ground
from csu.hal.camera import CameraId, CameraLifecycle
from csu.hal.clock import Nanoseconds
from csu.hal.words import NO_WORDS, Words


class RightsDesk(Protocol):
    """`csu.governance.Rights`."""

    def decide(self, subject: Subject, action: Action, resource: Resource, at_ns: Nanoseconds) -> Decision: ...


@dataclass(frozen=True, slots=True)
class Access:
    """Everything that decides and remembers who comes in."""

    rights: RightsDesk
    identity: IdentitySource
    journal: Journal
    desk: EvidenceDesk | None = None
    """None: this centre has no requisition desk; its doors say so."""
    notice: Words = NO_WORDS
    """What every page must tell about this access: that it is a demonstration's."""


@dataclass(frozen=True, slots=True)
class Question:
    """One request, before anything is decided about it."""

    subject: Subject
    path: Mapping[str, Any]
    query: QueryParams
    room: RoomView
    desk: EvidenceDesk | None
    at_ns: Nanoseconds
    action: Action
    body: bytes = b""
    """Of a door that reads it before it is opened (`Door.body_bytes_max`)."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """What is told of a thing that there is not; and, word for word, of one of a commune that is not the asker's."""

    refusal: Refusal
    where: str
    is_there: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request is about. Only what the centre knows gets into the journal, never the text of a URL (LOG-5)."""

    resources: tuple[Resource, ...] = (Resource(),)
    """Each must be permitted."""
    data: tuple[DataSpan, ...] = ()
    ground: Ground | None = None
    case: str = ""
    recipient: str = ""
    reference: str = ""
    """Number of the ground, where it is no case: of a hold."""
    unknown: Unknown | None = None
    """Of a thing with a name that can be guessed: nobody learns whether it lies in another commune (COM-3)."""


About = Callable[[Question], Awaitable[Asked]]


async def nothing_in_particular(question: Question) -> Asked:
    """The action as such."""
    return Asked()


async def own_list(question: Question) -> Asked:
    """A list that is cut to the asker's communes: for a delegate the question is about one of his."""
    subject = question.subject
    own = min(subject.communes, default=None) if subject.role in OWN_COMMUNE_ONLY else None
    return Asked((Resource(commune=own),))


async def whole_site(question: Question) -> Asked:
    """Figures that name every camera: nobody who may see some communes only."""
    communes = dict.fromkeys(line.record.commune for line in question.room.cameras())
    return Asked((Resource(), *(Resource(commune=commune) for commune in communes)))


async def one_camera(question: Question) -> Asked:
    """The camera of the path, as it is now."""
    return live_camera(question, CameraId(str(question.path.get("camera", ""))))


def live_camera(question: Question, camera: CameraId) -> Asked:
    """That camera, as it is now; one that is none stays out of the journal."""
    known = any(line.record.camera == camera for line in question.room.cameras())
    return Asked((Resource(camera=camera),), (DataSpan(camera),) if known else (), Ground.LIVE_WATCH)


async def whole_wall(question: Question) -> Asked:
    """Every camera that is on the wall with a picture: one that is not in service is wholly masked, and what nobody may
    watch is not shown."""
    lines = question.room.cameras()
    seen = [line for line in lines if line.lifecycle is CameraLifecycle.ACTIVE and line.watched] or lines[:1]
    cameras = [line.record.camera for line in seen]
    resources = tuple(Resource(camera=camera) for camera in cameras) or (Resource(),)
    return Asked(resources, tuple(DataSpan(camera) for camera in cameras[:CAMERAS_MAX]), Ground.LIVE_WATCH)


@dataclass(frozen=True, slots=True)
class Door:
    """What a route is for. `name` is what the journal and the matrix of the doors call it."""

    name: str
    action: Action
    about: About = nothing_in_particular
    is_closed: bool = False
    """Nobody passes, whatever the decision: the way does not exist, the attempt is journaled (ACC-3)."""
    is_for_anybody: bool = False
    """A stranger may knock: by these doors people come in. They decide and journal themselves, and tell nothing."""
    stands_s: float = 0.0
    """Asked again and again by a page: one decision and one entry hold that long for the same person and thing."""
    body_bytes_max: int = 0
    """What is asked for is said in the body, of so many bytes at most: it is read before anything is decided."""


_DOOR = "__csu_door__"
_Endpoint = TypeVar("_Endpoint", bound=object)


def opens(door: Door) -> Callable[[_Endpoint], _Endpoint]:
    """Declares what an endpoint, or a mounted application, is for."""

    def declare(endpoint: _Endpoint) -> _Endpoint:
        setattr(endpoint, _DOOR, door)
        return endpoint

    return declare


def door_of(endpoints: Sequence[object]) -> Door | None:
    """The door that one of them declares; None: none does."""
    found = (getattr(endpoint, _DOOR, None) for endpoint in endpoints)
    return next((door for door in found if isinstance(door, Door)), None)
