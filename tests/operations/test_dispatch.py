"""The outbox: each call once in effect, in order, until a named person has it; no picture and no person in it."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.hal.alarms import AlarmKind
from csu.hal.camera import CommuneId
from csu.hal.clock import NS_PER_S
from csu.hal.dispatch import DispatchCall, DispatchReceipt
from csu.operations import (
    INCIDENT_OF,
    CallEscalated,
    CallNotKept,
    CallRefused,
    DispatchOutbox,
    Incident,
    OutboxCall,
    OutboxStore,
    ReceiptRefused,
    SendCall,
    call_about,
    outbox_store,
)
from csu.operations.dispatch import WAITING_MAX

CONTACTS = ("salle de commandement", "permanence")


def call(key: str, commune: str = "Orval", incident: Incident = Incident.INTRUSION) -> DispatchCall:
    return call_about(
        key, incident, commune=CommuneId(commune), service="police", site="Gymnase", by="agent-7", now_ns=0
    )


def queued(outbox: DispatchOutbox, key: str, commune: str = "Orval", now_s: int = 0) -> None:
    outbox.keep(outbox.queue(call(key, commune), CONTACTS, now_s * NS_PER_S).call)


def sent(outbox: DispatchOutbox, now_s: float) -> list[tuple[str, str]]:
    told = outbox.tick(int(now_s * NS_PER_S))
    return [(each.call.call, each.contact) for each in told if isinstance(each, SendCall)]


def taken(outbox: DispatchOutbox, key: str, by: str = "brigadier Martin") -> None:
    outbox.keep(outbox.receive(DispatchReceipt(key, by, 0), 0).call)


def test_a_call_is_sent_only_once_it_is_on_disk() -> None:
    outbox = DispatchOutbox()
    told = outbox.queue(call("c1"), CONTACTS, 0)
    assert sent(outbox, 1) == []
    outbox.keep(told.call)
    assert sent(outbox, 1) == [("c1", CONTACTS[0])]


def test_a_call_that_could_not_be_written_is_not_made_and_holds_nothing_up() -> None:
    outbox = DispatchOutbox()
    outbox.undo(outbox.queue(call("c1"), CONTACTS, 0).call)
    queued(outbox, "c2")
    assert sent(outbox, 1) == [("c2", CONTACTS[0])]


def test_without_a_receipt_the_same_key_is_sent_again_then_to_the_next_contact_then_people_telephone() -> None:
    outbox = DispatchOutbox()
    queued(outbox, "c1")
    assert [(s, sent(outbox, s)) for s in (0, 5, 10, 20)] == [
        (0, [("c1", CONTACTS[0])]),
        (5, []),
        (10, [("c1", CONTACTS[0])]),
        (20, [("c1", CONTACTS[0])]),
    ]
    assert sent(outbox, 30) == [("c1", CONTACTS[1])]
    escalated = outbox.tick(60 * NS_PER_S)
    assert [type(each) for each in escalated] == [CallEscalated]
    assert escalated[0].call.is_by_telephone
    assert sent(outbox, 500) == []
    assert [each.call.call for each in outbox.waiting] == ["c1"]
    outbox.keep(outbox.telephoned("c1", "gardien Petit", 501).call)
    assert outbox.waiting == []


def test_people_see_how_far_each_call_came_and_have_one_made_again_that_nobody_took() -> None:
    outbox = DispatchOutbox()
    queued(outbox, "c1")
    queued(outbox, "c2")
    assert sent(outbox, 0) == [("c1", CONTACTS[0])]
    assert [(call.call.call, state.value) for call, state in outbox.known()] == [("c1", "calling"), ("c2", "queued")]
    with pytest.raises(CallRefused):
        outbox.again("c1", NS_PER_S)
    for seconds in (30, 60, 61):
        outbox.tick(seconds * NS_PER_S)
    assert [state.value for _, state in outbox.known()] == ["by_telephone", "calling"]
    again = outbox.again("c1", 61 * NS_PER_S)
    assert (again.call.contact, again.call.call.call) == (0, "c1")
    assert ("c1", CONTACTS[0]) in sent(outbox, 62)
    taken(outbox, "c1")
    assert {call.call.call: state.value for call, state in outbox.known()} == {"c1": "taken", "c2": "calling"}
    for unknown in ("c1", "c9"):
        with pytest.raises(CallRefused):
            outbox.again(unknown, 63 * NS_PER_S)


def test_a_second_call_to_the_same_service_waits_for_the_first_and_another_commune_does_not() -> None:
    outbox = DispatchOutbox()
    for key, commune in (("c1", "Orval"), ("c2", "Orval"), ("c3", "Brenne")):
        queued(outbox, key, commune)
    assert sent(outbox, 1) == [("c1", CONTACTS[0]), ("c3", CONTACTS[0])]
    told = outbox.receive(DispatchReceipt("c1", "brigadier Martin", 0), 0)
    assert sent(outbox, 2) == []  # that it was taken is not on disk: it may have to be sent again
    outbox.keep(told.call)
    assert sent(outbox, 3) == [("c2", CONTACTS[0])]


def test_a_call_that_nobody_answers_does_not_hold_up_the_next_one_for_ever() -> None:
    outbox = DispatchOutbox()
    queued(outbox, "c1")
    queued(outbox, "c2")
    keys = [key for second in range(65) for key, _ in sent(outbox, second)]
    assert keys.index("c2") > 0
    assert "c1" not in keys[keys.index("c2") :]  # never again behind a younger one


@pytest.mark.parametrize("by", ["", "  "])
def test_a_receipt_in_nobodys_name_is_none(by) -> None:
    outbox = DispatchOutbox()
    queued(outbox, "c1")
    with pytest.raises(ReceiptRefused):
        outbox.receive(DispatchReceipt("c1", by, 0), 0)
    with pytest.raises(ReceiptRefused):
        outbox.receive(DispatchReceipt("c9", "brigadier Martin", 0), 0)
    assert len(outbox.waiting) == 1


def test_the_first_to_take_a_call_has_it_and_a_second_receipt_changes_nothing() -> None:
    outbox = DispatchOutbox()
    queued(outbox, "c1")
    taken(outbox, "c1")
    assert outbox.receive(DispatchReceipt("c1", "gardien Petit", 9), 9) is None


def test_that_it_was_taken_and_could_not_be_kept_makes_it_wait_again() -> None:
    outbox = DispatchOutbox()
    queued(outbox, "c1")
    sent(outbox, 0)
    outbox.undo(outbox.receive(DispatchReceipt("c1", "brigadier Martin", 0), 0).call)
    assert sent(outbox, 10) == [("c1", CONTACTS[0])]


def test_one_key_is_one_call() -> None:
    outbox = DispatchOutbox()
    queued(outbox, "c1")
    assert outbox.queue(call("c1"), CONTACTS, 5) is None
    with pytest.raises(CallRefused):
        outbox.queue(call("c1", incident=Incident.FIRE), CONTACTS, 5)
    taken(outbox, "c1")
    assert outbox.queue(call("c1"), CONTACTS, 5) is None
    assert outbox.waiting == []


def test_nobody_no_contact_and_too_many_are_refused() -> None:
    outbox = DispatchOutbox()
    with pytest.raises(CallRefused):
        outbox.queue(call("c1"), (), 0)
    for number in range(WAITING_MAX):
        outbox.queue(call(f"n{number}"), CONTACTS, 0)
    with pytest.raises(CallRefused):
        outbox.queue(call("one more"), CONTACTS, 0)
    no_places = ("AB-123-CD", "https://x/a.jpg", "alarme.png", "a@b.example", "06 12 34 56 78", "\x1b[2J", "rue " * 31)
    refused = [("", "agent-7", "Gymnase"), ("c1", " ", "Gymnase"), *(("c1", "agent-7", site) for site in no_places)]
    for key, by, site in refused:
        with pytest.raises(CallRefused):
            call_about(key, Incident.FIRE, commune=CommuneId("O"), service="police", site=site, by=by, now_ns=0)


@pytest.mark.parametrize(
    "site",
    [
        *("", "Gymnase du 8-Mai-1945", "12 rue des Clercs", "Parking P+R Woippy (niveau -2)", "ZAC Technopôle, bât. C"),
        *("École n° 3 / cour", "RD 657 - PR 12+300", "Mairie, 57000 Metz", "Pont St. Georges"),
    ],
)
def test_what_places_are_called_may_be_told(site) -> None:
    told = call_about("c", Incident.FIRE, commune=CommuneId("O"), service="police", site=site, by="agent-7", now_ns=0)
    assert told.site == site


def test_what_is_told_comes_from_a_closed_list_and_every_police_alarm_has_its_words() -> None:
    told = {call("c", incident=incident).words for incident in Incident}
    assert told == {incident.words.fr for incident in Incident}
    assert set(AlarmKind) - set(INCIDENT_OF) == {AlarmKind.TECHNICAL, AlarmKind.TEST}
    assert set(json.loads(json.dumps(asdict(call("c"))))) == {
        *("call", "commune", "service", "site", "words", "called_by", "at_ns")
    }


def test_after_a_restart_what_nobody_took_is_sent_again_in_order_under_its_key(tmp_path) -> None:
    store, outbox = OutboxStore(tmp_path / "outbox.sqlite"), DispatchOutbox()
    for key in ("c1", "c2", "c3"):
        told = outbox.queue(call(key), CONTACTS, 0)
        store.save(told.call)
        outbox.keep(told.call)
    sent(outbox, 0)
    told = outbox.receive(DispatchReceipt("c1", "brigadier Martin", 7), 7)
    store.save(told.call)
    outbox.keep(told.call)
    sent(outbox, 1)  # c2 goes out, and the centre dies
    store.close()
    store = OutboxStore(tmp_path / "outbox.sqlite")
    again = DispatchOutbox(store.load().calls)
    assert [each.call.call for each in again.waiting] == ["c2", "c3"]
    assert sent(again, 100) == [("c2", CONTACTS[0])]
    assert again.queue(call("c1"), CONTACTS, 100) is None
    taken(again, "c2")
    assert sent(again, 101) == [("c3", CONTACTS[0])]
    store.close()


def test_an_outbox_begins_with_what_waits_and_what_it_remembers_however_old_the_file(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(outbox_store, "_TAKEN", outbox_store._TAKEN.limit(20))
    store = OutboxStore(tmp_path / "outbox.sqlite")
    for number in range(60):
        made = OutboxCall(call(f"c{number}"), CONTACTS)
        store.save(made if number in (3, 59) else replace(made, taken_by="brigadier Martin", taken_at_ns=number))
    kept = store.load()
    assert [each.call.call for each in kept.calls] == ["c3", *(f"c{number}" for number in range(39, 60))]
    assert kept.older == 38
    again = DispatchOutbox(kept.calls)
    assert [each.call.call for each in again.waiting] == ["c3", "c59"]
    assert again.queue(call("c58"), CONTACTS, 100) is None, "taken, and known as taken"
    store.close()


def test_a_store_that_cannot_write_says_so(tmp_path) -> None:
    store = OutboxStore(tmp_path / "outbox.sqlite")
    store._engine.dispose()
    (tmp_path / "outbox.sqlite").unlink()
    (tmp_path / "outbox.sqlite").mkdir()
    with pytest.raises(CallNotKept):
        store.save(DispatchOutbox().queue(call("c1"), CONTACTS, 0).call)


fates = st.lists(st.sampled_from(["answered", "lost", "heard but not answered", "late"]), max_size=60)


@given(st.lists(st.tuples(st.sampled_from(["Orval", "Brenne"]), st.integers(0, 40)), max_size=8), fates, st.data())
def test_whatever_the_line_does_each_call_has_one_effect_in_order_and_a_name_or_waits_for_people(made, given, data):
    """Receiver: acts once a key. Line: loses sendings, loses or delays receipts. Centre: restarts at will."""
    outbox, disk = DispatchOutbox(), {}
    received: dict[str, list[str]] = {"Orval": [], "Brenne": []}
    late: list[str] = []
    due = sorted((at_s, number, commune) for number, (commune, at_s) in enumerate(made))
    fate = iter(given)

    def keep(each) -> None:
        disk[each.call.call] = each
        outbox.keep(each)

    for second in range(0, 700, 1):
        while due and due[0][0] <= second:
            _, number, commune = due.pop(0)
            keep(outbox.queue(call(f"c{number}", commune), CONTACTS, second * NS_PER_S).call)
        if second % 97 == 96 and data.draw(st.booleans(), label="restart"):
            outbox = DispatchOutbox(disk.values())
        for told in outbox.tick(second * NS_PER_S):
            if isinstance(told, CallEscalated):
                disk[told.call.call.call] = told.call
                continue
            key, happens = told.call.call, next(fate, "answered")
            if happens != "lost" and key not in received[told.call.commune]:
                received[told.call.commune].append(key)
            if happens == "answered":
                taken_now = outbox.receive(DispatchReceipt(key, "brigadier Martin", 0), second * NS_PER_S)
                if taken_now is not None:
                    keep(taken_now.call)
            elif happens == "late":
                late.append(key)
        if second % 50 == 49:
            for key in late:
                taken_now = outbox.receive(DispatchReceipt(key, "brigadier Martin", 0), second * NS_PER_S)
                if taken_now is not None:
                    keep(taken_now.call)
            late.clear()
    for commune, keys in received.items():
        order = [f"c{number}" for at_s, number in sorted((at, n) for n, (c, at) in enumerate(made) if c == commune)]
        assert keys == [key for key in order if key in keys]
    for number in range(len(made)):
        record = disk[f"c{number}"]
        assert record.is_taken or record.is_by_telephone
        assert bool(record.taken_by) is record.is_taken
