"""Where a camera stands, and along which arrows it may go (requirements, 2.3).

DRAFT -> NOT_COMMISSIONED -> ACTIVE -> {SUSPENDED, FAULT} -> RETIRED. Besides, every way back leads to NOT_COMMISSIONED,
never straight to ACTIVE: a camera that was moved, set aside or repaired is signed off again (PRV-6). And a camera that
was never signed off may be retired.
"""

from __future__ import annotations

from csu.governance.errors import LifecycleRefused
from csu.hal.camera import CameraId, CameraLifecycle
from csu.hal.words import Words

_DRAFT, _WAITING, _ACTIVE, _SUSPENDED, _FAULT, _RETIRED = (
    CameraLifecycle.DRAFT,
    CameraLifecycle.NOT_COMMISSIONED,
    CameraLifecycle.ACTIVE,
    CameraLifecycle.SUSPENDED,
    CameraLifecycle.FAULT,
    CameraLifecycle.RETIRED,
)

ARROWS: dict[CameraLifecycle, frozenset[CameraLifecycle]] = {
    _DRAFT: frozenset({_WAITING}),
    _WAITING: frozenset({_ACTIVE, _RETIRED}),
    _ACTIVE: frozenset({_SUSPENDED, _FAULT, _WAITING}),
    _SUSPENDED: frozenset({_RETIRED, _WAITING}),
    _FAULT: frozenset({_RETIRED, _WAITING}),
    _RETIRED: frozenset(),
}

_WORDS = {
    _DRAFT: Words("à l'état de projet", "a draft"),
    _WAITING: Words("pas en service : masques à signer", "not commissioned: masks to be signed"),
    _ACTIVE: Words("en service", "active"),
    _SUSPENDED: Words("suspendue", "suspended"),
    _FAULT: Words("en panne", "at fault"),
    _RETIRED: Words("retirée", "retired"),
}


def lifecycle_words(state: CameraLifecycle) -> Words:
    """The state as people say it of a camera."""
    return _WORDS[state]


def require_arrow(camera: CameraId, before: CameraLifecycle, after: CameraLifecycle) -> None:
    """Raises LifecycleRefused unless an arrow leads from one to the other."""
    if after in ARROWS[before]:
        return
    ways = sorted(ARROWS[before])
    french = ", ".join(_WORDS[state].fr for state in ways) or "aucun : elle est retirée"
    english = ", ".join(_WORDS[state].en for state in ways) or "none: it is retired"
    raise LifecycleRefused(
        Words(
            f"la caméra est {_WORDS[before].fr} et ne devient pas {_WORDS[after].fr}",
            f"the camera is {_WORDS[before].en} and does not become {_WORDS[after].en}",
        ),
        where=camera,
        what_to_do=Words(f"États possibles : {french}", f"Possible states: {english}"),
    )
