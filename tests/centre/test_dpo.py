"""The data protection officer's desks over the files of a centre: signed by two, journaled first, believed or off."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest

from csu.centre.dpo import DpoHome, open_dpo
from csu.centre.dpo import masks as dpo_masks
from csu.centre.dpo.journal import JournalOfCentre
from csu.centre.dpo.masks import MasksOfCentre
from csu.centre.dpo.regime import RegimeOfCentre
from csu.centre.dpo.requests import RequestsOfCentre
from csu.centre.dpo.signs import SignsOfCentre
from csu.centre.papers import LawOfPast, Papers
from csu.centre.registers.settings import RegisterSettings
from csu.cluster.journal_verifying import VerificationFailed, verify_journal_apart
from csu.evidence import Case, CaseState, LegalBasis, Officer, Requisition
from csu.governance import (
    AuditJournal,
    CameraSpan,
    CentreKey,
    Destroyed,
    DestructionRule,
    JournalDesk,
    JournalUnavailable,
    LegalRegister,
    LocalDoctrine,
    MaskLedger,
    MaskProposalRefused,
    Recorded,
    SignatureRefused,
    Span,
    rule_of,
)
from csu.governance.access_requests import AccessDecision, IdentityProof, Motive, RequestState
from csu.governance.errors import AccessRequestRefused, RegimeBroken
from csu.governance.journal_entry import JournalEntry, Operation
from csu.governance.journal_reading import journal_unavailable, read_journal
from csu.governance.journal_search import JournalQuery
from csu.governance.legal_calendar import day_in_paris, instant_in_paris, start_of_day
from csu.governance.legal_regime import LegalRegime
from csu.governance.register_errors import CertificateRefused
from csu.governance.retention import RuledPiece
from csu.governance.signs import Sign
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S
from csu.hal.site import SignRole
from tests.governance.conftest import CAMERA, a_mask_set

TECHNICAL, DPO = SignRole.TECHNICAL, SignRole.DPO
METZ = CommuneId("metz")
NOW_NS = instant_in_paris(date(2027, 6, 1), 720)


class StandingClock:
    def __init__(self) -> None:
        self.at_ns = NOW_NS

    def now_ns(self) -> int:
        return self.at_ns

    def monotonic_ns(self) -> int:
        return self.at_ns


@dataclass
class Home:
    """A centre's directory, its key and its journal."""

    path: Path
    clock: StandingClock
    key: CentreKey
    runner: asyncio.Runner

    def __post_init__(self) -> None:
        self.journal = JournalDesk(AuditJournal(self.path / "journal", self.key), self.key, self.clock)

    def run(self, asked):
        return self.runner.run(asked)

    def edits(self) -> list[str]:
        return [row.entry.subject for row in read_journal(self.path / "journal", operation=Operation.MASK_EDIT)]


@pytest.fixture
def home(tmp_path) -> Iterator[Home]:
    with asyncio.Runner() as runner:
        made = Home(tmp_path, StandingClock(), CentreKey.load_or_make(tmp_path / "key.pem"), runner)
        yield made
        runner.run(made.journal.close())


def test_the_desks_of_a_centre_are_opened_over_its_files_and_closed_with_it(home) -> None:
    MaskLedger(home.path / "masks.sqlite").close()
    LegalRegister(home.path / "register.sqlite", home.key).close()
    law = LawOfPast(Papers.stated("{}"), LocalDoctrine())
    told = (home.path, home.key, home.journal, RegisterSettings(), law, list, home.clock)

    async def used() -> None:
        async with open_dpo(DpoHome(*told)) as desks:
            assert (await desks.journal.search(JournalQuery())).found == ()
            assert (await desks.register.day(date(2027, 5, 20), None)).recorded == ()
            assert await desks.masks.waiting() == []
            assert not (await desks.signs.register()).standing
            assert not (await desks.regime.stands()).today
            assert await desks.requests.requests() == []
            assert desks.register.commune_of(CAMERA) is None

    home.run(used())


