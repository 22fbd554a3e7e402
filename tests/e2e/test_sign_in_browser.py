"""Coming in with a real browser: both factors by keyboard alone, a passkey of Chromium's own
authenticator, an identity provider on another site."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import pytest
from oidc_provider_mock import User, run_server_in_thread
from playwright.sync_api import Page, expect

from csu.console import Access, Desks, RoomHealth, create_app, serve_console
from csu.console.demonstration import DemonstrationRights, JournalInMemory
from csu.console.room import RoomCounters
from csu.console.sign_in import (
    OidcProvider,
    OidcSettings,
    SessionIdentity,
    SignInDesk,
    SignInStore,
    hash_password,
    new_code_secret,
)
from csu.console.sign_in.proofs import code_at
from csu.governance import Agreement, Designation, People, Person, Role
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.ingest.board import CameraState, CameraStatus
from csu.machine import SystemClock
from csu.operations import Watch

PASSWORD = "les quais du canal, l'hiver"
YEARS = Agreement("decision 12", date(2020, 1, 1), date(2040, 1, 1))
ANNE = Person(
    "a.martin",
    "Anne Martin",
    frozenset({Role.OPERATOR, Role.ROOM_CHIEF}),
    Designation("csu-demonstration", frozenset({CommuneId("metz")}), YEARS),
    is_municipal_police=True,
)


ZOE = replace(ANNE, account="z.klein", name="Zoé Klein")


class QuietRoom:
    """One camera that is lost: nothing moves."""

    relay = None

    def cameras(self) -> Sequence[CameraStatus]:
        record = CameraRecord(CameraId("cam-001"), 1, "Rue Haute", CommuneId("metz"), ViewType.WIDE)
        return [CameraStatus(record, CameraState.LOST, 0, 0)]

    def health(self) -> RoomHealth:
        return RoomHealth(True, "1.2.3", 0, 1, 1)

    def marks(self) -> dict[str, int]:
        return {}

    def counters(self) -> RoomCounters:
        return RoomCounters()

    async def wall_png(self) -> bytes | None:
        return None


class AtTheWall:
    """`csu.operations.Watch` as a running centre has it; Luc is there already."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock, self._watch = clock, Watch()
        self._watch.arrive("l.weber", clock.now_ns())

    @property
    def watching(self) -> Sequence[str]:
        return self._watch.watching

    @property
    def is_short_of_watch(self) -> bool:
        return self._watch.is_short

    def take_post(self, person: str) -> None:
        self._watch.arrive(person, self._clock.now_ns())

    def seen_at_post(self, person: str) -> None:
        self._watch.see(person, self._clock.now_ns())

    def leave_post(self, person: str, *, handed_over: bool = True, urgent_reason: str = "") -> None:
        self._watch.leave(person, self._clock.now_ns(), handed_over=handed_over, urgent_reason=urgent_reason)


@dataclass
class Door:
    url: str
    secret: str
    people: list[People]

    def code(self) -> str:
        return code_at(self.secret, SystemClock().now_ns())


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with run_server_in_thread(user_claims=[User(sub="f3a1", claims={"amr": ["pwd", "otp"]})]) as server:
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.fixture(scope="module")
def door(tmp_path_factory, provider) -> Iterator[Door]:
    clock, room = SystemClock(), QuietRoom()
    store, secret, people = SignInStore(tmp_path_factory.mktemp("centre")), new_code_secret(), [People((ANNE, ZOE))]
    for person in people[0]:
        store.set_password(person.account, hash_password(person.account, PASSWORD), 0)
        store.set_code_secret(person.account, secret)
    store.bind_provider(provider, "f3a1", "a.martin")
    started, stop, told = threading.Event(), asyncio.Event(), Door("", secret, people)
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        journal = JournalInMemory(clock)
        vouching = OidcProvider(OidcSettings(provider, "csu", "a secret"), clock)
        desk = SignInDesk(store, lambda: people[0], journal=journal, clock=clock, provider=vouching)
        access = Access(DemonstrationRights(room, date(2026, 1, 1)), SessionIdentity(desk), journal)
        app = create_app(room, clock=clock, access=access, desks=Desks(sign_in=desk, watch=AtTheWall(clock)))
        async with serve_console(app) as url:
            told.url = url.replace("127.0.0.1", "localhost")
            loops.append(asyncio.get_running_loop())
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(20)
    yield told
    loops[0].call_soon_threadsafe(stop.set)
    thread.join()
    store.close()


