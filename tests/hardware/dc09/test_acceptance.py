"""What is answered to a frame: nothing is believed that only the panel cannot have made, nothing is told twice."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.hal.alarms import AlarmKind
from hardware.dc09 import Reason
from hardware.dc09.acceptance import Refused, Repeated, Taken
from hardware.dc09.frames import FRAME_BYTES_MAX
from sim.endpoints.dc09.wire import crc16, envelope, read_answer

INTRUSION = [AlarmKind.INTRUSION]
OTHER_KEY = bytes(range(1, 17))


def reheaded(made: bytes, old: bytes, new: bytes) -> bytes:
    return envelope(made[9:-1].replace(old, new, 1))


@pytest.mark.parametrize(
    ("token", "data", "kinds"),
    [
        ("SIA-DCS", "#1234|NFA129", [AlarmKind.FIRE]),
        ("SIA-DCS", "#1234|Nri1/PA1", [AlarmKind.PANIC_BUTTON]),
        ("SIA-DCS", "#1234|NTA4", [AlarmKind.TAMPER]),
        ("SIA-DCS", "#1234|NRP", [AlarmKind.TEST]),
        ("SIA-DCS", "#1234|NAT", [AlarmKind.TECHNICAL]),
        ("SIA-DCS", "#1234|NCL12", []),
        ("SIA-DCS", "#1234|NBA1/FA2|NTA3", [AlarmKind.FIRE, AlarmKind.INTRUSION, AlarmKind.TAMPER]),
        ("SIA-DCS", "#1234|NZZ1/FA2", [AlarmKind.FIRE]),
        ("ADM-CID", "#1234|1110 00 001", [AlarmKind.FIRE]),
        ("ADM-CID", "#1234|1130 01 015", INTRUSION),
        ("ADM-CID", "#1234|3130 01 015", []),
        ("ADM-CID", "#1234|1602 00 000", [AlarmKind.TEST]),
    ],
)
def test_an_event_is_of_the_kind_its_code_says(dc09, token, data, kinds):
    gate = dc09.Gate()
    assert gate.tell(gate.frame(data, token=token)) == kinds


def test_a_code_that_nobody_knows_is_answered_duh_and_hides_none_of_its_neighbours(dc09):
    gate = dc09.Gate()
    verdict = gate.hear(gate.frame("#1234|NZZ1"))
    assert isinstance(verdict, Refused)
    assert read_answer(verdict.answer, "0001L0#1234", dc09.KEY).word == "DUH"
    verdict = gate.hear(gate.frame("#1234|NZZ1|NFA2", number=2))
    assert isinstance(verdict, Taken)
    assert verdict.warnings == (Reason.UNKNOWN_CODE,)


def test_an_event_is_dated_when_it_occurred_or_was_sent(dc09):
    gate = dc09.Gate()
    verdict = gate.hear(gate.frame("#1234|NBA1", age_s=30))
    assert verdict.sighting.entry.messages[0].raised_at_ns == gate.now_ns - 30 * 10**9


# -- who may speak --


def test_a_wrong_key_never_makes_an_event(dc09):
    """Measured on the codec alone: one wrong key in eight opens into a message without time and data."""
    gate = dc09.Gate(dc09.settings(limits={"address_frames_per_s": 1e6, "address_burst": 1e6}))
    told = [gate.tell(gate.frame(f"#1234|NBA{n % 9}", number=n, key=n.to_bytes(16, "big"))) for n in range(1, 400)]
    told += [gate.tell(gate.frame("", number=0, token="NULL", key=n.to_bytes(16, "big"))) for n in range(1, 200)]
    assert told == [Reason.WRONG_KEY] * len(told)


def test_a_frame_in_clear_of_an_account_with_a_key_is_refused(dc09):
    gate = dc09.Gate()
    assert gate.tell(gate.frame(key=None)) is Reason.DOWNGRADE
    assert gate.tell(gate.frame("", token="NULL", key=None)) is Reason.DOWNGRADE


def test_a_frame_that_names_another_account_inside_is_refused(dc09):
    both = dc09.settings(dc09.account(), dc09.account("AB12", None))
    gate = dc09.Gate(both)
    for data in ("#1235|NBA1", "NBA1", "#1234|NBA1|#1235|NFA1", "#12G4|NBA1"):
        assert gate.tell(gate.frame(data)) is Reason.MISMATCH, data
        assert gate.tell(gate.frame(data, key=None, account="AB12")) is Reason.MISMATCH, data


def test_an_event_is_not_taken_for_a_poll_by_changing_its_header(dc09):
    gate = dc09.Gate()
    assert gate.tell(reheaded(gate.frame(), b"*SIA-DCS", b"*NULL")) is Reason.MISMATCH


def test_an_unknown_account_an_undeclared_path_and_another_network_are_refused_without_a_word(dc09):
    path = {"name": "main", "door": "main", "transport": "tcp", "receiver": 2, "network": "10.0.0.0/8"}
    gate = dc09.Gate(dc09.settings(dc09.account(paths=[path])))
    good = gate.frame(head="0001R2L0#1234")
    for made, more, reason in [
        (gate.frame(account="9999"), {}, Reason.UNKNOWN_ACCOUNT),
        (good, {"address": "10.1.1.1", "transport": "udp"}, Reason.UNDECLARED_PATH),
        (good, {"address": "192.168.1.1"}, Reason.UNDECLARED_PATH),
        (gate.frame(), {"address": "10.1.1.1"}, Reason.UNDECLARED_PATH),
    ]:
        verdict = gate.hear(made, **more)
        assert (verdict.reason, verdict.answer) == (reason, b"")
    assert gate.tell(good, address="10.1.1.1") == INTRUSION


def test_a_frame_without_line_is_read_as_one_of_line_zero_and_answered_as_it_was_written(dc09):
    gate = dc09.Gate()
    verdict = gate.hear(gate.frame(head="0007#1234"))
    assert isinstance(verdict, Taken)
    assert read_answer(verdict.receipt.at(gate.now_ns), "0007#1234", dc09.KEY).word == "ACK"


@pytest.mark.parametrize(
    "body",
    [
        '"SIA-DCS"0001RL0#1234[#1234|NBA1]',
        '"SIA-DCS"0001RXYZL0#1234[#1234|NBA1]',
        '"SIA-DCS"00X1L0#1234[#1234|NBA1]',
        '"SIA-DCS"0001L0#[#1234|NBA1]',
        '"SIA-DCS"0001L0#1234',
        '"SIA-DCS0001L0#1234[#1234|NBA1]',
        "",
    ],
)
def test_a_header_that_is_none_is_refused(dc09, body):
    assert dc09.Gate().tell(envelope(body.encode())) is Reason.UNREADABLE


# -- when --


def test_a_stale_frame_is_answered_with_the_time(dc09):
    gate = dc09.Gate()
    for age_s in (41, 3600, -21, -3600):
        verdict = gate.hear(gate.frame(age_s=age_s))
        assert isinstance(verdict, Refused)
        assert verdict.reason is Reason.STALE
        told = read_answer(verdict.answer, "", None)
        assert (told.word, told.time_ns) == ("NAK", gate.now_ns)
    assert gate.tell(gate.frame(age_s=40)) == INTRUSION
    assert gate.tell(gate.frame(number=2, age_s=-20)) == INTRUSION


def test_what_is_told_twice_is_delivered_once_and_acknowledged_twice(dc09):
    """Bit for bit; enciphered and dated anew; by the other path."""
    paths = [{"name": name, "door": "main", "transport": name} for name in ("tcp", "udp")]
    gate = dc09.Gate(dc09.settings(dc09.account(paths=paths)))
    made = gate.frame()
    first = gate.hear(made)
    gate.acknowledge_all()
    for later_s, transport in [(0, "tcp"), (5, "tcp"), (0, "udp")]:
        gate.wait(later_s)
        verdict = gate.hear(gate.frame() if later_s or transport == "udp" else made, transport)
        assert isinstance(verdict, Repeated)
        assert verdict.entry is first.sighting.entry
        assert verdict.entry.is_done
        assert read_answer(verdict.receipt.at(gate.now_ns), "0001L0#1234", dc09.KEY).word == "ACK"
    assert gate.core.pending == {}


def test_an_event_of_the_same_words_is_another_when_its_number_is(dc09):
    gate = dc09.Gate()
    assert [gate.tell(gate.frame(number=n)) for n in (1, 2, 3)] == [INTRUSION] * 3


def test_the_same_cipher_text_under_another_header_is_a_replay(dc09):
    """The header is not authenticated: the numbers in it are anybody's to choose."""
    gate = dc09.Gate()
    made = gate.frame()
    gate.hear(made)
    assert gate.tell(reheaded(made, b"0001L0", b"0002L0")) is Reason.REPLAY
    assert gate.tell(reheaded(made, b"0001L0", b"0001L1")) is Reason.REPLAY
    poll = gate.frame("", token="NULL", number=0)
    gate.hear(poll)
    assert gate.tell(reheaded(poll, b"0000L0", b"0001L0")) is Reason.REPLAY


