"""The invented people of a demonstration, and how a newcomer signs in as one of them within a minute.

They are entered before the console opens, by what `csu people enter` and `password` do; a page for the owner of the
files alone says their password and, computed in the page, the code of the moment. A list that anybody else entered
stands as it is.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

import jinja2

from csu.centre.commands.people_office import Office, opened_office
from csu.centre.commands.report_page import write_page
from csu.console.sign_in import hash_password, new_code_secret, new_password
from csu.governance import People, Person, Role, people_from, people_text, role_words
from csu.hal.camera import CommuneId
from csu.hal.site import OpenSite, Site, SiteRequest
from csu.hal.words import Words
from csu.language import current_language, say

BY, SECOND = "csu demo", "site simulé"
REASON = "personnes inventées de la démonstration / invented people of the demonstration"
PAGE = "comptes.html"
TRIES = {
    Role.OPERATOR: Words("direct, PTZ, alarmes, main courante", "live, PTZ, alarms, operations log"),
    Role.ROOM_CHIEF: Words("la même salle, avec priorité ; demande un gel", "the same room, first; asks for a hold"),
    Role.CSU_MANAGER: Words("libère un dossier, en second", "releases a case, as the second person"),
    Role.EVIDENCE_CLERK: Words("réquisitions, gels, registre", "requisitions, holds, register"),
    Role.JUDICIAL_OFFICER: Words(
        "requiert ; son matricule est le chiffre de son compte", "requisitions; his number is that of his account"
    ),
    Role.DPO: Words("registres, journal, masques", "registers, journal, masks"),
    Role.TECH_ADMIN: Words("caméras, santé ; aucune image seul", "cameras, health; no picture alone"),
    Role.VERBALISER: Words("constate en direct", "tickets what is seen live"),
    Role.RECIPIENT: Words("reçoit un déport d'images", "sees what is relayed to him"),
    Role.COMMUNE_DELEGATE: Words("sa commune, aucune image", "his commune, no picture"),
    Role.MAYOR: Words("les chiffres de sa commune, aucune image", "his commune's figures, no picture"),
    Role.SERVICE_USER: Words("des comptages, aucune image", "counts, no picture"),
    Role.INSPECTOR: Words("lit les registres, aucune image", "reads the registers, no picture"),
    Role.INTEGRATOR: Words("essais et santé, aucune image", "tests and health, no picture"),
}
"""What a newcomer may try as whom."""
_TOLD = re.compile(r'<script type="application/json" id="accounts">(.*?)</script>', re.DOTALL)


class Standing(Enum):
    """What became of the people of a demonstration."""

    NONE = "none"
    """The site brings nobody: a real one, whose people are entered by people."""
    NEW = "new"
    KEPT = "kept"
    """Those of an earlier run of this directory, with the password and generators that its page has."""
    RENEWED = "renewed"
    """They, with other proofs: nobody has the page any more that told theirs."""
    BY_HAND = "by hand"
    """Somebody entered a list of this centre: it stands."""


@dataclass(frozen=True, slots=True)
class _Proofs:
    """By which they come in. `secrets`: of the code generators, by account."""

    password: str
    secrets: Mapping[str, str]


class DemoPeople:
    """Of one demonstration. `around` what opens its site; ask afterwards how they stand."""

    def __init__(self, data_directory: Path, page: Path, more_communes: Sequence[CommuneId] = ()) -> None:
        """`page`: where newcomers read of them. `more_communes`: of streams that a person adds to the site."""
        self._directory, self.page, self._more = data_directory, page, frozenset(more_communes)
        self.standing = Standing.NONE
        self.people = People()
        self._proofs = _Proofs("", {})

    def around(self, open_site: OpenSite) -> OpenSite:
        """The same site; its people are entered once it is open, and before anybody can reach the centre."""

        @asynccontextmanager
        async def opened(request: SiteRequest) -> AsyncIterator[Site]:
            async with open_site(request) as site:
                if site.people:
                    await asyncio.to_thread(self.enter, site.people)
                yield site

        def open_with_people(request: SiteRequest) -> AbstractAsyncContextManager[Site]:
            return opened(request)

        return open_with_people

    def enter(self, text: str) -> None:
        """Enter the people of that JSON unless somebody else entered some. Blocks. Raises CsuError."""
        invented = People(tuple(self._with_more(each) for each in people_from(text)))
        with opened_office(self._directory) as office:
            entries = office.ledger.entries
            if entries and entries[-1].by != f"{BY}, {SECOND}":
                self.standing, self.people = Standing.BY_HAND, office.ledger.people
                return
            if people_text(invented) != people_text(office.ledger.people):
                office.enter(invented, by=BY, second=SECOND, reason=REASON)
            self.people = invented
            kept = self._kept(office)
            lost = Standing.RENEWED if entries else Standing.NEW
            self.standing = lost if kept is None else Standing.KEPT
            self._proofs = kept or _new_proofs(office, invented)

    def lines(self, console_url: str) -> list[str]:
        """What a terminal tells of them: nothing secret, and where the rest is. Writes the page. Raises BadInput."""
        page, language = self.write(console_url), current_language()
        if self.standing is Standing.NONE:
            return []
        told = [
            f"  {each.account:14} {', '.join(role_words(role).in_language(language) for role in sorted(each.roles))}"
            for each in self.people
        ]
        if page is None:
            return [say("Comptes saisis à la main, inchangés :", "Accounts entered by hand, unchanged:"), *told]
        where, kept = page.resolve().as_uri(), ""
        if self.standing is Standing.KEPT:
            kept = say(" (inchangés)", " (unchanged)")
        elif self.standing is Standing.RENEWED:
            kept = say(" (mot de passe nouveau : la page avait disparu)", " (a new password: the page was gone)")
        return [
            say(f"Comptes{kept}, mot de passe et codes : {where}", f"Accounts{kept}, password, codes: {where}"),
            *told,
        ]

    def summary(self) -> dict[str, Any]:
        """For a machine: where the page is, and nothing that it tells."""
        page = str(self.page) if self._proofs.secrets else None
        return {"standing": self.standing.value, "people": len(list(self.people)), "page": page}

    def write(self, console_url: str) -> Path | None:
        """The page, for its owner's eyes only. None: there is nothing to tell. Raises BadInput."""
        if not self._proofs.secrets:
            return None
        language = current_language()
        told = {
            "url": console_url,
            "password": self._proofs.password,
            "people": [
                {
                    "account": each.account,
                    "name": each.name,
                    "role": role_words(min(each.roles)).in_language(language),
                    "id": min(each.roles).value,
                    "tries": TRIES[min(each.roles)].in_language(language),
                    "communes": sorted(each.communes),
                    "secret": self._proofs.secrets[each.account],
                }
                for each in self.people
            ],
        }
        environment = jinja2.Environment(
            loader=jinja2.PackageLoader("csu.centre", "templates"), autoescape=True, undefined=jinja2.StrictUndefined
        )
        html = environment.get_template("demo_people.html.j2").render(told=told, say=say, language=language)
        return write_page(self.page, html, for_owner_only=True)

    def _with_more(self, person: Person) -> Person:
        """Who is designated for the site is for what is added to it."""
        designation, approval = person.designation, person.approval
        return replace(
            person,
            designation=designation and replace(designation, communes=designation.communes | self._more),
            approval=approval and replace(approval, communes=approval.communes | self._more),
        )

    def _kept(self, office: Office) -> _Proofs | None:
        """Those that the page of an earlier run tells, as long as they are everybody's still."""
        told = told_by(self.page)
        secrets = {each: office.store.code_secret(each) for each in (person.account for person in self.people)}
        known = {account: secret for account, secret in secrets.items() if secret is not None}
        has_password = all(office.store.password_hash(account) is not None for account in known)
        if told is None or len(known) < len(secrets) or not has_password:
            return None
        is_of_this_centre = all(known.get(each["account"]) == each["secret"] for each in told["people"])
        return _Proofs(told["password"], known) if is_of_this_centre else None


def told_by(page: Path) -> dict[str, Any] | None:
    """What such a page tells: `url`, `password`, `people` (`account`, role `id`, `secret`). None: no such page."""
    try:
        found = _TOLD.search(page.read_text(encoding="utf-8"))
        told: dict[str, Any] | None = None if found is None else json.loads(found[1])
    except (OSError, ValueError):
        return None
    return told


def _new_proofs(office: Office, people: People) -> _Proofs:
    """One password for all of them, and one hash: fifteen would cost the start of a demonstration seconds of CPU."""
    accounts = [person.account for person in people]
    proofs = _Proofs(new_password(), {account: new_code_secret() for account in accounts})
    hashed = hash_password(accounts[0], proofs.password)
    office.note(*(f"people/{account}/password" for account in accounts), by=BY)
    for account in accounts:
        office.store.set_password(account, hashed, office.now_ns)
        office.store.set_code_secret(account, proofs.secrets[account])
    return proofs
