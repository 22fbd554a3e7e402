"""A requisition at a centre that runs: filed, checked, locked, prepared, released, handed over, over real HTTP.

The street films and records twice. What the first life recorded is requisitioned in the second, while it records on.
"""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import httpx
import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from csu.centre.centre_settings import CentreSettings
from csu.centre.desk.signing import EvidenceSettings
from csu.centre.running import RunningCentre, open_centre
from csu.console.demonstration import SERVICE
from csu.console.identity import Claims, SignedTokens, make_token
from csu.evidence.cut import access_units
from csu.evidence.frames import table_of_json
from csu.evidence.seal import unpack, unseal
from csu.governance import Agreement, Designation, LegalRegister, Role, Subject, day_in_paris, read_journal
from csu.governance.centre_key import CentreKey
from csu.governance.journal_entry import JournalEntry, Operation, Outcome
from csu.hal.camera import CommuneId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.ingest.board import CameraState
from csu.machine import LocalDisk
from csu.recording import Catalogue, SegmentRow, coverage_of
from csu.recording.coverage import ACCOUNT_LAG_NS
from csu.recording.frame_times import frame_times
from csu.recording.key_store import LocalKeyStore
from csu.recording.sealed_disk import SealedDisk, nobody

CASE, HOLD = "2026-0042", "G-2026-7"
CAMERAS = 2
CSU = Path(sys.executable).with_name("csu")
LIVE_WITHIN_S, FILMED_S, RECORDS_ON_S = 40, 8, 3
pytestmark = pytest.mark.timeout(300)
STREET = {"width": 368, "height": 288, "fps": 12}
GROUP_S = 2
"""The longest group of pictures of the engine's encoder, and some."""


class People:
    """One account for each role, with every paper there is, for the communes of the street."""

    def __init__(self) -> None:
        self.communes: frozenset[CommuneId] = frozenset()

    def find(self, person: str, role: Role, at_ns: int) -> Subject | None:
        if person != account(role):
            return None
        papers = Designation(SERVICE, self.communes, Agreement(SERVICE, date(2020, 1, 1), date(2040, 1, 1)))
        return Subject(person, role, False, papers, is_municipal_police=True, communes=self.communes)


def account(role: Role) -> str:
    return "opj:0123456" if role is Role.JUDICIAL_OFFICER else f"{role.value}.1"


@dataclass
class Told:
    """What was asked and answered, and when the package was being made."""

    statuses: dict[str, int] = field(default_factory=dict)
    bodies: dict[str, Any] = field(default_factory=dict)
    footage: bytes = b""
    package: bytes = b""
    prepared_from_ns: int = 0
    prepared_to_ns: int = 0