def type_in(page: Page, door: Door, account: str = "a.martin") -> None:
    """By keyboard alone. Each test has an account of its own: a code counts once."""
    page.goto(door.url)
    expect(page.locator("#account")).to_be_focused()
    page.keyboard.type(account)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#digits")).to_be_focused()


@pytest.mark.requirement("ACC-6")
def test_one_comes_in_by_keyboard_and_is_told_what_is_wrong(door, chromium_page) -> None:
    page = chromium_page
    type_in(page, door)
    page.keyboard.type("000000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("n'est pas prouvée")
    expect(page.get_by_role("radio")).to_have_count(2)
    page.keyboard.type(door.code())
    page.keyboard.press("Enter")
    page.wait_for_url(door.url)
    expect(page.get_by_text("Rue Haute")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(door.url)))
    page.wait_for_timeout(1_500)
    assert len([path for path in asked if path in ("api/me", "api/watch")]) <= 2  # each ten seconds, not on and on
    page.get_by_role("button", name="Anne Martin").click()
    expect(page.get_by_text("Moins de deux agents")).to_be_visible()
    page.get_by_role("button", name="Prendre mon poste").click()
    expect(page.get_by_text("l.weber, a.martin")).to_be_visible()
    page.get_by_role("button", name="Quitter mon poste").click()
    expect(page.get_by_role("alert")).to_contain_text("il resterait 1 agent")
    page.get_by_label("Motif urgent").fill("malaise")
    page.get_by_role("button", name="Quitter, chef appelé").click()
    expect(page.get_by_role("button", name="Prendre mon poste")).to_be_visible()
    cookies = page.context.cookies()
    assert [(each["httpOnly"], each["sameSite"]) for each in cookies] == [(True, "Strict")]
    page.get_by_role("button", name="Fermer ma session").click()
    page.wait_for_url("**/sign-in")


@pytest.mark.requirement("ACC-6")
def test_an_identity_provider_on_another_site_vouches_and_one_says_as_whom(door, chromium_page) -> None:
    page = chromium_page
    page.goto(door.url)
    page.get_by_role("button", name="Passer par le fournisseur d'identité").click()
    page.wait_for_url("http://127.0.0.1:*/**", wait_until="commit")
    page.get_by_role("button", name="f3a1").click()
    page.wait_for_url(f"{door.url}sign-in")  # nothing of the ticket stays in the address
    page.get_by_label("chef de salle").check()
    page.get_by_role("button", name="Entrer").click()
    page.wait_for_url(door.url)
    expect(page.get_by_role("button", name="Anne Martin, chef de salle")).to_be_visible()


@pytest.mark.requirement("ACC-6")
def test_a_passkey_made_by_who_is_in_opens_the_next_time(door, chromium_page) -> None:
    page = chromium_page
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    type_in(page, door, "z.klein")
    page.keyboard.type(door.code())
    page.keyboard.press("Enter")
    page.wait_for_url(door.url)
    made = page.evaluate(
        """async () => {
          const post = (path, body) => fetch(path, {
            method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body ?? {}),
          })
          const asked = await (await post('/api/me/passkeys/challenge')).json()
          const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(asked.options)
          const credential = (await navigator.credentials.create({ publicKey })).toJSON()
          const kept = await post('/api/me/passkeys', { challenge: asked.challenge, name: 'clé bleue', credential })
          const left = await post('/api/sign-out')
          return [kept.status, left.status]
        }"""
    )
    assert made == [204, 204]
    page.reload()
    page.wait_for_url("**/sign-in")
    page.get_by_role("button", name="Utiliser une clé d'accès").click()
    expect(page.get_by_role("radio")).to_have_count(2)
    page.get_by_label("chef de salle").check()
    page.get_by_role("button", name="Entrer").click()
    page.wait_for_url(door.url)
    told = page.evaluate("async () => (await (await fetch('/api/me')).json()).role.role")
    assert told == "room_chief"
