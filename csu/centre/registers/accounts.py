"""The people of a running centre and how they come in: the list that another process may change, and their proofs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

from starlette.requests import HTTPConnection

from csu.centre.events import Trouble
from csu.console import Access, IdentitySource, TokenElse
from csu.console.sign_in import OidcProvider, OidcSettings, SessionIdentity, SignInDesk, SignInStore
from csu.governance import CentreKey, People, PeopleBroken, PeopleLedger, Role, Subject
from csu.hal.clock import Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import NO_WORDS, Words

LOOK_EVERY_S = 1.0
"""A suspension that another process enters counts within that time, and the gate's own (ACC-2: 60 s)."""
ACCOUNTS = "accounts"
"""Where a trouble of theirs is told."""


class AccountsOfCentre:
    """One per centre. `people` is replaced whole: ask for it anew each time. `open` blocks."""

    def __init__(self, ledger: PeopleLedger | None, store: SignInStore, broken: Words = NO_WORDS) -> None:
        self._ledger, self.store = ledger, store
        self.people = ledger.people if ledger is not None else People()
        self.broken = broken
        """Why nobody of the list is believed; no words: they are."""

    @staticmethod
    def open(data_directory: Path, key: CentreKey) -> AccountsOfCentre:
        """A list that is broken lets nobody in; the centre runs, and says so. Raises SignInNotKept."""
        store = SignInStore(data_directory / "centre")
        try:
            return AccountsOfCentre(PeopleLedger(data_directory / "people.sqlite", key), store)
        except CsuError as error:
            return AccountsOfCentre(None, store, error.trouble.words)

    @property
    def are_there(self) -> bool:
        """Somebody was entered, or once was and is not believed any more: nobody comes in without signing in."""
        return bool(self.broken) or any(True for _ in self.people)

    def at_post(self, account: str, at_ns: Nanoseconds) -> Subject | None:
        """Who stands at the wall under that account, with his papers of now; None: nobody who may."""
        found = (self.people.find(account, role, at_ns) for role in (Role.ROOM_CHIEF, Role.OPERATOR))
        acting = next((subject for subject in found if subject is not None), None)
        return None if acting is None else replace(acting, strong_login=True)

    async def follow(self, clock: Clock, tell: Callable[[Trouble], None]) -> None:
        """Take in what others enter, for ever. What cannot be read is told once, and the former list stands; one that
        is not what was written lets nobody in."""
        told = False
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if self._ledger is None:
                continue
            try:
                if await asyncio.to_thread(self._ledger.catch_up):
                    self.people = self._ledger.people
                told = False
            except CsuError as error:
                if isinstance(error, PeopleBroken):
                    self.people, self.broken = People(), error.trouble.words
                    self._ledger.close()
                    self._ledger = None
                if not told:
                    tell(Trouble(ACCOUNTS, error.trouble.words, clock.now_ns()))
                told = True

    def close(self) -> None:
        """Release the files."""
        if self._ledger is not None:
            self._ledger.close()
        self.store.close()


class _UntilAccounts:
    """Who comes in without signing in, until the first list of people is entered."""

    def __init__(self, before: IdentitySource, accounts: AccountsOfCentre) -> None:
        self._before, self._accounts = before, accounts

    def subject(self, connection: HTTPConnection, at_ns: Nanoseconds) -> Subject | None:
        return None if self._accounts.are_there else self._before.subject(connection, at_ns)


@asynccontextmanager
async def open_accounts(
    data_directory: Path, key: CentreKey, *, clock: Clock, tell: Callable[[Trouble], None]
) -> AsyncIterator[AccountsOfCentre]:
    """Open them, and follow what others enter. Raises SignInNotKept."""
    accounts = await asyncio.to_thread(AccountsOfCentre.open, data_directory, key)
    following = asyncio.create_task(accounts.follow(clock, tell), name="accounts")
    try:
        if accounts.broken:
            tell(Trouble(ACCOUNTS, accounts.broken, clock.now_ns()))
        yield accounts
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        accounts.close()


def with_accounts(
    access: Access,
    accounts: AccountsOfCentre,
    clock: Clock,
    tokens: IdentitySource,
    oidc: OidcSettings | None = None,
) -> tuple[Access, SignInDesk]:
    """`access` with the people of this centre: who holds a session is he; its own identity source counts only while
    nobody was ever entered. `tokens`: who judges who shows one. `oidc`: an identity provider that vouches as well."""
    provider = None if oidc is None else OidcProvider(oidc, clock)
    sign_in = SignInDesk(
        accounts.store, lambda: accounts.people, journal=access.journal, clock=clock, provider=provider
    )
    sources: list[IdentitySource] = [SessionIdentity(sign_in), _UntilAccounts(access.identity, accounts)]
    notice = NO_WORDS if accounts.are_there else access.notice
    return replace(access, identity=TokenElse(tokens, sources), notice=notice), sign_in
