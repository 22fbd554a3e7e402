"""What must not be seen, as surfaces in the world: dwellings and the zones that people drew.

Computed once for a mask set; `csu.masking.cover` projects it for each pose.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csu.hal.place import Building, Zone
from csu.masking.geometry import Quads, dwelling_surfaces


@dataclass(frozen=True, eq=False)
class Surfaces:
    """quads: (n, 4, 3) corners in world metres, in order; a repeated corner makes a triangle.
    on_rays: (n,) bool, True for what was drawn on a picture and has no known distance."""

    quads: Quads
    on_rays: NDArray[np.bool_]
    unusable: bool = False
    """True: something cannot be drawn yet; every cover is whole."""

    def __len__(self) -> int:
        return len(self.quads)


def forbidden_surfaces(buildings: Iterable[Building], zones: Iterable[Zone], mask_above_m: float) -> Surfaces:
    """Everything that no picture may show. Raises BuildingUnusable for data that cannot be drawn."""
    quads = dwelling_surfaces(buildings, mask_above_m)
    return Surfaces(quads, np.zeros(len(quads), np.bool_), unusable=any(True for _ in zones))