# -- masks ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def masks(home) -> Iterator[MasksOfCentre]:
    """A camera in service, and a loosening of it that the technician signed at the command line."""
    ledger = MaskLedger(home.path / "masks.sqlite")
    first = a_mask_set()

    def decided(register):
        yield register.propose(first, by="Tom Koch", at_ns=NOW_NS - 9, reason="mise en service")
        yield register.sign(CAMERA, 1, person="Tom Koch", role=TECHNICAL, at_ns=NOW_NS - 8)
        yield register.sign(CAMERA, 1, person="Denis Weber", role=DPO, at_ns=NOW_NS - 7)
        yield register.propose(replace(first, zones=()), by="Tom Koch", at_ns=NOW_NS - 6, reason="porte murée")
        yield register.sign(CAMERA, 2, person="Tom Koch", role=TECHNICAL, at_ns=NOW_NS - 5)

    ledger.decide(decided)
    ledger.close()
    made = MasksOfCentre(home.path / "masks.sqlite", home.journal, home.clock)
    yield made
    made.close()


def test_what_the_dpo_signs_is_in_force_and_was_journaled_first(home, masks) -> None:
    (waiting,) = home.run(masks.waiting())
    assert (waiting.version.number, bool(waiting.version.loosens)) == (2, True)
    signed = home.run(masks.sign(CAMERA, 2, "d.weber", DPO))
    assert signed.standing.in_force.number == 2
    assert home.edits() == ["masks/2/signed"]
    assert home.run(masks.waiting()) == []
    ledger = MaskLedger(home.path / "masks.sqlite")
    assert ledger.register.effective(CAMERA, NOW_NS).number == 2
    ledger.close()


def test_without_a_journal_nothing_is_signed(home, masks) -> None:
    class Unable:
        async def record(self, entry):
            raise journal_unavailable("journal", OSError())

    masks._journal = Unable()
    with pytest.raises(JournalUnavailable):
        home.run(masks.sign(CAMERA, 2, "d.weber", DPO))
    (waiting,) = home.run(masks.waiting())
    assert waiting.standing.in_force.number == 1


@pytest.mark.parametrize("account", ["tom.koch", "Tom.Koch"])
def test_who_signed_by_his_name_does_not_sign_again_by_his_account(home, masks, account) -> None:
    with pytest.raises(SignatureRefused, match="has signed it already"):
        home.run(masks.sign(CAMERA, 2, account, DPO))
    assert home.edits() == []


def test_what_is_declined_waits_no_more_and_the_reason_stays(home, masks) -> None:
    declined = home.run(masks.decline(CAMERA, 2, "d.weber", DPO, "la porte serait visible"))
    assert declined.version.declined.reason == "la porte serait visible"
    assert declined.standing.in_force.number == 1
    assert home.run(masks.waiting()) == []
    assert home.edits() == ["masks/2/declined"]


def test_the_drawing_tells_what_would_be_shown_and_holds_no_picture(home, masks) -> None:
    drawing = home.run(masks.drawing(CAMERA, 2))
    assert (drawing.width_px, drawing.height_px) == (640, 360)
    assert (len(drawing.cells), {len(row) for row in drawing.cells}) == (23, {40})
    marks = "".join(drawing.cells)
    assert set(marks) == {"0", "1", "3"}, "seen, hidden before only, hidden in both: nothing more is hidden"
    assert [words.en for words in drawing.changes] == ["zones taken away: door a"]
    with pytest.raises(MaskProposalRefused):
        home.run(masks.drawing(CAMERA, 3))


def test_a_first_version_is_drawn_beside_the_whole_mask(home, masks) -> None:
    other = replace(a_mask_set(), camera=CameraId("cam-0043"))
    ledger = MaskLedger(home.path / "masks.sqlite")
    ledger.decide(lambda register: [register.propose(other, by="x", at_ns=NOW_NS, reason="neuve")])
    ledger.close()
    assert set("".join(home.run(masks.drawing(other.camera, 1)).cells)) == {"1", "3"}


NO_NOTE = ("noting", lambda journal: lambda entries: None)


@pytest.mark.parametrize(
    ("planted", "found_by"),
    [
        (("noting", lambda journal: lambda entries: None), "test_without_a_journal_nothing_is_signed"),
        (
            ("noting", lambda journal: lambda entries: None),
            "test_what_the_dpo_signs_is_in_force_and_was_journaled_first",
        ),
        (("_require_another_person", lambda *asked: None), "test_who_signed_by_his_name_does_not_sign_again"),
    ],
)
def test_a_planted_defect_is_found(home, masks, monkeypatch, planted, found_by) -> None:
    monkeypatch.setattr(dpo_masks, *planted)
    test = next(test for name, test in globals().items() if name.startswith(found_by))
    given = {"account": "tom.koch"} if "by_his_name" in found_by else {}
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        test(home, masks, **given)


