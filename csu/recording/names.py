"""The name of a segment's file: derived from its camera and start, so that the catalogue need not hold it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MS, Nanoseconds
from csu.hal.errors import BadInput
from csu.hal.words import Words

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CAMERA = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NAME = re.compile(rf"(\d{{4}}-\d\d-\d\d)/({_CAMERA.pattern})/(\d{{8}}T\d{{6}}\.\d{{3}}Z)\.mp4")


@dataclass(frozen=True, slots=True)
class SegmentName:
    """What a file name says. `start_ns` is cut to whole milliseconds."""

    camera: CameraId
    start_ns: Nanoseconds


@lru_cache(maxsize=1 << 13)  # each round of the purge names some thousand files, ten times each
def segment_name(camera: CameraId, start_ns: Nanoseconds) -> str:
    """For example `2026-11-23/cam-0012/20261123T051201.250Z.mp4`, in UTC, cut to the millisecond.

    Raises BadInput for a camera id that cannot be a folder, and for an instant before 1970 or after 9999.
    """
    if not _CAMERA.fullmatch(camera):
        raise BadInput(
            Words("cet identifiant ne peut nommer un dossier", "this identifier cannot name a folder"),
            where=repr(camera),
            what_to_do=Words(
                "Écrivez-le en lettres, chiffres, point, tiret, souligné", "Use letters, digits, dot, dash, underscore"
            ),
        )
    milliseconds = start_ns // NS_PER_MS
    try:
        start = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        milliseconds = -1
    if milliseconds < 0:
        raise BadInput(
            Words(
                f"{start_ns} ns n'est pas un instant dont on nomme un fichier",
                f"{start_ns} ns is no instant a file can be named after",
            ),
            where=camera,
            what_to_do=Words("Vérifiez l'horloge de la caméra", "Look at the camera's clock"),
        )
    return f"{start:%Y-%m-%d}/{camera}/{start:%Y%m%dT%H%M%S}.{milliseconds % 1000:03}Z.mp4"


def parse_segment_name(name: str) -> SegmentName:
    """The inverse of `segment_name`. Raises BadInput for a name it did not make."""
    found = _NAME.fullmatch(name)
    if found is not None:
        camera = CameraId(found[2])
        try:
            start = datetime.strptime(found[3], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)
        except ValueError:
            start = _EPOCH - timedelta(milliseconds=1)
        start_ns = (start - _EPOCH) // timedelta(milliseconds=1) * NS_PER_MS
        if start_ns >= 0 and segment_name(camera, start_ns) == name:
            return SegmentName(camera, start_ns)
    raise BadInput(
        Words("ce n'est pas le nom d'un segment", "this is not the name of a segment"),
        where=repr(name),
        what_to_do=Words("Laissez ce fichier où il est", "Leave the file alone"),
    )
