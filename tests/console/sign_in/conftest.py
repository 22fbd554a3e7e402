"""A console with accounts: one operator of the municipal police, one person of two roles, proofs in a real file."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher

from csu.console import Access, Desks, create_app
from csu.console.demonstration import DemonstrationRights, JournalInMemory
from csu.console.sign_in import SessionIdentity, SignInDesk, SignInStore, hash_password, new_code_secret, proofs
from csu.console.sign_in.proofs import code_at
from csu.governance import (
    Agreement,
    Designation,
    Interruption,
    InterruptionKind,
    JournalEntry,
    People,
    Person,
    Role,
)
from csu.hal.camera import CommuneId
from csu.hal.clock import NS_PER_S

PASSWORD = "les quais du canal, l'hiver"
YEARS = Agreement("decision 12", date(2026, 1, 1), date(2031, 1, 1))
ANNE = Person(
    "a.martin",
    "Anne Martin",
    frozenset({Role.OPERATOR}),
    Designation("csu-demonstration", frozenset({CommuneId("metz")}), YEARS),
    is_municipal_police=True,
)
LUC = Person("l.weber", "Luc Weber", frozenset({Role.DPO, Role.INSPECTOR}))


class Office:
    """The console under test. Each `client` is a browser of its own."""

    def __init__(self, directory, console) -> None:
        self.room, self.clock = console.room, console.clock
        self.store = SignInStore(directory)
        self.journal = JournalInMemory(self.clock)
        self.people = People((ANNE, LUC))
        self.secrets: dict[str, str] = {}
        for person in self.people:
            self.secrets[person.account] = new_code_secret()
            self.store.set_password(person.account, hash_password(person.account, PASSWORD), 0)
            self.store.set_code_secret(person.account, self.secrets[person.account])
        self.desk = SignInDesk(self.store, lambda: self.people, journal=self.journal, clock=self.clock)
        rights = DemonstrationRights(self.room, date(2026, 6, 1))
        access = Access(rights, SessionIdentity(self.desk), self.journal)
        self.app = create_app(self.room, clock=self.clock, access=access, desks=Desks(sign_in=self.desk))
        self.runner = asyncio.Runner()

    def code(self, account: str) -> str:
        return code_at(self.secrets[account], self.clock.now_ns())

    def pass_s(self, seconds: float) -> None:
        self.clock.at_ns += int(seconds * NS_PER_S)

    def suspend(self, account: str) -> None:
        stop = Interruption(InterruptionKind.SUSPENDED, self.clock.now_ns(), "enquête")
        self.people = People(
            tuple(replace(each, interruptions=(stop,)) if each.account == account else each for each in self.people)
        )

    def browser(self, host: str = "127.0.0.1:8600", scheme: str = "http") -> Browser:
        return Browser(self, f"{scheme}://{host}")

    def entries(self) -> list[JournalEntry]:
        rows = [row.entry for row in self.journal.rows if isinstance(row.entry, JournalEntry)]
        self.journal.rows.clear()
        return rows


class Browser:
    """Keeps its cookies."""

    def __init__(self, office: Office, base: str) -> None:
        self.office = office
        transport = httpx.ASGITransport(office.app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url=base)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return self.office.runner.run(self.client.request(method, path, json=body, headers=headers))

    def password(self, account: str = "a.martin", password: str = PASSWORD) -> httpx.Response:
        return self.ask("POST", "/api/sign-in", {"account": account, "password": password})

    def code(self, ticket: str, code: str, role: str = "operator") -> httpx.Response:
        return self.ask("POST", "/api/sign-in/code", {"ticket": ticket, "code": code, "role": role})

    def come_in(self, account: str = "a.martin", role: str = "operator") -> httpx.Response:
        ticket = self.password(account).json()["ticket"]
        return self.code(ticket, self.office.code(account), role)


@pytest.fixture
def cheap_hashes(monkeypatch) -> None:
    """Argon2 with the least it can do: what is hashed here is no secret."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(proofs, "_HASHER", hasher)
    monkeypatch.setattr(proofs, "_NOBODYS", hasher.hash("nobody"))


@pytest.fixture
def office(tmp_path, console, cheap_hashes) -> Iterator[Office]:
    made = Office(tmp_path, console)
    with contextlib.closing(made.store), made.runner:
        yield made
