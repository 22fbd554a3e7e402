"""What the audit journal, the legal register and their anchors refuse."""

from __future__ import annotations

from csu.hal.errors import BadInput, CsuError


class JournalEntryRefused(BadInput):
    """An entry that must not be written: a reason is missing, or a field could hold data of filmed persons."""


class JournalUnavailable(CsuError):
    """The journal cannot be written now: what was to be journaled must not happen."""


class JournalBroken(JournalUnavailable):
    """The journal is not what was written. Nothing is added to it, so nothing that needs it may happen."""


class JournalRetentionRefused(BadInput):
    """A retention of the journal that the CNIL's recommendation does not allow."""


class RegisterUnavailable(CsuError):
    """The legal register cannot be read or written now; nothing of what was asked is written."""


class RegisterBroken(RegisterUnavailable):
    """The legal register is not what was written."""


class RegisterLineRefused(BadInput):
    """A line that the legal register cannot take: no such recording, an empty list, a name that is none."""


class CertificateRefused(CsuError):
    """No certificate of destruction: some of it is not destroyed, or is kept under a lock."""


class CentreKeyUnusable(BadInput):
    """The centre's signing key is missing, unreadable, or of another kind."""


class AnchorUnavailable(CsuError):
    """The head could not be noted elsewhere now; it is tried again."""


class StampRefused(CsuError):
    """A time-stamp token that does not prove what it should."""
