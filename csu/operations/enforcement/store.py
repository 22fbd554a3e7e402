"""Where signed records are kept: apart from all footage, for a time of their own, and never changed (VVB-5).

The ledger is chained and signed and holds neither plate nor picture: who signed which record, its digest, that it was
handed over, that it was destroyed. What the agent signed lies in one file beside it, known by its digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from csu.governance import CentreKey, day_in_paris
from csu.governance.chain_guards import ChainForm
from csu.governance.chained_file import ChainTroubles, sha256_hex
from csu.governance.event_ledger import EventKind, EventLedger
from csu.governance.legal_calendar import days_after
from csu.hal.clock import Nanoseconds
from csu.hal.disk import Disk, DiskError
from csu.hal.errors import CsuError
from csu.operations.enforcement.errors import TicketUnknown, tickets_broken, tickets_not_kept
from csu.operations.enforcement.package import container_of, opened, package_of
from csu.operations.enforcement.record import TicketRecord

KEPT_DAYS = 365
"""[D], to be checked (U8): as long as a contravention can be prosecuted (CPP 9). It is not the footage's (RET-1)."""


@dataclass(frozen=True, slots=True)
class TicketSigned:
    """An agent signed it."""

    record: str
    account: str
    commune: str
    camera: str
    offence: str
    observed_from_ns: Nanoseconds
    observed_to_ns: Nanoseconds
    at_ns: Nanoseconds
    file: str
    sha256: str
    """Of the file."""
    until_ns: Nanoseconds
    """It is destroyed then."""


@dataclass(frozen=True, slots=True)
class TicketSent:
    """It was handed over for the ticket centre."""

    record: str
    account: str
    at_ns: Nanoseconds
    sha256: str
    """Of the package."""


@dataclass(frozen=True, slots=True)
class TicketDestroyed:
    """Its time was over: nothing is left of it but these lines."""

    record: str
    at_ns: Nanoseconds


TicketEvent: TypeAlias = TicketSigned | TicketSent | TicketDestroyed


@dataclass(frozen=True, slots=True)
class KeptTicket:
    """How a record stands."""

    signed: TicketSigned
    sent_at_ns: Nanoseconds | None = None
    destroyed_at_ns: Nanoseconds | None = None

    def is_due(self, now_ns: Nanoseconds) -> bool:
        """Whether it is to be destroyed."""
        return self.destroyed_at_ns is None and now_ns >= self.signed.until_ns


@dataclass(frozen=True, slots=True)
class TicketBook:
    """All records there ever were, in the order of their signatures."""

    kept: Mapping[str, KeptTicket] = field(default_factory=dict)

    def with_event(self, event: TicketEvent) -> TicketBook:
        """And one more. Raises TicketsBroken for one that may not follow."""
        known = self.kept.get(event.record)
        if isinstance(event, TicketSigned):
            if known is not None:
                raise tickets_broken(event.record)
            return TicketBook({**self.kept, event.record: KeptTicket(event)})
        if known is None or known.destroyed_at_ns is not None:
            raise tickets_broken(event.record)
        if isinstance(event, TicketSent):
            if event.account != known.signed.account:
                raise tickets_broken(event.record)
            after = replace(known, sent_at_ns=known.sent_at_ns or event.at_ns)
        else:
            if event.at_ns < known.signed.until_ns:
                raise tickets_broken(event.record)
            after = replace(known, destroyed_at_ns=event.at_ns)
        return TicketBook({**self.kept, event.record: after})


FORM = ChainForm("ticket_event", first_link=sha256_hex("csu tickets, 1"), sealed=True)
_KIND: EventKind[TicketBook, TicketEvent] = EventKind(
    FORM, (TicketSigned, TicketSent, TicketDestroyed), TicketBook(), ChainTroubles(tickets_broken, tickets_not_kept)
)


