"""Coming in and going out: every try is throttled and journaled, and a session is the centre's, never the browser's.

Who fails is told one thing whatever failed, after the same time: nobody learns here which accounts exist.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from csu.console.sign_in.oidc import OidcProvider
from csu.console.sign_in.passkeys import Passkeys, Site
from csu.console.sign_in.proofs import is_code, is_password
from csu.console.sign_in.store import Session, SignInStore, digest_of
from csu.console.sign_in.throttle import ADDRESS_TRIES, FREE_TRIES, Throttle
from csu.governance import JournalEntry, Operation, Outcome, Person, Role, Subject
from csu.governance.journal_desk import Journal
from csu.governance.people import People
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words

SESSION_NS_MAX = 12 * 60 * NS_PER_MINUTE
"""A shift, and its handover [D]: then one proves anew who one is."""
TICKET_NS_MAX = 3 * NS_PER_MINUTE
"""From the password to the code."""
TICKETS_MAX = 1_000
LOOKED_NS_MAX = 5 * NS_PER_S
"""So long an answer of the store may be old: a session that another process ends is over within that time."""
KNOWN_MAX = 4_096
NOBODY, NO_ROLE, SUBJECT = "nobody", "none", "console/sign-in"


class SignInRefused(CsuError):
    """It was not proved. The same for every reason."""


class SignInTooOften(CsuError):
    """It failed too often: one has to wait."""


@dataclass(frozen=True, slots=True)
class Begun:
    """The password is right, or the passkey of somebody with several roles: as whom one may go on."""

    ticket: str
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """A session. `token`: for the browser alone."""

    token: str
    subject: Subject
    name: str
    to_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class _Ticket:
    account: str
    until_ns: Nanoseconds
    is_proved: bool
    """Only his role is to be said."""
    tries_left: int = 3


class SignInDesk:
    """One a console. `people`: those of now."""

    def __init__(
        self,
        store: SignInStore,
        people: Callable[[], People],
        *,
        journal: Journal,
        clock: Clock,
        provider: OidcProvider | None = None,
    ) -> None:
        """`provider`: an identity provider, by which people may come in as well."""
        self._store, self._people, self._journal, self._clock = store, people, journal, clock
        self.provider = provider
        self._passkeys = Passkeys(store)
        self._accounts, self._addresses = Throttle(FREE_TRIES), Throttle(ADDRESS_TRIES)
        self._tickets: dict[str, _Ticket] = {}
        self._known: dict[str, tuple[Nanoseconds, Session | None]] = {}
        self._hashing = asyncio.Lock()
        """Argon2 takes 64 MiB and a core: one at a time, whoever asks."""

    # -- coming in ----------------------------------------------------------------------------------------------------

    async def begin(self, account: str, password: str, address: str) -> Begun:
        """The password. Raises SignInRefused, SignInTooOften; CsuError when it cannot be journaled."""
        now_ns = self._clock.now_ns()
        person = self._person(account, now_ns)
        known = person.account if person is not None else NOBODY
        await self._may_try(known, account, address)
        async with self._hashing:
            proved = await asyncio.to_thread(is_password, self._store, account, password, now_ns)
        if not proved or person is None:
            raise await self._refuse(known, account, address, "acc-6.password")
        return self._begun(person, is_proved=False)

    async def finish(self, ticket: str, code: str, role: Role, address: str) -> Opened:
        """The code of his generator, and as whom. Raises as `begin`."""
        now_ns, begun = self._clock.now_ns(), self._tickets.pop(ticket, None)
        if begun is None or begun.is_proved or now_ns >= begun.until_ns:
            raise await self._refuse(NOBODY, "", address, "acc-6.ticket")
        await self._may_try(begun.account, begun.account, address)
        person = self._person(begun.account, now_ns)
        proved = await asyncio.to_thread(is_code, self._store, begun.account, code, now_ns)
        if not proved or person is None or role not in person.roles:
            if begun.tries_left > 1:
                self._tickets[ticket] = replace(begun, tries_left=begun.tries_left - 1)
            raise await self._refuse(begun.account, begun.account, address, "acc-6.second-factor")
        return await self._open(person, role, address)

    def ask_passkey(self, site: Site) -> tuple[str, str]:
        """A challenge's name, and what the browser's API takes (JSON)."""
        return self._passkeys.ask(site, self._clock.now_ns())

    async def by_passkey(self, challenge: str, credential: dict[str, Any], address: str) -> Opened | Begun:
        """A passkey answers: no password is needed. Who has several roles says which. Raises as `begin`."""
        now_ns = self._clock.now_ns()
        await self._may_try(NOBODY, "", address)
        account = await asyncio.to_thread(self._passkeys.answer, challenge, credential, now_ns)
        person = self._person(account, now_ns) if account is not None else None
        if person is None:
            raise await self._refuse(NOBODY, "", address, "acc-6.passkey")
        if len(person.roles) > 1:
            return self._begun(person, is_proved=True)
        return await self._open(person, next(iter(person.roles)), address)

    async def choose(self, ticket: str, role: Role, address: str) -> Opened:
        """As whom, after a passkey. Raises as `begin`."""
        now_ns, begun = self._clock.now_ns(), self._tickets.pop(ticket, None)
        if begun is None or not begun.is_proved or now_ns >= begun.until_ns:
            raise await self._refuse(NOBODY, "", address, "acc-6.ticket")
        person = self._person(begun.account, now_ns)
        if person is None or role not in person.roles:
            raise await self._refuse(begun.account, begun.account, address, "acc-6.role")
        return await self._open(person, role, address)

    async def by_provider(self, state: str, code: str, address: str) -> Begun:
        """A browser comes back from the identity provider. Raises as `begin`, and OidcUnavailable."""
        await self._may_try(NOBODY, "", address)
        proved = await self.provider.answer(state, code) if self.provider is not None else None
        if proved is None:
            raise await self._refuse(NOBODY, "", address, "acc-6.provider")
        account = await asyncio.to_thread(self._store.provider_account, proved.issuer, proved.subject)
        person = self._person(account, self._clock.now_ns()) if account is not None else None
        if person is None:
            raise await self._refuse(NOBODY, "", address, "acc-6.provider-unknown")
        if not proved.is_strong:
            raise await self._refuse(person.account, "", address, "acc-6.provider-one-factor")
        return self._begun(person, is_proved=True)

    def proved(self, ticket: str) -> Begun:
        """As whom the holder of that ticket may go on; it stays good. Raises SignInRefused."""
        begun, now_ns = self._tickets.get(ticket), self._clock.now_ns()
        person = self._person(begun.account, now_ns) if begun is not None else None
        if begun is None or person is None or not begun.is_proved or now_ns >= begun.until_ns:
            raise _refused()
        return Begun(ticket, tuple(sorted(person.roles)))

    async def offer_passkey(self, subject: Subject, site: Site) -> tuple[str, str]:
        """Another passkey for who is signed in: see `ask_passkey`."""
        person = self._people().person(subject.person)
        name = person.name if person is not None else subject.person
        return await asyncio.to_thread(self._passkeys.offer, subject.person, name, site, self._clock.now_ns())

    async def add_passkey(self, subject: Subject, challenge: str, label: str, credential: dict[str, Any]) -> None:
        """Keep it. Raises SignInRefused."""
        now_ns = self._clock.now_ns()
        kept = await asyncio.to_thread(self._passkeys.add, challenge, subject.person, label, credential, now_ns)
        if not kept:
            raise _refused()

    # -- being in, and going out --------------------------------------------------------------------------------------

    def subject(self, token: str, at_ns: Nanoseconds) -> Subject | None:
        """Whose session that is, with his papers of now; None: nobody's, it is over, or he is suspended (ACC-2)."""
        session = self.session(token, at_ns)
        if session is None:
            return None
        found = self._people().find(session.account, session.role, at_ns)
        return None if found is None else replace(found, strong_login=True)

    def session(self, token: str, at_ns: Nanoseconds) -> Session | None:
        """The open session of a token."""
        digest, now_ns = digest_of(token), self._clock.monotonic_ns()
        looked_ns, session = self._known.get(digest, (None, None))
        if looked_ns is None or now_ns - looked_ns >= LOOKED_NS_MAX:
            session = self._store.session(digest, at_ns)
            while len(self._known) >= KNOWN_MAX:
                del self._known[next(iter(self._known))]
            self._known[digest] = (now_ns, session)
        return session if session is not None and session.from_ns <= at_ns < session.to_ns else None

    def name_of(self, account: str) -> str:
        """As colleagues know him."""
        person = self._people().person(account)
        return person.name if person is not None else account

    async def leave(self, token: str) -> None:
        """The session is over."""
        digest = digest_of(token)
        self._known.pop(digest, None)
        await asyncio.to_thread(self._store.end_session, digest)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _begun(self, person: Person, *, is_proved: bool) -> Begun:
        now_ns, ticket = self._clock.now_ns(), secrets.token_urlsafe(32)
        self._tickets = {name: each for name, each in self._tickets.items() if now_ns < each.until_ns}
        while len(self._tickets) >= TICKETS_MAX:
            del self._tickets[next(iter(self._tickets))]
        self._tickets[ticket] = _Ticket(person.account, now_ns + TICKET_NS_MAX, is_proved)
        return Begun(ticket, tuple(sorted(person.roles)))

    def _person(self, account: str, now_ns: Nanoseconds) -> Person | None:
        person = self._people().person(account)
        return person if person is not None and person.is_open(now_ns) else None

    async def _may_try(self, author: str, account: str, address: str) -> None:
        now_ns = self._clock.monotonic_ns()
        held_ns = self._accounts.waits_ns(account, now_ns) if account else 0
        wait_ns = max(held_ns, self._addresses.waits_ns(address, now_ns))
        if wait_ns == 0:
            return
        await self._note(author, NO_ROLE, Outcome.REFUSED, "acc-6.too-often")
        seconds = -(-wait_ns // NS_PER_S)
        raise SignInTooOften(
            Words(f"trop d'essais : attendez {seconds} s", f"too many tries: wait {seconds} s"),
            where="sign-in",
            what_to_do=Words("Attendez, puis réessayez", "Wait, then try again"),
        )

    async def _refuse(self, author: str, account: str, address: str, rule: str) -> SignInRefused:
        now_ns = self._clock.monotonic_ns()
        if account:
            self._accounts.fail(account, now_ns)
        self._addresses.fail(address, now_ns)
        await self._note(author, NO_ROLE, Outcome.REFUSED, rule)
        return _refused()

    async def _open(self, person: Person, role: Role, address: str) -> Opened:
        now_ns = self._clock.now_ns()
        await self._note(person.account, role.value, Outcome.GRANTED, "")
        to_ns = now_ns + SESSION_NS_MAX
        token = await asyncio.to_thread(
            lambda: self._store.open_session(person.account, role, from_ns=now_ns, to_ns=to_ns, address=address)
        )
        self._accounts.succeed(person.account)
        subject = person.acting_as(role, now_ns)
        if subject is None:  # suspended in between
            raise _refused()
        return Opened(token, replace(subject, strong_login=True), person.name, to_ns)

    async def _note(self, author: str, role: str, outcome: Outcome, rule: str) -> None:
        """Who typed an account that is none may have typed his password: what is typed is never written down."""
        await self._journal.record(JournalEntry(Operation.LOGIN, author, role, outcome, refusal=rule, subject=SUBJECT))


def _refused() -> SignInRefused:
    return SignInRefused(
        Words("l'identité n'est pas prouvée", "the identity is not proved"),
        where="sign-in",
        what_to_do=Words(
            "Vérifiez compte, mot de passe, code et fonction ; l'administrateur en donne d'autres",
            "Check account, password, code and role; the administrator gives others",
        ),
    )
