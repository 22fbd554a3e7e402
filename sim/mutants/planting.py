"""How a defect gets into the engine: its own functions are replaced, in this process and for one run.

Targets are named, not imported: a defect reaches where the simulation may not.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import _lru_cache_wrapper
from importlib import import_module
from typing import Any


class NowhereToPlant(LookupError):
    """The engine has no such function any more: the defect must be written anew."""


class Patch:
    """What was replaced, to be put back."""

    def __init__(self) -> None:
        self._before: list[tuple[Any, str, Any]] = []

    def find(self, *places: str) -> Any:
        """The first of `module:Class` or `module` that exists. Raises NowhereToPlant."""
        for place in places:
            module, _, name = place.partition(":")
            try:
                found = import_module(module)
                return getattr(found, name) if name else found
            except (ImportError, AttributeError):
                continue
        raise NowhereToPlant(" or ".join(places))

    def set(self, owner: Any, name: str, value: Any) -> Any:
        """Replace `owner.name`; returns what it was. Raises NowhereToPlant when there is none."""
        if name not in vars(owner):
            raise NowhereToPlant(f"{owner} has no {name}")
        before = vars(owner)[name]
        self._before.append((owner, name, before))
        setattr(owner, name, value)
        return before

    def undo(self) -> None:
        """Put everything back."""
        while self._before:
            owner, name, before = self._before.pop()
            setattr(owner, name, before)


Plant = Callable[[Patch], None]


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that may be wrong with the engine. `city`: of the cities of mutants, the one that exercises it."""

    plant: Plant
    oracle: str
    """The invariant, or the expectation, that must find it."""
    city: str = "small"

    @property
    def name(self) -> str:
        return self.plant.__name__


@contextmanager
def planted(defect: Defect | None) -> Iterator[None]:
    """While inside, the engine has this defect. Raises NowhereToPlant."""
    patch = Patch()
    try:
        _forget_answers()
        if defect is not None:
            defect.plant(patch)
        yield
    finally:
        patch.undo()
        _forget_answers()


def _forget_answers() -> None:
    """What the engine worked out with a defect must not be answered without it, nor the other way round."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "csu":
            for value in list(vars(module).values()):
                if isinstance(value, _lru_cache_wrapper):
                    value.cache_clear()
