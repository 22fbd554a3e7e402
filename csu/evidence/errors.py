"""What the requisition desk, the export and the verifier refuse."""

from __future__ import annotations

from csu.hal.errors import BadInput, CsuError


class CaseRefused(CsuError):
    """The case does not allow it: wrong state, missing basis, one person for two signatures. Nothing was released."""


class ReleaseRefused(CsuError):
    """Something outside the act's cameras and intervals was asked for. Not one frame was released."""


class ExportFailed(CsuError):
    """No package was made: the footage, the signature or the time-stamp failed. What was half written is removed."""


class DeskBroken(CsuError):
    """The desk's store is not what was written: tampered with, or damaged. No case may go on from it."""


class DeskUnavailable(CsuError):
    """The desk's store cannot be read or written now. The command did not happen."""


class PackageUnusable(BadInput):
    """What was given to `csu evidence verify` is no package, or the key does not open it."""


class EvidenceInputRefused(BadInput):
    """A key, a certificate, a recipient or a description of a case cannot be used."""
