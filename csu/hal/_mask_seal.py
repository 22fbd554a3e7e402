"""The seal that lets one room, and one only, make masked pictures.

`csu.masking` takes the seal when it is imported; nobody can take it again. import-linter forbids every other module to
import this one; the runtime refuses whoever gets past it.
"""

from __future__ import annotations

from typing import final


@final
class MaskSeal:
    """Whoever holds it states: these pixels went through a cover."""

    __slots__ = ()


_SEAL = MaskSeal()
_taken = False


def take_seal() -> MaskSeal:
    """The seal, once in a process. Raises PermissionError to the second who asks."""
    global _taken
    if _taken:
        raise PermissionError("the mask seal is already held by csu.masking: only that room makes masked pictures")
    _taken = True
    return _SEAL


def is_seal(candidate: object) -> bool:
    """True for the seal itself, not for something that looks like it."""
    return candidate is _SEAL
