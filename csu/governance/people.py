"""The people of a centre: personal accounts, the roles each may act in, and their papers (ACC-1, ACC-2, ACC-4, ACC-6).

Values and one pure register over them. No password is here: how somebody proves who he is, the console keeps
(`csu.console.sign_in`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from pydantic import TypeAdapter, ValidationError

from csu.governance.approvals import Clearance, Designation, PrefectApproval
from csu.governance.authorisations import Interruption
from csu.governance.errors import PeopleUnusable
from csu.governance.rights import Subject
from csu.governance.roles import Role
from csu.governance.ticketing import Swearing
from csu.hal.camera import CommuneId
from csu.hal.clock import Nanoseconds
from csu.hal.words import Words

ACCOUNT = re.compile(r"[a-z0-9][a-z0-9._:-]{1,63}", re.ASCII)
"""As the journal names people: letters without accents, digits, `._:-`. A judicial officer is `opj:` and his number."""


@dataclass(frozen=True, slots=True)
class Person:
    """One account, of one person. It is never shared, and never given to another."""

    account: str
    name: str
    """As colleagues know him."""
    roles: frozenset[Role]
    """As whom he may act, one at a time."""
    designation: Designation | None = None
    approval: PrefectApproval | None = None
    is_municipal_police: bool = False
    clearance: Clearance | None = None
    communes: frozenset[CommuneId] = frozenset()
    """Of a delegate, an elected official or a service: see `Subject.communes`."""
    interruptions: tuple[Interruption, ...] = ()
    """While one holds, the account is nobody's (ACC-2); those of the approval are the prefect's."""
    swearing: Swearing | None = None
    """Of a verbalising agent: his oath, and what the prefect's file names him for (VVB-2)."""

    def is_open(self, at_ns: Nanoseconds) -> bool:
        """Whether the account may be used at that instant."""
        return not any(each.span.holds(at_ns) for each in self.interruptions)

    def acting_as(self, role: Role, at_ns: Nanoseconds) -> Subject | None:
        """Him in that role, with his papers, not yet strongly logged in; None: not his role, or suspended."""
        if role not in self.roles or not self.is_open(at_ns):
            return None
        return Subject(
            self.account,
            role,
            strong_login=False,
            designation=self.designation,
            approval=self.approval,
            is_municipal_police=self.is_municipal_police,
            clearance=self.clearance,
            communes=self.communes,
            swearing=self.swearing,
        )


@dataclass(frozen=True)
class People:
    """All of them. Raises PeopleUnusable for an account that is twice, is none, or has no role."""

    all: tuple[Person, ...] = ()

    def __post_init__(self) -> None:
        for person in self.all:
            if ACCOUNT.fullmatch(person.account) is None:
                raise _unusable(person.account, "ce n'est pas un compte : a-z, 0-9, ._:-", "no account: a-z, 0-9, ._:-")
            if not person.roles or not person.name.strip():
                raise _unusable(person.account, "il faut un nom et une fonction au moins", "it needs a name and a role")
        if len(self._by_account) < len(self.all):
            twice = next(account for account in self._by_account if self._count(account) > 1)
            raise _unusable(twice, "ce compte y est deux fois", "this account is there twice")

    @cached_property
    def _by_account(self) -> dict[str, Person]:
        return {person.account: person for person in self.all}

    def _count(self, account: str) -> int:
        return sum(person.account == account for person in self.all)

    def __iter__(self) -> Iterator[Person]:
        return iter(self.all)

    def person(self, account: str) -> Person | None:
        """Whose account that is."""
        return self._by_account.get(account)

    def find(self, account: str, role: Role, at_ns: Nanoseconds) -> Subject | None:
        """This account in this role, with its papers of now; None: nobody, not his role, or suspended."""
        person = self.person(account)
        return None if person is None else person.acting_as(role, at_ns)


_PEOPLE = TypeAdapter(tuple[Person, ...])


def people_from(text: str) -> People:
    """People from JSON, a list with the fields of `Person`. Raises PeopleUnusable, with the place."""
    try:
        return People(_PEOPLE.validate_json(text, extra="forbid"))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = "/".join(str(part) for part in first["loc"]) or "?"
        raise _unusable(where, str(first["msg"]), str(first["msg"])) from error


def people_text(people: People) -> str:
    """The JSON that `people_from` reads: equal people have equal texts, in every process."""
    told = _PEOPLE.dump_python(tuple(sorted(people, key=lambda person: person.account)), mode="json")
    for person in told:
        for name in ("roles", "communes"):  # sets, which have no order of their own
            person[name] = sorted(person[name])
        for paper in (person["designation"], person["approval"]):
            if paper is not None:
                paper["communes"] = sorted(paper["communes"])
        if person["swearing"] is None:  # the text of a list without any is the one of before there was one
            del person["swearing"]
        else:
            for name in ("classes", "communes"):
                person["swearing"][name] = sorted(person["swearing"][name])
    return json.dumps(told, indent=1, ensure_ascii=False)


def _unusable(where: str, fr: str, en: str) -> PeopleUnusable:
    return PeopleUnusable(
        Words(fr, en),
        where=f"people/{where}",
        what_to_do=Words("Corrigez la liste ; rien n'a changé", "Correct the list; nothing changed"),
    )
