"""The cameras of one machine dealt to its media nodes, also those that did not answer yet."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from csu.centre.preparing import PreparedSite
from csu.cluster.embedded import EmbeddedMediaNode
from csu.cluster.shared_pictures import SharedPicturesSpec
from csu.hal.camera import Camera, CameraRecord
from csu.hal.media import Assignment, NodeId
from csu.hal.words import Words

CAMERAS_PER_NODE = 50
"""Above about 100 threads a process the GIL hand-over starves streams (notes on media, 3b)."""


@dataclass(frozen=True, slots=True)
class ServedNode:
    """A node and the cameras that it serves, or will when they answer."""

    node: EmbeddedMediaNode
    assignments: tuple[Assignment, ...]
    awaited: tuple[tuple[Camera, Words], ...]

    @property
    def records(self) -> list[CameraRecord]:
        return [*(each.record for each in self.assignments), *(camera.record for camera, _ in self.awaited)]


def deal(
    prepared: PreparedSite, media: Path, data_directory: Path, volumes_note: Path, pictures: SharedPicturesSpec
) -> list[ServedNode]:
    """As few nodes as hold the cameras, evenly filled, cameras dealt in turn."""
    count = max(1, math.ceil(len(prepared.records) / CAMERAS_PER_NODE))
    nodes = [
        EmbeddedMediaNode(
            NodeId(f"node-{index + 1}"),
            media,
            pictures,
            views_directory=data_directory / "views",
            keys_directory=data_directory / "keys",
            heads_directory=data_directory / "chains",
            volumes_note=volumes_note,
        )
        for index in range(count)
    ]
    return [
        ServedNode(node, prepared.assignments[index::count], prepared.unreached[index::count])
        for index, node in enumerate(nodes)
    ]
