"""No sequence of deeds makes a record but one in which every condition held at every step (VVB-1 to VVB-6).

The oracle keeps by itself what is true (who watches what since when, which papers hold, which pictures are of now) and
says of each signature whether it may count. It knows nothing of how the desk decides.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from csu.governance import OffenceClass
from csu.hal.clock import NS_PER_S
from csu.operations.enforcement import TicketRefused, View
from tests.operations.enforcement.conftest import (
    AGENT,
    CAMERA,
    CORNERS,
    OTHER,
    WASTE_CAMERA,
    World,
    agent,
    facts,
    picture,
)

EXAMPLES = 40
OPERATOR = "i.bernard"
OFFENCES = {
    "red-light": ("driving", "road", 0),
    "stands-double": ("parking", "road", 60),
    "waste-by-vehicle": ("waste", "waste", 0),
    "speed": ("driving", "nothing", 0),
    "free-choice": ("nothing", "nothing", 0),
}
"""What the oracle knows of each: class of competence, purpose of the camera, seconds of standing."""
SERVES = {CAMERA: "road", OTHER: "road", WASTE_CAMERA: "waste"}


@dataclass
class Seen:
    """A draft as the oracle knows it."""

    camera: str
    session: str
    offence: str
    opened_ns: int
    captured: list[int] = field(default_factory=list)
    marked: bool = False
    stood_ns: int = 0


class Machine(RuleBasedStateMachine):
    """People, cameras, papers and time, in any order."""

    made = 0
    """Records in all runs."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(Path("nothing is written"))
        self.world.keep = lambda record, files: self.world.signed.append(record)  # type: ignore[method-assign]
        self.world.people[OPERATOR] = replace(agent(), person=OPERATOR, role=agent().role, swearing=None)
        self.sessions: dict[str, tuple[str, str]] = {}
        self.fresh: dict[str, tuple[str, int, bool]] = {}
        self.seen: dict[str, Seen] = {}
        self.sworn = {"driving", "parking", "waste"}
        self.designated = {CAMERA, WASTE_CAMERA}
        self.lawful = 0

    # -- what changes -------------------------------------------------------------------------------------------------

    @rule(who=st.sampled_from([AGENT, OPERATOR]), camera=st.sampled_from(list(SERVES)))
    def watch(self, who: str, camera: str) -> None:
        session = self.world.desk.begin(who, camera, self.world.now_ns).session
        self.sessions[session] = (who, camera)

    @rule(data=st.data())
    def leave(self, data) -> None:
        if self.sessions:
            gone = data.draw(st.sampled_from([*self.sessions, *([next(reversed(self.sessions))] * 5)]))
            self.world.desk.end(gone)
            del self.sessions[gone]

    @rule(
        data=st.data(),
        age_s=st.sampled_from([0, 1, 59, 60, 61, 3600]),
        hidden=st.sampled_from([False, False, False, True]),
        elsewhere=st.sampled_from([False, False, False, True]),
    )
    def a_picture(self, data, age_s: int, hidden: bool, elsewhere: bool) -> None:
        if self.sessions:
            session = data.draw(st.sampled_from(sorted(self.sessions)))
            camera = OTHER if elsewhere else self.sessions[session][1]
            captured = self.world.now_ns - age_s * NS_PER_S
            self.world.shown[session] = picture(camera, captured, hidden=hidden)
            self.fresh[session] = (camera, captured, hidden)

    @rule(seconds=st.sampled_from([1, 5, 30, 61, 300]))
    def time_goes_on(self, seconds: int) -> None:
        self.world.wait(seconds)

    @rule(kind=st.sampled_from(["driving", "parking", "waste"]))
    def the_oath(self, kind: str) -> None:
        self.sworn ^= {kind}
        held = replace(agent().swearing, classes=frozenset(OffenceClass(each) for each in self.sworn))
        self.world.people[AGENT] = replace(agent(), swearing=held)

    @rule(camera=st.sampled_from([CAMERA, WASTE_CAMERA]))
    def the_camera(self, camera: str) -> None:
        self.designated ^= {camera}
        held = tuple(each for each in facts().ticketing if each.camera in self.designated)
        self.world.facts = replace(facts(), ticketing=held)

    # -- what is tried ------------------------------------------------------------------------------------------------

    def lawful_here(self, who: str, camera: str, offence: str) -> bool:
        kind, purpose, _ = OFFENCES[offence]
        return who == AGENT and kind in self.sworn and camera in self.designated and SERVES.get(camera) == purpose

    def shows_now(self, session: str) -> int | None:
        """When what that session shows was captured, if it is live, of its camera, and not hidden."""
        if session not in self.sessions or session not in self.fresh:
            return None
        camera, captured, hidden = self.fresh[session]
        is_now = self.world.now_ns - captured <= 60 * NS_PER_S
        return captured if is_now and not hidden and camera == self.sessions[session][1] else None

    @rule(data=st.data(), who=st.sampled_from([AGENT, AGENT, OPERATOR]), offence=st.sampled_from(list(OFFENCES)))
    def open_one(self, data, who: str, offence: str) -> None:
        self._open(who, data.draw(st.sampled_from([*sorted(self.sessions), "live-9999"])), offence)

    def _open(self, who: str, session: str, offence: str) -> None:
        try:
            draft = self.world.desk.open(who, session, offence, self.world.now_ns)
        except TicketRefused:
            return
        assert self.sessions[session][0] == who
        camera, captured = self.sessions[session][1], self.shows_now(session)
        assert captured is not None
        assert self.lawful_here(who, camera, offence)
        self.seen[draft.draft] = Seen(camera, session, offence, self.world.now_ns, [captured])

    def _draft(self, data) -> str:
        return data.draw(st.sampled_from([*sorted(self.seen), "draft-9999"]))

    @rule(data=st.data(), who=st.sampled_from([AGENT, AGENT, OPERATOR]), view=st.sampled_from(View))
    def take_one(self, data, who: str, view: View) -> None:
        self._take(who, self._draft(data), view)

    def _take(self, who: str, name: str, view: View) -> None:
        try:
            self.world.desk.take(who, name, view, self.world.now_ns)
        except TicketRefused:
            return
        self._took(who, name)

    @rule(data=st.data())
    def mark_it(self, data) -> None:
        self._mark(self._draft(data))

    def _mark(self, name: str) -> None:
        try:
            self.world.desk.mark(AGENT, name, CORNERS, self.world.now_ns)
        except TicketRefused:
            return
        self.seen[name].marked = True

    @rule(data=st.data())
    def stop_it(self, data) -> None:
        self._stop(self._draft(data))

    def _stop(self, name: str) -> None:
        try:
            self.world.desk.stop(AGENT, name, View.CLOSE, self.world.now_ns)
        except TicketRefused:
            return
        self._took(AGENT, name)
        seen = self.seen[name]
        assert seen.marked
        seen.stood_ns = seen.captured[-1] - seen.captured[0]

    def _took(self, who: str, name: str) -> None:
        seen = self.seen[name]
        captured = self.shows_now(seen.session)
        assert captured is not None, "a picture that is not of now, or of a session that is over"
        assert captured > seen.captured[-1]
        assert self.lawful_here(who, seen.camera, seen.offence)
        seen.captured.append(captured)

    @rule(data=st.data(), who=st.sampled_from([AGENT, AGENT, OPERATOR]), plate=st.sampled_from(["AB-123-CD", "", "?"]))
    def sign_one(self, data, who: str, plate: str) -> None:
        self._sign(who, self._draft(data), plate)

    def _sign(self, who: str, name: str, plate: str) -> None:
        before = len(self.world.signed)
        try:
            told = {"plate": plate, "country": "F", "place": "rue X"}
            record = self.world.desk.sign(who, name, **told, now_ns=self.world.now_ns)
        except TicketRefused:
            assert len(self.world.signed) == before
            return
        seen = self.seen.pop(name)
        assert self.lawful_here(who, seen.camera, seen.offence)
        assert 2 <= len(seen.captured) <= 3
        assert record.stills[0].view is View.CONTEXT
        assert [still.captured_at_ns for still in record.stills] == seen.captured
        assert self.world.now_ns - seen.opened_ns < 15 * 60 * NS_PER_S
        assert seen.stood_ns >= OFFENCES[seen.offence][2] * NS_PER_S
        assert plate == "AB-123-CD"
        self.lawful += 1
        Machine.made += 1

    # -- the right way, a step at a time: whatever else happens, happens between two of its steps ----------------------

    def _go_on(self, data) -> None:
        world, name = self.world, next(reversed(self.seen), None)
        is_over = name is not None and world.now_ns - self.seen[name].opened_ns > 20 * 60 * NS_PER_S
        goes_on_anyway = data.draw(st.sampled_from([True, True, True, False]))
        if name is None or is_over or (self.seen[name].session not in self.sessions and not goes_on_anyway):
            self._begin(data)
            return
        seen = self.seen[name]
        stands_s = OFFENCES[seen.offence][2]
        if stands_s and not seen.marked:
            self._mark(name)
        elif len(seen.captured) < 2 and self.fresh[seen.session][1] <= seen.captured[-1]:
            world.wait(max(2, stands_s + data.draw(st.sampled_from([-30, 1]))))
            self._show(data, seen.session, seen.camera)
        elif len(seen.captured) < 2 and stands_s:
            self._stop(name)
        elif len(seen.captured) < 2:
            self._take(AGENT, name, View.CLOSE)
        else:
            self._sign(AGENT, name, "AB-123-CD")

    def _begin(self, data) -> None:
        mine = [session for session, (who, _) in self.sessions.items() if who == AGENT]
        if not mine:
            camera = data.draw(st.sampled_from(list(SERVES)))
            mine = [self.world.desk.begin(AGENT, camera, self.world.now_ns).session]
            self.sessions[mine[0]] = (AGENT, camera)
        session = mine[-1]
        if session not in self.fresh or (self.shows_now(session) is None and data.draw(st.booleans())):
            self._show(data, session, self.sessions[session][1])
        else:
            self._open(AGENT, session, data.draw(st.sampled_from(list(OFFENCES))))

    def _show(self, data, session: str, camera: str) -> None:
        """Mostly one of now."""
        age_s = data.draw(st.sampled_from([0, 0, 0, 0, 61]))
        hidden = data.draw(st.sampled_from([False, False, False, False, True]))
        captured = self.world.now_ns - age_s * NS_PER_S
        self.world.shown[session] = picture(camera, captured, hidden=hidden)
        self.fresh[session] = (camera, captured, hidden)

    @rule(data=st.data())
    def go_on(self, data) -> None:
        self._go_on(data)

    @rule(data=st.data())
    def go_on_further(self, data) -> None:
        for _ in range(2):
            self._go_on(data)

    @rule(data=st.data())
    def go_on_far(self, data) -> None:
        for _ in range(5):
            self._go_on(data)

    @invariant()
    def every_record_is_one_that_the_oracle_saw(self) -> None:
        assert len(self.world.signed) == self.lawful


def run(steps: int = 30) -> None:
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        ),
    )


def test_nothing_but_the_whole_chain_of_conditions_makes_a_record():
    Machine.made = 0
    run()
    assert Machine.made >= 5, "the right way was hardly ever gone to its end"