@pytest.mark.parametrize(
    "altered",
    [
        lambda sealed: sealed.lower(),
        lambda sealed: b"00" * 16 + sealed,
        lambda sealed: sealed[64:96] + sealed,
        lambda sealed: b"%02X" % (int(sealed[:2], 16) ^ 1) + sealed[2:],
        lambda sealed: sealed[:-64] + b" " + sealed[-64:],
    ],
    ids=["written otherwise", "begun otherwise", "begun with itself", "padded otherwise", "with a blank"],
)
@pytest.mark.parametrize("token", ["SIA-DCS", "NULL"])
def test_a_known_frame_dressed_up_by_who_has_no_key_is_no_new_one(dc09, altered, token):
    """AES-CBC holds no proof of the whole: what stands before the last blocks can be changed without the key."""
    for frames in range(1, 25):  # a changed beginning opens into chance: it must never be taken, not only usually
        gate = dc09.Gate()
        made = gate.frame("#1234|NBA1" if token == "SIA-DCS" else "", number=1, token=token)
        assert gate.tell(made) == (INTRUSION if token == "SIA-DCS" else [])
        head, sealed = made[9:-1].split(b"[")
        for number in (b"0001", b"0002"):
            dressed = envelope(head.replace(b"0001", number) + b"[" + altered(sealed))
            assert gate.tell(dressed) in (Reason.REPLAY, Reason.WRONG_KEY, Reason.MISMATCH), frames