# -- the journal ------------------------------------------------------------------------------------------------------


def test_a_search_and_a_verification_run_beside_the_loop(home) -> None:
    asked = asyncio.Event()

    async def story() -> None:
        async def verify():
            await asked.wait()
            return (
                {"findings": [{"kind": "cut", "where": "2027-06-01.sqlite#2"}]}
                | dict.fromkeys(
                    ("rows", "days", "days_purged", "stamps_verified", "stamps_unchecked", "rows_not_anchored"), 1
                )
                | {"holds": False, "anchors": None}
            )

        desk = JournalOfCentre(home.path / "journal", verify, home.clock)
        assert (await desk.search(JournalQuery())).found == ()
        desk.begin_verification()
        desk.begin_verification()
        assert desk.verification().is_running
        asked.set()
        while desk.verification().is_running:
            await asyncio.sleep(0)
        told = desk.verification().verdict
        assert (told.holds, told.findings[0].what.fr) == (False, "la fin a été coupée")
        await desk.close()

    home.run(story())


@pytest.mark.parametrize("answer", [{}, {"findings": [{"kind": "?", "where": ""}]}])
def test_a_verifier_that_answers_badly_is_no_verdict(home, answer) -> None:
    async def story() -> None:
        async def verify():
            return answer

        desk = JournalOfCentre(home.path / "journal", verify, home.clock)
        desk.begin_verification()
        while desk.verification().is_running:
            await asyncio.sleep(0)
        assert desk.verification().verdict is None
        assert desk.verification().failed.fr
        await desk.close()

    home.run(story())


@pytest.mark.nightly
def test_a_journal_is_verified_in_a_process_of_its_own(home) -> None:
    key, journal = home.path / "key.pem", home.path / "journal"
    home.run(home.journal.record(JournalEntry(Operation.LOGIN, "d.weber", "dpo")))
    told = home.run(verify_journal_apart(journal, key, (), None))
    assert (told["holds"], told["rows"], told["anchors"]) == (True, 1, None)
    with pytest.raises(VerificationFailed):
        home.run(verify_journal_apart(home.path / "nowhere", key, (), None))
    with pytest.raises(VerificationFailed, match="0.01 s"):
        home.run(verify_journal_apart(journal, key, (), None, within_s=0.01))


# -- signs, regime ----------------------------------------------------------------------------------------------------


def test_signs_are_kept_and_read_by_another_process(home) -> None:
    here, there = (SignsOfCentre(home.path / "signs.sqlite", home.key, home.clock) for _ in range(2))
    text = "Site sous vidéoprotection. Responsable : le maire."
    sign = Sign("P-1", METZ, "Place d'Armes", date(2027, 5, 2), text, (CAMERA,))
    home.run(there.register())
    home.run(here.record(sign, "d.weber"))
    assert home.run(there.register()).signs_of(METZ) == (sign,)
    assert home.run(there.remove("P-1", "travaux", "d.weber")).without_a_sign([CAMERA]) == (CAMERA,)
    here.close()
    there.close()


def test_the_regime_is_off_by_default_and_off_when_its_file_is_not_believed(home) -> None:
    path = home.path / "regime.sqlite"
    desk = RegimeOfCentre(path, home.key, home.clock)
    assert not home.run(desk.stands()).today
    law = LegalRegime("loi n° 2023-380", "JORF n° 0116 du 20 mai 2023", date(2027, 1, 1), date(2027, 12, 31))
    assert home.run(desk.enter(law, "d.weber", "publiée")).today
    home.clock.at_ns = start_of_day(date(2028, 1, 1))
    assert not home.run(desk.stands()).today
    home.clock.at_ns = NOW_NS
    assert not home.run(desk.enter(None, "d.weber", "décision du 24 avril")).today
    desk.close()
    with sqlite3.connect(path) as other:
        for (name,) in other.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            other.execute(f"DROP TRIGGER {name}")
        other.execute("DELETE FROM regime_entry WHERE sequence = 1")
    with pytest.raises(RegimeBroken):
        home.run(RegimeOfCentre(path, home.key, home.clock).stands())


# -- requests ---------------------------------------------------------------------------------------------------------