class TicketStore:
    """The records of one centre, durable: a `TicketKeeper`. Calls block; one object is used by one thread at a time."""

    def __init__(self, ledger: Path, disk: Disk, key: CentreKey) -> None:
        """Open or begin it, and take away files that nobody signed for: a crash came before the signature counted.

        Raises TicketsBroken, TicketsNotKept.
        """
        self._disk, self._key = disk, key
        self._book: EventLedger[TicketBook, TicketEvent] = EventLedger(ledger, key, _KIND)
        try:
            known = {each.signed.file for each in self.tickets().values() if each.destroyed_at_ns is None}
            for name in disk.names():
                if name not in known:
                    disk.remove(name)
        except DiskError as error:
            self.close()
            raise tickets_not_kept(ledger.name, error) from error

    def tickets(self) -> Mapping[str, KeptTicket]:
        """All, by name, in the order of their signatures; also those that are destroyed."""
        return self._book.value.kept

    def keep(self, record: TicketRecord, files: Sequence[bytes]) -> None:
        """See TicketKeeper.keep: the file first, then the line by which it counts."""
        data = container_of(record, files)
        name = file_name(record.commune, record.signed_at_ns, record.record)
        signed = TicketSigned(
            record.record,
            record.agent,
            record.commune,
            record.camera,
            record.offence,
            record.observed_from_ns,
            record.observed_to_ns,
            record.signed_at_ns,
            name,
            hashlib.sha256(data).hexdigest(),
            days_after(record.signed_at_ns, KEPT_DAYS),
        )
        try:
            file = self._disk.create(name)
            try:
                file.write(data)
                file.commit()
            except BaseException:
                file.abandon()
                raise
        except DiskError as error:
            raise tickets_not_kept(record.record, error) from error
        try:
            self._book.decide(lambda book: [signed])
        except CsuError:
            with suppress(DiskError):  # what nobody signed for is taken away at the next start at the latest
                self._disk.remove(name)
            raise

    def own(self, account: str, record: str) -> KeptTicket:
        """His own of that name, not destroyed. Raises TicketUnknown, whosesoever it is otherwise."""
        found = self.tickets().get(record)
        if found is None or found.signed.account != account or found.destroyed_at_ns is not None:
            raise TicketUnknown
        return found

    def read(self, ticket: KeptTicket) -> tuple[TicketRecord, dict[str, bytes]]:
        """The record and its files by name. Raises TicketsBroken: it is not what was signed; TicketsNotKept."""
        return opened(self._container(ticket))

    def send(self, account: str, record: str, at_ns: Nanoseconds) -> bytes:
        """The package of his own record for the ticket centre; that it was made stands in the ledger first.

        Raises TicketUnknown, TicketsBroken, TicketsNotKept.
        """
        package = package_of(self._container(self.own(account, record)), self._key)
        sent = TicketSent(record, account, at_ns, hashlib.sha256(package).hexdigest())
        self._book.decide(lambda book: [sent])
        return package

    def due(self, now_ns: Nanoseconds) -> list[KeptTicket]:
        """Those whose time is over."""
        return [each for each in self.tickets().values() if each.is_due(now_ns)]

    def destroy(self, ticket: KeptTicket, now_ns: Nanoseconds) -> None:
        """Its file is gone, then the ledger says so. After a crash between the two it is simply done again.

        Raises TicketsBroken: its time is not over; TicketsNotKept.
        """
        if not ticket.is_due(now_ns):
            raise tickets_broken(ticket.signed.record)
        name = ticket.signed.file
        try:
            if name in self._disk.names(name):
                self._disk.remove(name)
        except DiskError as error:
            raise tickets_not_kept(ticket.signed.record, error) from error
        self._book.decide(lambda book: [TicketDestroyed(ticket.signed.record, now_ns)])

    def close(self) -> None:
        """Release the files."""
        self._book.close()

    def _container(self, ticket: KeptTicket) -> bytes:
        signed = ticket.signed
        try:
            with self._disk.open(signed.file) as file:
                data = file.read()
        except DiskError as error:
            raise tickets_not_kept(signed.record, error) from error
        if hashlib.sha256(data).hexdigest() != signed.sha256:
            raise tickets_broken(signed.record)
        return data


def file_name(commune: str, at_ns: Nanoseconds, record: str) -> str:
    """`<commune>/<day in Paris>/<record>.zip`: a day's records of a commune are sealed with one key."""
    return f"{commune}/{day_in_paris(at_ns):%Y%m%d}/{record}.zip"
