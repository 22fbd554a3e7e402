"""Where a centre keeps the requests of people who were filmed."""

from __future__ import annotations

from pathlib import Path

from csu.governance.access_requests import (
    AccessRequests,
    CaseLinked,
    IdentityChecked,
    RequestDecided,
    RequestEvent,
    RequestReceived,
    ViewingHeld,
)
from csu.governance.centre_key import CentreKey
from csu.governance.chain_guards import ChainForm
from csu.governance.chained_file import ChainTroubles, sha256_hex
from csu.governance.errors import AccessRequestsBroken, AccessRequestsNotKept
from csu.governance.event_ledger import EventKind, EventLedger
from csu.hal.words import Words

FORM = ChainForm("access_event", first_link=sha256_hex("csu access requests, 1"), sealed=True)


class AccessLedger(EventLedger[AccessRequests, RequestEvent]):
    """The requests of one centre, durable. Several processes may share the file. Calls block."""

    def __init__(self, path: Path, key: CentreKey) -> None:
        """Open or begin the file and read it whole. Raises AccessRequestsBroken, AccessRequestsNotKept."""
        super().__init__(path, key, _KIND)


def _broken(where: str) -> AccessRequestsBroken:
    return AccessRequestsBroken(
        Words("le registre des demandes a été modifié hors de csu", "the register of requests was changed outside csu"),
        where=where,
        what_to_do=Words(
            "Reprenez le fichier d'une sauvegarde et cherchez qui l'a modifié",
            "Restore the file from a backup and find out who changed it",
        ),
    )


def _not_kept(where: str, error: Exception) -> AccessRequestsNotKept:
    why = type(error).__name__
    return AccessRequestsNotKept(
        Words(
            f"le registre des demandes ne peut être lu ou écrit ({why})",
            f"the register of requests cannot be read or written ({why})",
        ),
        where=where,
        what_to_do=Words("Vérifiez son volume ; rien n'a changé", "Check its volume; nothing changed"),
    )


_KIND: EventKind[AccessRequests, RequestEvent] = EventKind(
    FORM,
    (RequestReceived, IdentityChecked, RequestDecided, CaseLinked, ViewingHeld),
    AccessRequests(),
    ChainTroubles(_broken, _not_kept),
)
