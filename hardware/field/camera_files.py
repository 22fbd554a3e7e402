"""The cameras of a site as files, one each: read all of them, replace one whole or not at all. Shell."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

from csu.hal.camera import CameraId
from csu.hal.errors import BadInput
from csu.hal.words import Words
from hardware.field.settings import CameraFile
from hardware.settings_file import place_of, read_settings

CAMERAS_MAX = 10_000
SUFFIX = ".yaml"
_HEAD = "# Written by csu camera; a person may correct it. The login is in the vault.\n"


def file_of(folder: Path, camera: str) -> Path:
    """The file of a camera."""
    return folder / f"{camera}{SUFFIX}"


def read_camera(path: Path) -> CameraFile:
    """One camera's file. Raises BadInput with file and line."""
    return read_settings(path, CameraFile)


class Unchanged:
    """Reads a camera's file once until it is written to: who enters a thousand cameras looks at all before each."""

    def __init__(self) -> None:
        self._read: dict[Path, tuple[tuple[int, int, int], CameraFile]] = {}

    def __call__(self, path: Path) -> CameraFile:
        """As `read_camera`."""
        try:
            told = path.stat()
        except OSError:
            return read_camera(path)  # which says what is wrong
        seen = told.st_mtime_ns, told.st_size, told.st_ino
        known = self._read.get(path)
        if known is None or known[0] != seen:
            known = self._read[path] = seen, read_camera(path)
        return known[1]


def read_cameras(folder: Path, read: Callable[[Path], CameraFile] = read_camera) -> Mapping[CameraId, CameraFile]:
    """All cameras of a site, by name; none where there is no folder. Raises BadInput with file and line."""
    found: dict[CameraId, CameraFile] = {}
    numbers: dict[int, str] = {}
    paths = sorted(folder.glob(f"*{SUFFIX}"))
    if len(paths) > CAMERAS_MAX:
        raise _refused(str(folder), Words(f"plus de {CAMERAS_MAX} caméras", f"more than {CAMERAS_MAX} cameras"))
    for path in paths:
        entry = read(path)
        if entry.camera != path.stem:
            what = Words(f"le fichier doit s'appeler {entry.camera}{SUFFIX}", f"call the file {entry.camera}{SUFFIX}")
            raise _refused(place_of(path, "camera"), what)
        if entry.number in numbers:
            other = numbers[entry.number]
            what = Words(f"{other} a déjà le numéro {entry.number}", f"{other} has number {entry.number} already")
            raise _refused(place_of(path, "number"), what)
        numbers[entry.number] = entry.camera
        found[CameraId(entry.camera)] = entry
    return found


def write_camera(folder: Path, camera: CameraFile) -> None:
    """Replace its file, durably. Raises BadInput when the disk refuses."""
    path = file_of(folder, camera.camera)
    told = yaml.safe_dump(camera.written(folder), sort_keys=False, allow_unicode=True, width=120)
    write_whole(path, (_HEAD + told).encode())


def write_whole(path: Path, content: bytes) -> None:
    """All of it or what was there before, durably. Raises BadInput when the disk refuses."""
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise BadInput(
            Words(f"ne peut être écrit : {error.strerror}", f"cannot be written: {error.strerror}"),
            where=str(path),
            what_to_do=Words("Vérifiez le volume et les droits", "Check the volume and the rights"),
        ) from error


def _refused(where: str, what: Words) -> BadInput:
    return BadInput(what, where=where, what_to_do=Words("Corrigez le fichier", "Correct the file"))
