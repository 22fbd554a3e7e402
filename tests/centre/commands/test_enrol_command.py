"""`csu camera discover|enrol|rotate` and `csu vault` as a machine uses them, over a site that is none."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from csu.centre.commands.conform_report import verify_report
from csu.cli import main
from csu.governance.centre_key import CentreKey
from csu.hal.camera import CameraError, CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_DAY
from csu.hal.conformance import Check, CheckStatus
from csu.hal.fieldwork import Candidate, Entered, FoundCamera, Newcomer, Stage
from csu.hal.words import NO_WORDS, Words
from csu.machine import SystemClock

TARGET = "https://10.0.0.1/onvif/device_service"


class Site:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.newcomers: list[Any] = []
        self.findings: list[Any] = []
        self.kept: dict[str, bytes] = {}
        self.stages: dict[str, Stage] = {}
        self.passwords: list[str] = []
        self.refuses: set[str] = set()
        self.under_way, self.most = 0, 0
        self.since_ns: dict[str, int] = {}
        self.rotated: list[str] = []
        self.found = [FoundCamera(TARGET, "urn:uuid:1", "dome", "D1", False)]

    def open(self, site: object) -> Site:
        return self

    async def discover(self, *_: object) -> tuple[list[FoundCamera], int]:
        return self.found, 3

    def stage(self, camera: CameraId) -> Stage:
        return self.stages.get(camera, Stage.ABSENT)

    def listed(self, path: Path, password: Any, found: Any) -> list[Candidate]:
        return [self._candidate(line, password) for line in path.read_text().split()]

    def unlisted(self, found: Any, commune: str, view: str, user: str, password: Any) -> list[Candidate]:
        return [self._candidate(f"cam-{number}", password) for number, _ in enumerate(found, 1)]

    def _candidate(self, name: str, password: Any) -> Candidate:
        if name.startswith("!"):
            return Candidate(CameraId(name), None, Words("disputée", "disputed"))
        self.passwords.append(password("admin"))
        record = CameraRecord(CameraId(name), 1, "Place", CommuneId("metz"), ViewType.WIDE)
        return Candidate(record.camera, Newcomer(record, TARGET))

    async def resume(self, camera: CameraId) -> Entered:
        raise AssertionError(camera)

    async def enter(self, newcomer: Any) -> Entered:
        self.newcomers.append(newcomer)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0.01)
        self.under_way -= 1
        if newcomer.record.camera in self.refuses:
            raise CameraError(Words("elle refuse", "it refuses"), where=newcomer.record.camera, what_to_do=NO_WORDS)
        self.stages[newcomer.record.camera] = Stage.ENTERED
        return Entered(newcomer.record, TARGET, "ab" * 32, "urn:uuid:1", turns=False, has_masks=True)

    def target(self, camera: CameraId) -> str:
        return TARGET

    def keep_findings(self, camera: CameraId, found: Any) -> None:
        self.findings.append(found)
        self.stages[camera] = Stage.EXAMINED if found.holds else Stage.ENTERED

    def cameras(self) -> list[CameraId]:
        return [CameraId("cam-1"), CameraId("cam-2")]

    def account_since_ns(self, camera: CameraId) -> int | None:
        return self.since_ns.get(camera)

    async def rotate(self, camera: CameraId) -> None:
        self.rotated.append(camera)
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


MANY = ("camera", "enrol", "--all", "cameras.csv", "--site", "s.yaml", "--json")


@pytest.fixture
def looked_at(monkeypatch):
    """Cameras that are examined hold, or not, by what is set here."""
    holds = {"status": CheckStatus.PASSED}

    async def examiner(*_: object):
        await asyncio.sleep(0)
        yield Check("masks.main", "PRV-3", NO_WORDS, holds["status"], NO_WORDS)

    monkeypatch.setattr("csu.centre.commands.enrol.examiner_of", lambda kind: examiner)
    return holds


@pytest.mark.usefixtures("looked_at")
def test_of_many_one_that_fails_harms_no_other_and_the_same_again_goes_on_where_it_stopped(csu):
    site, run = csu
    Path("cameras.csv").write_text("cam-1 cam-2 !cam-3 cam-4")
    site.refuses, site.stages["cam-4"] = {"cam-2"}, Stage.EXAMINED
    code, told, err = run(*MANY)
    assert code == 1
    assert [row["outcome"] for row in told["cameras"]] == ["holds", "failed", "failed", "skipped"]
    assert [row["why"] for row in told["cameras"]][1:] == ["elle refuse", "disputée", "inscrite et examinée auparavant"]
    assert all(name in err for name in ("✓ cam-1", "✗ cam-2", "✗ !cam-3", "– cam-4"))
    site.refuses, site.newcomers = set(), []
    Path("cameras.csv").write_text("cam-1 cam-2 cam-4")
    code, told, _ = run(*MANY)
    assert (code, [row["outcome"] for row in told["cameras"]]) == (0, ["skipped", "holds", "skipped"])
    assert [each.record.camera for each in site.newcomers] == ["cam-2"], "who is in is not entered again"
    assert run(*MANY)[0] == 0


def test_many_are_entered_so_many_at_a_time_and_their_reports_are_signed(csu, looked_at):
    site, run = csu
    Path("cameras.csv").write_text(" ".join(f"cam-{number}" for number in range(8)))
    code, told, err = run(*MANY, "--at-once", "4")
    assert (code, site.most, len(site.findings)) == (0, 4, 8)
    reports = sorted(Path("reports").glob("cam-*.json"))
    key = CentreKey.load_or_make(Path("var/conform/key.pem")).public
    assert [verify_report(report, key)["verdict"] for report in reports] == ["holds"] * 8
    page = Path(told["page"]).read_text()
    assert all(f"cam-{number}-" in page and "ab" * 32 in page for number in range(8))
    assert "p/ss@word" not in page + err + json.dumps(told)
    assert set(site.passwords) == {"p/ss@word"}
    looked_at["status"] = CheckStatus.FAILED
    site.stages = {}
    assert run(*MANY)[0] == 1


def test_many_without_their_examination_are_signed_off_by_nothing(csu):
    site, run = csu
    code, told, err = run("camera", "enrol", "--found", "--commune", "metz", "--site", "s.yaml", "--json",
                          "--no-examination")  # fmt: skip
    assert (code, site.findings, told["cameras"][0]["outcome"]) == (0, [], "not examined")
    assert "NON EXAMINÉE : masquée en entier" in err


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (("--all", "a.csv", "--found"), "--camera, --all, --found"),
        (("--all", "a.csv", "--camera", "cam-1"), "--camera, --all, --found"),
        ((), "--camera, --all, --found"),
        (("--found",), "--commune"),
    ],
)
def test_one_camera_a_list_or_those_found(csu, words, where):
    site, run = csu
    code, told, _ = run("camera", "enrol", "--site", "s.yaml", "--json", "--no-examination", *words)
    assert (code, told["error"]["where"], site.newcomers) == (2, where, [])


def test_one_camera_that_does_not_rotate_keeps_no_other_from_it(csu):
    _, run = csu
    code, told, _ = run("camera", "rotate", "--all", "--site", "s.yaml", "--json")
    assert (code, told["rotated"], list(told["failed"])) == (1, ["cam-2"], ["cam-1"])
    assert run("camera", "rotate", "--site", "s.yaml", "--json")[0] == 2


def test_who_has_a_new_account_is_left_alone_and_whose_age_nobody_knows_is_not(csu):
    site, run = csu
    now_ns = SystemClock().now_ns()
    site.cameras = lambda: ["cam-2", "cam-3", "cam-4"]
    site.since_ns = {"cam-2": now_ns - 29 * NS_PER_DAY, "cam-3": now_ns - 31 * NS_PER_DAY}
    code, told, _ = run("camera", "rotate", "--all", "--older-than", "30", "--site", "s.yaml", "--json")
    assert (code, site.rotated) == (0, ["cam-3", "cam-4"])
    assert told == {"rotated": ["cam-3", "cam-4"], "failed": {}, "not_due": ["cam-2"]}


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
