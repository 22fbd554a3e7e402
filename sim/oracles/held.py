"""How much the centre's own objects hold, counted the same on every machine: no bytes of a heap, but what is in it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np

_Enter: TypeAlias = Callable[[Any], Iterable[object]]


def held_by(root: object) -> int:
    """Elements of all containers, arrays and objects that `root` reaches through the engine's own objects.

    What is not the engine's (a world's devices, a driver's pools) is not entered.
    """
    ways: dict[Any, _Enter | None] = {}
    count, waiting, seen = 0, [root], {id(root)}
    while waiting:
        thing = waiting.pop()
        enter = ways.get(type(thing)) or _how_to_enter(type(thing))
        for inner in enter(thing) if enter is not None else ():
            count += inner.size if isinstance(inner, np.ndarray) else 1
            kind = type(inner)
            if kind not in ways:
                ways[kind] = _how_to_enter(kind)
            if ways[kind] is not None and id(inner) not in seen:
                seen.add(id(inner))
                waiting.append(inner)
    return count


def _how_to_enter(kind: Any) -> _Enter | None:
    """How to see what a thing of this type holds; None: it is not looked into."""
    if issubclass(kind, dict):
        return lambda table: [*table.keys(), *table.values()]
    if issubclass(kind, list | tuple | set | frozenset | deque):
        return iter
    if issubclass(kind, asyncio.Queue):
        return lambda queue: vars(queue)["_queue"]
    if not kind.__module__.startswith("csu."):
        return None
    slots = [name for each in kind.__mro__ for name in vars(each).get("__slots__", ()) if name != "__weakref__"]
    if kind.__dictoffset__:
        return lambda thing: [*vars(thing).values(), *(getattr(thing, name, None) for name in slots)]
    return lambda thing: [getattr(thing, name, None) for name in slots]
