"""A file of whole states: each one entered by somebody, for a reason, signed by the centre, none ever taken back.

The newest state counts. Who typed it in and why stands beside it, so that anybody can say which one was believed on any
past day. Orders and papers, and the people of a centre, are kept so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Generic, TypeVar

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from csu.governance.centre_key import CentreKey
from csu.governance.chain_guards import ChainForm
from csu.governance.chained_file import ChainedFile, ChainRow, ChainTroubles, sha256_hex
from csu.hal.clock import Nanoseconds
from csu.hal.errors import BadInput

State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class StateEntered:
    """From `at_ns` on the centre goes by this state."""

    digest: str
    """SHA-256 of its JSON text."""
    by: str
    reason: str
    at_ns: Nanoseconds


_ENTRY = TypeAdapter(StateEntered)


@dataclass(frozen=True, slots=True)
class StateKind(Generic[State]):
    """What is kept in one kind of file."""

    form: ChainForm
    row: str
    """The kind of its rows."""
    read: Callable[[str], State]
    """The state of a text. Raises BadInput for one that can be none."""
    empty: State
    """Before anything was entered."""
    troubles: ChainTroubles
    nobody: Callable[[], BadInput]
    """What is told to who gives no name or no reason."""


class StateLedger(Generic[State]):
    """One file, durable. Several processes may share it. Calls block."""

    def __init__(self, path: Path, key: CentreKey, kind: StateKind[State]) -> None:
        """Open or begin the file and read it whole. Raises what `kind.troubles` tells."""
        self._path, self._key, self._kind = path, key, kind
        self._entries: list[StateEntered] = []
        self._state = kind.empty
        self._file = ChainedFile(path, kind.form, kind.troubles, sign=key.sign)
        try:
            self._file.locked(self._read_on)
        except BaseException:
            self.close()
            raise

    @property
    def state(self) -> State:
        """The newest."""
        return self._state

    @property
    def entries(self) -> tuple[StateEntered, ...]:
        """Every state there was, oldest first."""
        return tuple(self._entries)

    def enter_text(self, text: str, *, by: str, reason: str, at_ns: Nanoseconds) -> bool:
        """Go by this state from now on; False when it is the one in force.

        Raises BadInput when it can be none or nobody answers for it; else what `kind.troubles` tells (then the former
        one stands).
        """
        if not by.strip() or not reason.strip():
            raise self._kind.nobody()
        state = self._kind.read(text)
        entry = StateEntered(sha256_hex(text), by, reason, at_ns)

        def keep(connection: sa.Connection) -> bool:
            self._read_on(connection)
            if self._entries and self._entries[-1].digest == entry.digest:
                return False
            if self._file.text(connection, entry.digest) is None:  # a former state may come back
                self._file.keep_text(connection, entry.digest, text)
            body = json.dumps(asdict(entry), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            self._file.append(connection, [(self._kind.row, body)])
            return True

        if not self._file.locked(keep):
            return False
        self._entries.append(entry)
        self._state = state
        return True

    def catch_up(self) -> bool:
        """Read what another process entered; True when there was something. Raises what `kind.troubles` tells."""
        before = self._file.sequence
        if self._file.newest() != before:
            self._file.locked(self._read_on)
        return self._file.sequence != before

    def close(self) -> None:
        """Release the file."""
        self._file.close()

    def _read_on(self, connection: sa.Connection) -> None:
        last: tuple[ChainRow, str] | None = None
        read: list[StateEntered] = []
        for row in self._file.read_on(connection):
            entry = self._entry_of(row)
            text = self._file.text(connection, entry.digest)
            if text is None or sha256_hex(text) != entry.digest:
                raise self._broken(row)
            read.append(entry)
            last = row, text
        if last is not None:
            with self._believed(last[0]):
                self._state = self._kind.read(last[1])
        self._entries += read

    def _entry_of(self, row: ChainRow) -> StateEntered:
        with self._believed(row):
            if row.kind != self._kind.row or not self._key.public.signed(row.digest, row.signature):
                raise self._broken(row)
            return _ENTRY.validate_json(row.body)

    @contextmanager
    def _believed(self, row: ChainRow) -> Iterator[None]:
        try:
            yield
        except (ValidationError, BadInput) as error:
            raise self._broken(row) from error

    def _broken(self, row: ChainRow) -> Exception:
        return self._kind.troubles.broken(f"{self._path.name}#{row.sequence}")
