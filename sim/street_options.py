"""What a `SiteRequest` may ask of the street, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import TypeVar

from csu.hal.errors import BadInput
from csu.hal.site import Option, SiteRequest
from csu.hal.words import Words
from sim.endpoints import EndpointSpec, MaskFault, ViewFaultKind
from sim.endpoints.panels import PanelQuirk

CAMERAS_MAX = 64
"""Each is drawn and encoded for real (some 4 % of a core at 640x360, 12 frames/s); more is `csu sim`'s affair."""

ONBOARD_MASKS_MAX = 32
SECONDS_MAX = 86_400.0
RETENTION_DAYS_MAX = 31
AGENTS_MAX = 2
EVENT_AFTER_S = 10.0
"""When masks are switched off or lost, unless the request says when: long enough to have been verified before."""

_SIZES = Words("une taille par pas de 16x8 px, de 1 à 60 images/s", "a size in steps of 16x8 px, from 1 to 60 frames/s")

_Choice = TypeVar("_Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class StreetOptions:
    """What a `SiteRequest` may ask of the street."""

    seed: int = 1
    night: bool = False
    canary: bool = True
    width: int = 640
    height: int = 360
    fps: int = 12
    onboard_masks: int = 0
    """How many masks each camera can burn in by itself; 0: none, the engine masks."""
    mask_fault: MaskFault | None = None
    mask_fault_camera: int = 1
    """The number of the camera that betrays its masks."""
    mask_fault_after_s: float = 0.0
    """Counted from its first masks. Unless it is given: EVENT_AFTER_S for a fault that is an event."""
    view_fault: ViewFaultKind | None = None
    view_fault_camera: int = 1
    view_fault_after_s: float = 0.0
    """Counted from the opening of the site."""
    panel_fault: PanelQuirk | None = None
    """What is wrong with the first display panel of the wall."""
    retention_days: int = 30
    """What every order of the street says."""
    storage_only: bool = False
    """Saint-Éloi-lès-Valmont has agreed to storage only: recorded, and watched by nobody (COM-2)."""
    analysed: int = 0
    """On so many cameras, the first ones, an invented order by an invented law lets pictures be analysed. 0: none."""
    agents: int = AGENTS_MAX
    """Simulated people at the wall. None: the watch of two is for those who sign in (OPS-1)."""
    alarm_every_s: float = 0.0
    """An alarmed building rings so often, and the police answers; 0: the street has neither."""
    suspended_after_s: float = 0.0
    """The prefect suspends the order of Saint-Éloi-lès-Valmont so long after the site opened; 0: he does not."""


def read_options(request: SiteRequest) -> StreetOptions:
    """The options of a request, checked. Raises BadInput naming the option, what it takes, and the valid ones."""
    if not 1 <= request.cameras <= CAMERAS_MAX:
        raise _bad("--cameras", request.cameras, _from_to(1, CAMERAS_MAX))
    for name in request.options:
        if name not in StreetOptions.__slots__:
            valid = ", ".join(StreetOptions.__slots__)
            raise BadInput(
                Words("la rue n'a pas cette option", "the street has no such option"),
                where=f"--option {name}",
                what_to_do=Words(f"Options valides : {valid}", f"Valid options: {valid}"),
            )
    options = _read(_Given(request.options), request.cameras)
    try:
        EndpointSpec("check", 1, width_px=options.width, height_px=options.height, frames_per_s=options.fps)
    except ValueError as error:
        raise _bad("--option width, height, fps", f"{options.width}x{options.height}@{options.fps}", _SIZES) from error
    if options.mask_fault is not None and options.onboard_masks == 0:
        wanted = Words("aussi onboard_masks, par exemple 8", "onboard_masks as well, for instance 8")
        raise _bad("--option mask_fault", str(options.mask_fault), wanted)
    return options


def _read(given: _Given, cameras: int) -> StreetOptions:
    known = StreetOptions()
    mask_fault = given.choice("mask_fault", MaskFault)
    after_s = EVENT_AFTER_S if mask_fault is not None and mask_fault.is_event else known.mask_fault_after_s
    return StreetOptions(
        seed=given.number("seed", known.seed),
        night=given.switch("night", known.night),
        canary=given.switch("canary", known.canary),
        width=given.number("width", known.width),
        height=given.number("height", known.height),
        fps=given.number("fps", known.fps),
        onboard_masks=given.within("onboard_masks", known.onboard_masks, 0, ONBOARD_MASKS_MAX),
        mask_fault=mask_fault,
        mask_fault_camera=given.within("mask_fault_camera", known.mask_fault_camera, 1, cameras),
        mask_fault_after_s=given.seconds("mask_fault_after_s", after_s),
        view_fault=given.choice("view_fault", ViewFaultKind),
        view_fault_camera=given.within("view_fault_camera", known.view_fault_camera, 1, cameras),
        view_fault_after_s=given.seconds("view_fault_after_s", known.view_fault_after_s),
        panel_fault=given.choice("panel_fault", PanelQuirk),
        retention_days=given.within("retention_days", known.retention_days, 1, RETENTION_DAYS_MAX),
        storage_only=given.switch("storage_only", known.storage_only),
        analysed=given.within("analysed", known.analysed, 0, cameras),
        agents=given.within("agents", known.agents, 0, AGENTS_MAX),
        alarm_every_s=given.seconds("alarm_every_s", known.alarm_every_s),
        suspended_after_s=given.seconds("suspended_after_s", known.suspended_after_s),
    )


class _Given:
    """The options as they came, often as words from a command line. Every method raises BadInput."""

    def __init__(self, options: Mapping[str, Option]) -> None:
        self._options = options

    def switch(self, name: str, otherwise: bool) -> bool:
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        given = self._options.get(name, otherwise)
        value = words.get(str(given).lower())
        if value is None:
            raise _bad(f"--option {name}", given, Words("true ou false", "true or false"))
        return value

    def number(self, name: str, otherwise: int) -> int:
        given = self._options.get(name, otherwise)
        try:
            if isinstance(given, bool) or float(given) != int(given):
                raise ValueError
            return int(given)
        except (ValueError, OverflowError):
            raise _bad(f"--option {name}", given, Words("un nombre entier", "a whole number")) from None

    def within(self, name: str, otherwise: int, low: int, high: int) -> int:
        value = self.number(name, otherwise)
        if not low <= value <= high:
            raise _bad(f"--option {name}", value, _from_to(low, high))
        return value

    def seconds(self, name: str, otherwise: float) -> float:
        given = self._options.get(name, otherwise)
        try:
            value = float(given)
            if isinstance(given, bool) or not (isfinite(value) and 0.0 <= value <= SECONDS_MAX):
                raise ValueError
            return value
        except ValueError:
            wanted = Words(f"des secondes, de 0 à {SECONDS_MAX:.0f}", f"seconds, from 0 to {SECONDS_MAX:.0f}")
            raise _bad(f"--option {name}", given, wanted) from None

    def choice(self, name: str, kinds: type[_Choice]) -> _Choice | None:
        if name not in self._options:
            return None
        given = str(self._options[name]).lower()
        try:
            return kinds(given)
        except ValueError:
            valid = ", ".join(kinds)
            raise _bad(f"--option {name}", given, Words(f"l'un de : {valid}", f"one of: {valid}")) from None


def _from_to(low: int, high: int) -> Words:
    return Words(f"un nombre de {low} à {high}", f"a number from {low} to {high}")


def _bad(where: str, given: object, wanted: Words) -> BadInput:
    return BadInput(
        Words(f"valeur {given!r} inutilisable", f"{given!r} cannot be used"),
        where=where,
        what_to_do=Words(f"Donnez {wanted.fr}", f"Give {wanted.en}"),
    )
