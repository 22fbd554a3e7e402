"""The contacts as a person writes them: each fault with its line, and never a machine off the list."""

from __future__ import annotations

from pathlib import Path

import pytest

from csu.hal.errors import BadInput
from hardware.dispatch import DispatchFile
from hardware.settings_file import read_settings

FILE = """source: urn:csu:metz
hosts: [police.example, sdis.example]
contacts:
  - name: hotel de police
    service: police
    communes: [metz, woippy]
    url: https://police.example/calls
    secret: dispatch/police-metz
  - name: departement
    service: police
    communes: ["*"]
    url: https://police.example:8443/departement
    secret: dispatch/departement
  - name: pompiers
    service: fire_brigade
    communes: ["*"]
    url: https://sdis.example/calls
    secret: dispatch/sdis
answer_within_s: 9
"""


def test_contacts_are_tried_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "contacts.yaml"
    path.write_text(FILE)
    read = read_settings(path, DispatchFile)

    def told(service: str, commune: str) -> list[str]:
        return [contact.name for contact in read.contacts if contact.serves(service, commune)]

    assert told("police", "metz") == ["hotel de police", "departement"]
    assert told("police", "orval") == ["departement"]
    assert told("fire_brigade", "metz") == ["pompiers"]
    assert told("gendarmerie", "metz") == []


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("https://sdis.example/calls", "http://sdis.example/calls", 17),
        ("https://sdis.example/calls", "https://user:pw@sdis.example/calls", 17),
        ("https://sdis.example/calls", "https://sdis.example/calls?to=x", 17),
        ("https://sdis.example/calls", "https:///calls", 17),
        ("https://sdis.example/calls", "https://elsewhere.example/calls", 1),
        ("https://sdis.example/calls", "https://sdis.example:99999/calls", 17),
        ("service: fire_brigade", "service: Pompiers!", 15),
        ('communes: ["*"]\n    url: https://sdis', "communes: metz\n    url: https://sdis", 16),
        ("    secret: dispatch/sdis\n", "", 14),
        ("    secret: dispatch/sdis\n", "    secret: dispatch/sdis\n    password: hunter2\n", 19),
        ("answer_within_s: 9", "answer_within_s: soon", 19),
        ("answer_within_s: 9", "answer_within_s: 3600", 19),
        ("name: pompiers", "name: departement", 1),
        ("hosts: [police.example, sdis.example]", "hosts: []", 2),
        ("urn:csu:metz", "metz", 1),
    ],
)
def test_a_fault_is_told_with_its_line_and_without_what_was_written(tmp_path: Path, before, after, line) -> None:
    path = tmp_path / "contacts.yaml"
    assert before in FILE
    path.write_text(FILE.replace(before, after))
    with pytest.raises(BadInput) as caught:
        read_settings(path, DispatchFile)
    assert caught.value.trouble.where == f"{path}:{line}"
    assert "hunter2" not in str(caught.value)
    assert "user:pw" not in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"- a", b"\xff\xfe\x00", b"a: [", b"a: &x 1\nb: *x", b"[" * 50, b"x" * (1 << 19)]
)
def test_what_is_no_settings_file_is_bad_input(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "contacts.yaml"
    path.write_bytes(content)
    with pytest.raises(BadInput):
        read_settings(path, DispatchFile)
    with pytest.raises(BadInput):
        read_settings(tmp_path / "absent.yaml", DispatchFile)
