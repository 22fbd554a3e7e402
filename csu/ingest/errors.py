"""Why a camera's stream is not taken. Each error knows which event and which gap it makes."""

from __future__ import annotations

from typing import ClassVar

from csu.hal.errors import CsuError
from csu.hal.media import CameraEventKind, GapCause


class IngestError(CsuError):
    """A connection to one camera ended, or never began."""

    event: ClassVar[CameraEventKind] = CameraEventKind.LOST
    cause: ClassVar[GapCause] = GapCause.CAMERA_LOST


class CameraLost(IngestError):
    """No route, no answer, silence, an end of stream: trying again may help."""


class CameraBusy(CameraLost):
    """It answered that it cannot, now (5xx)."""


class CameraRefused(IngestError):
    """The device answered no: wrong password, unknown path. Trying again will not help by itself."""

    event = CameraEventKind.REFUSED
    cause = GapCause.CAMERA_REFUSED


class LoginRefused(CameraRefused):
    """It says that the login is wrong. Many cameras lock the account, or us out, after five to seven of these."""


class StreamUnsupported(IngestError):
    """The stream cannot be masked by this engine, so it is not taken at all (PRV-5)."""

    event = CameraEventKind.UNSUPPORTED
    cause = GapCause.STREAM_UNSUPPORTED
