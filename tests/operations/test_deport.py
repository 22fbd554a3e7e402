"""Image deport: to one person, of a few cameras, for an incident, for a while; it ends by itself and stays ended."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.hal.words import Words
from csu.operations import (
    Deport,
    DeportAsked,
    DeportBook,
    DeportEnd,
    DeportNotKept,
    DeportRecipient,
    DeportRefused,
    DeportRule,
    DeportStep,
    DeportStore,
    DeportUnknown,
    Incident,
)
from csu.operations import deport as deport_values
from csu.operations.deport import CAMERAS_MAX, OPEN_MAX, TOTAL_NS_MAX
from csu.operations.deport_book import REMEMBERED_MAX

NOW_NS = 1_795_000_000 * NS_PER_S
MINUTES_MAX = 120
CAMERAS = tuple(CameraId(f"cam-{number:04d}") for number in range(1, 5))
FAR_NS = NOW_NS + 10**18


def recipient(account: str = "l.roth", until_ns: int = FAR_NS) -> DeportRecipient:
    return DeportRecipient(account, account.title(), "dipn-57", "hab-7", NOW_NS - 1, until_ns)


def asked(*cameras: str, **changes: object) -> DeportAsked:
    told = DeportAsked(
        Incident.VIOLENCE, tuple(map(CameraId, cameras)) or CAMERAS[:2], "rixe place d'Armes", alarm="panel-1/7"
    )
    return replace(told, **changes)


def book(*kept: Deport) -> DeportBook:
    return DeportBook(kept, minutes_max=MINUTES_MAX)


def proposed(there: DeportBook, name: str = "d-1", now_ns: int = NOW_NS, **told: object) -> Deport:
    whom = told.pop("whom", recipient())
    goes_on, closed = told.pop("goes_on", True), told.pop("closed", {})
    return there.start(name, asked(**told), whom, "chief", now_ns, goes_on=goes_on, closed=closed)


def opened(there: DeportBook, name: str = "d-1", now_ns: int = NOW_NS, **told: object) -> Deport:
    made = proposed(there, name, now_ns, **told)
    assert there.keep(made)
    return made


def on(deport: Deport) -> bool:
    return True


def tick(there: DeportBook, now_ns: int, goes_on=on, refusal=lambda deport, camera: "") -> list[Deport]:
    return there.tick(now_ns, goes_on, refusal)


def test_nothing_is_shown_before_it_is_kept_and_then_to_that_person_those_cameras_until_its_end() -> None:
    there = book()
    made = proposed(there)
    assert not there.shows("d-1", "l.roth", CAMERAS[0], NOW_NS)
    assert there.keep(made)
    assert made.until_ns == NOW_NS + 30 * NS_PER_MINUTE
    for account, camera, at_ns, shown in (
        ("l.roth", CAMERAS[0], NOW_NS, True),
        ("l.roth", CAMERAS[2], NOW_NS, False),
        ("m.weber", CAMERAS[0], NOW_NS, False),
        ("l.roth", CAMERAS[1], made.until_ns - 1, True),
        ("l.roth", CAMERAS[1], made.until_ns, False),
    ):
        assert there.shows("d-1", account, camera, at_ns) is shown


@pytest.mark.parametrize(
    ("told", "rule"),
    [
        ({"goes_on": False}, DeportRule.INCIDENT),
        ({"alarm": ""}, DeportRule.INCIDENT),
        ({"event": "main-courante/12"}, DeportRule.INCIDENT),
        ({"cameras": ()}, DeportRule.CAMERAS),
        ({"cameras": (CAMERAS[0], CAMERAS[0])}, DeportRule.CAMERAS),
        ({"cameras": tuple(CameraId(f"c{n}") for n in range(CAMERAS_MAX + 1))}, DeportRule.CAMERAS),
        ({"closed": {CAMERAS[1]: Words("non habilité", "not cleared")}}, DeportRule.CLOSED),
        ({"whom": recipient(until_ns=NOW_NS)}, DeportRule.RECIPIENT),
        ({"minutes": 0}, DeportRule.LONG),
        ({"minutes": MINUTES_MAX + 1}, DeportRule.LONG),
        ({"reason": "  "}, DeportRule.REASON),
        ({"reason": "voiture AB-123-CD"}, DeportRule.REASON),
        ({"reason": "x " * 200}, DeportRule.REASON),
    ],
)
def test_what_is_not_opened_is_refused_with_its_rule_and_nothing_is_shown(told, rule) -> None:
    there = book()
    with pytest.raises(DeportRefused) as error:
        proposed(there, **told)
    assert error.value.rule is rule
    assert error.value.trouble.what_to_do.fr
    assert there.all() == []


def test_a_permanent_one_is_refused_and_told_that_no_paper_says_so() -> None:
    with pytest.raises(DeportRefused) as error:
        proposed(book(), minutes=10**9)
    assert "permanent" in error.value.trouble.what_to_do.fr


def test_a_camera_is_not_opened_twice_to_one_person_and_so_many_are_open_at_most() -> None:
    there = book()
    opened(there)
    with pytest.raises(DeportRefused) as error:
        proposed(there, "d-2", alarm="", event="e-2")
    assert error.value.rule is DeportRule.TWICE
    opened(there, "d-2", whom=recipient("m.weber"))
    for number in range(3, OPEN_MAX + 1):
        opened(there, f"d-{number}", whom=recipient(f"r{number}"))
    with pytest.raises(DeportRefused) as error:
        proposed(there, "d-99", whom=recipient("r99"))
    assert error.value.rule is DeportRule.MANY


def test_it_ends_no_later_than_the_clearance() -> None:
    assert opened(book(), whom=recipient(until_ns=NOW_NS + 7)).until_ns == NOW_NS + 7


def test_it_is_prolonged_by_a_person_with_a_reason_each_a_new_line_and_not_without_end() -> None:
    there = book()
    first = opened(there)
    later_ns = NOW_NS + 20 * NS_PER_MINUTE
    with pytest.raises(DeportRefused):
        there.prolong("d-1", 30, "chief", " ", later_ns)
    longer = there.prolong("d-1", 30, "chief", "la rixe reprend", later_ns)
    assert there.deport("d-1") == first
    assert there.keep(longer)
    assert [line.step for line in longer.lines] == [DeportStep.STARTED, DeportStep.PROLONGED]
    assert there.shows("d-1", "l.roth", CAMERAS[0], later_ns + 30 * NS_PER_MINUTE - 1)
    for minutes in range(40, 12 * 60 - 120, 40):
        there.keep(there.prolong("d-1", MINUTES_MAX, "chief", "encore", NOW_NS + minutes * NS_PER_MINUTE))
    with pytest.raises(DeportRefused) as error:
        there.prolong("d-1", MINUTES_MAX, "chief", "encore", NOW_NS + TOTAL_NS_MAX - 100 * NS_PER_MINUTE)
    assert error.value.rule is DeportRule.LONG
    with pytest.raises(DeportUnknown):
        there.prolong("d-7", 30, "chief", "x", NOW_NS)


def test_what_ended_while_its_prolongation_was_written_stays_ended() -> None:
    there = book()
    opened(there)
    longer = there.prolong("d-1", 60, "chief", "encore", NOW_NS + 1)
    ended = there.stop("d-1", "chief", "", NOW_NS + 2)
    assert ended.last.why is DeportEnd.STOPPED
    assert not there.keep(longer)
    assert not there.keep(longer.with_line(ended.last))
    assert not there.shows("d-1", "l.roth", CAMERAS[0], NOW_NS + 3)
    assert there.stop("d-1", "chief", "", NOW_NS + 4) is None
    with pytest.raises(DeportRefused):
        there.prolong("d-1", 30, "chief", "encore", NOW_NS + 5)


def test_it_ends_by_time_by_its_incident_and_by_the_right_and_says_which() -> None:
    there = book()
    for name, whom in (("d-1", "a1"), ("d-2", "a2"), ("d-3", "a3")):
        opened(there, name, whom=recipient(whom), minutes=30 if name == "d-1" else 60)
    at_ns = NOW_NS + 40 * NS_PER_MINUTE
    changed = tick(
        there, at_ns, lambda each: each.deport != "d-2", lambda each, camera: "acc-4" if each.deport == "d-3" else ""
    )
    assert {each.deport: each.last.why for each in changed} == {
        "d-1": DeportEnd.TIME,
        "d-2": DeportEnd.INCIDENT_OVER,
        "d-3": DeportEnd.RIGHT,
    }
    assert {each.deport: each.last.at_ns for each in changed} == {
        "d-1": NOW_NS + 30 * NS_PER_MINUTE,  # nothing was shown after it, whenever somebody looked
        "d-2": at_ns,
        "d-3": at_ns,
    }
    assert changed[-1].last.reason == "acc-4"
    assert there.open() == []
    assert tick(there, at_ns + 1) == []


def test_a_camera_that_may_no_longer_be_shown_goes_and_the_others_stay() -> None:
    there = book()
    opened(there)
    (less,) = tick(there, NOW_NS + 1, refusal=lambda each, camera: "aut-1" if camera == CAMERAS[0] else "")
    assert (less.last.step, less.last.cameras, less.shown) == (DeportStep.WITHDRAWN, CAMERAS[:1], CAMERAS[1:2])
    assert not there.shows("d-1", "l.roth", CAMERAS[0], NOW_NS + 1)
    assert there.shows("d-1", "l.roth", CAMERAS[1], NOW_NS + 1)
    assert tick(there, NOW_NS + 2) == []  # allowed again: it stays out
    assert not there.shows("d-1", "l.roth", CAMERAS[0], NOW_NS + 2)


def test_a_clock_that_is_set_back_prolongs_nothing() -> None:
    there = book()
    made = opened(there)
    assert not there.shows("d-1", "l.roth", CAMERAS[0], made.until_ns)
    assert not there.shows("d-1", "l.roth", CAMERAS[0], NOW_NS)
    assert [each.last.why for each in tick(there, NOW_NS)] == [DeportEnd.TIME]


def test_after_a_restart_it_goes_on_to_the_same_end_and_says_so_and_one_that_is_past_it_does_not() -> None:
    there = book()
    first, second = opened(there), opened(there, "d-2", whom=recipient("m.weber"), minutes=5)
    again = book(first, second)
    at_ns = NOW_NS + 10 * NS_PER_MINUTE
    (over,) = tick(again, at_ns)
    assert (over.deport, over.last.why, over.last.at_ns) == ("d-2", DeportEnd.TIME, second.until_ns)
    (resumed,) = again.resume(at_ns)
    assert (resumed.last.step, resumed.until_ns) == (DeportStep.RESUMED, first.until_ns)
    assert again.shows("d-1", "l.roth", CAMERAS[0], first.until_ns - 1)
    assert not again.shows("d-1", "l.roth", CAMERAS[0], first.until_ns)


def test_ended_ones_are_told_for_a_while_and_open_ones_never_dropped() -> None:
    there = book()
    first = opened(there, "d-0", whom=recipient("first"))
    for number in range(1, REMEMBERED_MAX + 10):
        opened(there, f"d-{number}", now_ns=NOW_NS + number)
        there.stop(f"d-{number}", "chief", "", NOW_NS + number)
    assert len(there.all()) == REMEMBERED_MAX + 1
    assert there.open() == [first]


# -- the disk ----------------------------------------------------------------------------------------------------------


def test_what_is_on_disk_comes_back_as_it_was(tmp_path) -> None:
    store = DeportStore(tmp_path / "deports.sqlite")
    assert store.load() == []
    there = book()
    opened(there)
    longer = there.prolong("d-1", 30, "chief", "encore", NOW_NS + 1)
    for each in (there.deport("d-1"), longer, opened(there, "d-2", whom=recipient("m.weber"))):
        store.save(each)
    assert store.load() == [longer, there.deport("d-2")]
    store.close()


def test_a_file_that_is_none_is_told_and_opens_nothing(tmp_path) -> None:
    path = tmp_path / "deports.sqlite"
    path.write_bytes(b"no database at all" * 100)
    store = DeportStore(path)
    with pytest.raises(DeportNotKept):
        store.load()
    with pytest.raises(DeportNotKept):
        store.save(opened(book()))
    store.close()


def test_a_process_killed_while_it_writes_loses_nothing_and_doubles_nothing(tmp_path) -> None:
    path = tmp_path / "deports.sqlite"
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            store, made = DeportStore(path), opened(book())
            store.load()
            for number in range(100_000):
                store.save(replace(made, deport=f"d-{number}"))
                os.write(write, number.to_bytes(4))
        finally:
            os._exit(1)
    said = -1
    while said < 20:
        said = int.from_bytes(os.read(read, 4))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.set_blocking(read, False)
    while True:
        try:
            said = int.from_bytes(os.read(read, 4))
        except BlockingIOError:
            break
        if said == 0:
            break
    store = DeportStore(path)
    names = [each.deport for each in store.load()]
    assert names[: said + 1] == [f"d-{number}" for number in range(said + 1)]
    assert len(set(names)) == len(names) <= said + 2
    store.close()
    os.close(read)
    os.close(write)


# -- whatever happens --------------------------------------------------------------------------------------------------

ACCOUNTS = ("l.roth", "m.weber")


class Known:
    """What anybody who kept count beside the centre would say is open."""

    def __init__(self, account: str, cameras: set[CameraId], until_ns: int, alarm: str) -> None:
        self.account, self.cameras, self.until_ns, self.alarm = account, cameras, until_ns, alarm


class Beside:
    """An independent account of all deports, and of what may be shown at all."""

    def __init__(self) -> None:
        self.open: dict[str, Known] = {}
        self.cleared: dict[str, set[CameraId]] = {each: set(CAMERAS) for each in ACCOUNTS}
        self.alarms = {"a-1", "a-2"}

    def shows(self, account: str, camera: CameraId, now_ns: int) -> bool:
        return any(
            each.account == account and camera in each.cameras and now_ns < each.until_ns for each in self.open.values()
        )

    def look(self, now_ns: int) -> None:
        """What a look at incidents and rights ends."""
        for name, each in list(self.open.items()):
            each.cameras &= self.cleared[each.account]
            if not each.cameras or each.alarm not in self.alarms or now_ns >= each.until_ns:
                del self.open[name]


STEP = st.one_of(
    st.tuples(
        st.just("start"),
        st.sampled_from(ACCOUNTS),
        st.sets(st.sampled_from(CAMERAS), min_size=1),
        st.sampled_from(("a-1", "a-2")),
        st.integers(1, MINUTES_MAX),
    ),
    st.tuples(st.just("prolong"), st.integers(0, 1), st.integers(1, MINUTES_MAX)),
    st.tuples(st.just("stop"), st.integers(0, 1)),
    st.tuples(st.just("wait"), st.integers(1, 90)),
    st.tuples(st.just("clear"), st.sampled_from(ACCOUNTS), st.sets(st.sampled_from(CAMERAS))),
    st.tuples(st.just("close"), st.sampled_from(("a-1", "a-2"))),
    st.tuples(st.just("set back"), st.integers(1, 90)),
    st.tuples(st.just("restart")),
)


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(STEP, max_size=8))
def test_a_recipient_never_sees_a_camera_outside_his_open_deport(steps) -> None:
    """Whatever is opened, prolonged, stopped, withdrawn, however the time passes, and over a restart."""
    play([("start", ACCOUNTS[0], set(CAMERAS), "a-1", 60), ("start", ACCOUNTS[1], set(CAMERAS), "a-2", 60), *steps])


def play(steps) -> None:
    there, beside, disk = book(), Beside(), {}
    clock_ns = time_ns = NOW_NS
    for number, step in enumerate(steps):
        match step:
            case ("start", account, cameras, alarm, minutes):
                told = {"whom": recipient(account), "cameras": tuple(sorted(cameras)), "alarm": alarm}
                closed = {each: Words("x", "x") for each in cameras - beside.cleared[account]}
                try:
                    goes_on = alarm in beside.alarms
                    made = proposed(
                        there, f"d-{number}", clock_ns, minutes=minutes, closed=closed, goes_on=goes_on, **told
                    )
                except DeportRefused:
                    pass
                else:
                    disk[made.deport] = made
                    there.keep(made)
                    beside.open[made.deport] = Known(account, set(cameras), time_ns + minutes * NS_PER_MINUTE, alarm)
            case ("prolong", index, minutes) if index < len(beside.open):
                name = sorted(beside.open)[index]
                try:
                    made = there.prolong(name, minutes, "chief", "encore", clock_ns)
                except (DeportRefused, DeportUnknown):
                    pass
                else:
                    disk[name] = made
                    there.keep(made)
                    beside.open[name].until_ns = time_ns + minutes * NS_PER_MINUTE
            case ("stop", index) if index < len(beside.open):
                name = sorted(beside.open)[index]
                there.stop(name, "chief", "", clock_ns)
                disk[name] = there.deport(name)
                del beside.open[name]
            case ("wait", minutes):
                clock_ns += minutes * NS_PER_MINUTE
                time_ns = max(time_ns, clock_ns)
            case ("set back", minutes):
                clock_ns -= minutes * NS_PER_MINUTE
            case ("clear", account, cameras):
                beside.cleared[account] = set(cameras)
            case ("close", alarm):
                beside.alarms.discard(alarm)
            case ("restart",):
                clock_ns = time_ns  # a machine that starts asks for the time first
                there = book(*disk.values())
        for changed in there.tick(
            clock_ns,
            lambda each: each.alarm in beside.alarms,
            lambda each, camera: "" if camera in beside.cleared[each.recipient.account] else "acc-4",
        ):
            disk[changed.deport] = changed
        beside.look(time_ns)
        for account in ACCOUNTS:
            for camera in CAMERAS:
                seen = any(there.shows(each.deport, account, camera, clock_ns) for each in there.all())
                assert seen is beside.shows(account, camera, time_ns), (step, account, camera)


def test_the_end_of_each_is_told_in_words() -> None:
    assert all(end.words.fr and end.words.en for end in DeportEnd)
    assert set(deport_values._WHAT_TO_DO) == set(DeportRule)
