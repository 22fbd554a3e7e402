"""The running wall as a whole: by files, on several machines, for a while only; who may see, what was seen, rounds."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import yaml

from csu.centre import Papers, Trouble
from csu.centre.events import MasksInForce
from csu.centre.rooms.wall_plan import AGREED, BASE, EVENT, PlannedWall, default_wall
from csu.centre.rooms.wall_room import WallRoom
from csu.centre.rooms.wall_screens import LEASE_NS
from csu.centre.rooms.wall_seen import CoverageNotKept, SeenFile, WallSeen, shift_began
from csu.centre.rooms.wall_viewers import WallViewers
from csu.centre.wall_hung import WallFiles, WallSettings, planned_wall
from csu.console import demonstration_operator
from csu.governance import Operation
from csu.governance.spans import Span
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S
from csu.hal.errors import BadInput
from csu.hal.media import CameraEvent, CameraEventKind
from csu.hal.wall import WallError, WallNodeId
from csu.hal.words import Words
from csu.operations import GuardTour, TourReport
from csu.operations.roster import Roster, Shift
from csu.wall import (
    CameraRequested,
    CauseKind,
    Programme,
    ReasonAsked,
    RequestEnded,
    SceneChanged,
    ShiftCoverage,
    SlotId,
    TileChanged,
    WallRequestRefused,
    even_route,
)
from sim.papers import PaperCamera, PapersOf, PaperTerms, papers_text

ORVAL, PLAPPE = CommuneId("Orval"), CommuneId("Plappeville")
CAMERAS = [CameraId(f"cam-{number:04d}") for number in range(1, 7)]
AGENTS = ("agent-1", "agent-2")


class Screen:
    """An output that keeps what it was told, and when."""

    def __init__(self, clock):
        self._clock, self.is_down, self.hangs = clock, False, None
        self.scenes, self.until_ns, self.renewals, self.starts = [], 0, 0, 0
        self.journaled, self.journal = [], []

    async def start(self):
        await self._answer()
        self.starts += 1

    async def show(self, scene):
        await self._answer()
        self.scenes.append(scene)
        self.journaled.append(len(self.journal))
        (self.until_ns,) = {piece.shown_until_ns for piece in scene.pieces} or {0}

    async def renew(self, until_ns):
        await self._answer()
        self.renewals += 1
        self.until_ns = until_ns

    async def _answer(self):
        if self.hangs is not None:
            await self.hangs.wait()
        if self.is_down:
            raise WallError(Words.same("dead"), where="wall", what_to_do=Words.same(""))

    @property
    def up(self):
        return {piece.tile: piece.camera for piece in self.scenes[-1].pieces if piece.camera is not None}

    @property
    def left_s(self):
        return (self.until_ns - self._clock.now_ns()) / NS_PER_S


class Hall:
    """A centre of six cameras, all live, and its wall: by default a grid."""

    def __init__(self, stage, scripted, *, plan=None, communes=None, viewers=None, seen=None, terms=None):
        self.stage, self.communes, self.terms = stage, communes or {}, terms or {}

        async def live(node):
            while not node._stopped.is_set():
                for camera in CAMERAS:
                    yield CameraEvent(node.node, camera, CameraEventKind.LIVE, stage.clock.now_ns())
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(node._stopped.wait(), 30)

        self.papers = Papers.stated(self.text())
        self.centre = stage.centre(
            [scripted.Node("n1", live)], 6, communes=self.communes, panels=[scripted.Panel([])], papers=self.papers
        )
        records = [status.record for status in self.centre.board.all()]
        planned = plan(records) if plan is not None else default_wall(records, 1280, 720)
        self.screens = {node.node: Screen(stage.clock) for node in planned.wall.nodes}
        for screen in self.screens.values():
            screen.journal = stage.journal.entries
        self.room = WallRoom(
            self.centre,
            self.screens,
            planned,
            records,
            clock=stage.clock,
            journal=stage.journal,
            tell=stage.events.append,
            may_view=viewers(self) if viewers is not None else lambda person, camera, now_ns: True,
            seen=seen,
        )

    @property
    def screen(self):
        return next(iter(self.screens.values()))

    @property
    def now_ns(self):
        return self.stage.clock.now_ns()

    def text(self):
        row = [PaperCamera(c, CommuneId(self.communes.get(n, ORVAL)), 100.0 * n) for n, c in enumerate(CAMERAS, 1)]
        return papers_text(PapersOf(row, self.stage.clock.now_ns(), terms=self.terms))

    def play(self, act, people=AGENTS):
        async def whole():
            for person in people:
                self.centre.take_post(person)
            await asyncio.sleep(0.1)
            await self.room.open()
            self.running = asyncio.create_task(self.room.run())
            try:
                await act()
            finally:
                self.running.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self.running
                await self.room.close()

        self.stage.play(self.centre, 0.1, whole)

    async def seen(self, seconds, people=AGENTS):
        """Time goes on, and these are seen at their desks."""
        for _ in range(round(seconds)):
            await asyncio.sleep(1)
            for person in people:
                self.centre.seen_at_post(person)


@pytest.fixture
def new_hall(stage, scripted):
    return lambda **more: Hall(stage, scripted, **more)


# -- for a while only -------------------------------------------------------------------------------------------------


def test_what_is_shown_may_be_shown_for_ten_seconds_and_is_renewed_without_a_new_scene(new_hall) -> None:
    room = new_hall()

    async def act():
        shown, left = len(room.screen.scenes), []
        for _ in range(60):
            await room.seen(1)
            left.append(room.screen.left_s)
        assert len(room.screen.scenes) == shown, "a renewal is no new scene: fades and layouts go on"
        assert 20 <= room.screen.renewals <= 40
        assert min(left) > 6
        assert max(left) <= LEASE_NS / NS_PER_S == 10

    room.play(act)


def test_of_a_room_that_does_not_go_on_the_wall_shows_nothing_ten_seconds_later(new_hall) -> None:
    room = new_hall()

    async def act():
        await room.seen(5)
        room.running.cancel()  # as a centre that hangs, or is gone
        until_ns = room.screen.until_ns
        await room.seen(20)
        assert room.screen.until_ns == until_ns < room.now_ns

    room.play(act)


def test_a_journal_that_hangs_keeps_new_pictures_off_the_wall_and_takes_none_from_it(new_hall) -> None:
    room = new_hall()
    asked = asyncio.Event()

    async def act():
        await room.seen(5)
        record = room.stage.journal.record

        async def hangs(entry):
            await asked.wait()
            return await record(entry)

        room.stage.journal.record = hangs
        try:
            up = dict(room.screen.up)
            room.room.hear(CameraRequested(SlotId("tile-2"), CAMERAS[4], "agent-1"))
            await room.seen(30)
            assert room.screen.left_s > 5, "a slow journal blanks nothing"
            assert set(room.screen.up.values()) <= set(up.values())
            room.terms = {ORVAL: PaperTerms(watched=False)}
            room.papers.state(room.text())
            await room.seen(3)
            assert room.screen.up == {}, "what may not be seen waits for no journal"
        finally:
            asked.set()

    room.play(act)
    assert [t.where for t in room.stage.told(Trouble)].count("wall") == 1


# -- by files, on several machines ------------------------------------------------------------------------------------


def wall_text(*, host="localhost"):
    panels = [
        {
            "panel": f"p{n}",
            "rect_mm": [n * 660, 0, 660, 380],
            "px": [640, 360],
            "bezel_mm": [10] * 4,
            "node": f"mur-{n}",
        }
        for n in (0, 1)
    ]
    return {"wall": "petit", "panels": panels, "nodes": [{"node": f"mur-{n}", "host": host} for n in (0, 1)]}


def scene_text(name, *tiles, **more):
    spots = [{"tile": "alarme", "rect": [0.8, 0.7, 0.2, 0.3], "anchor": "panel:p1", "slot": {"rule": "alarm_spot"}}]
    return {"scene": name, "name": name.title(), "tiles": [*spots, *tiles], "overlays": [{"kind": "label"}], **more}


def tile(name, panel, camera, left=0.0):
    return {"tile": name, "rect": [left, 0, 0.4, 0.4], "anchor": f"panel:{panel}", "camera": camera}


SCENES = [
    scene_text("jour", tile("gauche", "p0", CAMERAS[0]), tile("droite", "p1", CAMERAS[1])),
    scene_text("seul", tile("gauche", "p0", CAMERAS[2])),
    scene_text("marche", tile("gauche", "p0", CAMERAS[3]), tile("place", "p0", CAMERAS[5], 0.5)),
]


def files(directory, scenes=SCENES, programmes=None, wall=None):
    """Written as YAML."""
    written = []
    told = programmes or {"base": "jour", "degraded": "seul"}
    for name, each in [("mur", wall or wall_text()), *((s["scene"], s) for s in scenes), ("semaine", told)]:
        written.append(directory / f"{name}.yaml")
        written[-1].write_text(yaml.safe_dump(each, allow_unicode=True))
    return WallSettings(WallFiles(written[0], tuple(written[1:-1]), written[-1]))


def test_a_wall_by_files_shows_each_machine_its_part_of_the_scene_that_is_due(new_hall, tmp_path, stage) -> None:
    paris = datetime.fromtimestamp(stage.clock.now_ns() / NS_PER_S, UTC) + timedelta(hours=1)  # November
    weekly = {"programme": "marche", "scene": "marche", "days": [f"{paris:%a}".lower()]}
    weekly |= {"from": f"{paris + timedelta(minutes=2):%H:%M}", "to": f"{paris + timedelta(minutes=4):%H:%M}"}
    settings = files(tmp_path, programmes={"base": "jour", "degraded": "seul", "weekly": [weekly]})
    room = new_hall(plan=lambda records: planned_wall(settings, records))
    left, right = room.screens[WallNodeId("mur-0")], room.screens[WallNodeId("mur-1")]

    async def act():
        assert (left.up, right.up) == ({"gauche": CAMERAS[0]}, {"droite": CAMERAS[1]})
        assert left.scenes[-1].pieces[0].label == "001 · n1 1"
        assert room.room.scene("jour").tiles == room.room._planned.scenes["jour"].tiles
        await room.seen(180)
        assert (left.up, right.up) == ({"gauche": CAMERAS[3], "place": CAMERAS[5]}, {})
        await room.seen(120)
        assert (left.up, right.up) == ({"gauche": CAMERAS[0]}, {"droite": CAMERAS[1]})
        room.centre.leave_post("agent-2", urgent_reason="malaise")
        await room.seen(3, AGENTS[:1])
        assert (left.up, right.up) == ({"gauche": CAMERAS[2]}, {})

    room.play(act)
    causes = [(event.scene, event.cause.kind) for event in room.stage.told(SceneChanged)]
    assert causes == [
        ("jour", CauseKind.RULE),
        ("marche", CauseKind.PROGRAMME),
        ("jour", CauseKind.RULE),
        ("seul", CauseKind.SHORT_WATCH),
    ]


def test_a_machine_that_does_not_answer_keeps_no_other_waiting(new_hall, tmp_path) -> None:
    settings = files(tmp_path)
    room = new_hall(plan=lambda records: planned_wall(settings, records))
    left, right = room.screens.values()

    async def act():
        await room.seen(5)
        left.hangs = asyncio.Event()
        await room.seen(30)
        assert right.left_s > 4
        assert left.left_s < 0
        left.hangs.set()
        left.hangs = None
        await room.seen(5)
        assert left.left_s > 4

    room.play(act)
    assert [t.where for t in room.stage.told(Trouble)].count("wall") == 1


@pytest.mark.parametrize(
    ("broken", "where", "what"),
    [
        ({"scenes": [*SCENES[:2], scene_text("marche", tile("x", "p0", "cam-0099"))]}, "marche.yaml:", "cam-0099"),
        ({"programmes": {"base": "jour", "degraded": "nuit"}}, "semaine.yaml:", "nuit"),
        ({"wall": wall_text() | {"nodes": [{"node": "mur-0"}]}}, "mur.yaml:", "mur-1"),
    ],
)
def test_what_a_wall_cannot_show_is_told_with_file_and_line_before_it_is_hung(new_hall, tmp_path, broken, where, what):
    settings = files(tmp_path, **broken)
    records = [status.record for status in new_hall().centre.board.all()]
    with pytest.raises(BadInput) as told:
        planned_wall(settings, records)
    assert where in told.value.trouble.where
    assert told.value.trouble.where.rsplit(":", 2)[1].isdigit(), "line and column"
    assert what in str(told.value)


# -- who may see ------------------------------------------------------------------------------------------------------


def by_papers(communes_of):
    """`WallViewers` over people designated for these communes."""

    def viewers(hall):
        since = datetime.fromtimestamp(hall.now_ns / NS_PER_S, UTC).date() - timedelta(days=1)
        people = {who: demonstration_operator(who, communes, since) for who, communes in communes_of.items()}
        return WallViewers(hall.papers, people.get).may_view

    return viewers


def test_what_one_of_those_before_the_wall_may_not_see_is_on_no_scene_of_it(new_hall) -> None:
    """However it came up: base, request, spot, agreed scene; and from his arrival to his leaving."""
    plappe = {5: PLAPPE, 6: PLAPPE}
    scopes = {"agent-1": {ORVAL, PLAPPE}, "agent-2": {ORVAL, PLAPPE}, "voisin": {ORVAL}}
    room = new_hall(communes=plappe, viewers=by_papers(scopes))

    async def act():
        assert set(room.screen.up.values()) == set(CAMERAS)
        room.room.hear(CameraRequested(SlotId("tile-1"), CAMERAS[5], "agent-1"))
        room.room.signal("foule-1", CAMERAS[4])
        await room.seen(15)
        assert set(room.screen.up.values()) >= set(CAMERAS[4:])
        room.centre.take_post("voisin")
        await room.seen(2, (*AGENTS, "voisin"))
        assert set(room.screen.up.values()) == set(CAMERAS[:4])
        with pytest.raises(WallRequestRefused):
            room.room.hear(CameraRequested(SlotId("tile-2"), CAMERAS[4], "voisin"))
        room.centre.leave_post("voisin")
        await room.seen(15)
        assert set(room.screen.up.values()) == set(CAMERAS[1:]), "the request stands again"
        for person in AGENTS:
            room.centre.leave_post(person, urgent_reason="malaise")
        room.centre.take_post("voisin")
        await room.seen(50, ("voisin",))
        assert room.room.director.scene == AGREED
        assert set(room.screen.up.values()) <= set(CAMERAS[:4])

    room.play(act)


def test_before_somebody_nobody_knows_the_wall_shows_nothing(new_hall) -> None:
    room = new_hall(viewers=by_papers({"agent-1": {ORVAL}}))

    async def act():
        assert room.screen.up == {}
        room.centre.leave_post("agent-2", urgent_reason="relève")
        await room.seen(15, AGENTS[:1])
        assert set(room.screen.up.values()) <= set(CAMERAS)
        assert room.screen.up

    room.play(act)


def test_a_person_s_papers_are_asked_again_each_minute_and_when_papers_change(new_hall) -> None:
    room = new_hall()
    people = {"a": demonstration_operator("a", {ORVAL}, date(2026, 11, 1))}
    viewers = WallViewers(room.papers, people.get)
    assert viewers.may_view("a", CAMERAS[0], room.now_ns)
    people.clear()
    assert viewers.may_view("a", CAMERAS[0], room.now_ns + NS_PER_MINUTE - 1)
    assert not viewers.may_view("a", CAMERAS[0], room.now_ns + NS_PER_MINUTE)
    people["a"] = demonstration_operator("a", {ORVAL}, date(2026, 11, 1))
    room.papers.state(room.text())
    assert viewers.may_view("a", CAMERAS[0], room.now_ns + NS_PER_MINUTE)


def test_a_commune_of_storage_only_comes_up_in_no_scene_by_no_way(new_hall) -> None:
    room = new_hall(communes={5: PLAPPE, 6: PLAPPE}, terms={PLAPPE: PaperTerms(watched=False)})

    async def act():
        assert set(room.screen.up.values()) == set(CAMERAS[:4])
        for slot in ("tile-1", "tile-5"):
            with pytest.raises(WallRequestRefused):
                room.room.hear(CameraRequested(SlotId(slot), CAMERAS[4], "agent-1", is_chief=True))
        room.room.signal("foule-1", CAMERAS[5])
        room.room.begin_tour(GuardTour("ronde", (CAMERAS[4], CAMERAS[0]), 5 * NS_PER_S), SlotId("tile-2"), "agent-1")
        await room.seen(20)
        for person in AGENTS:
            room.centre.leave_post(person, urgent_reason="malaise")
        await room.seen(5, ())

    room.play(act)
    shown = {piece.camera for scene in room.screen.scenes for piece in scene.pieces}
    assert shown <= {None, *CAMERAS[:4]}
    (report,) = room.stage.told(TourReport)
    assert list(report.not_seen) == [CAMERAS[4]]


# -- rounds and signals -----------------------------------------------------------------------------------------------


def test_a_guard_tour_brings_each_camera_up_in_its_turn_and_reports_what_was_seen(new_hall) -> None:
    room = new_hall()
    tour, slot = GuardTour("ronde-1", (CAMERAS[3], CAMERAS[4], CAMERAS[5]), 12 * NS_PER_S), SlotId("tile-1")

    async def act():
        await room.seen(12)
        room.room.begin_tour(tour, slot, "agent-1")
        with pytest.raises(WallRequestRefused):
            room.room.begin_tour(tour, SlotId("tile-2"), "agent-1")
        looked = []
        for _ in range(40):
            await room.seen(1)
            looked.append(room.room.director.tiles[slot].camera)
        assert list(dict.fromkeys(looked)) == [*tour.cameras, CAMERAS[0]], "and the slot is back to its rule"

    room.play(act)
    (report,) = room.stage.told(TourReport)
    assert (report.tour, report.person, report.completed) == ("ronde-1", "agent-1", True)
    assert list(report.seen_ns) == list(tour.cameras)
    assert all(11 <= lasted / NS_PER_S <= 13 for lasted in report.seen_ns.values())
    causes = {event.cause for event in room.stage.told(TileChanged) if event.slot == slot}
    assert {(cause.kind, cause.ref) for cause in causes} >= {(CauseKind.GUARD_TOUR, "ronde-1")}


@pytest.mark.parametrize("how", ["he leaves", "he breaks it off", "another scene"])
def test_a_tour_that_is_broken_off_says_what_was_not_seen(new_hall, how) -> None:
    room = new_hall()
    tour = GuardTour("ronde-1", (CAMERAS[3], CAMERAS[4]), 20 * NS_PER_S)

    async def act():
        await room.seen(12)
        room.room.begin_tour(tour, SlotId("tile-1"), "agent-1")
        await room.seen(6)
        if how == "he breaks it off":
            room.room.end_tour("agent-1")
        else:
            who = "agent-1" if how == "he leaves" else "agent-2"
            room.centre.leave_post(who, urgent_reason="malaise")
        await room.seen(3, ())

    room.play(act)
    (report,) = room.stage.told(TourReport)
    assert not report.completed
    assert list(report.seen_ns) == [CAMERAS[3]]
    assert list(report.not_seen) == [CAMERAS[4]]


def test_a_signal_is_shown_for_a_person_to_judge_and_calls_nobody(new_hall) -> None:
    room = new_hall()

    async def act():
        await room.seen(12)
        room.room.signal("foule-7", CAMERAS[2])
        await room.seen(2)
        spot = next(p for p in room.screen.scenes[-1].pieces if p.camera == CAMERAS[2])
        assert spot.label.startswith("À QUALIFIER · 003")
        assert not room.screen.scenes[-1].overlays[1:], "no alarm's border"
        assert (room.centre.desk.unfinished(), room.centre.calls_waiting) == ([], [])
        room.room.end_signal("foule-7")
        await room.seen(12)
        assert not [p for p in room.screen.scenes[-1].pieces if p.label.startswith("À QUALIFIER")]

    before = len(room.stage.events)
    room.play(act)
    kinds = {type(event).__name__ for event in room.stage.events[before:]}
    assert not kinds & {"AlarmRaised", "CallSent", "PtzCommand", "CameraMoved"}
    (shown,) = {(e.camera, e.cause.ref) for e in room.stage.told(TileChanged) if e.cause.kind is CauseKind.SIGNAL}
    assert shown == (CAMERAS[2], "foule-7")


# -- what was looked at -----------------------------------------------------------------------------------------------


def test_what_was_live_on_the_wall_is_counted_and_kept_over_a_restart(new_hall, tmp_path, stage, scripted) -> None:
    file = SeenFile(tmp_path / "seen.json")
    room = new_hall(seen=WallSeen(CAMERAS, stage.clock.now_ns(), file))

    async def act():
        await room.seen(20)
        room.screen.hangs = asyncio.Event()
        await room.seen(40)  # nobody knows what is up
        room.screen.hangs.set()

    room.play(act)
    counted = room.room.coverage().so_far(room.now_ns)
    assert counted.not_seen == ()
    assert all(15 <= lasted / NS_PER_S <= 35 for lasted in counted.live_ns.values())
    again = Hall(stage, scripted, seen=WallSeen(CAMERAS, stage.clock.now_ns(), file, file.load()))

    async def more():
        await again.seen(10)

    again.play(more)
    after = again.room.coverage().so_far(again.now_ns)
    assert after.begun_ns == counted.begun_ns
    assert all(after.live_ns[c] >= counted.live_ns[c] + 5 * NS_PER_S for c in CAMERAS)


def test_a_shift_ends_and_what_it_came_to_is_told(new_hall, stage) -> None:
    at_ns = stage.clock.now_ns()
    roster = Roster()
    shifts = [
        Shift("matin", Span(at_ns - NS_PER_MINUTE, at_ns + 20 * NS_PER_MINUTE), ("a", "b")),
        Shift("soir", Span(at_ns + NS_PER_MINUTE, at_ns + NS_PER_DAY), ("c", "d")),
    ]
    roster.set(shifts, Span(at_ns - NS_PER_MINUTE, at_ns + 60 * NS_PER_MINUTE))
    room = new_hall(seen=WallSeen(CAMERAS, at_ns, roster=roster))

    async def act():
        await room.seen(100)

    room.play(act)
    (told,) = stage.told(ShiftCoverage)
    assert (told.begun_ns, told.ended_ns) == (at_ns - NS_PER_MINUTE, at_ns + NS_PER_MINUTE)
    assert set(told.live_ns) == set(CAMERAS)


@pytest.mark.parametrize(
    ("utc", "began"),
    [
        ("2026-12-05T04:59:59", "2026-12-04T21:00:00"),
        ("2026-12-05T05:00:00", "2026-12-05T05:00:00"),
        ("2026-12-05T20:59:59", "2026-12-05T13:00:00"),
        ("2026-07-05T20:00:00", "2026-07-05T20:00:00"),
    ],
)
def test_without_a_roster_shifts_begin_at_six_fourteen_and_twenty_two_in_paris(utc, began) -> None:
    def ns(text):
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * NS_PER_S

    assert shift_began(ns(utc)) == ns(began)


def test_a_file_that_cannot_be_read_is_no_coverage(tmp_path) -> None:
    file = SeenFile(tmp_path / "seen.json")
    assert file.load() is None
    (tmp_path / "seen.json").write_text('{"since_ns": 1}')
    with pytest.raises(CoverageNotKept):
        file.load()


def test_an_event_of_a_plan_is_up_while_it_lasts(new_hall, stage) -> None:
    span = Span(stage.clock.now_ns() + 30 * NS_PER_S, stage.clock.now_ns() + 90 * NS_PER_S)

    def plan(records):
        default = default_wall(records, 1280, 720)
        return PlannedWall(default.wall, default.plan, programmes=(Programme("marché", EVENT, span),))

    room = new_hall(plan=plan)

    async def act():
        scenes = []
        for _ in range(12):
            await room.seen(10)
            scenes.append(room.room.director.scene)
        assert list(dict.fromkeys(scenes)) == [BASE, EVENT]
        assert scenes[-1] == BASE
        assert room.screen.scenes[-1].overlays[0].text == "6 caméras"

    room.play(act)


@pytest.mark.requirement("OPS-5")
def test_the_wall_follows_a_demonstration_finds_back_and_asks_why_somebody_is_followed_closely(new_hall, stage) -> None:
    """Overview first; each change journaled with its cause before it is seen; rights and masks as before on each."""
    at_ns = stage.clock.now_ns()
    span = Span(at_ns + 30 * NS_PER_S, at_ns + 240 * NS_PER_S)
    route = even_route(CAMERAS[1:3], at_ns + 60 * NS_PER_S, 40 * NS_PER_S, 30 * NS_PER_S)
    march = Programme("manif", EVENT, span, 20, route, CAMERAS[4:])

    def plan(records):
        return replace(default_wall(records, 1280, 720), programmes=(march,))

    room = new_hall(plan=plan, communes={6: PLAPPE}, terms={PLAPPE: PaperTerms(watched=False)})
    head, close = SlotId("route_head"), SlotId("agreed-0")

    async def act():
        await room.seen(35)
        tiles = room.room.director.tiles
        assert room.room.director.scene == EVENT
        assert (tiles[head].camera, tiles[close].cause.kind) == (None, CauseKind.RULE), "an overview, nobody followed"
        followed = []
        for _ in range(110):
            await room.seen(1)
            followed.append(room.room.director.tiles[head].camera)
        assert [c for c in dict.fromkeys(followed) if c is not None] == CAMERAS[1:3]
        room.room.hear(CameraRequested(close, CAMERAS[3], "agent-1", is_close=True))
        await room.seen(5)
        (asked,) = room.stage.told(ReasonAsked)
        assert (asked.person, asked.camera) == ("agent-1", CAMERAS[3])
        await room.seen(57)
        assert room.room.director.scene == EVENT
        assert room.room.director.tiles[close].cause.kind is not CauseKind.REQUEST, "60 s without a reason"
        await room.seen(60)
        assert room.room.director.scene == BASE
        with pytest.raises(WallRequestRefused):
            room.room.hear(CameraRequested(SlotId("tile-1"), CAMERAS[3], "agent-2", is_close=True))
        why = "malaise d'une personne"
        room.room.hear(CameraRequested(SlotId("tile-1"), CAMERAS[3], "agent-2", is_close=True, reason=why))
        await room.seen(70)
        assert room.room.director.tiles[SlotId("tile-1")].camera == CAMERAS[3]

    room.play(act)
    entries = [entry for entry in room.stage.journal.entries if entry.operation is Operation.WALL_LAYOUT]
    assert entries[0].sha256 == plan([status.record for status in room.centre.board.all()]).sha256, "which version"
    causes = [entry.reference for entry in entries]
    assert causes.index("programme/manif") < causes.index("route/route_head/manif")
    changes = [e for e in room.stage.events if isinstance(e, SceneChanged | TileChanged)]
    assert len(entries) - 1 == len(changes)
    assert [e.scene for e in room.stage.told(SceneChanged)] == [BASE, EVENT, BASE], "and back"
    assert room.screen.journaled == sorted(room.screen.journaled)
    for scene, journaled in zip(room.screen.scenes, room.screen.journaled, strict=True):
        told = {span.camera for entry in room.stage.journal.entries[:journaled] for span in entry.data}
        up = {piece.camera for piece in scene.pieces} - {None}
        assert up <= told, "seen before it was journaled"
        assert CAMERAS[5] not in up, "the partition holds on every layout"
    assert not room.stage.told(MasksInForce)


def test_a_request_that_ends_gives_the_tile_back(new_hall) -> None:
    room = new_hall()

    async def act():
        await room.seen(12)
        room.room.hear(CameraRequested(SlotId("tile-1"), CAMERAS[3], "agent-1"))
        await room.seen(2)
        assert room.screen.up["tile-1"] == CAMERAS[3]
        room.room.hear(RequestEnded(SlotId("tile-1"), "agent-1"))
        await room.seen(12)
        assert room.screen.up["tile-1"] == CAMERAS[0]

    room.play(act)
