"""Whatever happens, in whatever order: what the wall director keeps to, by a machine that knows what it said.

Nothing forbidden is ever up, for none of those before the wall. No alarm is lost: each is on a tile or counted, and no
signal and no alarm of less haste has the spot that it could have. Tiles do not fight: changes are bounded by the minute
and by what happened. A lock keeps its camera, undo leaves alone what others said. When all is over the wall is back at
its programme within `BACK_NS`.
"""

from __future__ import annotations

from collections import Counter, deque

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.hal.errors import CsuError
from csu.wall import (
    AlarmEnded,
    AlarmsWaiting,
    CameraRequested,
    CauseKind,
    EventSignal,
    EventSignalEnded,
    HeadSeen,
    ProgrammeDropped,
    ReasonGiven,
    RequestEnded,
    SceneCalled,
    SignalHeard,
    SlotId,
    TileChanged,
    TileLocked,
    TileUnlocked,
    UndoAsked,
    ViewersHeard,
    WallDecision,
    WatchHeard,
)
from csu.wall.directing.programme import DWELL_NS_MIN
from csu.wall.directing.scenes import SCENE_DWELL_NS
from csu.wall.directing.sight import STEADY_NS
from csu.wall.directing.wishes import LOCK_NS_MAX
from tests.wall.director_builders import Wall, cam, cams

BACK_NS = LOCK_NS_MAX + SCENE_DWELL_NS + STEADY_NS + DWELL_NS_MIN
"""Locks last longest of what people ask; then the agreed scene, a signal and a tile are left their time."""
GOES_ROUND = ("tour", "around")
SPOTS = ("spot", "spot 2")
OWED_NS_MAX = DWELL_NS_MIN + 2 * NS_PER_S
"""Whose right came back may wait for a tile that has just changed; nobody else waits for a spot that could be his."""

cameras = st.sampled_from(cams(*range(1, 13), *range(20, 24), 30, 31))
places = st.integers(0, 4)
"""Of a slot among those that are up."""
people = st.sampled_from(["anne", "paul", "zoe"])
alarms = st.integers(0, 6).map(lambda number: f"p/{number}")
signals = st.integers(0, 4).map(lambda number: f"s/{number}")


