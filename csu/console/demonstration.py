"""Access for a demonstration on one's own machine: a declared operator, invented papers, a journal that is not kept.

The rules are the real ones (`csu.governance.Rights`): only the papers they are asked about are made up. A centre with
real orders, accounts and a journal on disk gives its own `Access`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import date, timedelta

from csu.console.access import Access, RightsDesk
from csu.console.evidence_desk import EvidenceDesk
from csu.console.identity import IdentitySource, LocalOperator, TokenElse
from csu.console.room import RoomView
from csu.governance import (
    Action,
    Agreement,
    Authorisation,
    AuthorisationFacts,
    AuthorisationRegister,
    CommuneService,
    Decision,
    Designation,
    GovernedCamera,
    Notification,
    Placement,
    Purpose,
    Resource,
    Rights,
    Role,
    ServiceLevel,
    Subject,
    day_in_paris,
    role_words,
    start_of_day,
)
from csu.governance.journal_desk import Journal, Ticket
from csu.governance.journal_entry import Ended, JournalEntry, JournalRow, Outcome
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import Clock, Nanoseconds
from csu.hal.words import Words

SERVICE = "csu-demonstration"
ROWS_MAX = 10_000


def demonstration_access(
    room: RoomView,
    clock: Clock,
    journal: Journal | None = None,
    rights: RightsDesk | None = None,
    desk: EvidenceDesk | None = None,
    tokens: IdentitySource | None = None,
) -> Access:
    """Whoever sits at this machine is a video operator of every commune; nobody else is anybody.

    `journal`: the one that is kept; None: in memory, and the page says so. `rights`: over the centre's own papers,
    which must let the service `SERVICE` view; None: over an invented order. `tokens`: who judges who shows one.
    """
    from_day = day_in_paris(clock.now_ns()) - timedelta(days=1)

    def operator() -> Subject:
        return demonstration_operator("demonstration", (line.record.commune for line in room.cameras()), from_day)

    words = role_words(Role.OPERATOR)
    kept = Words("journal éphémère", "the journal is not kept") if journal is None else Words("journalé", "journaled")
    orders = Words("arrêtés inventés", "invented orders") if rights is None else Words("arrêtés du site", "its orders")
    notice = Words(
        f"Démonstration : qui est à ce poste y est {words.fr}, sans connexion ; {orders.fr}, {kept.fr}.",
        f"Demonstration: whoever sits here is {words.en}, without login; {orders.en}, {kept.en}.",
    )
    local = LocalOperator(operator)
    identity = local if tokens is None else TokenElse(tokens, [local])
    rights = rights or DemonstrationRights(room, from_day)
    return Access(rights, identity, journal or JournalInMemory(clock), desk, notice)


def demonstration_operator(person: str, communes: Iterable[CommuneId], from_day: date) -> Subject:
    """A person of a demonstration: designated, for a year and a day, to see these communes."""
    papers = Designation(SERVICE, frozenset(communes), Agreement(SERVICE, from_day, from_day + timedelta(days=366)))
    return Subject(person, Role.OPERATOR, True, papers, is_municipal_police=True)


class DemonstrationRights:
    """The rules over an invented order for every camera of the room, those that came later too."""

    def __init__(self, room: RoomView, from_day: date) -> None:
        self._room, self._from_day = room, from_day
        self._cameras: dict[CameraId, CommuneId] = {}
        self._rights = Rights(AuthorisationRegister(AuthorisationFacts()))

    def decide(self, subject: Subject, action: Action, resource: Resource, at_ns: Nanoseconds) -> Decision:
        cameras = {line.record.camera: line.record.commune for line in self._room.cameras()}
        if cameras != self._cameras:
            self._rights = Rights(AuthorisationRegister(invented_papers(cameras, self._from_day)))
            self._cameras = cameras
        return self._rights.decide(subject, action, resource, at_ns)


def invented_papers(cameras: Mapping[CameraId, CommuneId], from_day: date) -> AuthorisationFacts:
    """Papers of nobody, for a year: for a demonstration, and for the streams a person adds to it."""
    if not cameras:
        return AuthorisationFacts()
    since_ns, agreement = start_of_day(from_day), Agreement(SERVICE, from_day, from_day + timedelta(days=366))
    order = Authorisation(
        number=SERVICE,
        ordered_on=from_day,
        valid_from=from_day,
        purposes=frozenset({Purpose.PERSONS_PROPERTY}),
        retention_days=1,
        viewers=frozenset({SERVICE}),
        commission_opinion=SERVICE,
        ends_on=agreement.ends_on,
        cameras=frozenset(cameras),
    )
    return AuthorisationFacts(
        (order,),
        tuple(GovernedCamera(camera, where, (Placement(since_ns, 0.0, 0.0),)) for camera, where in cameras.items()),
        tuple(Notification(camera, from_day, 0.0, 0.0, SERVICE) for camera in cameras),
        tuple(
            CommuneService(commune, ServiceLevel.STORAGE_AND_WATCH, agreement)
            for commune in sorted(set(cameras.values()))
        ),
    )


class JournalInMemory:
    """A journal that ends with the process, of `ROWS_MAX` rows at most: for demonstrations and tests only."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.rows: deque[JournalRow] = deque(maxlen=ROWS_MAX)
        self._number = 0

    async def record(self, entry: JournalEntry) -> JournalRow:
        return self._add(entry)

    @asynccontextmanager
    async def before(self, entry: JournalEntry) -> AsyncIterator[Ticket]:
        ticket = Ticket(self._add(entry), entry.operation)
        try:
            yield ticket
        except BaseException:
            ticket.outcome = Outcome.FAILED
            raise
        finally:
            self._add(Ended(ticket.row.number, ticket.operation, ticket.outcome, ticket.sha256))

    def _add(self, entry: JournalEntry | Ended) -> JournalRow:
        self._number += 1
        row = JournalRow(self._number, self._clock.now_ns(), entry)
        self.rows.append(row)
        return row
