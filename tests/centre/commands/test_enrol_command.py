"""`csu camera discover|enrol|rotate` and `csu vault` as a machine uses them, over a site that is none."""

from __future__ import annotations

import io
import json
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from csu.cli import main
from csu.hal.camera import CameraError, CameraId
from csu.hal.conformance import Check, CheckStatus
from csu.hal.fieldwork import Entered, FoundCamera
from csu.hal.words import NO_WORDS, Words

TARGET = "https://10.0.0.1/onvif/device_service"


class Site:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.newcomers: list[Any] = []
        self.findings: list[Any] = []
        self.kept: dict[str, bytes] = {}
        self.found = [FoundCamera(TARGET, "urn:uuid:1", "dome", "D1", False)]

    def open(self, site: object) -> Site:
        return self

    async def discover(self, *_: object) -> tuple[list[FoundCamera], int]:
        return self.found, 3

    async def enter(self, newcomer: Any) -> Entered:
        self.newcomers.append(newcomer)
        return Entered(newcomer.record, TARGET, "ab" * 32, "urn:uuid:1", turns=False, has_masks=True)

    def target(self, camera: CameraId) -> str:
        return TARGET

    def keep_findings(self, camera: CameraId, found: Any) -> None:
        self.findings.append(found)

    def cameras(self) -> list[CameraId]:
        return [CameraId("cam-1"), CameraId("cam-2")]

    async def rotate(self, camera: CameraId) -> None:
        if camera == "cam-1":
            raise CameraError(Words("muette", "silent"), where=camera, what_to_do=NO_WORDS)

    def keep_secret(self, name: str, secret: bytes) -> None:
        self.kept[name] = secret


@pytest.fixture
def csu(monkeypatch, tmp_path, capsys):
    """(site, run): `run(...)` gives (exit code, object on stdout, stderr)."""
    site = Site()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CSU_CAMERA_PASSWORD", "p/ss@word")
    monkeypatch.setattr("csu.centre.commands.enrol.fieldwork", lambda: site)

    def run(*words: str, stdin: bytes = b"") -> tuple[int, Any, str]:
        monkeypatch.setattr(sys, "argv", ["csu", *words])
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return ended.value.code, json.loads(out) if out.startswith("{") else out, err

    return site, run


ENROL = ("camera", "enrol", TARGET, "--site", "s.yaml", "--camera", "cam-1", "--json")
NEW = ("--number", "1", "--name", "Place", "--commune", "metz")


def test_a_camera_that_was_not_examined_is_entered_and_signed_off_by_nothing(csu):
    site, run = csu
    code, told, err = run(*ENROL, *NEW, "--no-examination")
    assert (code, told["verdict"], told["route"], site.findings) == (0, "not examined", "engine", [])
    assert site.newcomers[0].target == "https://admin:p%2Fss%40word@10.0.0.1/onvif/device_service"
    assert "masquée en entier" in err
    assert "p/ss@word" not in err


@pytest.mark.parametrize("status", [CheckStatus.PASSED, CheckStatus.FAILED])
def test_what_the_examination_found_is_written_down_and_is_the_exit_code(csu, monkeypatch, status):
    async def examiner(*_: object):
        yield Check("tls.streams", "TEC-5", NO_WORDS, CheckStatus.PASSED, NO_WORDS)
        yield Check("masks.main", "PRV-3", NO_WORDS, status, NO_WORDS)

    monkeypatch.setattr("csu.centre.commands.enrol.examiner_of", lambda kind: examiner)
    site, run = csu
    code, told, _ = run(*ENROL, *NEW)
    (found,) = site.findings
    holds = status is CheckStatus.PASSED
    assert (code, found.holds, found.streams_over_tls) == (0 if holds else 1, holds, True)
    assert found.failed == (() if holds else ("masks.main",))
    assert told["route"] == "engine", "not all of its masks were asked for"


@pytest.mark.parametrize("missing", range(0, 6, 2))
def test_a_new_camera_has_a_number_a_name_and_a_commune(csu, missing):
    site, run = csu
    code, told, _ = run(*ENROL, *NEW[:missing], *NEW[missing + 2 :])
    assert (code, told["error"]["where"], site.newcomers) == (2, NEW[missing], [])


def test_one_camera_that_does_not_rotate_keeps_no_other_from_it(csu):
    _, run = csu
    code, told, _ = run("camera", "rotate", "--all", "--site", "s.yaml", "--json")
    assert (code, told["rotated"], list(told["failed"])) == (1, ["cam-2"], ["cam-1"])
    assert run("camera", "rotate", "--site", "s.yaml", "--json")[0] == 2


def test_nobody_found_is_told_by_the_exit_code(csu):
    site, run = csu
    code, told, _ = run("camera", "discover", "--json")
    assert (code, told["refused"], told["cameras"][0]["endpoint"]) == (0, 3, "urn:uuid:1")
    site.found = []
    assert run("camera", "discover", "--json")[0] == 1


def test_a_secret_comes_by_stdin_and_is_not_shown(csu):
    site, run = csu
    assert run("vault", "put", "dc09/1", "--hex", "--site", "s.yaml", stdin=b"00ff\n")[0] == 0
    code, out, err = run("vault", "put", "panel/1", "--site", "s.yaml", stdin=b"Zebra\n")
    assert site.kept == {"dc09/1": b"\x00\xff", "panel/1": b"Zebra"}
    assert (code, out) == (0, "")
    assert "Zebra" not in err
    assert run("vault", "put", "x", "--hex", "--site", "s.yaml", stdin=b"zz")[0] == 2