class WallMachine(RuleBasedStateMachine):
    """Says things to a wall and looks at it."""

    @initialize()
    def begin(self) -> None:
        self.wall = Wall()
        self.open: dict[str, tuple[int, tuple[CameraId, ...]]] = {}
        """Of each its priority and cameras."""
        self.owed: dict[str, int] = {}
        self.rights_ns = 0
        self.said: set[str] = set()
        """Who was heard with something that can be taken back."""
        self.locks: dict[tuple[str, SlotId], tuple[str, CameraId, int]] = {}
        self.queued = 0
        self.close: dict[SlotId, tuple[CameraId, int]] = {}
        self.changes: dict[SlotId, deque[int]] = {}
        self.happened: deque[int] = deque()

    def tell(self, told: object) -> bool:
        self.happened.append(self.wall.now_ns)
        try:
            decided = self.wall.hear(told)
        except CsuError:
            return False
        self.said.add(getattr(told, "person", ""))
        self.see(decided)
        return True

    def see(self, decided: list[WallDecision]) -> None:
        for each in decided:
            if isinstance(each, AlarmsWaiting):
                self.queued = each.queued + each.without_camera
            elif isinstance(each, TileChanged) and each.camera != each.was:
                self.changes.setdefault(each.slot, deque()).append(each.at_ns)
        self.look()

    def slot(self, place: int) -> SlotId:
        up = sorted(self.wall.director.tiles)
        return up[place % len(up)]

    def pass_time(self, seconds: int) -> None:
        for _ in range(seconds):
            self.see(self.wall.after(1))

    # -- what may happen ----------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 1, 3, 11, 31]))
    def wait(self, seconds: int) -> None:
        self.pass_time(seconds)

    @rule(name=alarms, priority=st.integers(1, 4), near=st.lists(cameras, max_size=3, unique=True))
    def alarm_opens(self, name: str, priority: int, near: list[CameraId]) -> None:
        numbers = [int(camera[4:]) for camera in near]
        self.happened.append(self.wall.now_ns)
        self.open.setdefault(name, (priority, tuple(near)))
        self.see(self.wall.alarm(name, priority, *numbers))

    @rule(name=alarms)
    def alarm_ends(self, name: str) -> None:
        self.open.pop(name, None)
        self.tell(AlarmEnded(name))

    @rule(name=signals, camera=cameras, ends=st.booleans())
    def signal(self, name: str, camera: CameraId, ends: bool) -> None:
        self.tell(EventSignalEnded(name) if ends else EventSignal(name, camera))

    @rule(place=places, camera=cameras, person=people, chief=st.booleans(), close=st.booleans(), tour=st.booleans())
    def request(self, place: int, camera: CameraId, person: str, chief: bool, close: bool, tour: bool) -> None:
        slot = self.slot(place)
        self.tell_of(
            slot, CameraRequested(slot, camera, person, chief, close, "", "night" if tour and not close else "")
        )

    @rule(place=places, person=people, what=st.sampled_from(["reason", "end", "lock", "unlock"]))
    def of_a_slot(self, place: int, person: str, what: str) -> None:
        slot, until_ns = self.slot(place), self.wall.now_ns + 90 * NS_PER_S
        said = {
            "reason": ReasonGiven(slot, person, "a fight"),
            "end": RequestEnded(slot, person),
            "lock": TileLocked(slot, person, until_ns, person == "zoe"),
            "unlock": TileUnlocked(slot, person, person == "zoe"),
        }
        scene, camera = self.wall.director.scene, self.wall.up(slot)
        if what not in ("lock", "unlock"):
            self.tell(said[what])
        elif self.tell_of(slot, said[what]) and what == "lock" and camera is not None:
            self.locks[scene, slot] = (person, camera, until_ns)

    def tell_of(self, slot: SlotId, told: object) -> bool:
        """Something that ends the slot's lock, when it is heard."""
        at = self.wall.director.scene, slot
        lock = self.locks.pop(at, None)
        is_heard = self.tell(told)
        if not is_heard and lock is not None:
            self.locks[at] = lock
        return is_heard

    @rule(person=people)
    def undo(self, person: str) -> None:
        """Of one's own last step; what others said stands as it stood."""
        director, scene = self.wall.director, self.wall.director.scene
        theirs = {each: by for each in director.tiles if (by := director.request(each)) and by.person != person}
        self.locks = {at: lock for at, lock in self.locks.items() if lock[0] != person}
        has_said = person in self.said
        if self.tell(UndoAsked(person)) and director.scene == scene:
            assert has_said
            assert {each: director.request(each) for each in theirs} == theirs

    @rule(scene=st.sampled_from(["", "march", "agreed"]))
    def call(self, scene: str) -> None:
        self.tell(SceneCalled(scene, "zoe"))

    @rule(lasts_s=st.sampled_from([30, 300]), in_s=st.sampled_from([0, 0, 20]))
    def march_comes(self, lasts_s: int, in_s: int) -> None:
        self.happened.append(self.wall.now_ns)
        self.said.add("zoe")
        self.see(self.wall.march(lasts_s=lasts_s, in_s=in_s, person="zoe"))

    @rule(camera=cameras, drops=st.booleans())
    def march_is_seen_or_dropped(self, camera: CameraId, drops: bool) -> None:
        self.tell(ProgrammeDropped("march", "zoe") if drops else HeadSeen("march", camera, "anne"))

    @rule(camera=cameras, has=st.booleans())
    def picture(self, camera: CameraId, has: bool) -> None:
        self.tell(SignalHeard(camera, has))

    @rule(short=st.booleans(), before=st.frozensets(people, max_size=3))
    def watch(self, short: bool, before: frozenset[str]) -> None:
        self.rights_ns = self.wall.now_ns
        self.tell(ViewersHeard(before))
        self.tell(WatchHeard(short))

    @rule(gone=st.sets(cameras, max_size=4), apart=st.sets(st.tuples(people, cameras), max_size=3))
    def rights_change(self, gone: set[CameraId], apart: set[tuple[str, CameraId]]) -> None:
        self.happened.append(self.wall.now_ns)
        self.rights_ns = self.wall.now_ns
        self.wall.forbidden, self.wall.blind = gone, apart
        self.see(self.wall.director.tick(self.wall.now_ns))

    # -- what must hold -----------------------------------------------------------------------------------------------

    def look(self) -> None:
        director = self.wall.director
        up = {tile.camera for tile in director.tiles.values()} - {None}
        assert not up & self.wall.forbidden
        assert not {(person, camera) for person in director.viewers for camera in up} & self.wall.blind
        shown = {tile.cause.ref for tile in director.tiles.values() if tile.cause.kind is CauseKind.ALARM}
        assert self.queued == director.alarms_waiting == len(self.open.keys() - shown)  # and it was told
        self.look_at_spots(shown)
        self.look_at_locks()
        self.look_at_close_following()

    def may(self, camera: CameraId) -> bool:
        apart = {(person, camera) for person in self.wall.director.viewers} & self.wall.blind
        return camera not in self.wall.forbidden and not apart

    def look_at_spots(self, shown: set[str]) -> None:
        """Each spot is held by an alarm of at least the haste of any that waits, and could be shown."""
        director, owed = self.wall.director, {}
        held = [director.tiles[SlotId(name)].cause for name in SPOTS if name in director.tiles]
        haste = [self.open[by.ref][0] if by.kind is CauseKind.ALARM and by.ref in self.open else 9 for by in held]
        for name, (priority, near) in self.open.items():
            if name not in shown and any(map(self.may, near)) and max(haste) > priority:
                owed[name] = self.owed.get(name, self.wall.now_ns)
                assert self.wall.now_ns - max(owed[name], self.rights_ns) <= OWED_NS_MAX, name
                assert self.rights_ns > self.wall.now_ns - OWED_NS_MAX, name
        self.owed = owed

    def look_at_locks(self) -> None:
        """It shows what it was locked with, until the lock ends, or until that may not be shown."""
        director, now_ns = self.wall.director, self.wall.now_ns
        self.locks = {at: lock for at, lock in self.locks.items() if now_ns < lock[2] and self.may(lock[1])}
        for (scene, slot), (_, camera, _) in self.locks.items():
            assert scene != director.scene or director.tiles[slot].camera == camera, slot

    def look_at_close_following(self) -> None:
        director, now_ns = self.wall.director, self.wall.now_ns
        followed = {}
        for slot, tile in director.tiles.items():
            wish = director.request(slot)
            if wish is not None and wish.is_close and not wish.reason and tile.cause.kind is CauseKind.REQUEST:
                before = self.close.get(slot)
                since_ns = before[1] if before is not None and before[0] == tile.camera else now_ns
                followed[slot] = (tile.camera, since_ns)
                assert now_ns - since_ns < NS_PER_MINUTE
        self.close = followed

    @invariant()
    def tiles_do_not_fight(self) -> None:
        """In the last minute: one change for each dwell, and two for whatever happened; in all as well."""
        from_ns = self.wall.now_ns - NS_PER_MINUTE
        for times in (self.happened, *self.changes.values()):
            while times and times[0] <= from_ns:
                times.popleft()
        most = 1 + NS_PER_MINUTE // DWELL_NS_MIN + 2 * len(self.happened)
        for slot, times in self.changes.items():
            assert len(times) <= most, slot
        assert sum(len(times) for times in self.changes.values()) <= 6 * most

    @rule()
    def nothing_happens_for_two_minutes(self) -> None:
        """Who goes round goes round; the rest changes for what ends by itself, and settles."""
        moved: Counter[SlotId] = Counter()
        self.pass_time(1)
        for _ in range(120):
            before = self.wall.director.tiles
            self.pass_time(1)
            after = self.wall.director.tiles
            moved.update(slot for slot in after if slot in before and after[slot].camera != before[slot].camera)
        settled = [slot for slot in moved if slot not in (*GOES_ROUND, "head", "tail")]
        assert all(moved[slot] <= 4 for slot in settled), moved

    def teardown(self) -> None:
        if not hasattr(self, "wall"):
            return
        self.wall.forbidden, self.wall.blind, self.rights_ns = set(), set(), self.wall.now_ns
        for name in sorted(self.open):
            self.alarm_ends(name)
        for number in range(5):
            self.tell(EventSignalEnded(f"s/{number}"))
        for camera in cams(*range(1, 32)):
            self.tell(SignalHeard(camera, True))
        self.tell(ViewersHeard(frozenset({"anne", "paul"})))
        self.tell(WatchHeard(False))
        ends_ns = self.wall.now_ns + BACK_NS
        self.wall.now_ns = ends_ns - NS_PER_MINUTE
        self.wall.after(60)
        self.look()
        assert self.wall.now_ns == ends_ns
        assert self.wall.director.scene == "base"
        now = {name: tile.camera for name, tile in self.wall.director.tiles.items() if name not in GOES_ROUND}
        fresh = {name: tile.camera for name, tile in Wall().director.tiles.items() if name not in GOES_ROUND}
        assert now == fresh


LIMITS = settings(
    max_examples=20,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
)


def test_whatever_happens_the_wall_keeps_its_word() -> None:
    run_state_machine_as_test(WallMachine, settings=LIMITS)


@pytest.mark.nightly
def test_whatever_happens_the_wall_keeps_its_word_at_length() -> None:
    run_state_machine_as_test(WallMachine, settings=settings(LIMITS, max_examples=150, stateful_step_count=50))


def test_the_machine_itself_says_what_it_means() -> None:
    """It opens alarms, forbids cameras, and goes back: each of its rules is one that a wall hears."""
    machine = WallMachine()
    machine.begin()
    machine.alarm_opens("p/0", 1, [cam(20)])
    machine.rights_change({cam(20)}, set())
    machine.tiles_do_not_fight()
    assert machine.wall.up("spot") is None
    assert machine.queued == 1
    machine.teardown()
