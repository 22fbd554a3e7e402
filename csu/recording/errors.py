"""What can go wrong while recording. Every one of these means: that segment does not exist."""

from __future__ import annotations

from csu.hal.errors import CsuError


class RecordingError(CsuError):
    """A segment could not be written, or what was written is not what the law and the player expect."""


class CatalogueError(CsuError):
    """The catalogue refused a manifest or could not be read."""
