"""Lists of cameras to be entered, and names for those that were found."""

from __future__ import annotations

from pathlib import Path

import pytest

from csu.hal.camera import CommuneId, ViewType
from csu.hal.errors import BadInput
from csu.hal.fieldwork import FoundCamera
from csu.machine import LocalDisk
from hardware.field.candidates import listed_candidates, unlisted_candidates
from hardware.vault import Entry, Login, Vault

ADDRESS = "https://10.57.3.12/onvif/device_service"
HEAD = "camera,number,name,commune,view,address,endpoint,user,secret,nat_hosts\n"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(LocalDisk(tmp_path / "vault"), b"0" * 32)


def listed(tmp_path, vault, text, name="cameras.csv", found=()):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return listed_candidates(path, lambda user: f"of {user}", found, vault)


def test_a_table_and_yaml_say_the_same(tmp_path, vault):
    table = listed(tmp_path, vault, HEAD + f"cam-1,1,Place,metz,,{ADDRESS}#sha256=ab,,,,10.0.0.1 10.0.0.2\n")
    text = (
        "cameras:\n- {camera: cam-1, number: 1, name: Place, commune: metz, nat_hosts: [10.0.0.1, 10.0.0.2],\n"
        f"   address: '{ADDRESS}#sha256=ab'}}\n"
    )
    assert listed(tmp_path, vault, text, "cameras.yaml") == table
    newcomer = table[0].newcomer
    assert newcomer.target == "https://admin:of%20admin@10.57.3.12/onvif/device_service#sha256=ab"
    assert (newcomer.record.view, newcomer.advertised_hosts) == (ViewType.WIDE, ("10.0.0.1", "10.0.0.2"))
    assert "of%20admin" not in repr(table)


def test_a_spreadsheet_of_france_is_read_too(tmp_path, vault):
    told = listed(
        tmp_path, vault, "\ufeffcamera;number;name;commune;address\ncam-1;1;Pont, nord;metz;" + ADDRESS + "\n\n"
    )
    assert [each.newcomer.record.name for each in told] == ["Pont, nord"]


def test_a_password_of_its_own_is_the_vaults_and_who_has_an_account_there_needs_none(tmp_path, vault):
    vault.keep_secret("setup/pont", b"p@ss")
    vault.keep("cam-3", Entry(Login("csu-a", "x" * 20)))
    rows = [f"cam-{number},{number},Pont,metz,narrow_view,{ADDRESS},,root,{secret},\n" for number, secret in
            ((1, "setup/pont"), (2, "setup/other"), (3, ""))]  # fmt: skip
    own, missing, known = listed(tmp_path, vault, HEAD + "".join(rows))
    assert own.newcomer.target.startswith("https://root:p%40ss@10.57.3.12/")
    assert (missing.newcomer, "setup/other" in missing.why.en) == (None, True)
    assert (known.newcomer, bool(known.why)) == (None, False)


def test_who_is_listed_by_what_it_calls_itself_is_looked_for(tmp_path, vault):
    found = [FoundCamera(ADDRESS, "urn:uuid:AB", "x", "y", False), FoundCamera("", "urn:uuid:cd", "x", "y", True)]
    rows = [f"cam-{n},{n},Pont,metz,,,{endpoint},,,\n" for n, endpoint in ((1, "ab"), (2, "cd"), (3, "ef"))]
    here, disputed, nowhere = listed(tmp_path, vault, HEAD + "".join(rows), found=found)
    assert here.newcomer.target.endswith("@10.57.3.12/onvif/device_service")
    assert (disputed.newcomer, nowhere.newcomer) == (None, None)
    assert "two hosts" in disputed.why.en
    assert "nobody" in nowhere.why.en


@pytest.mark.parametrize(
    ("rows", "where", "what"),
    [
        ("cam-1,1,Place,metz,,https://u:p@10.0.0.1/x,,,,\n", 2, "no login in the list"),
        (f"cam-1,1,Place,metz,,{ADDRESS},,,,\ncam-2,1,Place,metz,,{ADDRESS},,,,\n", 1, "twice in the list: 1"),
        (f"cam-1,1,Place,metz,,{ADDRESS},urn:uuid:1,,,\n", 2, "one of them"),
        (f"cam-1,1,Place,metz,,{ADDRESS},,,,\n\n../cam,2,Place,metz,,{ADDRESS},,,,\n", 4, "camera"),
        ("cam-1,1,Place,metz,,ftp://10.0.0.1/x,,,,\n", 2, "no address"),
        ("cam-1,1,Place,metz,,https://[::1/x,,,,\n", 2, "no address"),
        (f"cam-1,0,Place,metz,,{ADDRESS},,,,\n", 2, "number"),
        (f"cam-1,1,Place,metz,,{ADDRESS},,,,,more\n", 2, "more cells"),
        ("", 1, "cameras"),
    ],
)
def test_a_list_with_a_fault_is_refused_with_its_line_and_without_what_it_said(tmp_path, vault, rows, where, what):
    with pytest.raises(BadInput) as refused:
        listed(tmp_path, vault, HEAD + rows)
    assert refused.value.trouble.where.endswith(f"cameras.csv:{where}")
    assert what in refused.value.trouble.what.en
    assert "u:p" not in str(refused.value)


def test_who_was_found_gets_the_next_numbers_and_nobody_is_given_a_login_in_clear():
    found = [
        FoundCamera("https://10.0.0.2/x", "urn:uuid:b", " /Dome\n1 ", "D", False),
        FoundCamera("https://10.0.0.1/x", "urn:uuid:a", "", "D", False),
        FoundCamera("http://10.0.0.3/x", "urn:uuid:c", "Dome", "D", False),
        FoundCamera("https://10.0.0.4/x", "urn:uuid:d", "Dome", "D", True),
        FoundCamera("https://10.0.0.5/x", "urn:uuid:e", "Dome", "D", False, camera="cam-0007"),
    ]
    told = unlisted_candidates(found, 8, CommuneId("metz"), ViewType.WIDE, Login("csu", "p"))
    assert [each.camera for each in told] == [
        "cam-0008",
        "cam-0009",
        "http://10.0.0.3/x",
        "https://10.0.0.4/x",
        "cam-0007",
    ]
    assert [each.newcomer.record.name for each in told[:2]] == ["cam-0008", "Dome1"]
    assert [each.newcomer for each in told[2:]] == [None, None, None]
    assert [bool(each.why) for each in told] == [False, False, True, True, False]
