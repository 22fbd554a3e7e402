"""After a restart a receiver judges as it would have without one; what is old is forgotten, what is owed is not."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from csu.hal.alarms import AlarmKind
from hardware.dc09.acceptance import Refused, Repeated, Taken
from hardware.dc09.store import Batch, FrameStore
from sim.endpoints.dc09.wire import envelope

STORY = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from(["BA", "FA", "BR"]), st.booleans(), st.integers(0, 40), st.booleans()),
    min_size=1,
    max_size=15,
)


def keep(store, gate, verdict):
    """What the shell does: new frames and new sightings are written."""
    sighting = verdict.sighting if isinstance(verdict, Taken | Repeated) else None
    if sighting is not None:
        sighting.entry.is_written = isinstance(verdict, Repeated)
        store.write(Batch(sightings=[sighting]))
        sighting.entry.is_written = True


def acknowledge(store, gate):
    done = list(gate.core.pending)
    gate.acknowledge_all()
    store.write(Batch(acknowledged=done))


def restarted(dc09, store, gate):
    kept = store.load(gate.now_ns)
    other = dc09.Gate(gate.settings, kept.next_number)
    other.core.restore(kept.sightings, kept.own)
    other.now_ns = gate.now_ns
    return other


def outcome(verdict):
    if isinstance(verdict, Refused):
        return verdict.reason
    entry = verdict.entry if isinstance(verdict, Repeated) else verdict.sighting.entry
    return type(verdict), entry.name, [message.sequence for message in entry.messages], entry.is_done


@settings(max_examples=15, deadline=None)
@given(STORY)
def test_a_restart_changes_no_verdict(dc09, tmp_path_factory, story):
    store = FrameStore(tmp_path_factory.mktemp("dc09") / "dc09.sqlite")
    store._db.execute("PRAGMA synchronous = OFF")  # nothing is killed here
    gate, made = dc09.Gate(dc09.settings(limits={"account_burst": 1e6})), {}
    for number, code, as_sent, later_s, acknowledges in story:
        gate.wait(later_s)
        kept = made.get((number, code)) if as_sent else None
        sent = made[number, code] = kept or gate.frame(f"#1234|N{code}1", number=number)
        keep(store, gate, gate.hear(sent))
        if acknowledges:
            acknowledge(store, gate)
    after = restarted(dc09, store, gate)
    assert after.core.pending.keys() == gate.core.pending.keys()
    for (number, code), sent in made.items():
        reheaded = envelope(sent[9:-1].replace(b"%04dL0" % number, b"0009L0", 1))
        for again in (sent, reheaded, gate.frame(f"#1234|N{code}1", number=number)):
            assert outcome(after.hear(again)) == outcome(gate.hear(again))
    store.close()


def test_what_is_old_and_acknowledged_is_forgotten_and_nothing_else(dc09, tmp_path):
    store, gate = FrameStore(tmp_path / "dc09.sqlite"), dc09.Gate()
    keep(store, gate, gate.hear(gate.frame("#1234|NBA1", number=1)))
    acknowledge(store, gate)
    keep(store, gate, gate.hear(gate.frame("#1234|NFA1", number=2)))
    store.write(Batch(own=[gate.core.say(AlarmKind.TAMPER, None, gate.now_ns)]))
    (fire, tamper), last = gate.core.pending, gate.core.next_number - 1
    gate.wait(16 * 60)
    keep(store, gate, gate.hear(gate.frame("#1234|NBR1", number=3)))
    store.write(Batch(forget_at_ns=gate.now_ns))
    kept = store.load(gate.now_ns)
    assert sorted(sighting.entry.sequence for sighting in kept.sightings) == [2, 3]
    assert [message.sequence for message in kept.own] == [tamper]
    assert {number for sighting in kept.sightings for number in sighting.entry.waiting} == {fire}
    assert kept.next_number == last + 1, "no number is given twice, whatever is forgotten"
    store.write(Batch(acknowledged=[fire, tamper], forget_at_ns=gate.now_ns + 3600 * 10**9))
    kept = store.load(gate.now_ns)
    assert (kept.sightings, kept.own, kept.next_number) == ([], [], last + 1)
