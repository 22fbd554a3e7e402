"""Where a centre keeps its orders and papers: each state of them whole, signed by the centre, none ever taken back.

The newest state counts. Who typed it in and why stands beside it, so that a register of any past day can say which
order was believed then.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from csu.governance.authorisation_register import AuthorisationRegister, facts_from, facts_text
from csu.governance.authorisations import AuthorisationFacts
from csu.governance.centre_key import CentreKey
from csu.governance.chain_guards import ChainForm
from csu.governance.chained_file import ChainedFile, ChainRow, ChainTroubles, sha256_hex
from csu.governance.errors import AuthorisationUnusable, OrdersBroken, OrdersNotKept
from csu.hal.clock import Nanoseconds
from csu.hal.words import Words

FORM = ChainForm("order_entry", first_link=sha256_hex("csu orders and papers, 1"), texts="order_text", sealed=True)


@dataclass(frozen=True, slots=True)
class OrdersEntered:
    """From `at_ns` on the centre goes by these papers."""

    digest: str
    """SHA-256 of their JSON text (`facts_text`)."""
    by: str
    reason: str
    at_ns: Nanoseconds


_ENTRY = TypeAdapter(OrdersEntered)


class OrderLedger:
    """The papers of one centre, durable. Several processes may share the file. Calls block."""

    def __init__(self, path: Path, key: CentreKey) -> None:
        """Open or begin the file and read it whole. Raises OrdersBroken, OrdersNotKept."""
        self._path, self._key = path, key
        self._entries: list[OrdersEntered] = []
        self._register = AuthorisationRegister(AuthorisationFacts())
        self._file = ChainedFile(path, FORM, ChainTroubles(_broken, _not_kept), sign=key.sign)
        try:
            self._file.locked(self._read_on)
        except BaseException:
            self.close()
            raise

    @property
    def register(self) -> AuthorisationRegister:
        """Over the newest papers; with no entry: no camera may anything."""
        return self._register

    @property
    def entries(self) -> tuple[OrdersEntered, ...]:
        """Every state there was, oldest first."""
        return tuple(self._entries)

    def enter(self, facts: AuthorisationFacts, *, by: str, reason: str, at_ns: Nanoseconds) -> bool:
        """Go by these papers from now on; False when they are those in force.

        Raises AuthorisationUnusable when they contradict each other or nobody answers for them; OrdersBroken;
        OrdersNotKept (then the former ones stand).
        """
        if not by.strip() or not reason.strip():
            raise AuthorisationUnusable(
                Words("qui les saisit, et pourquoi ?", "who enters them, and why?"),
                where="orders",
                what_to_do=Words("Donnez un nom et un motif", "Give a name and a reason"),
            )
        register = AuthorisationRegister(facts)
        text = facts_text(facts)
        entry = OrdersEntered(sha256_hex(text), by, reason, at_ns)

        def keep(connection: sa.Connection) -> bool:
            self._read_on(connection)
            if self._entries and self._entries[-1].digest == entry.digest:
                return False
            self._file.keep_text(connection, entry.digest, text)
            body = json.dumps(asdict(entry), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            self._file.append(connection, [(OrdersEntered.__name__, body)])
            return True

        if not self._file.locked(keep):
            return False
        self._entries.append(entry)
        self._register = register
        return True

    def catch_up(self) -> bool:
        """Read what another process entered; True when there was something. Raises OrdersBroken, OrdersNotKept."""
        before = self._file.sequence
        if self._file.newest() != before:
            self._file.locked(self._read_on)
        return self._file.sequence != before

    def close(self) -> None:
        """Release the file."""
        self._file.close()

    def _read_on(self, connection: sa.Connection) -> None:
        last: tuple[ChainRow, str] | None = None
        read: list[OrdersEntered] = []
        for row in self._file.read_on(connection):
            entry = self._entry_of(row)
            text = self._file.text(connection, entry.digest)
            if text is None or sha256_hex(text) != entry.digest:
                raise _broken(f"{self._path.name}#{row.sequence}")
            read.append(entry)
            last = row, text
        if last is not None:
            with self._believed(last[0]):
                self._register = AuthorisationRegister(facts_from(last[1]))
        self._entries += read

    def _entry_of(self, row: ChainRow) -> OrdersEntered:
        with self._believed(row):
            if row.kind != OrdersEntered.__name__ or not self._key.public.signed(row.digest, row.signature):
                raise _broken(f"{self._path.name}#{row.sequence}")
            return _ENTRY.validate_json(row.body)

    @contextmanager
    def _believed(self, row: ChainRow) -> Iterator[None]:
        try:
            yield
        except (ValidationError, AuthorisationUnusable) as error:
            raise _broken(f"{self._path.name}#{row.sequence}") from error


def _broken(where: str) -> OrdersBroken:
    return OrdersBroken(
        Words("les arrêtés ont été modifiés hors de csu", "the orders were changed outside csu"),
        where=where,
        what_to_do=Words(
            "Reprenez le fichier d'une sauvegarde et cherchez qui l'a modifié ; d'ici là rien n'enregistre",
            "Restore the file from a backup and find out who changed it; until then nothing records",
        ),
    )


def _not_kept(where: str, error: Exception) -> OrdersNotKept:
    why = type(error).__name__
    return OrdersNotKept(
        Words(f"les arrêtés ne peuvent être lus ou écrits ({why})", f"the orders cannot be read or written ({why})"),
        where=where,
        what_to_do=Words("Vérifiez son volume ; rien n'a changé", "Check its volume; nothing changed"),
    )
