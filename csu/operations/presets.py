"""Presets of cameras that turn: a number, a name and where to look, kept by the centre and by no camera (ACC-1).

The centre keeps them because it knows where each looks: what a device remembers may be changed at the device, and its
masks would follow only once it stands there.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.personal_data import personal_data_in
from csu.hal.words import Words

NUMBER_MAX = 99
"""Of one camera; 1 to 9 are called by a key."""
NAME_CHARACTERS_MAX = 40
ACROSS_DEG_MAX = 170.0

_metadata = sa.MetaData()
_preset = sa.Table(
    "preset",
    _metadata,
    sa.Column("camera", sa.String, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("pan_deg", sa.Float, nullable=False),
    sa.Column("tilt_deg", sa.Float, nullable=False),
    sa.Column("across_deg", sa.Float, nullable=False),
    sa.Column("stored_by", sa.String, nullable=False),
    sa.Column("stored_at_ns", sa.BigInteger, nullable=False),
)


class PresetRefused(CsuError):
    """No such number, a name that may not be written, a direction that is none. Nothing changed."""


class AimRefused(CsuError):
    """Nobody can say where the camera looks, so not where it would. Nothing moved, nothing was kept."""


class PresetNotKept(CsuError):
    """It could not be written. Nothing changed."""


@dataclass(frozen=True, slots=True)
class Preset:
    """Where a camera looks under a number. Raises PresetRefused."""

    camera: CameraId
    number: int
    name: str
    pan_deg: float
    """Clockwise from north."""
    tilt_deg: float
    across_deg: float
    """How wide it sees: what a focal length is to pictures of every size."""
    stored_by: str
    stored_at_ns: Nanoseconds

    def __post_init__(self) -> None:
        if not 1 <= self.number <= NUMBER_MAX:
            raise _refused(self, Words(f"un numéro va de 1 à {NUMBER_MAX}", f"a number is 1 to {NUMBER_MAX}"))
        name = self.name
        if name != name.strip() or not 1 <= len(name) <= NAME_CHARACTERS_MAX or not name.isprintable():
            raise _refused(
                self,
                Words(
                    f"un nom a de 1 à {NAME_CHARACTERS_MAX} signes, sur une ligne",
                    f"a name has 1 to {NAME_CHARACTERS_MAX} signs, on one line",
                ),
            )
        if personal_data_in(name):
            raise _refused(self, Words("un nom ne désigne personne", "a name points at nobody"))
        angles = (self.pan_deg, self.tilt_deg, self.across_deg)
        if not all(map(isfinite, angles)) or abs(self.tilt_deg) > 90 or not 0 < self.across_deg <= ACROSS_DEG_MAX:
            raise _refused(self, Words("où elle regarde n'est pas connu", "where it looks is not known"))


class PresetBook:
    """One SQLite file: what was stored is there after a crash, whole or as before. Calls block."""

    def __init__(self, path: Path) -> None:
        """Raises sqlalchemy's errors for a file that is none."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = sa.create_engine(f"sqlite:///{path}")
        with self._engine.begin() as connection:
            _metadata.create_all(connection)
            self._all = {
                (CameraId(row.camera), row.number): Preset(*row) for row in connection.execute(sa.select(_preset))
            }

    def of(self, camera: CameraId) -> tuple[Preset, ...]:
        """By number. From memory."""
        return tuple(sorted((p for p in self._all.values() if p.camera == camera), key=lambda preset: preset.number))

    def get(self, camera: CameraId, number: int) -> Preset:
        """From memory. Raises PresetRefused for one that nobody stored."""
        found = self._all.get((camera, number))
        if found is None:
            raise PresetRefused(
                Words(f"la position {number} n'est pas enregistrée", f"preset {number} was not stored"),
                where=camera,
                what_to_do=Words("Choisissez-en une de la liste", "Choose one of the list"),
            )
        return found

    def store(self, preset: Preset) -> None:
        """Durable when this returns; one of that number before it is gone. Raises PresetNotKept."""
        values = {column.name: getattr(preset, column.name) for column in _preset.columns}
        self._write(preset.camera, sa.insert(_preset).prefix_with("OR REPLACE").values(values))
        self._all[preset.camera, preset.number] = preset

    def forget(self, camera: CameraId, number: int) -> None:
        """It is no more. Raises PresetRefused for one that nobody stored; PresetNotKept."""
        preset = self.get(camera, number)
        where = (_preset.c.camera == preset.camera) & (_preset.c.number == preset.number)
        self._write(camera, sa.delete(_preset).where(where))
        del self._all[camera, number]

    def close(self) -> None:
        """Release the file."""
        self._engine.dispose()

    def _write(self, camera: CameraId, statement: Any) -> None:
        try:
            with self._engine.begin() as connection:
                connection.execute(statement)
        except sa.exc.SQLAlchemyError as error:
            why = type(error).__name__
            raise PresetNotKept(
                Words(f"la position n'a pas pu être écrite ({why})", f"the preset could not be written ({why})"),
                where=camera,
                what_to_do=Words("Réessayez ; vérifiez le volume", "Try again; check the volume"),
            ) from error


def _refused(preset: Preset, what: Words) -> PresetRefused:
    what_to_do = Words("Corrigez, et enregistrez de nouveau", "Put it right, and store it again")
    return PresetRefused(what, where=f"{preset.camera}/{preset.number}", what_to_do=what_to_do)
