"""Codes mean what the tables say; a sound means nothing but a refusal."""

from __future__ import annotations

import asyncio

import pytest
from siadc09 import dc03, dc05

from csu.hal.alarms import AlarmKind
from hardware.dc09 import Reason, ReceiverSettingsRefused, acceptance
from hardware.dc09.codes import SOUND_CODES, TABLE, CodeTable, EventCode, EventFormat, NoAlarm
from sim.endpoints.dc09 import DiallerFault, open_diallers

NAMED = [EventCode(EventFormat.SIA_DCS, code) for code in dc03.EVENT]
NAMED += [EventCode(EventFormat.ADM_CID, code) for code in dc05.EVENT]
SOUNDS = ("glass_break", "gunshot", "scream", "sound", "audio")


def test_every_code_of_the_table_is_one_that_the_standards_name():
    assert set(TABLE) <= set(NAMED)
    assert set(SOUND_CODES) <= set(NAMED)


@pytest.mark.parametrize("word", ["Alarm", "Tamper"])
def test_no_alarm_of_the_standards_is_left_out(word):
    """By the names that DC-03 gives: what is called an alarm, and is not its restoral, is one here."""
    over = ("Restore", "Restoral", "Silenced", "Non-Trouble", "Bypass", "Unbypass")
    left = [
        each["name"]
        for code, each in dc03.EVENT.items()
        if word in each["name"] and EventCode(EventFormat.SIA_DCS, code) not in TABLE
    ]
    disarmed = {"Early to Open from Alarm", "Late to Open from Alarm", "Disarm From Alarm"}
    assert [name for name in left if not name.endswith(over) and name not in disarmed] == []


def test_every_kind_has_its_place_in_the_order_of_haste():
    assert sorted(acceptance._URGENT_FIRST) == sorted(AlarmKind)


def test_every_emergency_of_contact_id_is_an_alarm():
    for code, told in dc05.EVENT.items():
        if code.startswith("1"):
            assert EventCode(EventFormat.ADM_CID, code) in TABLE, told["name"]


def test_a_restoral_or_an_opening_is_noted_and_a_code_of_the_makers_own_unknown():
    table = CodeTable()
    meaning = {code: table.meaning(EventCode(EventFormat(kind), code), None) for kind, code in [
        ("SIA-DCS", "BR"), ("SIA-DCS", "OP"), ("SIA-DCS", "QQ"), ("ADM-CID", "401"), ("ADM-CID", "750"),
    ]}  # fmt: skip
    noted, unknown = NoAlarm.NOTED, NoAlarm.UNKNOWN
    assert meaning == {"BR": noted, "OP": noted, "QQ": unknown, "401": noted, "750": unknown}


# -- sound --


@pytest.mark.requirement("AUD-3")
@pytest.mark.parametrize("told", [{"codes": {f"{code}": kind}} for code in sorted(SOUND_CODES) for kind in AlarmKind])
def test_a_code_that_a_microphone_raises_can_be_configured_to_nothing(dc09, told):
    with pytest.raises(ReceiverSettingsRefused, match="AUD-3"):
        dc09.settings(dc09.account(**told))


@pytest.mark.requirement("AUD-3")
@pytest.mark.parametrize("kind", SOUNDS)
def test_no_code_can_be_configured_to_a_kind_of_sound(dc09, kind):
    assert kind not in {each.value for each in AlarmKind}
    with pytest.raises(ReceiverSettingsRefused):
        dc09.settings(dc09.account(codes={"ADM-CID 750": kind}))


@pytest.mark.requirement("AUD-3")
def test_codes_and_zones_of_acoustic_detectors_raise_nothing(dc09):
    told = {"sound_codes": ["ADM-CID 751", "SIA-DCS UA"], "sound_zones": ["07"], "codes": {"ADM-CID 750": "intrusion"}}
    gate = dc09.Gate(dc09.settings(dc09.account(**told)))
    for number, (token, data) in enumerate(
        [
            ("ADM-CID", "#1234|1751 00 001"),
            ("ADM-CID", "#1234|1130 00 007"),
            ("SIA-DCS", "#1234|NUA1"),
            ("SIA-DCS", "#1234|NBA7"),
            ("SIA-DCS", "#1234|NLF"),
            ("SIA-DCS", "#1234|LLN"),
        ],
        start=1,
    ):
        assert gate.tell(gate.frame(data, number=number, token=token)) is Reason.SOUND, data
    assert gate.tell(gate.frame("#1234|1750 00 001", number=20, token="ADM-CID")) == [AlarmKind.INTRUSION]
    with pytest.raises(ReceiverSettingsRefused, match="AUD-3"):
        dc09.settings(dc09.account(sound_codes=["ADM-CID 751"], codes={"ADM-CID 751": "intrusion"}))


@pytest.mark.requirement("AUD-3")
@pytest.mark.parametrize("kind", ["SIA-DCS", "ADM-CID"])
def test_a_panel_that_opens_a_microphone_is_refused_and_the_room_hears_nothing_of_it(dc09, tmp_path, kind):
    """Not even of the refusal: an alarm each time a microphone hears something is an alarm raised by a microphone."""

    async def story():
        async with dc09.open_room(tmp_path) as room:
            spec = room.dialler(format=kind, faults=frozenset({DiallerFault.LISTEN_IN}))
            async with open_diallers([spec]) as panels:
                for _ in range(3):
                    assert (await panels["1234"].raise_event()).word == "DUH"
            async with open_diallers([room.dialler(format=kind)]) as panels:
                panels["1234"]._number = 100
                assert (await panels["1234"].raise_event()).word == "ACK"
            assert room.kinds == ["intrusion"]
            assert room.receiver.counts.reasons == {Reason.SOUND: 3}

    asyncio.run(story())