ASKED = CameraSpan(CAMERA, Span(NOW_NS - NS_PER_DAY, NOW_NS - NS_PER_DAY + 10 * NS_PER_MINUTE))


def a_case(name: str, basis: LegalBasis) -> Case:
    act = Requisition(basis, name, Officer("X"), NOW_NS, (), "0" * 64, is_signed=True)
    return Case(name, act, CaseState.RECEIVED, "clerk.1", NOW_NS)


@pytest.fixture
def requests(home) -> Iterator[RequestsOfCentre]:
    rule = rule_of(None, LocalDoctrine())
    LegalRegister(home.path / "register.sqlite", home.key).close()
    made = RequestsOfCentre(
        home.path / "requests.sqlite",
        home.key,
        home.clock,
        register=home.path / "register.sqlite",
        cases=lambda: [a_case("2027-301", LegalBasis.GDPR_ACCESS), a_case("2027-88", LegalBasis.CPP_60_1)],
        commune_of=lambda camera: {CAMERA: METZ, CameraId("cam-ars"): CommuneId("ars")}.get(camera),
        rules_of=lambda camera, span: [RuledPiece(span, rule)],
    )
    yield made
    made.close()


def received(home, requests, number: str = "DA-2027-7", spans=(ASKED,)):
    return home.run(requests.receive(number, "Place d'Armes", spans, NOW_NS, "d.weber"))


def test_a_request_is_answered_with_the_case_that_keeps_its_pictures(home, requests) -> None:
    stands = received(home, requests)
    assert stands.pictures_until_ns == instant_in_paris(date(2027, 6, 30), 720)
    home.run(requests.identify("DA-2027-7", IdentityProof.DOCUMENT_SHOWN, "d.weber"))
    for case in ("2027-88", "2027-999"):
        with pytest.raises(AccessRequestRefused, match="no such case"):
            home.run(requests.link("DA-2027-7", case, "d.weber"))
    home.run(requests.link("DA-2027-7", "2027-301", "d.weber"))
    home.run(requests.decide("DA-2027-7", AccessDecision.PARTIAL, Motive.THIRD_PARTIES, "d.weber"))
    home.clock.at_ns += NS_PER_DAY
    answered = home.run(requests.viewed("DA-2027-7", NOW_NS + NS_PER_S, "d.weber"))
    assert answered.request.state is RequestState.ANSWERED


def test_a_request_freezes_nothing(home, requests) -> None:
    """What it asks for goes when it would have gone: nothing of it tells anybody who destroys."""
    stands = received(home, requests)
    home.clock.at_ns = stands.pictures_until_ns
    (after,) = home.run(requests.requests())
    assert after.pictures_until_ns is None


def test_pictures_that_are_gone_are_answered_by_a_certificate_and_no_others(home, requests) -> None:
    received(home, requests)
    home.run(requests.identify("DA-2027-7", IdentityProof.ELECTRONIC, "d.weber"))
    day = day_in_paris(ASKED.span.from_ns)
    register = LegalRegister(home.path / "register.sqlite", home.key)
    register.add([Recorded(CAMERA, METZ, day, ASKED.span, 600)])
    with pytest.raises(CertificateRefused):
        home.run(requests.decide("DA-2027-7", AccessDecision.NO_PICTURES, None, "d.weber"))
    told = {"segments": 3, "size_bytes": 9, "key_shredded_at_ns": None, "kept": ()}
    register.destroy(Destroyed(METZ, day, (CAMERA,), NOW_NS, DestructionRule.RETENTION, "-", **told))
    register.close()
    answered = home.run(requests.decide("DA-2027-7", AccessDecision.NO_PICTURES, None, "d.weber"))
    assert len(answered.request.decided.certificates) == 1
    certificate = home.run(requests.certificate("DA-2027-7", 1))
    assert (certificate.told["request"], certificate.told["camera"]) == ("DA-2027-7", CAMERA)
    assert certificate.is_signed(home.key.public)
    assert [home.run(requests.certificate(*asked)) for asked in (("DA-2027-7", 2), ("DA-2027-8", 1))] == [None, None]


@pytest.mark.parametrize("camera", ["cam-ars", "cam-nowhere"])
def test_one_request_is_of_one_controller(home, requests, camera) -> None:
    with pytest.raises(AccessRequestRefused, match="each controller"):
        received(home, requests, spans=(ASKED, replace(ASKED, camera=CameraId(camera))))
