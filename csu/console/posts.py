"""The watch of two over HTTP: who is at the wall; one takes one's own post, is seen there, and leaves (OPS-1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Protocol

from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field

from csu.console.access import Door, opens
from csu.console.gate import SUBJECT
from csu.console.refusals import Refusal, Refused
from csu.governance import Action, Subject
from csu.operations import LeaveRefused


class WatchDesk(Protocol):
    """What the console needs of the centre's watch: `csu.centre.Centre` is one."""

    @property
    def watching(self) -> Sequence[str]:
        """Who watches, in the order of their arrival."""
        ...

    @property
    def is_short_of_watch(self) -> bool:
        """Fewer than two do."""
        ...

    def take_post(self, person: str) -> None:
        """He is at the wall."""
        ...

    def seen_at_post(self, person: str) -> None:
        """His workstation saw him."""
        ...

    def leave_post(self, person: str, *, handed_over: bool = True, urgent_reason: str = "") -> None:
        """He leaves. Raises LeaveRefused: he still watches."""
        ...


class LeaveAsked(BaseModel):
    """How one leaves: relieved by the next team, or for an urgent reason, and then the chief is called."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    handed_over: bool = False
    urgent_reason: Annotated[str, Field(max_length=200)] = ""


class WatchAnswer(BaseModel):
    """Who watches. `is_mine`: the asker is one of them."""

    watching: list[str]
    is_short: bool
    is_mine: bool


def add_post_doors(app: FastAPI, watch: WatchDesk | None) -> None:
    """Into `app` itself. None: this centre has no room; its doors say so."""

    @app.get("/api/watch")
    @opens(Door("watch", Action.POST_READ))
    async def who(request: Request) -> WatchAnswer:
        """Who is at the wall now."""
        return _answer(request, _there(watch))

    @app.post("/api/watch/post")
    @opens(Door("watch/take", Action.POST_TAKE))
    async def take(request: Request) -> WatchAnswer:
        """The person who asks takes his post. Say `seen` at least every 30 s: who is not seen for 45 s is missed."""
        _there(watch).take_post(_person(request))
        return _answer(request, _there(watch))

    @app.post("/api/watch/seen")
    @opens(Door("watch/seen", Action.POST_READ))
    async def seen(request: Request) -> WatchAnswer:
        """His workstation saw the person who asks: a key, the mouse. 409: he has no post, so he takes one first."""
        desk = _there(watch)
        if _person(request) not in desk.watching:
            raise Refused(Refusal.POST_NOT_TAKEN, where="watch")
        desk.seen_at_post(_person(request))
        return _answer(request, desk)

    @app.post("/api/watch/leave")
    @opens(Door("watch/leave", Action.POST_TAKE))
    async def leave(request: Request, asked: LeaveAsked) -> WatchAnswer:
        """The person who asks leaves. 409: fewer than two would be left, or nobody took over."""
        desk = _there(watch)
        try:
            desk.leave_post(_person(request), handed_over=asked.handed_over, urgent_reason=asked.urgent_reason)
        except LeaveRefused as error:
            raise Refused(Refusal.LEAVE_REFUSED, where="watch", cause=error) from error
        return _answer(request, desk)


def _person(request: Request) -> str:
    subject: Subject = request.scope[SUBJECT]
    return subject.person


def _answer(request: Request, watch: WatchDesk) -> WatchAnswer:
    watching = list(watch.watching)
    return WatchAnswer(watching=watching, is_short=watch.is_short_of_watch, is_mine=_person(request) in watching)


def _there(watch: WatchDesk | None) -> WatchDesk:
    if watch is None:
        raise Refused(Refusal.ROOM_ABSENT, where="watch")
    return watch
