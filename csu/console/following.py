"""What pages follow: cameras, health, and of which topic something changed. One WebSocket a page, resumed where it was.

The room is looked at once for all pages, and what differs gets a number. A page that comes back says the number it had:
it is sent what changed since, or everything, if it had more or less in sight than now, or the centre was started anew.
What is sent is the state, not a queue: a slow page is told less often, never late, and one that takes no byte is cut.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pydantic import BaseModel
from starlette.websockets import WebSocket, WebSocketDisconnect

from csu.console.answers import CameraAnswer, HealthAnswer, ViewerAnswer, camera_answer
from csu.console.live import close_socket, until_gone, until_one_ends
from csu.console.metrics import ConsoleCounts
from csu.console.refusals import Refusal, Refused
from csu.console.room import RoomView
from csu.hal.camera import CommuneId
from csu.hal.clock import Clock
from csu.ingest.board import CameraStatus

HELD_CHARACTERS_MAX = 64


class NewsAnswer(BaseModel):
    """One message. `at`: what the page gives when it comes back."""

    at: str
    whole: bool
    """All cameras, in order, in place of those the page has; else only those that changed."""
    cameras: list[CameraAnswer]
    topics: list[str]
    """Of which something changed: a page asks at their doors."""
    health: HealthAnswer | None
    viewer: ViewerAnswer | None
    """Whose page it is; with the first message only."""


@dataclass(slots=True)
class _Line:
    number: int
    status: CameraStatus
    answer: CameraAnswer


@dataclass(slots=True)
class NumberedBoard:
    """The room's cameras and topics, each with the number of the look that last found it different. A pure core."""

    number: int = 0
    _cameras: dict[str, _Line] = field(default_factory=dict)
    _order: int = 0
    """The look that last found another list of cameras."""
    _marks: dict[str, tuple[int, Hashable]] = field(default_factory=dict)

    def look(self, cameras: Sequence[CameraStatus], marks: Mapping[str, Hashable]) -> None:
        """Take in what the room is now. `marks`: of each topic a value that is another when something changed."""
        number = self.number + 1
        names = [line.record.camera for line in cameras]
        if names != list(self._cameras):
            self._cameras = {name: self._cameras[name] for name in names if name in self._cameras}
            self._order = self.number = number
        lines: dict[str, _Line] = {}
        for status in cameras:
            known = self._cameras.get(status.record.camera)
            if known is not None and known.status is status:
                lines[status.record.camera] = known  # the board replaces a line when it changes: most end here
                continue
            answer = camera_answer(status)
            is_same = known is not None and known.answer == answer
            lines[answer.camera] = _Line(known.number if known is not None and is_same else number, status, answer)
            self.number = self.number if is_same else number
        self._cameras = lines
        for topic, mark in marks.items():
            known_mark = self._marks.get(topic)
            if known_mark is None or known_mark[1] != mark:
                self._marks[topic] = (number, mark)
                self.number = number

    def since(self, number: int, communes: frozenset[CommuneId]) -> list[CameraAnswer] | None:
        """The cameras of these communes that changed after that look; None: the list is another."""
        if number < self._order:
            return None
        return [
            line.answer
            for line in self._cameras.values()
            if line.number > number and line.status.record.commune in communes
        ]

    def all_of(self, communes: frozenset[CommuneId]) -> list[CameraAnswer]:
        """The cameras of these communes, in order."""
        return [line.answer for line in self._cameras.values() if line.status.record.commune in communes]

    def topics_since(self, number: int) -> list[str]:
        """The topics of which something changed after that look."""
        return [topic for topic, (changed, _) in self._marks.items() if changed > number]


@dataclass(frozen=True, slots=True)
class FollowSettings:
    """`period_s`: of looking; `health_period_s`: of the health, which also tells the page that the centre is there."""

    period_s: float
    health_period_s: float
    pages_max: int
    send_timeout_s: float


@dataclass(frozen=True, slots=True)
class Reader:
    """One page's person: which communes he may know of now, his health of the centre, and who he is."""

    communes: Callable[[], frozenset[CommuneId]]
    health: Callable[[], HealthAnswer]
    viewer: ViewerAnswer


