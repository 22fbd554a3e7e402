"""A settings file says everything or is refused, with the field; no key is ever shown."""

from __future__ import annotations

import logging

import pytest
import yaml

from hardware.dc09 import ReceiverSettingsRefused, read_settings
from hardware.dc09.acceptance import Acceptance, Receipt
from hardware.dc09.settings import keys_of

ACCOUNT = {"account": "1234", "commune": "orval", "site": "mairie", "paths": [{"name": "main", "door": "main"}]}
TOLD = {"commune": "metz", "site": "csu", "doors": [{"name": "main"}], "accounts": [ACCOUNT]}


def read(tmp_path, told):
    path = tmp_path / "dc09.yaml"
    path.write_text(told if isinstance(told, str) else yaml.safe_dump(told), encoding="utf-8")
    return read_settings(path)


def test_a_whole_file_is_read(tmp_path):
    account = {**ACCOUNT, "key": "dc09/1234", "codes": {"ADM-CID 750": "panic_button"}, "sound_zones": ["7"]}
    account["paths"] = [{"name": "main", "door": "main", "transport": "udp", "line": 1, "silent_after_s": 90}]
    told = read(tmp_path, {**TOLD, "accounts": [account]})
    assert told.accounts[0].number == 0x1234
    assert told.accounts[0].paths[0].silent_after_s == 90.0


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({**TOLD, "surprise": 1}, "surprise"),
        ({**TOLD, "accounts": []}, "accounts"),
        ({**TOLD, "accounts": [ACCOUNT, {**ACCOUNT, "account": "01234"}]}, "same number"),
        ({**TOLD, "accounts": [{**ACCOUNT, "account": "12G4"}]}, "account"),
        ({**TOLD, "accounts": [{**ACCOUNT, "paths": [{"name": "main", "door": "other"}]}]}, "no door"),
        ({**TOLD, "accounts": [{**ACCOUNT, "paths": ACCOUNT["paths"] * 2}]}, "same name"),
        ({**TOLD, "accounts": [{**ACCOUNT, "codes": {"BA": "intrusion"}}]}, "codes"),
        ({**TOLD, "accounts": [{**ACCOUNT, "paths": [{**ACCOUNT["paths"][0], "network": "10.0.0.1/8"}]}]}, "network"),
        ({**TOLD, "doors": [{"name": "main", "host": "example.org"}]}, "host"),
        ({**TOLD, "doors": [{"name": "main", "tcp": False, "udp": False}]}, "tcp or udp"),
        ({**TOLD, "limits": {"pending_max": 0}}, "pending_max"),
        ("- not\n- a mapping", "dictionary"),
        ("a: [", "dc09.yaml"),
    ],
)  # fmt: skip
def test_a_file_that_does_not_say_what_it_must_is_refused(tmp_path, told, says):
    with pytest.raises(ReceiverSettingsRefused, match=says):
        read(tmp_path, told)


def test_a_key_that_is_missing_or_of_no_aes_length_is_refused_and_not_shown(tmp_path):
    told = read(tmp_path, {**TOLD, "accounts": [{**ACCOUNT, "key": "dc09/1234"}]})
    for keys in ({}, {"dc09/1234": b"secret-but-short"[:11]}):
        with pytest.raises(ReceiverSettingsRefused) as caught:
            keys_of(told, keys)
        assert "secret" not in repr(caught.value) + str(caught.value)
        assert caught.value.trouble.where == "dc09/1234"


def test_the_codec_logs_nothing_of_what_it_deciphers(dc09, caplog):
    caplog.set_level(logging.DEBUG)
    gate = dc09.Gate()
    for number, data in enumerate(("#1234|NZZ^mairie^", "#1234|1AAA 00 015", "#1234|x"), start=1):
        gate.hear(gate.frame(data, number=number))
        gate.hear(gate.frame(data, number=number, token="ADM-CID"))
    assert [record for record in caplog.records if record.name.startswith("siadc09")] == []


def test_no_key_shows_in_what_holds_one(dc09):
    key = b"a very secret k!"
    gate = dc09.Gate()
    gate.core = Acceptance(gate.settings, {0x1234: key}, 1)
    verdict = gate.hear(gate.frame(key=key))
    assert isinstance(verdict.receipt, Receipt)
    shown = repr(verdict) + repr(gate.core) + repr(gate.core._accounts) + str(verdict.receipt)
    assert "secret" not in shown
    assert key.hex() not in shown
