"""What can go wrong with the receiver itself. What panels get wrong is counted and told, and raises nothing."""

from __future__ import annotations

from csu.hal.errors import BadInput, CsuError


class ReceiverSettingsRefused(BadInput):
    """The settings file, or a key that was handed in for it, cannot be used."""


class ReceiverNotOpened(CsuError):
    """A door of the receiver could not be opened."""


class FramesNotKept(CsuError):
    """The receiver's own store could not be read or written, so nothing is acknowledged."""