class FollowDoor:
    """Where pages that follow the room come in."""

    def __init__(
        self, room: RoomView, clock: Clock, settings: FollowSettings, counts: ConsoleCounts, closing: asyncio.Event
    ) -> None:
        self._room, self._settings, self._counts = room, settings, counts
        self._clock, self._closing = clock, closing
        self._board = NumberedBoard()
        self._look_due_s = 0.0
        """Of the event loop's time, which is what paces the pages."""
        self._pages = 0

    @cached_property
    def _epoch(self) -> str:
        """Another one after every start: numbers of before mean nothing."""
        return f"{self._clock.now_ns():x}"

    async def follow(self, websocket: WebSocket, reader: Reader, held: str) -> None:
        """Serve one page until it leaves, falls behind, or the console closes. `held`: the last `at` it was sent."""
        await websocket.accept()
        try:
            if self._pages >= self._settings.pages_max:
                raise Refused(Refusal.TOO_MANY_VIEWERS, where=websocket.url.path)
            self._pages += 1
            self._counts.pages.set(self._pages)
            try:
                await until_one_ends(
                    hearing=until_gone(websocket), sending=self._send_all(websocket, reader, held[:HELD_CHARACTERS_MAX])
                )
            finally:
                self._pages -= 1
                self._counts.pages.set(self._pages)
        except WebSocketDisconnect:
            return
        except Refused as refused:
            self._counts.refused.labels(refused.refusal.code).inc()
            await close_socket(websocket, refused)

    async def _send_all(self, websocket: WebSocket, reader: Reader, held: str) -> None:
        viewer: ViewerAnswer | None = reader.viewer
        loop, health_due_s = asyncio.get_running_loop(), 0.0
        while not self._closing.is_set():
            self._look()
            news = self._news(reader, held)
            is_due = loop.time() >= health_due_s
            if news is not None or is_due:
                news = news or NewsAnswer(at=held, whole=False, cameras=[], topics=[], health=None, viewer=None)
                news = news.model_copy(update={"health": reader.health(), "viewer": viewer})
                health_due_s = loop.time() + self._settings.health_period_s
                await self._send(websocket, news)
                viewer, held = None, news.at
            try:
                await asyncio.wait_for(self._closing.wait(), self._settings.period_s)
            except TimeoutError:
                continue
        raise Refused(Refusal.STREAM_ENDED, where=websocket.url.path)

    def _look(self) -> None:
        """At the room, unless another page just did."""
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._look_due_s:
            self._look_due_s = now_s + self._settings.period_s / 2
            self._board.look(self._room.cameras(), self._room.marks())

    def _news(self, reader: Reader, held: str) -> NewsAnswer | None:
        """What a page that holds `held` must be sent; None: nothing."""
        communes = reader.communes()
        at = f"{self._epoch}.{self._board.number}.{_digest(communes)}"
        if at == held:
            return None
        epoch, number, scope = _parsed(held)
        is_kept = epoch == self._epoch and scope == _digest(communes) and number <= self._board.number
        changed = self._board.since(number, communes) if is_kept else None
        whole = changed is None
        cameras = self._board.all_of(communes) if changed is None else changed
        topics = self._board.topics_since(number if is_kept else -1)
        return NewsAnswer(at=at, whole=whole, cameras=cameras, topics=topics, health=None, viewer=None)

    async def _send(self, websocket: WebSocket, news: NewsAnswer) -> None:
        try:
            async with asyncio.timeout(self._settings.send_timeout_s):
                await websocket.send_text(news.model_dump_json())
        except TimeoutError as error:
            raise Refused(Refusal.VIEWER_TOO_SLOW, where=websocket.url.path) from error


def _digest(communes: frozenset[CommuneId]) -> str:
    return hashlib.sha256("\n".join(sorted(communes)).encode()).hexdigest()[:16]


def _parsed(held: str) -> tuple[str, int, str]:
    """What a page says that it had; nothing sensible: nothing."""
    epoch, _, rest = held.partition(".")
    number, _, scope = rest.partition(".")
    return (epoch, int(number), scope) if number.isascii() and number.isdigit() else ("", 0, "")
