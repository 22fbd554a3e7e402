"""A legal register, its key, and lines of one camera in one commune."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from csu.governance.centre_key import CentreKey
from csu.governance.legal_calendar import start_of_day
from csu.governance.legal_register import LegalRegister
from csu.governance.register_lines import (
    CameraSpan,
    Destroyed,
    DestructionRule,
    Recorded,
    TransmissionBasis,
    Transmitted,
)
from csu.governance.spans import Span
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S

METZ = CommuneId("metz")
CAMERA = CameraId("cam-0012")


class Book:
    """A register, and its lines as builders."""

    def __init__(self, path: Path, key: CentreKey) -> None:
        self.path, self.key = path, key
        self.register = LegalRegister(path, key)

    def again(self) -> LegalRegister:
        """As another process, or the next start, opens it."""
        self.register.close()
        self.register = LegalRegister(self.path, self.key)
        return self.register

    @staticmethod
    def ten_to(day: date, minutes: int = 20, camera: CameraId = CAMERA) -> CameraSpan:
        """From 10:00 in Paris."""
        start_ns = start_of_day(day) + 600 * NS_PER_MINUTE
        return CameraSpan(camera, Span(start_ns, start_ns + minutes * NS_PER_MINUTE))

    @staticmethod
    def recorded(day: date, camera: CameraId = CAMERA, commune: CommuneId = METZ) -> Recorded:
        start_ns = start_of_day(day)
        return Recorded(camera, commune, day, Span(start_ns, start_ns + NS_PER_DAY - NS_PER_S), 86_390)

    @staticmethod
    def destroyed(day: date, *cameras: CameraId, kept: tuple[CameraSpan, ...] = ()) -> Destroyed:
        at_ns = start_of_day(day) + 31 * NS_PER_DAY
        return Destroyed(
            METZ, day, cameras or (CAMERA,), at_ns, DestructionRule.RETENTION, "-", 1_440, 43_000_000_000, at_ns,
            ("main", "backup"), kept,
        )  # fmt: skip

    @staticmethod
    def transmitted(
        footage: CameraSpan, at_ns: int, basis: TransmissionBasis = TransmissionBasis.CPP_60_1, case: str = "case-17"
    ) -> Transmitted:
        return Transmitted(
            case, basis, "parquet-metz", "opj:0123456", at_ns, (footage,), "ab" * 32, "support-88", copies=1
        )


@pytest.fixture(scope="session")
def centre_key() -> CentreKey:
    return CentreKey(Ed25519PrivateKey.generate())


@pytest.fixture
def book(tmp_path, centre_key) -> Iterator[Book]:
    book = Book(tmp_path / "register" / "register.sqlite", centre_key)
    yield book
    book.register.close()
