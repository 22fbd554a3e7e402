"""What people ask of a running centre's wall, through the doors of the console: real room, real rights, one journal."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import date
from functools import cache

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csu.centre import Papers
from csu.centre.rooms.wall_desk import DeskOfWall, WallAccount
from csu.centre.rooms.wall_plan import default_wall
from csu.centre.rooms.wall_room import WallRoom
from csu.console import Access, Desks, RoomCounters, RoomHealth, create_app
from csu.console.access import Asked
from csu.console.demonstration import JournalInMemory
from csu.console.gate import Gate
from csu.console.wall_answers import Sight
from csu.governance import Agreement, Designation, Resource, Role, Subject
from csu.governance.journal_desk import Ticket
from csu.governance.journal_entry import JournalEntry, JournalRow
from csu.governance.journal_reading import journal_unavailable
from csu.governance.journaled_actions import OPERATION_OF
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from sim.papers import VIEWERS, PaperCamera, PapersOf, papers_text

ORVAL, ARS = CommuneId("Orval"), CommuneId("Ars")
CAMERAS = [CameraId(f"cam-{number:04d}") for number in range(1, 7)]
PLACES = (ORVAL, ORVAL, ORVAL, ORVAL, ARS, ARS)
"""Where each stands."""
ALL = frozenset({ORVAL, ARS, CommuneId("Lessy")})
YEARS = Agreement("convention 7", date(2026, 1, 1), date(2036, 1, 1))


@dataclass(frozen=True)
class Person:
    name: str
    role: Role = Role.OPERATOR
    communes: frozenset[CommuneId] = ALL

    @property
    def subject(self) -> Subject:
        papers = Designation(VIEWERS[0], self.communes, YEARS)
        return Subject(self.name, self.role, True, papers, is_municipal_police=True)


ANNE, PAUL, CHIEF = Person("anne.dupre"), Person("paul.roy"), Person("lea.chef", Role.ROOM_CHIEF)
OF_ORVAL = Person("jean.orval", communes=frozenset({ORVAL}))
PEOPLE = {each.name: each for each in (ANNE, PAUL, CHIEF, OF_ORVAL)}


class Named:
    """Who asks says so: the tests of tokens are elsewhere."""

    def __init__(self) -> None:
        self.people = dict(PEOPLE)

    def subject(self, connection, at_ns):
        found = self.people.get(connection.headers.get("x-person", ""))
        return None if found is None else found.subject


class Diary(JournalInMemory):
    """The journal of all: can be out of order."""

    trouble: Exception | None = None

    def _add(self, entry):
        if self.trouble is not None:
            raise self.trouble
        return super()._add(entry)

    @property
    def told(self) -> list[str]:
        """Subject and reference of each entry."""
        found = [row.entry for row in self.rows if isinstance(row.entry, JournalEntry)]
        return [f"{entry.subject} {entry.reference}".strip() for entry in found]


class Screen:
    """A wall that remembers which cameras were up, and how long the journal was then."""

    def __init__(self, journal) -> None:
        self.up, self.journaled, self._journal = [], 0, journal

    async def start(self) -> None: ...

    async def read(self) -> None: ...

    async def renew(self, until_ns) -> None: ...

    async def show(self, scene) -> None:
        self.up, self.journaled = [piece.camera for piece in scene.pieces], len(self._journal.rows)


@dataclass
class Answer:
    status: int
    told: dict = field(default_factory=dict)

    def tile(self, name: str) -> dict:
        return next(each for each in self.told["tiles"] if each["tile"] == name)

    @property
    def why(self) -> str:
        return self.told["detail"]["en"]


class RoomOfCentre:
    """`csu.console.RoomView` of a centre without pictures."""

    def __init__(self, centre) -> None:
        self._centre, self.relay = centre, None

    def cameras(self):
        return self._centre.board.all()

    def health(self) -> RoomHealth:
        return RoomHealth(True, "1", 0, 1, 1)

    def marks(self) -> dict[str, int]:
        return {}

    def counters(self) -> RoomCounters:
        return RoomCounters()

    async def wall_png(self) -> bytes | None:
        return None


class Of:
    """A part of the hall that is open: the console of this file is made once, and stands before one after the other."""

    hall: Hall

    def __init__(self, part: str) -> None:
        self._part = part

    def __getattr__(self, name: str) -> object:
        return getattr(getattr(Of.hall, self._part), name)


@cache
def console():
    access = Access(Of("papers"), Of("identity"), Of("journal"))
    return create_app(Of("view"), clock=Of("clock"), access=access, desks=Desks(wall=Of("desk")))


class Hall:
    """A centre of six cameras in two communes, its wall, its desk, and the console before it."""

    def __init__(self, stage, scripted, alarms=(1,), places=PLACES) -> None:
        self.stage = stage
        self.journal = stage.journal = Diary(stage.clock)
        self.places = dict(zip(CAMERAS, places, strict=True))
        row = [PaperCamera(camera, where, 100.0 * at) for at, (camera, where) in enumerate(self.places.items())]
        self.papers = Papers.stated(papers_text(PapersOf(row, stage.clock.now_ns())))
        self.centre = stage.centre(
            [scripted.Node("n1")],
            6,
            communes=dict(enumerate(places, 1)),
            panels=[scripted.Panel(list(alarms))],
            papers=self.papers,
            alarm_sites_m={(ORVAL, "École"): (310.0, 0.0)},
        )
        records = [status.record for status in self.centre.board.all()]
        planned, self.account = default_wall(records, 1280, 720), WallAccount()
        self.screen = Screen(self.journal)
        self.room = WallRoom(
            self.centre,
            {planned.wall.nodes[0].node: self.screen},
            planned,
            records,
            clock=stage.clock,
            journal=self.journal,
            tell=self._tell,
            may_view=lambda person, camera, now_ns: True,
        )
        self.identity = Named()
        self.desk = DeskOfWall(self.room, self.account, stage.clock)
        self.view, self.clock = RoomOfCentre(self.centre), stage.clock
        Of.hall, self.app = self, console()

    def _tell(self, event) -> None:
        self.account.observe(event)
        self.stage.events.append(event)

    def play(self, act) -> None:
        async def whole() -> None:
            self.stage.two_watch(self.centre)
            await self.room.open()
            running = asyncio.create_task(self.room.run())
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            try:
                async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as self._client:
                    await self.later(15)
                    await act()
                assert not running.done()
            finally:
                running.cancel()

        self.stage.play(self.centre, 0.1, whole)

    async def later(self, seconds: float) -> None:
        """Time goes on, and both are seen at their desks."""
        while seconds > 0:
            await asyncio.sleep(min(5, seconds))
            seconds -= 5
            for person in ("agent-1", "agent-2"):
                self.centre.seen_at_post(person)

    async def ask(self, by: Person, method: str, path: str = "", told: object = None) -> Answer:
        self.identity.people[by.name] = by
        sent = {} if told is None else {"content": json.dumps(told), "headers": {"content-type": "application/json"}}
        sent["headers"] = sent.get("headers", {}) | {"x-person": by.name}
        answer = await self._client.request(method, f"/api/wall{path}", **sent)
        return Answer(answer.status_code, answer.json())

    async def put(self, by: Person, tile: str, camera: CameraId, **more) -> Answer:
        return await self.ask(by, "POST", f"/tiles/{tile}/camera", {"camera": camera} | more)

    async def lock(self, by: Person, tile: str, minutes: int = 5) -> Answer:
        return await self.ask(by, "POST", f"/tiles/{tile}/lock", {"minutes": minutes})


@pytest.fixture
def hall(stage, scripted) -> Hall:
    return Hall(stage, scripted)


# ---- a camera into a tile --------------------------------------------------------------------------------------------


def check_journaled(hall) -> None:
    async def act() -> None:
        hall.journal.rows.clear()
        answer = await hall.put(ANNE, "tile-1", CAMERAS[1])
        assert answer.status == 200
        tile = answer.tile("tile-1")
        assert (tile["camera"], tile["camera_name"], tile["cause_kind"]) == (CAMERAS[1], "n1 2", "request")
        assert tile["cause"] == {"fr": "demandée par anne.dupre", "en": "asked for by anne.dupre"}
        assert (tile["request"]["person"], tile["request"]["is_mine"]) == (ANNE.name, True)
        assert tile["request"]["until_ns"] == hall.stage.clock.now_ns() + 15 * NS_PER_MINUTE
        assert (answer.told["can_undo"], answer.told["is_chief"]) == (True, False)
        await hall.later(2)
        assert hall.journal.told == ["console/wall/show", f"wall/base/tile-1 request/{ANNE.name}"]
        door, decided = [row.entry for row in hall.journal.rows if isinstance(row.entry, JournalEntry)]
        assert [span.camera for span in door.data] == [CAMERAS[1]]
        assert [span.camera for span in decided.data] == [CAMERAS[1], CAMERAS[0]]
        assert hall.screen.up.count(CAMERAS[1]) == 1
        assert CAMERAS[0] not in hall.screen.up
        assert hall.screen.journaled >= 3, "the door, its end, and the decision came first"
        for_paul = await hall.ask(PAUL, "GET")
        assert for_paul.tile("tile-1")["request"]["is_mine"] is False
        assert for_paul.told["can_undo"] is False

    hall.play(act)


def test_a_camera_that_a_person_puts_into_a_tile_is_journaled_at_the_door_and_as_a_decision_then_shown(hall) -> None:
    check_journaled(hall)


def check_nothing_without_a_journal(hall) -> None:
    async def act() -> None:
        before = (await hall.ask(ANNE, "GET")).told
        hall.journal.trouble = journal_unavailable("journal", OSError())
        for method, path, told in (
            ("POST", "/tiles/tile-1/camera", {"camera": CAMERAS[1]}),
            ("POST", "/tiles/tile-1/lock", {"minutes": 5}),
            ("DELETE", "/tiles/tile-1/camera", None),
            ("POST", "/undo", None),
        ):
            answer = await hall.ask(ANNE, method, path, told)
            assert (answer.status, answer.told.get("code")) == (503, "journal_unavailable")
        hall.journal.trouble = None
        assert (await hall.ask(ANNE, "GET")).told["tiles"] == before["tiles"]

    hall.play(act)


def test_without_a_journal_nothing_is_asked_of_the_wall(hall) -> None:
    check_nothing_without_a_journal(hall)


REFUSED = [
    ({"camera": CAMERAS[4]}, 403),
    ({"camera": "cam-9999"}, 403),
    ({"camera": 5}, 403),
    ([CAMERAS[0]], 403),
    ({"camera": CAMERAS[1], "close": "surely"}, 422),
    ({"camera": CAMERAS[1], "until_ns": 1}, 422),
    ({"camera": CAMERAS[1], "reason": "AB-123-CD"}, 422),
    ({"camera": CAMERAS[1], "reason": "x" * 200}, 422),
    ({"camera": CAMERAS[1], "more": "x" * 5_000}, 413),
]


def test_what_may_not_be_asked_is_refused_journaled_and_changes_nothing(hall) -> None:
    async def act() -> None:
        before = hall.room.director.tiles
        for told, status in REFUSED:
            hall.journal.rows.clear()
            answer = await hall.ask(OF_ORVAL, "POST", "/tiles/tile-1/camera", told)
            assert answer.status == status, told
            assert hall.journal.told == ["console/wall/show"], "one attempt, one entry"
            entry = hall.journal.rows[0].entry
            is_of_ars = told == {"camera": CAMERAS[4]}
            rules = {403: "com-3.out-of-scope", 413: "console.body_too_large"}
            assert entry.refusal == rules.get(status, "")
            known = status == 422 or is_of_ars
            assert len(entry.data) == known, "what was typed is written down only when it is a camera"
            assert hall.room.director.tiles == before

    hall.play(act)


# ---- locks, undo, reasons --------------------------------------------------------------------------------------------


def test_a_lock_holds_against_others_and_the_chief_takes_it(hall) -> None:
    async def act() -> None:
        locked = await hall.lock(ANNE, "tile-1")
        assert locked.tile("tile-1")["lock"]["until_ns"] == hall.stage.clock.now_ns() + 5 * NS_PER_MINUTE
        refused = await hall.put(PAUL, "tile-1", CAMERAS[2])
        assert (refused.status, refused.told["code"]) == (409, "wall_refused")
        assert "locked by anne.dupre" in refused.why
        assert "verrouillé par anne.dupre" in refused.told["detail"]["fr"]
        assert (await hall.ask(PAUL, "DELETE", "/tiles/tile-1/lock")).status == 409
        taken = await hall.lock(CHIEF, "tile-1", 60)
        assert taken.tile("tile-1")["lock"]["person"] == CHIEF.name
        assert "locked by lea.chef" in (await hall.ask(ANNE, "DELETE", "/tiles/tile-1/lock")).why
        assert (await hall.lock(CHIEF, "tile-1", 61)).status == 422
        freed = await hall.ask(CHIEF, "DELETE", "/tiles/tile-1/lock")
        assert freed.tile("tile-1")["lock"] is None

    hall.play(act)


def test_undo_takes_back_ones_own_last_step_and_nobody_elses(hall) -> None:
    async def act() -> None:
        assert "nothing of yours to undo" in (await hall.ask(ANNE, "POST", "/undo")).why
        await hall.put(ANNE, "tile-1", CAMERAS[1])
        assert (await hall.ask(PAUL, "POST", "/undo")).status == 409
        undone = await hall.ask(ANNE, "POST", "/undo")
        assert (undone.tile("tile-1")["camera"], undone.told["can_undo"]) == (CAMERAS[0], False)
        await hall.put(ANNE, "tile-1", CAMERAS[1])
        await hall.put(PAUL, "tile-1", CAMERAS[2])
        assert (await hall.ask(ANNE, "POST", "/undo")).status == 409, "somebody changed it since"
        back = await hall.ask(PAUL, "POST", "/undo")
        assert back.tile("tile-1")["request"]["person"] == ANNE.name

    hall.play(act)


def test_the_chiefs_request_is_ended_by_the_chief_an_operators_by_anybody(hall) -> None:
    async def act() -> None:
        await hall.put(CHIEF, "tile-1", CAMERAS[1])
        assert "lea.chef has it" in (await hall.ask(ANNE, "DELETE", "/tiles/tile-1/camera")).why
        freed = await hall.ask(CHIEF, "DELETE", "/tiles/tile-1/camera")
        assert (freed.tile("tile-1")["camera"], freed.tile("tile-1")["request"]) == (CAMERAS[0], None)
        await hall.put(ANNE, "tile-1", CAMERAS[1])
        assert (await hall.ask(PAUL, "DELETE", "/tiles/tile-1/camera")).tile("tile-1")["camera"] == CAMERAS[0]

    hall.play(act)


def test_who_follows_somebody_closely_has_a_minute_or_gives_a_reason(hall) -> None:
    async def act() -> None:
        asked = await hall.put(ANNE, "tile-1", CAMERAS[1], close=True)
        by_ns = asked.tile("tile-1")["reason_by_ns"]
        assert by_ns == hall.stage.clock.now_ns() + NS_PER_MINUTE
        assert asked.tile("tile-1")["request"]["is_close"] is True
        assert (await hall.ask(PAUL, "POST", "/tiles/tile-1/reason", {"reason": "2026/12"})).status == 409
        assert (await hall.ask(ANNE, "POST", "/tiles/tile-1/reason", {"reason": "  "})).status == 422
        told = await hall.ask(ANNE, "POST", "/tiles/tile-1/reason", {"reason": "main courante 2026/12"})
        assert told.tile("tile-1")["reason_by_ns"] is None
        await hall.later(70)
        assert (await hall.ask(ANNE, "GET")).tile("tile-1")["camera"] == CAMERAS[1]
        await hall.ask(ANNE, "DELETE", "/tiles/tile-1/camera")
        await hall.put(ANNE, "tile-2", CAMERAS[0], close=True)
        await hall.later(70)
        assert (await hall.ask(ANNE, "GET")).tile("tile-2")["camera"] == CAMERAS[1], "nobody said why"
        assert "say why it is to follow somebody" in (await hall.put(PAUL, "tile-2", CAMERAS[0], close=True)).why
        assert "main courante" not in str(hall.journal.rows), "what people write is not in the journal (LOG-5)"

    hall.play(act)


# ---- scenes, programmes, storms --------------------------------------------------------------------------------------


def test_scenes_and_programmes_are_the_chiefs(hall) -> None:
    async def act() -> None:
        now_ns = hall.stage.clock.now_ns()
        planned = {"programme": "march", "scene": "event", "from_ns": now_ns, "to_ns": now_ns + 3600 * NS_PER_S}
        for method, path, told in (
            ("POST", "/scene", {"scene": "event"}),
            ("POST", "/programmes", planned),
            ("DELETE", "/programmes/march", None),
        ):
            refused = await hall.ask(ANNE, method, path, told)
            assert (refused.status, refused.told["rule"]) == (403, "csu.no-right")
        assert "there is no such scene" in (await hall.ask(CHIEF, "POST", "/scene", {"scene": "nowhere"})).why
        called = await hall.ask(CHIEF, "POST", "/scene", {"scene": "event"})
        assert (called.told["scene"], called.told["cause"]["en"]) == ("event", "scene called by lea.chef")
        assert called.told["is_chief"] is True
        assert (await hall.ask(CHIEF, "POST", "/scene", {"scene": ""})).told["scene"] == "base"
        begun = await hall.ask(CHIEF, "POST", "/programmes", planned | {"priority": 5})
        assert (begun.told["scene"], begun.told["cause"]["en"]) == ("event", "programme march")
        (told,) = begun.told["programmes"]
        assert told == planned | {"priority": 5, "is_on": True, "is_weekly": False}
        ended = await hall.ask(CHIEF, "DELETE", "/programmes/march")
        assert (ended.told["scene"], ended.told["programmes"]) == ("base", [])
        over = planned | {"from_ns": now_ns - 2 * NS_PER_S, "to_ns": now_ns - NS_PER_S}
        assert "it is over already" in (await hall.ask(CHIEF, "POST", "/programmes", over)).why
        backwards = planned | {"to_ns": now_ns - 1}
        assert (await hall.ask(CHIEF, "POST", "/programmes", backwards)).status == 422
        why = (await hall.ask(ANNE, "GET", "/tiles/tile-1/why")).told["changes"]
        assert [change["words"]["en"] for change in why if change["camera"] is None] == [
            "not up any more, scene event: scene called by lea.chef",
            "not up any more, scene event: programme march",
        ]

    hall.play(act)


def test_in_a_storm_alarms_keep_their_spots_and_those_that_wait_are_counted(stage, scripted) -> None:
    hall = Hall(stage, scripted, alarms=range(1, 8))

    async def act() -> None:
        await hall.later(30)
        seen = await hall.ask(ANNE, "GET")
        on = [tile for tile in seen.told["tiles"] if tile["is_alarm"]]
        waiting = seen.told["waiting"]
        assert (waiting["alarms"], waiting["without_camera"], waiting["signals"]) == (3, 0, 0)
        assert len(hall.room.director.alarms_shown) == 4
        assert on
        refused = await hall.put(ANNE, on[0]["tile"], CAMERAS[1])
        assert refused.status == 409
        assert "this slot is for alarms" in refused.why
        assert (await hall.lock(CHIEF, on[0]["tile"])).status == 409
        placed = await hall.put(ANNE, "tile-1", CAMERAS[2])
        assert placed.status == 200, "the rest of the wall goes on"

    hall.play(act)


def test_the_budget_of_those_who_watch_is_told_and_takes_nothing_away(hall) -> None:
    async def act() -> None:
        told = (await hall.ask(CHIEF, "GET")).told
        up = [tile for tile in told["tiles"] if tile["camera"]]
        assert told["budget"]["active"] == len(hall.room.director.tiles) - 4 + len([t for t in up if t["is_alarm"]])
        assert (told["budget"]["watching"], told["budget"]["most"], told["budget"]["per_person"]) == (2, 32, 16)
        assert told["budget"]["is_over"] is False

    hall.play(act)


def test_where_the_tiles_lie_is_told_in_shares_of_the_wall(hall) -> None:
    async def act() -> None:
        told = (await hall.ask(ANNE, "GET")).told
        assert told["aspect"] == pytest.approx(16 / 9)
        assert [panel["rect"] for panel in told["panels"]] == [[0.0, 0.0, 1.0, 1.0]]
        rects = [tile["rect"] for tile in told["tiles"]]
        assert len(rects) == len(hall.screen.up)
        for left, top, width, height in rects:
            assert 0 <= left <= left + width <= 1.0001
            assert 0 <= top <= top + height <= 1.0001

    hall.play(act)


# ---- COM-3 -----------------------------------------------------------------------------------------------------------


def names_in(told: object) -> set[str]:
    """Cameras and their names that a text holds."""
    text = json.dumps(told)
    return {camera for camera in CAMERAS if f"{camera}" in text or f"n1 {int(camera[-1])}" in text}


async def busy(hall: Hall) -> None:
    """Requests, a lock and an undo, with cameras of both communes; and each of them changed again."""
    for turn, person in enumerate((ANNE, PAUL, CHIEF)):
        await hall.put(person, f"tile-{turn + 1}", CAMERAS[4 + turn % 2])
        await hall.put(person, f"tile-{turn + 4}", CAMERAS[turn])
    await hall.lock(ANNE, "tile-1")
    await hall.ask(CHIEF, "POST", "/undo")
    await hall.later(12)


async def all_answers(hall: Hall, by: Person) -> list[object]:
    """Everything that the doors answer that person: readings, deeds, refusals."""
    readings = ["", "/coverage", *(f"/tiles/tile-{number}/why" for number in range(1, 7))]
    told = [(await hall.ask(by, "GET", path)) for path in readings]
    for number in range(1, 7):
        told.append(await hall.ask(by, "DELETE", f"/tiles/tile-{number}/camera"))
        told.append(await hall.lock(by, f"tile-{number}"))
        told.append(await hall.put(by, f"tile-{number}", CAMERAS[number - 1]))
    return [each.told if each.status == 200 else {**each.told, "where": ""} for each in told]


def check_scopes(hall: Hall, communes: frozenset[CommuneId], role: Role) -> None:
    async def act() -> None:
        await busy(hall)
        person = Person(f"viewer.{len(communes)}", role, communes)
        inside = {camera for camera, where in hall.places.items() if where in communes}
        for told in await all_answers(hall, person):
            assert names_in(told) <= inside, told
        hidden = [
            tile for tile in (await hall.ask(person, "GET")).told["tiles"] if tile["cause_kind"] == "out_of_scope"
        ]
        up = [tile.camera for tile in hall.room.director.tiles.values() if tile.camera]
        assert len(hidden) == len({*up} - inside)
        for tile in hidden:
            assert (tile["camera"], tile["camera_name"], tile["is_alarm"]) == (None, None, False)
            assert tile["cause"] == {"fr": "hors de votre périmètre", "en": "outside your scope"}
            for path, method in (
                (f"/tiles/{tile['tile']}/camera", "DELETE"),
                (f"/tiles/{tile['tile']}/lock", "DELETE"),
            ):
                assert (await hall.ask(person, method, path)).told.get("rule") == "com-3.out-of-scope"

    hall.play(act)


communes_of_all = st.sampled_from([ORVAL, ARS, CommuneId("Lessy")])


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    places=st.tuples(*[communes_of_all] * 6),
    communes=st.frozensets(communes_of_all),
    role=st.sampled_from([Role.OPERATOR, Role.ROOM_CHIEF]),
)
def test_no_door_of_the_wall_names_a_camera_outside_the_askers_communes(
    tmp_path_factory, stage_at, scripted, places, communes, role
) -> None:
    hall = Hall(stage_at(tmp_path_factory.mktemp("centre")), scripted, places=places)
    check_scopes(hall, communes, role)


def test_what_was_looked_at_is_told_of_cameras_and_of_no_person(hall) -> None:
    async def act() -> None:
        assert (await hall.ask(OF_ORVAL, "GET", "/coverage")).told["cameras"] == []
        for _ in range(40):  # the room itself looks too, and finds none live: these cameras have no node
            hall.room.coverage().look(CAMERAS[::2], hall.stage.clock.now_ns())
            await asyncio.sleep(0.25)
        told = (await hall.ask(OF_ORVAL, "GET", "/coverage")).told
        assert [(each["camera"], each["name"]) for each in told["cameras"]] == [
            (CAMERAS[0], "n1 1"),
            (CAMERAS[2], "n1 3"),
        ]
        assert all(3 <= each["live_s"] <= 10 for each in told["cameras"])
        assert [each["camera"] for each in told["not_seen"]] == [CAMERAS[1], CAMERAS[3]]
        assert told["never_seen_weeks"] == {"weeks": 2, "cameras": None}, "nobody has counted for that long"
        assert set(told) == {"begun_ns", "cameras", "not_seen", "never_seen_weeks"}

    hall.play(act)


def test_a_centre_without_a_wall_says_so(hall) -> None:
    access = Access(hall.papers, hall.identity, hall.journal)
    hall.app = create_app(hall.view, clock=hall.clock, access=access)

    async def act() -> None:
        for method, path in (("GET", ""), ("POST", "/undo"), ("DELETE", "/tiles/tile-1/lock")):
            answer = await hall.ask(ANNE, method, path)
            assert (answer.status, answer.told["code"]) == (503, "wall_absent")

    hall.play(act)


# ---- who tests the tester --------------------------------------------------------------------------------------------


def nobody_is_outside(patch) -> None:
    patch.setattr(Sight, "hides", lambda self, camera: False)
    patch.setattr(Sight, "__getattribute__", _every_name)


def _every_name(self, name):
    found = object.__getattribute__(self, name)
    return {camera: f"n1 {int(camera[-1])}" for camera in CAMERAS} if name == "names" else found


def a_tile_is_anybodys(patch) -> None:
    async def about(question) -> Asked:
        return Asked()

    patch.setattr("csu.console.wall_desk._one_tile", lambda desk: about)


def a_wall_that_does_not_write_what_people_ask(patch) -> None:
    patch.setattr("csu.centre.rooms.wall_room.entry_of", lambda decision: None)


def any_camera_may_be_put_up(patch) -> None:
    ask = "csu.console.wall_desk.live_camera"
    patch.setattr(ask, lambda question, camera: Asked((Resource(camera=CAMERAS[0]),)))


def the_door_writes_nothing(patch) -> None:
    async def unwritten(self, stack, door, admission):
        return Ticket(JournalRow(0, 0, None), OPERATION_OF[door.action])

    patch.setattr(Gate, "_begin", unwritten)


def check_an_operator_of_orval(hall) -> None:
    check_scopes(hall, frozenset({ORVAL}), Role.OPERATOR)


MUTANTS = [
    (nobody_is_outside, check_an_operator_of_orval),
    (a_wall_that_does_not_write_what_people_ask, check_journaled),
    *(
        pytest.param(*each, marks=pytest.mark.nightly)
        for each in (
            (a_tile_is_anybodys, check_an_operator_of_orval),
            (any_camera_may_be_put_up, check_an_operator_of_orval),
            (the_door_writes_nothing, check_journaled),
            (the_door_writes_nothing, check_nothing_without_a_journal),
        )
    ),
]


@pytest.mark.parametrize(("plant", "check"), MUTANTS, ids=lambda each: getattr(each, "__name__", ""))
def test_a_planted_defect_is_found(stage, scripted, monkeypatch, plant, check) -> None:
    plant(monkeypatch)
    console.cache_clear()
    hall = Hall(stage, scripted)
    with pytest.raises(AssertionError):
        check(hall)
    console.cache_clear()
