"""The stand-alone reader of a package: one HTML page that opens from a file, with no network and nothing to install.

It shows the files beside it and holds no picture itself: readers and data stay apart (arrêté du 3 août 2007, art. 3).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from csu.evidence.frames import FrameTable

_DATA = "__PACKAGE__"


def reader_page(case: str, centre: str, tables: Sequence[FrameTable], digests: Sequence[str]) -> str:
    """The page for these files; `digests`: the SHA-256 of each, hexadecimal."""
    shown = [_file(table, digest) for table, digest in zip(tables, digests, strict=True)]
    told = json.dumps({"case": case, "centre": centre, "files": shown}, ensure_ascii=False, separators=(",", ":"))
    page = files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    return page.replace(_DATA, told.replace("<", "\\u003c"), 1)


def _file(table: FrameTable, digest: str) -> dict[str, Any]:
    """What the page needs of one file: asked frames only, in the order in which they are shown."""
    frames = sorted(table.asked, key=lambda frame: frame.pts)
    return {
        "file": table.file,
        "sha256": digest,
        "camera": table.camera,
        "place": table.place,
        "commune": table.commune,
        "mask": table.mask_version,
        "offset_ms": [frame.clock_offset_ms for frame in frames],
        "clock": table.clock,
        "hz": table.time_base_hz,
        "pts": [frame.pts for frame in frames],
        "ms": [frame.captured_ns // 1_000 / 1_000 for frame in frames],
    }
