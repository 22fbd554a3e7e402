"""The legal register of a running centre, read from its file beside whoever writes it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from csu.centre.in_turn import InTurn
from csu.governance.legal_register import DayAnswer, RegisterReading
from csu.hal.camera import CameraId, CommuneId


class RegisterOfCentre:
    """See `csu.console.dpo.RegisterDesk`. `commune_of`: by the orders of now."""

    def __init__(self, path: Path, commune_of: Callable[[CameraId], CommuneId | None]) -> None:
        self._path, self._commune_of = path, commune_of
        self._in_turn = InTurn()
        self._reading: RegisterReading | None = None

    async def day(self, day: date, camera: CameraId | None) -> DayAnswer:
        """Raises CsuError."""
        return await self._in_turn(lambda: self._open().answer(day, camera))

    def commune_of(self, camera: CameraId) -> CommuneId | None:
        """Of a camera that the orders know."""
        return self._commune_of(camera)

    def close(self) -> None:
        """Release the file."""
        if self._reading is not None:
            self._reading.close()

    def _open(self) -> RegisterReading:
        if self._reading is None:
            self._reading = RegisterReading(self._path)
        return self._reading
