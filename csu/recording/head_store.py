"""The heads of the chains as files: one small file for each camera, replaced whole."""

from __future__ import annotations

import json
import logging
import os
import re
from pathlib import Path

from csu.hal.camera import CameraId
from csu.hal.words import Words
from csu.recording.chain import Head, HeadNotKept

_log = logging.getLogger(__name__)
_CAMERA = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class LocalHeads:
    """A `HeadStore` in a directory beside the media. It holds hashes: nothing secret, nothing of anyone's picture."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def head(self, camera: CameraId) -> Head | None:
        """See HeadStore.head."""
        path = self._path(camera)
        try:
            found = json.loads(path.read_bytes())
            return Head(_link(found["link"]), int(found["number"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            _log.error("camera %s: the head of its chain cannot be read (%s): a new chain begins", camera, error)
            return None

    def keep(self, camera: CameraId, head: Head) -> None:
        """See HeadStore.keep."""
        path = self._path(camera)
        making = path.with_suffix(".making")
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            with making.open("wb") as file:
                file.write(json.dumps({"link": head.link.hex(), "number": head.number}).encode())
                file.flush()
                os.fdatasync(file.fileno())
            making.replace(path)
        except OSError as error:
            raise HeadNotKept(
                Words(
                    f"le dernier maillon n'a pas pu être gardé : {error.strerror}",
                    f"the newest link could not be kept: {error.strerror}",
                ),
                where=str(path),
                what_to_do=Words("Vérifiez la place et les droits de ce dossier", "Check space and rights there"),
            ) from error

    def _path(self, camera: CameraId) -> Path:
        if not _CAMERA.fullmatch(camera):
            raise HeadNotKept(
                Words("cet identifiant ne peut nommer un fichier", "this identifier cannot name a file"),
                where=repr(camera),
                what_to_do=Words("Lettres, chiffres, point, tiret, souligné", "Letters, digits, dot, dash, underscore"),
            )
        return self._directory / f"{camera}.json"


def _link(text: str) -> bytes:
    link = bytes.fromhex(text)
    if len(link) != 32:
        raise ValueError(f"a link of {len(link)} bytes")
    return link