def test_a_clock_that_is_set_back_a_little_makes_no_second_alarm_of_a_retry(dc09):
    gate = dc09.Gate()
    made = gate.frame()
    gate.hear(made)
    gate.acknowledge_all()
    gate.wait(-0.05)
    assert gate.tell(made) == "repeated"
    assert gate.tell(gate.frame()) == "repeated"


def test_a_frame_that_comes_back_later_is_a_replay(dc09):
    gate = dc09.Gate()
    made = gate.frame()
    gate.hear(made)
    gate.acknowledge_all()
    gate.wait(59)
    assert gate.tell(made) == "repeated"
    gate.wait(2)
    assert gate.tell(made) is Reason.REPLAY
    assert gate.tell(gate.frame()) == "repeated", "the panel enciphers it anew after our NAK"
    gate.wait(86_400)
    assert not gate.core.memory.full(0x1234, gate.now_ns), "forgotten by now"
    assert gate.tell(made) is Reason.STALE


def test_the_same_number_with_other_words_is_told_and_with_an_older_time_refused(dc09):
    gate = dc09.Gate()
    older = gate.frame("#1234|NFA1", age_s=10)
    gate.hear(gate.frame())
    assert gate.tell(older) is Reason.REPLAY
    gate.wait(1)
    later = gate.hear(gate.frame("#1234|NFA1"))
    assert isinstance(later, Taken), "a panel that restarted counts from one: its fire is a fire"
    assert later.warnings == (Reason.SEQUENCE_REUSED,)


def test_a_frame_that_is_not_acknowledged_yet_is_a_repeat_however_late(dc09):
    """The engine's disk was in trouble for ten minutes: what the panel repeats meanwhile is no replay."""
    gate = dc09.Gate()
    made = gate.frame()
    gate.hear(made)
    for _ in range(2):
        gate.wait(600)
        assert gate.tell(made) == "repeated"
        assert gate.tell(gate.frame()) == "repeated"


def test_a_replayed_poll_keeps_no_path_alive(dc09):
    gate = dc09.Gate()
    poll = gate.frame("", token="NULL", number=0)
    assert gate.tell(poll) == []
    again = gate.hear(poll)
    assert isinstance(again, Repeated)
    assert not again.is_alive


# -- how much --


def test_a_flood_is_cut_off_by_address_and_by_account(dc09):
    limits = {"address_frames_per_s": 10, "address_burst": 20, "account_frames_per_s": 1, "account_burst": 5}
    gate = dc09.Gate(dc09.settings(limits=limits))
    told = [gate.tell(gate.frame("", token="NULL", number=n)) for n in range(30)]
    assert told == [[]] * 5 + [Reason.FLOOD] * 25
    gate.wait(60)
    assert gate.tell(gate.frame(number=1)) == INTRUSION


