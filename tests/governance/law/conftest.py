"""Instants written as people write them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest


def instant(text: str, zone: str = "Europe/Paris") -> int:
    """`2027-03-01 00:00` in Paris, or in another zone, as ns UTC."""
    aware = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return round(aware.timestamp()) * 1_000_000_000


@pytest.fixture(scope="session")
def at() -> Callable[..., int]:
    return instant
