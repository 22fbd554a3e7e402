"""A picture of the wall as a file's bytes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.wall import WallError
from csu.hal.words import Words


def png_of(rgb: NDArray[np.uint8]) -> bytes:
    """uint8 (height, width, 3), RGB, as a PNG. Raises WallError."""
    done, data = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 3])
    if not done:
        raise WallError(
            Words("l'image du mur n'a pas pu être encodée", "the picture of the wall could not be encoded"),
            where="wall",
            what_to_do=Words("Vérifiez la mémoire et réessayez", "Check memory and try again"),
        )
    return data.tobytes()
