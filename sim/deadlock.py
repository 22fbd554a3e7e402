"""Who waits for what on an event loop, told when nothing is left to happen."""

from __future__ import annotations

import asyncio
from pathlib import PurePath
from types import FrameType
from typing import Any

WAITING_TOLD_MAX = 12
_ASYNCIO = PurePath(asyncio.__file__).parent


def who_waits(loop: asyncio.AbstractEventLoop) -> str:
    """One line: each task that is not done, its own line of code, and what it waits for there."""
    told = [f"{task.get_name()} at {_where(task)}{_for_whom(task)}" for task in asyncio.all_tasks(loop)]
    more = f", and {len(told) - WAITING_TOLD_MAX} more" if len(told) > WAITING_TOLD_MAX else ""
    who = "; ".join(sorted(told)[:WAITING_TOLD_MAX]) or "a future that no task will set"
    return f"nothing is left to happen at {loop.time():.3f} s, and these still wait: {who}{more}"


def _where(task: asyncio.Task[Any]) -> str:
    """`file:line (function)` of the innermost coroutine that is not asyncio's own, and which of asyncio's it is in."""
    frames = _frames(task)
    if not frames:
        return "an unknown place"
    own = [frame for frame in frames if PurePath(frame.f_code.co_filename).parent != _ASYNCIO]
    frame = own[-1] if own else frames[-1]
    place = f"{PurePath(frame.f_code.co_filename).name}:{frame.f_lineno} ({frame.f_code.co_name})"
    return place if frame is frames[-1] else f"{place} in {frames[-1].f_code.co_qualname}"


def _frames(task: asyncio.Task[Any]) -> list[FrameType]:
    """The frames of the coroutines that await one another, outermost first."""
    frames: list[FrameType] = []
    inner: Any = task.get_coro()
    while inner is not None:
        for awaits, holds in (("cr_await", "cr_frame"), ("gi_yieldfrom", "gi_frame"), ("ag_await", "ag_frame")):
            if hasattr(inner, holds):
                frame = getattr(inner, holds)
                if frame is not None:
                    frames.append(frame)
                inner = getattr(inner, awaits)
                break
        else:
            inner = None
    return frames


def _for_whom(task: asyncio.Task[Any]) -> str:
    """The tasks it waits for, by name, when it waits for tasks."""
    waiter = getattr(task, "_fut_waiter", None)
    children = getattr(waiter, "_children", None) or [waiter]
    names = [child.get_name() for child in children if isinstance(child, asyncio.Task) and not child.done()]
    return f" for {', '.join(names)}" if names else ""
