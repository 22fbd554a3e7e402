"""The orders and papers that a centre goes by: kept in its ledger, or stated by a simulated world.

Without papers that can be believed no camera may anything (AUT-1). Calls that read or write a file block.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from csu.governance import (
    Action,
    AuthorisationFacts,
    AuthorisationRegister,
    CentreKey,
    Decision,
    LocalDoctrine,
    OrderLedger,
    OrdersBroken,
    Resource,
    Rights,
    RuledPiece,
    Span,
    Subject,
    ceiling_of,
    expiry_of,
    facts_from,
    facts_text,
    rules_over,
)
from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import NO_WORDS, Words

ORDERS = "orders"
"""Where a trouble of the papers is told."""
BY_SITE = "site"
"""Who enters what a simulated site brings with it."""
_SITE_REASON = "pièces du site simulé / papers of the simulated site"


class Papers:
    """One per centre. `register` is replaced whole: ask for it anew each time."""

    def __init__(self, ledger: OrderLedger | None, register: AuthorisationRegister, broken: Words = NO_WORDS) -> None:
        """`ledger` None: stated, or broken and then empty. Use `open` or `stated`."""
        self._ledger = ledger
        self._register = register
        self._rights = Rights(register)
        self._listeners: list[Callable[[], None]] = []
        self.broken = broken
        """Why nothing of the file is believed; no words: it is."""

    @staticmethod
    def open(path: Path, key: CentreKey) -> Papers:
        """The ledger at `path`. One that is broken or out of reach permits nothing; the centre runs, and says so."""
        try:
            ledger = OrderLedger(path, key)
        except CsuError as error:
            return Papers(None, _nothing(), error.trouble.words)
        return Papers(ledger, ledger.register)

    @staticmethod
    def stated(text: str) -> Papers:
        """By the JSON text that a simulated world states, kept nowhere. Raises AuthorisationUnusable."""
        return Papers(None, AuthorisationRegister(facts_from(text)))

    @property
    def register(self) -> AuthorisationRegister:
        """What holds now."""
        return self._register

    def decide(self, subject: Subject, action: Action, resource: Resource, at_ns: Nanoseconds) -> Decision:
        """See `Rights.decide`: by the papers of now."""
        return self._rights.decide(subject, action, resource, at_ns)

    @property
    def is_shared(self) -> bool:
        """Another process may enter papers at any time: look again each second."""
        return self._ledger is not None

    def listen(self, listener: Callable[[], None]) -> None:
        """Tell `listener` each time the register was replaced. It must not block."""
        self._listeners.append(listener)

    def take_in(self, text: str, extra: AuthorisationFacts, now_ns: Nanoseconds) -> None:
        """Enter what a simulated site brings, and `extra` for streams added to it. Blocks. Raises CsuError."""
        if self._ledger is not None:
            told = together(facts_from(text), extra)
            if self._ledger.enter(told, by=BY_SITE, reason=_SITE_REASON, at_ns=now_ns):
                self._replace(self._ledger.register)

    def state(self, text: str) -> None:
        """A simulated world states other papers. Raises AuthorisationUnusable: then the former ones stand."""
        self._replace(AuthorisationRegister(facts_from(text)))

    def catch_up(self) -> bool:
        """Read what another process entered; True when `adopt` is due. Blocks. Raises CsuError.

        A file that is no longer what was written permits nothing from now on.
        """
        if self._ledger is None:
            return False
        try:
            return self._ledger.catch_up()
        except OrdersBroken as error:
            self.broken = error.trouble.words
            self.close()
            self._ledger = None
            raise

    def adopt(self) -> None:
        """Go by what was read. Not from the thread that reads: listeners are told here."""
        if self._ledger is not None:
            self._replace(self._ledger.register)
        elif self.broken:
            self._replace(_nothing())

    @property
    def digest(self) -> str:
        """SHA-256 of their text, hexadecimal: what the journal says of them."""
        return hashlib.sha256(self.text().encode()).hexdigest()

    def text(self) -> str:
        """The papers as JSON."""
        return facts_text(self._register.facts)

    def close(self) -> None:
        """Release the ledger's file."""
        if self._ledger is not None:
            self._ledger.close()

    def _replace(self, register: AuthorisationRegister) -> None:
        self._register, self._rights = register, Rights(register)
        for listener in self._listeners:
            listener()


@dataclass(frozen=True, slots=True)
class LawOfPast:
    """What the papers of now and the doctrine say of footage, for who destroys it and who holds it."""

    papers: Papers
    doctrine: LocalDoctrine

    def rules(self, camera: CameraId, span: Span) -> tuple[RuledPiece, ...]:
        """Under which rules this was captured."""
        return rules_over(self.papers.register, self.doctrine, camera, span)

    def ceiling_ns(self, camera: CameraId, captured_ns: Nanoseconds) -> Nanoseconds:
        """The last lawful instant of a picture without a judicial act."""
        return ceiling_of(self.rules(camera, Span(captured_ns, captured_ns + 1)))

    def expiry_ns(self, camera: CameraId, captured_ns: Nanoseconds) -> Nanoseconds:
        """When a picture that nobody locks is destroyed."""
        return expiry_of(self.rules(camera, Span(captured_ns, captured_ns + 1)))

    def shortest_days(self) -> int:
        """The fewest days of any order and of the doctrine."""
        return self.papers.register.shortest_days(self.doctrine)


def together(one: AuthorisationFacts, other: AuthorisationFacts) -> AuthorisationFacts:
    """The papers of both."""
    return replace(
        one,
        authorisations=one.authorisations + other.authorisations,
        cameras=one.cameras + other.cameras,
        notifications=one.notifications + other.notifications,
        services=one.services + other.services,
        ticketing=one.ticketing + other.ticketing,
    )


def _nothing() -> AuthorisationRegister:
    return AuthorisationRegister(AuthorisationFacts())
