"""Where the register of masks is kept: one SQLite file that only grows, each row bound to the one before it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from csu.governance.errors import MaskRegisterNotKept
from csu.governance.mask_events import LifecycleSet, MaskEvent, Moved, Proposed, Signed
from csu.governance.mask_register import MaskRegister, VerificationPolicy, not_what_was_decided
from csu.governance.mask_sets import (
    MaskSet,
    buildings_digest_in,
    buildings_from,
    mask_set_from,
    sha256_of,
    text_of,
)
from csu.hal.errors import CsuError
from csu.hal.place import Building
from csu.hal.words import Words

FIRST_LINK = sha256_of("csu register of masks, 1")
"""What the first row is bound to."""

_metadata = sa.MetaData()
_event = sa.Table(
    "mask_event",
    _metadata,
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("body", sa.String, nullable=False),
    sa.Column("digest", sa.String, nullable=False),
)
_text = sa.Table(
    "mask_text",
    _metadata,
    sa.Column("digest", sa.String, primary_key=True),
    sa.Column("body", sa.String, nullable=False),
)

_GUARDS = tuple(
    f"CREATE TRIGGER IF NOT EXISTS {table}_no_{deed} BEFORE {deed} ON {table} BEGIN "
    f"SELECT RAISE(ABORT, '{table} only grows'); END"
    for table in ("mask_event", "mask_text")
    for deed in ("update", "delete")
) + (
    # INSERT OR REPLACE deletes without asking the triggers above.
    "CREATE TRIGGER IF NOT EXISTS mask_event_no_replace BEFORE INSERT ON mask_event "
    "WHEN EXISTS (SELECT 1 FROM mask_event WHERE sequence = NEW.sequence) BEGIN "
    "SELECT RAISE(ABORT, 'mask_event only grows'); END",
    "CREATE TRIGGER IF NOT EXISTS mask_text_no_replace BEFORE INSERT ON mask_text "
    "WHEN EXISTS (SELECT 1 FROM mask_text WHERE digest = NEW.digest) BEGIN SELECT RAISE(IGNORE); END",
)

_KINDS: dict[str, TypeAdapter[MaskEvent]] = {
    kind.__name__: TypeAdapter(kind) for kind in (Proposed, Signed, Moved, LifecycleSet)
}

_T = TypeVar("_T")

Decision = Callable[[MaskRegister], Iterable[MaskEvent | None]]
"""Gives commands to the register and returns all their events; None for a command that changed nothing."""


class MaskLedger:
    """The register of masks, durable. Several processes may share the file. Calls block."""

    def __init__(self, path: Path, policy: VerificationPolicy | None = None) -> None:
        """Open or begin the file and replay it. Raises MaskRegisterBroken, MaskRegisterNotKept."""
        self._path = path
        self._policy = policy
        self._buildings: dict[str, tuple[Building, ...]] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._not_kept(error) from error
        # The driver must not begin transactions of its own: each begins with the write lock, so that who decides
        # decides on the newest state.
        self._engine = sa.create_engine(f"sqlite:///{path}", connect_args={"isolation_level": None})
        self._forget()
        try:
            self._locked(self._lay_out)
        except BaseException:
            self.close()
            raise

    @property
    def register(self) -> MaskRegister:
        """What the file says, as last read. For questions: commands go through `decide`."""
        return self._register

    @property
    def head(self) -> str:
        """The digest of the newest row. Noted elsewhere, it proves later that no row was cut off the end."""
        return self._head

    def decide(self, decision: Decision) -> tuple[MaskEvent, ...]:
        """Take `decision` on the newest state and keep all its events, or none of them.

        Raises what the decision raises; MaskRegisterBroken; MaskRegisterNotKept (then nothing of it holds).
        """

        def keep(connection: sa.Connection) -> tuple[MaskEvent, ...]:
            self._read_on(connection)
            before = self._register.applied
            events = tuple(event for event in decision(self._register) if event is not None)
            if self._register.applied - before != len(events):
                raise ValueError("a decision returns each event it made")
            for event in events:
                self._append(connection, event)
            return events

        return self._locked(keep)

    def catch_up(self) -> bool:
        """Read what another process added; True when there was something. Raises as `decide`."""
        before = self._sequence
        try:
            with self._engine.connect() as connection:
                newest = connection.execute(sa.select(sa.func.max(_event.c.sequence))).scalar() or 0
        except sa.exc.SQLAlchemyError as error:
            raise self._not_kept(error) from error
        if newest != before:
            self._locked(self._read_on)
        return self._sequence != before

    def close(self) -> None:
        """Release the file."""
        self._engine.dispose()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        self._register = MaskRegister(self._policy)
        self._sequence, self._head = 0, FIRST_LINK

    def _locked(self, work: Callable[[sa.Connection], _T]) -> _T:
        """Do `work` in one transaction with the write lock; on any failure the register is as the file says."""
        before, applied = self._sequence, self._register.applied
        try:
            with self._engine.begin() as connection:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                return work(connection)
        except Exception as error:
            if (self._sequence, self._register.applied) != (before, applied):
                self._read_anew()
            if isinstance(error, sa.exc.OperationalError):
                raise self._not_kept(error) from error
            if isinstance(error, sa.exc.DatabaseError):  # no database, or one that refuses what csu writes
                raise not_what_was_decided(self._path.name) from error
            raise

    def _read_anew(self) -> None:
        """After a transaction that failed half-way. Where that fails too the register is empty: nothing is in force."""
        self._forget()
        try:
            with self._engine.begin() as connection:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                self._read_on(connection)
        except (sa.exc.SQLAlchemyError, CsuError):
            self._forget()  # what failed first is raised by the caller; the next call reads again and says so

    def _lay_out(self, connection: sa.Connection) -> None:
        _metadata.create_all(connection)
        for guard in _GUARDS:
            connection.exec_driver_sql(guard)
        self._read_on(connection)

    def _read_on(self, connection: sa.Connection) -> None:
        """Replay the rows behind the last one read. Raises MaskRegisterBroken for one that does not belong."""
        query = sa.select(_event).where(_event.c.sequence > self._sequence).order_by(_event.c.sequence)
        for sequence, kind, body, digest in connection.execute(query).all():
            if sequence != self._sequence + 1 or digest != _link(self._head, sequence, kind, body):
                raise not_what_was_decided(f"{self._path.name}#{sequence}")
            try:
                event = _KINDS[kind].validate_json(body)
                self._register.replay(event, self._set_of(connection, event))
            except (KeyError, ValidationError, CsuError) as error:
                raise not_what_was_decided(f"{self._path.name}#{sequence}") from error
            self._sequence, self._head = sequence, digest

    def _set_of(self, connection: sa.Connection, event: MaskEvent) -> MaskSet | None:
        if not isinstance(event, Proposed):
            return None
        body = self._read_text(connection, event.digest)
        digest = buildings_digest_in(body)
        if digest not in self._buildings:
            self._buildings[digest] = buildings_from(self._read_text(connection, digest))
        return mask_set_from(body, self._buildings[digest])

    def _read_text(self, connection: sa.Connection, digest: str) -> str:
        body = connection.execute(sa.select(_text.c.body).where(_text.c.digest == digest)).scalar()
        if body is None or sha256_of(body) != digest:
            raise not_what_was_decided(f"{self._path.name}#{digest[:12]}")
        return str(body)

    def _append(self, connection: sa.Connection, event: MaskEvent) -> None:
        if isinstance(event, Proposed):
            text = text_of(self._register.versions(event.camera)[event.version - 1].mask_set)
            for digest, words in ((text.buildings_digest, text.buildings), (text.digest, text.body)):
                connection.execute(sa.insert(_text), {"digest": digest, "body": words})
        sequence, kind = self._sequence + 1, type(event).__name__
        body = json.dumps(asdict(event), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        digest = _link(self._head, sequence, kind, body)
        row = {"sequence": sequence, "kind": kind, "body": body, "digest": digest}
        connection.execute(sa.insert(_event), row)
        self._sequence, self._head = sequence, digest

    def _not_kept(self, error: Exception) -> MaskRegisterNotKept:
        why = type(error).__name__
        return MaskRegisterNotKept(
            Words(
                f"le registre des masques ne peut être lu ou écrit ({why})",
                f"the register of masks cannot be read or written ({why})",
            ),
            where=self._path.name,
            what_to_do=Words(
                "Vérifiez son volume, puis recommencez ; rien n'a changé",
                "Check its volume, then try again; nothing changed",
            ),
        )


def _link(head: str, sequence: int, kind: str, body: str) -> str:
    """A row's digest: it binds the row and all before it."""
    return sha256_of(f"{head}\n{sequence}\n{kind}\n{body}")
