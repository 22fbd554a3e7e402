"""Orders, agreements and cameras of two communes on an invented map, and instants written as people write them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from csu.governance import (
    Agreement,
    Authorisation,
    AuthorisationFacts,
    AuthorisationRegister,
    CommuneService,
    GovernedCamera,
    Notification,
    Placement,
    Purpose,
    ServiceLevel,
)
from csu.hal.camera import CameraId, CommuneId

CAMERA, METZ = CameraId("cam-0012"), CommuneId("metz")


def instant(text: str, zone: str = "Europe/Paris") -> int:
    """`2027-03-01 00:00` in Paris, or in another zone, as ns UTC."""
    aware = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return round(aware.timestamp()) * 1_000_000_000


def square(side_m: float, x_m: float = 0.0) -> tuple[tuple[float, float], ...]:
    half = side_m / 2
    return ((x_m - half, -half), (x_m + half, -half), (x_m + half, half), (x_m - half, half))


@pytest.fixture(scope="session")
def at() -> Callable[..., int]:
    return instant


@pytest.fixture(scope="session")
def ring() -> Callable[..., tuple[tuple[float, float], ...]]:
    return square


@pytest.fixture(scope="session")
def order() -> Authorisation:
    """30 days, a list of one camera, from 2026-12-15 for five years."""
    return Authorisation(
        number="2026-57-101",
        ordered_on=date(2026, 12, 1),
        valid_from=date(2026, 12, 15),
        purposes=frozenset({Purpose.PERSONS_PROPERTY, Purpose.TRAFFIC_FLOW}),
        retention_days=30,
        viewers=frozenset({"csu-metz"}),
        commission_opinion="CDV 2026-11-20",
        cameras=frozenset({CAMERA}),
    )


@pytest.fixture(scope="session")
def paper(order: Authorisation) -> AuthorisationFacts:
    """All that a camera in order needs. It stands at (0, 0) since 2026-12-16."""
    return AuthorisationFacts(
        authorisations=(order,),
        cameras=(GovernedCamera(CAMERA, METZ, (Placement(instant("2026-12-16 08:00"), 0.0, 0.0),)),),
        notifications=(Notification(CAMERA, date(2026, 12, 16), 2.0, 0.0, "LR 2026-12-16"),),
        services=(
            CommuneService(
                METZ, ServiceLevel.STORAGE_AND_WATCH, Agreement("conv-metz", date(2026, 1, 1), date(2036, 1, 1))
            ),
        ),
    )


@pytest.fixture(scope="session")
def register_with(paper: AuthorisationFacts) -> Callable[..., AuthorisationRegister]:
    """A register over the usual paper with some of it replaced."""
    return lambda **changes: AuthorisationRegister(replace(paper, **changes))