class Centre:
    """One data directory, two lives."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.key = CentreKey(Ed25519PrivateKey.generate())
        self.people = People()
        self.identity = pyrage.x25519.Identity.generate()
        self.told = Told()

    def lives(self) -> None:
        asyncio.run(self._films())
        self.rows = self.catalogued()
        asyncio.run(self._is_asked())

    async def _films(self) -> None:
        async with self._open() as running:
            await self._live(running)
            await asyncio.sleep(FILMED_S)

    async def _is_asked(self) -> None:
        async with self._open() as running:
            self.people.communes = frozenset(each.record.commune for each in running.assignments)
            await self._live(running)
            async with httpx.AsyncClient(base_url=running.console_url, timeout=60) as client:
                await self._case(client)
            await asyncio.sleep(RECORDS_ON_S)

    def _open(self) -> Any:
        settings = CentreSettings(
            self.directory,
            cameras=CAMERAS,
            options=STREET,
            evidence=EvidenceSettings(practice=True, centre="CSU d'essai"),
        )
        tokens = SignedTokens(self.key.public, self.people)
        return open_centre(settings, observe=lambda event: None, progress=lambda words: None, tokens=tokens)

    async def _live(self, running: RunningCentre) -> None:
        deadline = time.monotonic() + LIVE_WITHIN_S
        while running.centre.board.count(CameraState.LIVE) < CAMERAS:
            assert time.monotonic() < deadline, running.centre.board.all()
            await asyncio.sleep(0.2)

    async def _case(self, client: httpx.AsyncClient) -> None:
        clerk, manager, officer = Role.EVIDENCE_CLERK, Role.CSU_MANAGER, Role.JUDICIAL_OFFICER
        at = f"/api/cases/{CASE}"
        footage = f"{at}/footage/{self.span[0].camera}"
        interval = {"from_at": iso(self.span[1]), "to_at": iso(self.span[2])}
        early = {"from_at": iso(self.span[1] - NS_PER_S), "to_at": iso(self.span[2])}
        hold = f"/api/cameras/{self.span[0].camera}/holds/{HOLD}"
        await self._ask(client, "hold", Role.ROOM_CHIEF, "PUT", hold, {"reason": "main courante 12"}, interval)
        await self._ask(client, "hold placed", clerk, "POST", f"/api/holds/{HOLD}/place")
        await self._ask(client, "filed", officer, "PUT", at, self.act)
        await self._ask(client, "checked", clerk, "POST", f"{at}/check")
        await self._ask(client, "locked", clerk, "POST", f"{at}/lock")
        await self._ask(client, "too soon", officer, "GET", footage, params=interval)
        self.told.prepared_from_ns = time.time_ns()
        await self._ask(client, "prepared", clerk, "POST", f"{at}/prepare", {"recipients": [self.recipient]})
        self.told.prepared_to_ns = time.time_ns()
        await self._ask(client, "released by the clerk", clerk, "POST", f"{at}/release")
        await self._ask(client, "released", manager, "POST", f"{at}/release")
        await self._ask(client, "footage of the operator", Role.OPERATOR, "GET", footage, params=interval)
        await self._ask(client, "a second more", officer, "GET", footage, params=early)
        self.told.footage = await self._ask(client, "footage", officer, "GET", footage, params=interval)
        self.told.package = await self._ask(client, "copy", clerk, "GET", f"{at}/copy")
        await self._ask(client, "handed over", clerk, "POST", f"{at}/hand-over", HAND_OVER)
        self.told.bodies["holds"] = json.loads(await self._ask(client, "holds", clerk, "GET", "/api/holds"))

    async def _ask(
        self,
        client: httpx.AsyncClient,
        name: str,
        role: Role,
        method: str,
        path: str,
        body: object = None,
        params: dict[str, str] | None = None,
    ) -> bytes:
        now_ns = time.time_ns()
        claims = Claims(
            person=account(role),
            role=role.value,
            strong_login=True,
            from_ns=now_ns - NS_PER_S,
            to_ns=now_ns + 5 * NS_PER_MINUTE,
        )
        headers = {"authorization": f"Bearer {make_token(self.key, claims)}"}
        answer = await client.request(method, path, json=body, params=params, headers=headers)
        self.told.statuses[name] = answer.status_code
        self.told.bodies[name] = answer.text[:400] if answer.status_code >= 400 else ""
        return answer.content

    @property
    def recipient(self) -> str:
        return str(self.identity.to_public())

    @property
    def span(self) -> tuple[SegmentRow, int, int]:
        """(row, from, to): three and a half seconds in the middle of what the first camera filmed."""
        row = self.rows[0]
        start_ns = row.start_ns + 2 * NS_PER_S + NS_PER_S // 3
        return row, start_ns // 1000 * 1000, (start_ns + 7 * NS_PER_S // 2) // 1000 * 1000

    @property
    def act(self) -> dict[str, Any]:
        row, from_ns, to_ns = self.span
        return {
            "basis": "CPP_60_1",
            "number": "PV 2026/1234",
            "officer": {"name": "Durand", "rank": "Maj.", "unit": "CIAT Metz", "number": "0123456"},
            "received_at": iso(time.time_ns()),
            "spans": [{"camera": row.camera, "from_at": iso(from_ns), "to_at": iso(to_ns)}],
            "act_sha256": "ab" * 32,
            "is_signed": True,
        }

    def catalogued(self) -> list[SegmentRow]:
        catalogue = Catalogue(self.directory / "catalogue")
        now_ns = time.time_ns()
        rows = sorted(
            catalogue.listing(now_ns - 60 * NS_PER_MINUTE, now_ns), key=lambda row: (row.camera, row.start_ns)
        )
        catalogue.close()
        return rows

    def times(self, rows: list[SegmentRow]) -> dict[int, str]:
        """Capture time and digest of each picture in these segments."""
        media = SealedDisk(LocalDisk(self.directory / "media"), LocalKeyStore(self.directory / "keys"), nobody)
        found: dict[int, str] = {}
        for row in rows:
            with media.open(row.name) as file:
                told = [each.at_ns for each in frame_times(file)]
                file.seek(0)
                found |= dict(zip(told, access_units(file.read()).digests, strict=True))
        return found

    def entries(self) -> list[JournalEntry]:
        rows = read_journal(self.directory / "journal")
        return [row.entry for row in rows if isinstance(row.entry, JournalEntry)]


HAND_OVER = {
    "officer": {"name": "Durand", "rank": "Maj.", "unit": "CIAT Metz", "number": "0123456"},
    "support": "BD-R 77",
    "is_rewritable": False,
    "copies": 1,
    "receipt": "receipt-1",
    "seal": "S-12",
}
STEPS = {
    "hold": 201,
    "hold placed": 200,
    "filed": 201,
    "checked": 200,
    "locked": 200,
    "too soon": 403,
    "prepared": 200,
    "released by the clerk": 403,
    "released": 200,
    "footage of the operator": 403,
    "a second more": 403,
    "footage": 200,
    "copy": 200,
    "handed over": 200,
    "holds": 200,
}


def iso(at_ns: int) -> str:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_ns // 1000)
    return at.isoformat()


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Centre:
    made = Centre(tmp_path_factory.mktemp("centre"))
    made.lives()
    return made


def test_every_step_is_done_by_who_may_and_by_nobody_else(centre: Centre) -> None:
    assert centre.told.statuses == STEPS, centre.told.bodies
    (hold,) = centre.told.bodies["holds"]
    assert (hold["hold"], hold["state"], hold["case"]) == (HOLD, "taken", CASE)


@pytest.mark.requirement("EXP-8")
def test_the_package_is_accepted_by_the_verifier_that_a_court_has(centre: Centre, tmp_path: Path) -> None:
    package, identity = tmp_path / "package.tar.age", tmp_path / "key.txt"
    package.write_bytes(centre.told.package)
    identity.write_text(f"{centre.identity}\n")
    practice = centre.directory / "centre" / "practice"
    trust = ["--trust", str(practice / "signer-authority.pem"), "--trust-time", str(practice / "stamp-authority.pem")]
    command = [str(CSU), "evidence", "verify", str(package), "--identity", str(identity)]
    ran = subprocess.run([*command, *trust, "--case", CASE, "--json"], capture_output=True, text=True, timeout=60)
    verdict = json.loads(ran.stdout)
    assert (ran.returncode, verdict["holds"], verdict["case"]) == (0, True, CASE), verdict


@pytest.mark.requirement("EXP-7")
def test_the_package_holds_every_picture_of_the_interval_as_it_was_recorded_and_a_reader(
    centre: Centre, tmp_path: Path
) -> None:
    row, from_ns, to_ns = centre.span
    sealed, tar = tmp_path / "package.tar.age", tmp_path / "package.tar"
    sealed.write_bytes(centre.told.package)
    with tar.open("wb") as target:
        unseal(sealed, target, f"{centre.identity}\n")
    (tmp_path / "open").mkdir()
    bag = unpack(tar, tmp_path / "open")
    filmed = centre.times([each for each in centre.rows if each.camera == row.camera])
    wanted = {(at_ns, digest) for at_ns, digest in filmed.items() if from_ns <= at_ns < to_ns}
    tables = [table_of_json(path.read_text()) for path in (bag / "data" / "frames").rglob("*.json")]
    assert {(frame.captured_ns, frame.sha256) for table in tables for frame in table.asked} == wanted
    for table in tables:
        assert set(access_units((bag / table.file).read_bytes()).digests) == {frame.sha256 for frame in table.frames}
        assert (table.camera, bool(table.place), bool(table.commune)) == (row.camera, True, True)
    assert (bag / "lecteur.html").is_file()


@pytest.mark.requirement("EXP-2")
def test_the_officer_sees_exactly_the_interval_of_the_act(centre: Centre) -> None:
    row, from_ns, to_ns = centre.span
    filmed = centre.times([each for each in centre.rows if each.camera == row.camera])
    wanted = [digest for at_ns, digest in filmed.items() if from_ns <= at_ns < to_ns]
    units = access_units(centre.told.footage)
    assert wanted
    assert list(units.digests[-len(wanted) :]) == wanted, "bit by bit what was recorded"
    with av.open(io.BytesIO(centre.told.footage)) as container:
        (stream,) = container.streams
        shown = [frame.pts for frame in container.decode(stream) if frame.pts >= 0]
    assert len(shown) == len(wanted)
    assert len(units.digests) - len(wanted) <= STREET["fps"] * GROUP_S


@pytest.mark.requirement("ACC-3")
def test_the_operator_is_refused_and_the_journal_says_so(centre: Centre) -> None:
    found = [
        entry for entry in centre.entries() if entry.role == "operator" and entry.subject == "console/cases/footage"
    ]
    assert [(entry.outcome, entry.case, entry.refusal) for entry in found] == [
        (Outcome.REFUSED, CASE, "acc-3.live-only")
    ]


@pytest.mark.requirement("EXP-8")
def test_the_journal_granted_the_export_before_it_was_made_and_names_who_and_of_what(centre: Centre) -> None:
    row, from_ns, to_ns = centre.span
    (entry,) = [each for each in centre.entries() if each.operation is Operation.EXPORT and each.subject == ""]
    assert (entry.author, entry.case, entry.recipient) == (account(Role.EVIDENCE_CLERK), CASE, "opj:0123456")
    (data,) = entry.data
    assert (data.camera, data.span.from_ns, data.span.to_ns) == (row.camera, from_ns, to_ns)


@pytest.mark.requirement("EXP-9")
def test_the_legal_register_tells_when_it_was_transmitted_to_whom_on_what(centre: Centre) -> None:
    row, from_ns, _ = centre.span
    key = CentreKey.load(centre.directory / "centre" / "key.pem")
    register = LegalRegister(centre.directory / "register.sqlite", key)
    (line,) = register.answer(day_in_paris(from_ns), row.camera).transmitted
    register.close()
    assert (line.case, line.recipient, line.support, line.copies) == (CASE, "0123456", "BD-R 77", 1)


@pytest.mark.requirement("EXP-7")
def test_no_recorder_missed_a_picture_while_the_package_was_made(centre: Centre) -> None:
    """Recording is never interrupted: no gap is declared, and no seam is longer than one that always is."""
    from_ns, to_ns = centre.told.prepared_from_ns, centre.told.prepared_to_ns
    assert to_ns > from_ns
    cameras = sorted({row.camera for row in centre.rows})
    catalogue = Catalogue(centre.directory / "catalogue")
    expected = {camera: [(from_ns, to_ns)] for camera in cameras}
    lines = coverage_of(catalogue, expected, from_ns, to_ns, now_ns=to_ns + ACCOUNT_LAG_NS)
    catalogue.close()
    assert len(lines) == CAMERAS
    for line in lines:
        assert (line.gap_ns, line.unaccounted_ns) == (0, 0), line
        assert line.recorded_ns > 0