def test_who_has_no_key_cannot_use_up_what_an_account_may_say(dc09):
    gate = dc09.Gate()
    for n in range(1, 300):
        gate.hear(gate.frame(number=n, key=OTHER_KEY), address="10.0.0.66")
    assert gate.tell(gate.frame()) == INTRUSION


def test_memory_is_bounded_and_nothing_is_forgotten_that_could_be_replayed(dc09):
    limits = {"remembered_per_account": 50, "account_frames_per_s": 1e6, "account_burst": 1e6, "address_burst": 1e6}
    gate = dc09.Gate(dc09.settings(limits=limits))
    told = [gate.tell(gate.frame("", token="NULL", number=n)) for n in range(60)]
    assert told.count([]) == 50
    assert set(map(str, told[50:])) == {"flood"}
    gate.wait(16 * 60)
    assert gate.tell(gate.frame("", token="NULL")) == []
    assert len(gate.core.memory) < 50


def test_what_the_engine_does_not_take_is_bounded(dc09):
    gate = dc09.Gate(dc09.settings(limits={"pending_max": 3}))
    told = [gate.tell(gate.frame(number=n)) for n in range(1, 6)]
    assert told == [INTRUSION] * 3 + [Reason.BUSY] * 2
    gate.acknowledge_all()
    assert gate.tell(gate.frame(number=4)) == INTRUSION


# -- anything --


def _whole(gate, made, at, flips):
    body = bytearray(made[9:-1])
    for offset, value in flips:
        body[(at + offset) % len(body)] ^= value
    return envelope(bytes(body))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300) | st.binary(max_size=200).map(lambda body: b"\n00000000" + body + b"\r"))
def test_whatever_comes_is_judged_and_yields_nothing(dc09, made):
    assert isinstance(dc09.Gate().hear(made), Refused)


@settings(max_examples=120, deadline=None)
@given(
    at=st.integers(0, 400),
    flips=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 255)), min_size=1, max_size=3),
    key=st.sampled_from(["k/1234", None]),
)
def test_an_altered_frame_of_a_keyed_account_yields_no_other_event_than_the_one_that_was_sent(dc09, at, flips, key):
    """CRC and length made right again, as an attacker would. In clear anybody may say anything: only crashes count."""
    gate = dc09.Gate(dc09.settings(dc09.account(key=key)))
    made = gate.frame(key=dc09.KEY if key else None)
    altered = _whole(gate, made, at, flips)
    if altered == made:
        return
    verdict = gate.hear(altered)
    if key and isinstance(verdict, Taken):
        sealed = re.split(rb"\[", made, maxsplit=1)[1]
        # Digits of either case are the same octets.
        assert altered.upper().endswith(sealed[-64:].upper()), "what was sealed was altered, and believed"


@settings(max_examples=100, deadline=None)
@given(
    story=st.lists(
        st.tuples(st.integers(1, 6), st.sampled_from(["BA", "FA", "TA"]), st.booleans(), st.integers(0, 30)),
        min_size=1,
        max_size=40,
    )
)
def test_each_event_is_delivered_once_whatever_is_repeated_in_what_order(dc09, story):
    """The panel's own words against ours: each (number, code) within two minutes is one event."""
    gate = dc09.Gate(dc09.settings(limits={"account_burst": 1e6}))
    believed, made = {}, {}
    for number, code, as_sent, later_s in story:
        gate.wait(later_s)
        kept = made.get((number, code)) if as_sent else None
        sent = made[number, code] = kept or gate.frame(f"#1234|N{code}1", number=number)
        verdict, last_ns = gate.hear(sent), believed.get((number, code))
        gate.acknowledge_all()
        is_new = last_ns is None or gate.now_ns - last_ns >= 120 * 10**9
        if isinstance(verdict, Taken):
            assert is_new, "delivered twice"
        if is_new and not kept:
            assert isinstance(verdict, Taken), "swallowed"
        if not isinstance(verdict, Refused) and not kept:
            believed[number, code] = gate.now_ns  # copies lengthen nothing


def test_the_frames_are_as_the_standard_has_them():
    """The example of the codec's own page, which is that of the standard's annex."""
    told = b'\n8C860043"SIA-DCS"9876R579BDFL789ABC#123456A[#123456A|NFA129][M1234567890AB]\r'
    assert crc16(told[9:-1]) == 0x8C86
    assert envelope(told[9:-1]) == told
    assert len(told) <= FRAME_BYTES_MAX
