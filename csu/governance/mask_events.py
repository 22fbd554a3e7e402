"""What can happen to the masks of a camera. The whole list: nothing here removes a mask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from csu.hal.camera import CameraId, CameraLifecycle
from csu.hal.clock import Nanoseconds
from csu.hal.site import SignRole
from csu.hal.words import Words


@dataclass(frozen=True, slots=True)
class Proposed:
    """Somebody proposes version `version` of a camera's masks."""

    camera: CameraId
    version: int
    """1, 2, 3... for each camera: the mask epoch of what is recorded under it."""
    digest: str
    """Of the proposed `MaskSet`."""
    by: str
    at_ns: Nanoseconds
    reason: str
    source: str = ""
    """Where a set comes from the site's own data: the digest of what the site said. Empty: a person made it."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A person signs one version, in one role."""

    camera: CameraId
    version: int
    person: str
    role: SignRole
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class Declined:
    """A person will not sign a version, and says why: nobody can sign it any more. What is in force stays."""

    camera: CameraId
    version: int
    person: str
    role: SignRole
    at_ns: Nanoseconds
    reason: str


@dataclass(frozen=True, slots=True)
class Moved:
    """The camera was turned, knocked, replaced: no version up to now holds any longer."""

    camera: CameraId
    at_ns: Nanoseconds
    why: Words


@dataclass(frozen=True, slots=True)
class LifecycleSet:
    """A person suspends a camera, declares it at fault, retires it, or brings it back to be signed off."""

    camera: CameraId
    after: CameraLifecycle
    by: str
    at_ns: Nanoseconds
    reason: str


MaskEvent: TypeAlias = Proposed | Signed | Declined | Moved | LifecycleSet
