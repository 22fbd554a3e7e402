"""The ways by which people would try to see the past. Each is a door that stays shut, to every role (ACC-3).

They exist so that an attempt is refused by name, journaled with its author, and answered with the way that there is: a
requisition. What lies in a released case is behind the doors of `csu.console.cases`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, WebSocket

from csu.console.access import Asked, Door, Question, one_camera, opens
from csu.console.refusals import Refusal, Refused
from csu.governance import Action

PAST_DOORS: dict[str, Action] = {
    "replay": Action.REPLAY,
    "playback": Action.REPLAY,
    "timeline": Action.TIMELINE,
    "thumbnails": Action.PAST_THUMBNAIL,
    "history": Action.PAST_STREAM,
    "hls": Action.PAST_STREAM,
    "rewind": Action.BUFFER_REWIND,
    "buffer": Action.BUFFER_REWIND,
    "pre-alarm": Action.PRE_ALARM_CLIP,
    "clips": Action.PRE_ALARM_CLIP,
    "recordings": Action.RECORDING_FILE,
    "segments": Action.RECORDING_FILE,
    "media": Action.RECORDING_FILE,
    "export": Action.EXPORT,
}
"""What people type, and what it would be if it existed."""

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")


def paths_of(name: str) -> tuple[str, ...]:
    """Where the door `name` stands, for HTTP."""
    of_camera = f"/api/cameras/{{camera}}/{name}"
    return (
        *(f"/{name}", f"/{name}/{{rest:path}}", f"/api/{name}", f"/api/{name}/{{rest:path}}"),
        *(of_camera, f"{of_camera}/{{rest:path}}"),
    )


def socket_paths_of(name: str) -> tuple[str, ...]:
    """Where it stands, for WebSockets."""
    return (f"/ws/{name}", f"/ws/{name}/{{rest:path}}", f"/ws/live/{{camera}}/{name}")


async def _past_of(question: Question) -> Asked:
    """The camera of the path, if there is one and it is known. No ground: there is none."""
    asked = await one_camera(question)
    return Asked(data=asked.data)


def add_past_doors(app: FastAPI) -> None:
    """All of them."""
    for name, action in PAST_DOORS.items():
        door = Door(f"past/{name}", action, _past_of, is_closed=True)
        for path in paths_of(name):
            app.add_api_route(path, _shut_for_pages(door), methods=list(METHODS), include_in_schema=False)
        for path in socket_paths_of(name):
            app.add_api_websocket_route(path, _shut_for_sockets(door))


def _shut_for_pages(door: Door) -> Callable[[Request], Awaitable[None]]:
    @opens(door)
    async def shut(request: Request) -> None:
        raise Refused(Refusal.REPLAY_CLOSED, where=door.name)  # the gate was there first

    return shut


def _shut_for_sockets(door: Door) -> Callable[[WebSocket], Awaitable[None]]:
    @opens(door)
    async def shut(websocket: WebSocket) -> None:
        raise Refused(Refusal.REPLAY_CLOSED, where=door.name)

    return shut
