"""What the API answers: the board and the health of the room, as JSON.

Instants are ms UTC (a browser's numbers). Words come in both languages, `{"fr": ..., "en": ...}`: the page chooses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from csu.console.room import RoomHealth
from csu.governance import Role, Subject, role_words
from csu.hal.camera import CameraLifecycle
from csu.hal.clock import NS_PER_MS, Nanoseconds
from csu.hal.words import Words
from csu.ingest.board import CameraState, CameraStatus


class CameraAnswer(BaseModel):
    """One camera as the page shows it."""

    model_config = ConfigDict(frozen=True)

    camera: str
    number: int
    name: str
    commune: str
    state: CameraState
    since_ms: int
    detail: Words
    audio_offered: bool
    lifecycle: CameraLifecycle
    mask_version: int
    watched: bool
    """False: recorded and shown to nobody live, or not authorised at all."""


class HealthAnswer(BaseModel):
    """How the centre is. `cameras` counts by state and `lifecycle` by place in life, every one of them named."""

    model_config = ConfigDict(frozen=True)

    ok: bool
    trouble: Words
    version: str
    now_ms: int
    started_ms: int
    nodes_up: int
    nodes_expected: int
    manifest_age_ms: int | None
    cameras_expected: int
    cameras: dict[CameraState, int]
    lifecycle: dict[CameraLifecycle, int]


class ViewerAnswer(BaseModel):
    """As whom the page is read. `notice`: what the page must tell about it; empty in a centre with real accounts."""

    model_config = ConfigDict(frozen=True)

    person: str
    role: Role
    role_words: Words
    notice: Words


class StateAnswer(BaseModel):
    """The whole of what the page knows, apart from pictures."""

    model_config = ConfigDict(frozen=True)

    viewer: ViewerAnswer
    health: HealthAnswer
    cameras: list[CameraAnswer]


def camera_answer(status: CameraStatus) -> CameraAnswer:
    """One line of the board."""
    record = status.record
    return CameraAnswer(
        camera=record.camera,
        number=record.number,
        name=record.name,
        commune=record.commune,
        state=status.state,
        since_ms=status.since_ns // NS_PER_MS,
        detail=status.detail,
        audio_offered=status.audio_offered,
        lifecycle=status.lifecycle,
        mask_version=status.mask_version,
        watched=status.watched,
    )


def viewer_answer(subject: Subject, notice: Words) -> ViewerAnswer:
    """Who reads."""
    words = role_words(subject.role)
    return ViewerAnswer(person=subject.person, role=subject.role, role_words=words, notice=notice)


def health_answer(health: RoomHealth, cameras: Sequence[CameraStatus], now_ns: Nanoseconds) -> HealthAnswer:
    """The centre's health, and the counts of cameras by state and by place in life, at `now_ns`."""
    by_state = Counter(status.state for status in cameras)
    by_lifecycle = Counter(status.lifecycle for status in cameras)
    manifest_at_ns = health.last_manifest_at_ns
    return HealthAnswer(
        ok=health.ok,
        trouble=health.trouble,
        version=health.version,
        now_ms=now_ns // NS_PER_MS,
        started_ms=health.started_at_ns // NS_PER_MS,
        nodes_up=health.nodes_up,
        nodes_expected=health.nodes_expected,
        manifest_age_ms=None if manifest_at_ns is None else max(0, now_ns - manifest_at_ns) // NS_PER_MS,
        cameras_expected=len(cameras),
        cameras={state: by_state[state] for state in CameraState},
        lifecycle={place: by_lifecycle[place] for place in CameraLifecycle},
    )
