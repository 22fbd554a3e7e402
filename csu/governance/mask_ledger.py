"""Where the register of masks is kept: one SQLite file that only grows, each row bound to the one before it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from csu.governance.chain_guards import ChainForm
from csu.governance.chained_file import ChainedFile, ChainTroubles
from csu.governance.errors import MaskRegisterNotKept
from csu.governance.mask_events import Declined, LifecycleSet, MaskEvent, Moved, Proposed, Signed
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

FORM = ChainForm("mask_event", first_link=sha256_of("csu register of masks, 1"), texts="mask_text")

_KINDS: dict[str, TypeAdapter[MaskEvent]] = {
    kind.__name__: TypeAdapter(kind) for kind in (Proposed, Signed, Declined, Moved, LifecycleSet)
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
        self._register = MaskRegister(policy)
        self._file = ChainedFile(path, FORM, ChainTroubles(not_what_was_decided, _not_kept))
        try:
            self._locked(self._read_on)
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
        return self._file.head

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
        before = self._file.sequence
        if self._file.newest() != before:
            self._locked(self._read_on)
        return self._file.sequence != before

    def close(self) -> None:
        """Release the file."""
        self._file.close()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        self._register = MaskRegister(self._policy)
        self._file.forget()

    def _locked(self, work: Callable[[sa.Connection], _T]) -> _T:
        """Do `work` in one transaction with the write lock; on any failure the register is as the file says."""
        applied = self._register.applied
        try:
            return self._file.locked(work)
        except Exception:
            if self._register.applied != applied:
                self._read_anew()
            raise

    def _read_anew(self) -> None:
        """After a transaction that failed half-way. Where that fails too the register is empty: nothing is in force."""
        self._forget()
        try:
            self._file.locked(self._read_on)
        except CsuError:
            self._forget()  # what failed first is raised by the caller; the next call reads again and says so

    def _read_on(self, connection: sa.Connection) -> None:
        """Replay the rows behind the last one read. Raises MaskRegisterBroken for one that does not belong."""
        for row in self._file.read_on(connection):
            try:
                event = _KINDS[row.kind].validate_json(row.body)
                self._register.replay(event, self._set_of(connection, event))
            except (KeyError, ValidationError, CsuError) as error:
                raise not_what_was_decided(f"{self._path.name}#{row.sequence}") from error

    def _set_of(self, connection: sa.Connection, event: MaskEvent) -> MaskSet | None:
        if not isinstance(event, Proposed):
            return None
        body = self._read_text(connection, event.digest)
        digest = buildings_digest_in(body)
        if digest not in self._buildings:
            self._buildings[digest] = buildings_from(self._read_text(connection, digest))
        return mask_set_from(body, self._buildings[digest])

    def _read_text(self, connection: sa.Connection, digest: str) -> str:
        body = self._file.text(connection, digest)
        if body is None or sha256_of(body) != digest:
            raise not_what_was_decided(f"{self._path.name}#{digest[:12]}")
        return body

    def _append(self, connection: sa.Connection, event: MaskEvent) -> None:
        if isinstance(event, Proposed):
            text = text_of(self._register.versions(event.camera)[event.version - 1].mask_set)
            for digest, words in ((text.buildings_digest, text.buildings), (text.digest, text.body)):
                self._file.keep_text(connection, digest, words)
        body = json.dumps(asdict(event), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        self._file.append(connection, [(type(event).__name__, body)])


def _not_kept(where: str, error: Exception) -> MaskRegisterNotKept:
    why = type(error).__name__
    return MaskRegisterNotKept(
        Words(
            f"le registre des masques ne peut être lu ou écrit ({why})",
            f"the register of masks cannot be read or written ({why})",
        ),
        where=where,
        what_to_do=Words(
            "Vérifiez son volume, puis recommencez ; rien n'a changé",
            "Check its volume, then try again; nothing changed",
        ),
    )
