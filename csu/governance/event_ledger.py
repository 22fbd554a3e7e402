"""A file of events, each signed by the centre, folded into one value: registers that people fill line by line.

Each event is decided on the newest value and none is ever taken back. Where whole states are entered instead, there is
`csu.governance.state_ledger`; masks have a ledger of their own, for their long texts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from csu.governance.centre_key import CentreKey
from csu.governance.chain_guards import ChainForm
from csu.governance.chained_file import ChainedFile, ChainTroubles
from csu.hal.errors import CsuError

EventT = TypeVar("EventT")


class Folded(Protocol[EventT]):
    """What the events add up to: a value that never changes."""

    def with_event(self, event: EventT) -> Folded[EventT]:
        """And one more. Raises CsuError for one that may not follow."""
        ...


ValueT = TypeVar("ValueT", bound=Folded[Any])


@dataclass(frozen=True, slots=True)
class EventKind(Generic[ValueT, EventT]):
    """What is kept in one kind of file."""

    form: ChainForm
    events: tuple[type[EventT], ...]
    """Dataclasses: all that can happen."""
    empty: ValueT
    troubles: ChainTroubles


class EventLedger(Generic[ValueT, EventT]):
    """One file, durable. Several processes may share it; one object is used by one thread at a time. Calls block."""

    def __init__(self, path: Path, key: CentreKey, kind: EventKind[ValueT, EventT]) -> None:
        """Open or begin the file and read it whole. Raises what `kind.troubles` tells."""
        self._path, self._key, self._kind = path, key, kind
        self._readers: Mapping[str, TypeAdapter[EventT]] = {each.__name__: TypeAdapter(each) for each in kind.events}
        self._value = kind.empty
        self._file = ChainedFile(path, kind.form, kind.troubles, sign=key.sign)
        try:
            self._value = self._file.locked(self._read_on)
        except BaseException:
            self.close()
            raise

    @property
    def value(self) -> ValueT:
        """What the file says, as last read."""
        return self._value

    def decide(self, decision: Callable[[ValueT], Iterable[EventT]]) -> tuple[EventT, ...]:
        """Take `decision` on the newest value and keep all its events, or none.

        Raises what the decision and the value refuse, and what `kind.troubles` tells (then nothing of it holds).
        """

        def keep(connection: sa.Connection) -> tuple[ValueT, tuple[EventT, ...]]:
            value = self._read_on(connection)
            events = tuple(decision(value))
            for event in events:
                value = value.with_event(event)  # type: ignore[assignment]  # a value folds into its own kind
            self._file.append(connection, [(type(event).__name__, _text(event)) for event in events])
            return value, events

        self._value, events = self._file.locked(keep)
        return events

    def catch_up(self) -> bool:
        """Read what another process added; True when there was something. Raises what `kind.troubles` tells."""
        before = self._file.sequence
        if self._file.newest() != before:
            self._value = self._file.locked(self._read_on)
        return self._file.sequence != before

    def close(self) -> None:
        """Release the file."""
        self._file.close()

    def _read_on(self, connection: sa.Connection) -> ValueT:
        value = self._value
        for row in self._file.read_on(connection):
            try:
                if not self._key.public.signed(row.digest, row.signature):
                    raise self._broken(row.sequence)
                value = value.with_event(self._readers[row.kind].validate_json(row.body))  # type: ignore[assignment]
            except (KeyError, ValidationError, CsuError) as error:
                raise self._broken(row.sequence) from error
        return value

    def _broken(self, sequence: int) -> CsuError:
        return self._kind.troubles.broken(f"{self._path.name}#{sequence}")


def _text(event: object) -> str:
    held = asdict(event)  # type: ignore[call-overload]  # events are dataclasses
    return json.dumps(held, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
