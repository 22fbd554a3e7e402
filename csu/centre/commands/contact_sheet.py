"""A contact sheet: how the mask of a camera that turns stays on the dwellings, for a person to look at.

Made from masked recordings, of simulated streets only: a real street's pictures do not live on in a report.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.disk import Disk

COLUMNS, PICTURES = 4, 12
TILE_WIDTH_PX = 320
CAPTION_PX = 22

_Bgr: TypeAlias = NDArray[np.uint8]


def contact_sheet(disk: Disk, segments: Sequence[str], pictures: int = PICTURES) -> bytes | None:
    """A PNG of `pictures` pictures spread evenly over the `segments` of one camera; None when there are too few.

    Decodes everything: about 1 ms a picture of 640x360. Raises DiskError for a segment that cannot be read.
    """
    count = sum(_frames_in(disk, name) for name in segments)
    if count < pictures:
        return None
    wanted = {round((index + 0.5) * count / pictures) for index in range(pictures)}
    tiles: list[_Bgr] = []
    seen, before_s, at_s = 0, 0.0, 0.0
    for name in segments:
        before_s += at_s  # each segment counts its own time from 0
        with disk.open(name) as file, av.open(file, "r") as container:
            for frame in container.decode(video=0):
                at_s = frame.time or 0.0
                if seen in wanted:
                    picture = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
                    tiles.append(_tile(picture, before_s + at_s))
                seen += 1
    done, sheet = cv2.imencode(".png", _together(tiles))
    if not done:
        raise OSError("OpenCV could not write the contact sheet as PNG")
    return sheet.tobytes()


def _frames_in(disk: Disk, name: str) -> int:
    with disk.open(name) as file, av.open(file, "r") as container:
        return sum(1 for packet in container.demux(video=0) if packet.size)


def _tile(picture: _Bgr, at_s: float) -> _Bgr:
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (TILE_WIDTH_PX, height * TILE_WIDTH_PX // width), interpolation=cv2.INTER_AREA)
    framed = cv2.copyMakeBorder(small, 0, CAPTION_PX, 0, 4, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    place = (4, small.shape[0] + CAPTION_PX - 7)
    cv2.putText(framed, f"{at_s:.1f} s", place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, (40, 40, 40), 1, cv2.LINE_AA)
    return np.asarray(framed, np.uint8)


def _together(tiles: Sequence[_Bgr]) -> _Bgr:
    blank = np.full_like(tiles[0], 255)
    padded = [*tiles, *[blank] * (-len(tiles) % COLUMNS)]
    rows = [np.hstack(padded[start : start + COLUMNS]) for start in range(0, len(padded), COLUMNS)]
    return np.asarray(np.vstack(rows), np.uint8)
