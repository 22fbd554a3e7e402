"""The requisition desk over what keeps a centre's past: real sealed footage, real keys, real registers, restarts."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from datetime import UTC, datetime

import av
import pytest

from csu.centre import past as past_module
from csu.centre.desk.signing import EvidenceSettings
from csu.centre.past import purge_of
from csu.centre.purge.tiers import DirectoryTier
from csu.evidence import (
    CameraSpan,
    CaseRefused,
    CaseState,
    DeskBroken,
    ExportFailed,
    LegalBasis,
    Trust,
    load_certificates,
    verify_package,
)
from csu.evidence.cut import access_units
from csu.evidence.requisition import Habilitation
from csu.governance import Action, LegalRegister, LocalDoctrine, Operation
from csu.governance import register_lines as lines_
from csu.governance.centre_key import CentreKey
from csu.governance.legal_calendar import day_in_paris, one_month_after
from csu.governance.register_errors import CertificateRefused
from csu.governance.register_lines import DestructionRule
from csu.governance.spans import Span
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S
from csu.hal.disk import DiskError
from csu.hal.words import Words

from .conftest import ASKED, BEGIN_NS, CAMERA, CHIEF, CLERK, HAND_OVER, MANAGER, RATE

CASE = "2026-42"
DAY = NS_PER_DAY
ENDED_NS = one_month_after(BEGIN_NS + 3 * NS_PER_MINUTE)
"""All three minutes have expired."""


def inside(home, span=ASKED) -> list[tuple[int, str]]:
    return [(at_ns, digest) for at_ns, digest in home.filmed if span.holds(at_ns)]


def verdict(home, work):
    """What `csu evidence verify` says of the only package."""
    (sealed,) = home.packages()
    practice = home.path / "centre" / "practice"
    trust = Trust(
        load_certificates(practice / "signer-authority.pem"), load_certificates(practice / "stamp-authority.pem")
    )
    work.mkdir()
    return verify_package(sealed, trust, datetime.now(UTC), work, identities=f"{home.identity}\n", case=CASE)


def register(home) -> LegalRegister:
    return LegalRegister(home.path / "register.sqlite", CentreKey.load(home.path / "centre" / "key.pem"))


async def bytes_of(pieces) -> bytes:
    return b"".join([piece async for piece in pieces])


# -- a case, from the act to the end ----------------------------------------------------------------------------------


def test_a_prepared_package_is_what_a_court_accepts_and_only_the_officer_s_key_opens_it(home, tmp_path):
    home.live(lambda past: home.to(past, "prepared"))
    assert verdict(home, tmp_path / "work").holds, verdict
    assert list((home.path / "evidence" / "work").iterdir()) == [], "nothing lies in clear"
    exports = [entry for entry in home.entries() if entry.operation is Operation.EXPORT]
    assert [(entry.author, entry.case, entry.recipient) for entry in exports] == [(CLERK.person, CASE, "opj:123456")]


def test_a_restart_knows_every_case_and_who_signed(home):
    home.live(lambda past: home.to(past, "prepared"))

    async def look(past):
        (case,) = past.desk.cases()
        assert (case.state, case.exports[-1].recipients) == (CaseState.PREPARED, home.recipients)
        with pytest.raises(CaseRefused):
            await past.desk.validate(CASE, CLERK)
        return await past.desk.validate(CASE, MANAGER)

    assert home.live(look).state is CaseState.VALIDATED


@pytest.mark.requirement("EXP-6")
def test_what_was_handed_over_against_a_receipt_is_destroyed_and_both_are_registered(home):
    home.live(lambda past: home.to(past, "handed_over"))
    assert len(home.packages()) == 1
    home.live(_nothing, at_ns=BEGIN_NS + DAY + 2 * NS_PER_MINUTE)  # the next round of the purge
    assert home.packages() == []

    async def state(past):
        return past.desk.cases()[0].state

    assert home.live(state, at_ns=BEGIN_NS + 2 * DAY) is CaseState.CLOSED
    answer = register(home).answer(day_in_paris(BEGIN_NS), CAMERA)
    assert [(line.case, line.recipient, line.support, line.copies) for line in answer.transmitted] == [
        (CASE, "123456", "BD-R 77", 1)
    ]
    assert [line.rule for line in answer.destroyed] == [DestructionRule.HANDED_OVER]
    assert home.media(), "the recording itself lives on: only the copy went"


@pytest.mark.requirement("EXP-6")
def test_a_lock_older_than_twelve_months_is_told_of_once(home):
    home.live(lambda past: home.to(past, "locked"))
    home.live(_nothing, at_ns=BEGIN_NS + 368 * DAY)
    assert [each.where for each in home.told if "EXP-6" in each.what.en] == [CASE]
    home.told.clear()
    home.live(_nothing, at_ns=BEGIN_NS + 369 * DAY)
    assert [each.where for each in home.told if "EXP-6" in each.what.en] == []


@pytest.mark.requirement("EXP-6")
def test_a_magistrate_s_instruction_ends_the_lock_and_the_copy_goes(home):
    async def end(past):
        await home.to(past, "prepared")
        await past.desk.end_lock(CASE, "soit-transmis 3", MANAGER)

    home.live(end)
    home.live(_nothing, at_ns=BEGIN_NS + 2 * DAY)
    assert home.packages() == []
    rules = {line.rule for line in register(home).answer(day_in_paris(BEGIN_NS), CAMERA).destroyed}
    assert rules == {DestructionRule.ORDERED}


@pytest.mark.requirement("LOG-1")
def test_the_register_answers_recorded_transmitted_and_destroyed_of_the_day_and_no_line_ever_goes(home):
    home.live(lambda past: home.to(past, "handed_over"))
    day, seen = day_in_paris(BEGIN_NS), []
    for at_ns in (BEGIN_NS + 2 * DAY, ENDED_NS, ENDED_NS + DAY):
        home.live(_nothing, at_ns=at_ns)
        answer = register(home).answer(day, CAMERA)
        lines = (*answer.recorded, *answer.transmitted, *answer.destroyed)
        assert set(seen) <= set(lines)
        seen = lines
    (recorded,) = answer.recorded
    assert (recorded.recorded_s, recorded.commune) == (180, "metz")
    assert [line.case for line in answer.transmitted] == [CASE]
    assert [line.rule for line in answer.destroyed] == [DestructionRule.HANDED_OVER, DestructionRule.RETENTION]
    assert answer.destroyed[-1].key_shredded_at_ns is not None
    asked = lines_.CameraSpan(CAMERA, Span(BEGIN_NS, BEGIN_NS + NS_PER_MINUTE))
    made = register(home).access_certificate(asked, "DPO-1", ENDED_NS + 2 * DAY)
    assert answer.destroyed[-1].certificate in made.statement


def test_that_an_extract_s_copy_was_destroyed_certifies_nothing_of_the_recording(home):
    home.live(lambda past: home.to(past, "handed_over"))
    home.live(_nothing, at_ns=BEGIN_NS + 2 * DAY)
    assert register(home).answer(day_in_paris(BEGIN_NS), CAMERA).destroyed
    asked = lines_.CameraSpan(CAMERA, Span(BEGIN_NS, BEGIN_NS + NS_PER_MINUTE))
    with pytest.raises(CertificateRefused):
        register(home).access_certificate(asked, "DPO-1", BEGIN_NS + 2 * DAY)


def test_a_hand_over_that_a_crash_left_out_of_the_register_gets_its_line_at_the_next_start(home):
    async def crash(past):
        await home.to(past, "validated")
        past.desk._settle = _nothing_at_all  # the process dies here
        await past.desk.hand_over(CASE, HAND_OVER, CLERK)

    home.live(crash)
    assert register(home).answer(day_in_paris(BEGIN_NS), CAMERA).transmitted == ()
    home.live(_nothing, at_ns=BEGIN_NS + 2 * DAY)
    home.live(_nothing, at_ns=BEGIN_NS + 2 * DAY)
    assert len(register(home).answer(day_in_paris(BEGIN_NS), CAMERA).transmitted) == 1


@pytest.mark.requirement("EXP-9")
def test_nothing_is_handed_over_without_support_copies_and_receipt_nor_released_by_who_prepared_it(home):
    async def do(past):
        await home.to(past, "prepared")
        with pytest.raises(CaseRefused):
            await past.desk.validate(CASE, CLERK)
        await past.desk.validate(CASE, MANAGER)
        rewritable = {"is_rewritable": True, "why_rewritable": ""}
        for lacking in ({"support": ""}, {"copies": 0}, {"receipt": " "}, {"seal": ""}, rewritable):
            with pytest.raises(CaseRefused):
                await past.desk.hand_over(CASE, replace(HAND_OVER, **lacking), CLERK)
        assert past.desk.cases()[0].state is CaseState.VALIDATED
        await past.desk.hand_over(CASE, HAND_OVER, CLERK)

    home.live(do)
    (line,) = register(home).answer(day_in_paris(BEGIN_NS), CAMERA).transmitted
    assert line.transmitted_at_ns >= BEGIN_NS + DAY


@pytest.mark.requirement("EXP-1")
def test_an_act_without_basis_number_signature_or_interval_is_rejected_and_not_one_frame_leaves(home):
    faults = {"basis": None, "number": "", "is_signed": False, "spans": ()}

    async def do(past):
        for number, (name, value) in enumerate(faults.items()):
            case = f"2026-{number}"
            await past.desk.receive(case, home.act(**{name: value}), CLERK)
            found = await past.desk.check(case, CLERK)
            assert (found.state, bool(found.reasons)) == (CaseState.REJECTED, True)
            for step in (
                lambda case=case: past.desk.lock(case, CLERK),
                lambda case=case: past.desk.prepare(case, home.recipients, CLERK),
                lambda case=case: bytes_of(past.desk.package(case)),
                lambda case=case: bytes_of(past.desk.footage(case, ASKED)),
            ):
                with pytest.raises(CaseRefused):
                    await step()

    home.live(do)
    assert home.packages() == []


# -- footage ----------------------------------------------------------------------------------------------------------


def test_the_footage_of_a_released_case_shows_exactly_the_asked_pictures_bit_by_bit(home):
    async def do(past):
        await home.to(past, "validated")
        return await bytes_of(past.desk.footage(CASE, ASKED))

    data = home.live(do)
    units = access_units(data)
    with av.open(io.BytesIO(data)) as container:
        (stream,) = container.streams
        shown = [float(frame.pts * stream.time_base) for frame in container.decode(stream) if frame.pts >= 0]
    wanted = inside(home)
    assert len(shown) == len(wanted)
    assert units.digests[-len(wanted) :] == tuple(digest for _, digest in wanted)
    assert len(units.digests) - len(wanted) <= RATE, "before it, one group of pictures at most, at negative times"
    assert shown[-1] < (ASKED.to_ns - ASKED.from_ns) / NS_PER_S


@pytest.mark.parametrize("state", ["locked", "prepared"])
def test_nothing_is_shown_of_a_case_that_is_not_released_nor_outside_the_act(home, state):
    async def do(past):
        await home.to(past, state)
        with pytest.raises(CaseRefused):
            await bytes_of(past.desk.footage(CASE, ASKED))
        with pytest.raises(CaseRefused):
            await bytes_of(past.desk.package(CASE))
        await home.to(past, "validated", "2026-43")
        wider = CameraSpan(CAMERA, ASKED.from_ns - NS_PER_S, ASKED.to_ns)
        with pytest.raises(CaseRefused):
            await bytes_of(past.desk.footage("2026-43", wider))

    home.live(do)


def test_an_interval_that_is_still_being_written_makes_no_package(home):
    span = CameraSpan(CAMERA, BEGIN_NS + 170 * NS_PER_S, BEGIN_NS + 190 * NS_PER_S)

    async def do(past):
        await home.to(past, "locked", act=home.act(span))
        with pytest.raises(ExportFailed, match="written"):
            await past.desk.prepare(CASE, home.recipients, CLERK)
        return past.desk.cases()[0].state

    assert home.live(do, at_ns=BEGIN_NS + 200 * NS_PER_S) is CaseState.LOCKED
    later = home.live(lambda past: past.desk.prepare(CASE, home.recipients, CLERK), at_ns=BEGIN_NS + 10 * NS_PER_MINUTE)
    assert later.state is CaseState.PREPARED


# -- keys and time ----------------------------------------------------------------------------------------------------


def test_without_a_time_stamp_authority_no_package_is_begun_and_the_error_says_what_to_configure(home):
    home.evidence = EvidenceSettings()

    async def do(past):
        await home.to(past, "locked")
        with pytest.raises(ExportFailed, match="CSU_TSA"):
            await past.desk.prepare(CASE, home.recipients, CLERK)

    home.live(do)
    assert home.packages() == []
    assert Operation.EXPORT not in {entry.operation for entry in home.entries()}
    assert (home.path / "centre" / "signer.pem").is_file(), "a fresh centre has a certificate of its own"


def test_a_key_that_is_none_or_an_authority_that_fails_leaves_nothing_behind(home):
    async def do(past):
        await home.to(past, "locked")
        with pytest.raises(Exception, match="age1"):
            await past.desk.prepare(CASE, ("no key",), CLERK)
        (home.path / "centre" / "practice" / "tsa.key").unlink()
        with pytest.raises(ExportFailed):
            await past.desk.prepare(CASE, home.recipients, CLERK)
        return past.desk.cases()[0].state

    assert home.live(do) is CaseState.LOCKED
    assert home.packages() == []
    assert list((home.path / "evidence" / "work").iterdir()) == []


# -- locks, holds and the purge ---------------------------------------------------------------------------------------


@pytest.mark.requirement("EXP-3")
def test_at_the_expiry_the_locked_stretch_remains_and_its_neighbours_are_gone(home, tmp_path):
    home.live(lambda past: home.to(past, "locked"))
    assert len(home.media()) >= 3
    home.live(_nothing, at_ns=ENDED_NS)
    assert home.media() == []
    assert home.pieces()
    kept = {digest for piece in home.pieces() for digest in home.units(piece)}
    wanted = {digest for _, digest in inside(home)}
    after = {digest for at_ns, digest in home.filmed if at_ns >= ASKED.to_ns}
    before = {digest for at_ns, digest in home.filmed if at_ns < ASKED.from_ns}
    assert wanted <= kept
    assert not kept & (after - wanted)
    assert len(kept & (before - wanted)) <= RATE, "what decoding needs: one group of pictures at most"
    home.live(lambda past: past.desk.prepare(CASE, home.recipients, CLERK), at_ns=ENDED_NS + DAY)
    assert home.keys.kept() == [], "the day's key is dead: what remains is sealed by another"
    assert verdict(home, tmp_path / "work").holds


@pytest.mark.requirement("EXP-2")
def test_a_future_interval_is_a_scheduled_lock_and_no_export(home):
    ahead = CameraSpan(CAMERA, BEGIN_NS + 3 * DAY, BEGIN_NS + 3 * DAY + NS_PER_MINUTE)

    async def do(past):
        await home.to(past, "locked", act=home.act(ahead))
        (lock,) = past.desk.desk.locks(BEGIN_NS + DAY)
        assert lock.is_scheduled
        with pytest.raises(Exception, match="not passed"):
            await past.desk.prepare(CASE, home.recipients, CLERK)

    home.live(do)
    assert home.packages() == []


@pytest.mark.requirement("EXP-4")
def test_a_hold_without_a_requisition_is_told_at_d_7_and_d_2_and_dies_with_its_footage_at_the_ceiling(home):
    home.doctrine = LocalDoctrine(retention_days_max=10)

    async def hold(past):
        await past.desk.request_hold("G-1", ASKED, "main courante 12", CHIEF)
        with pytest.raises(CaseRefused):
            await past.desk.place_hold("G-1", CHIEF)
        return await past.desk.place_hold("G-1", CLERK)

    assert home.live(hold).dies_at_ns == one_month_after(ASKED.from_ns)
    dies_ns = one_month_after(ASKED.from_ns)
    home.live(_nothing, at_ns=BEGIN_NS + 11 * DAY)
    assert 0 < len(home.media()) < 4, "the doctrine took its neighbours, the hold its segments"
    held = len(home.media())
    for days in (7, 2):
        home.told.clear()
        home.live(_nothing, at_ns=dies_ns - days * DAY + NS_PER_MINUTE)
        home.live(_nothing, at_ns=dies_ns - days * DAY + 2 * NS_PER_MINUTE)
        assert [(each.where, f"in {days} days" in each.what.en) for each in home.told] == [("G-1", True)]
    assert len(home.media()) == held
    home.told.clear()
    home.live(_nothing, at_ns=dies_ns)
    assert home.media() == []
    assert [(each.where, "EXP-4" in each.what.en) for each in home.told] == [("G-1", True)]
    subjects = [entry.subject.split("/")[2] for entry in home.entries() if entry.subject.startswith("desk/")]
    assert subjects == ["HoldRequested", "HoldPlaced", "HoldReminded", "HoldReminded", "HoldDied"]
    assert Operation.PURGE in {entry.operation for entry in home.entries()}


def test_a_hold_that_is_not_needed_is_ended_by_another_person_and_its_footage_lives_as_any_other(home):
    home.doctrine = LocalDoctrine(retention_days_max=10)

    async def end(past):
        await past.desk.request_hold("G-1", ASKED, "main courante 12", CHIEF)
        await past.desk.place_hold("G-1", CLERK)
        with pytest.raises(CaseRefused):
            await past.desk.end_hold("G-1", "sans suite", CLERK)
        assert past.desk.signed_before("G-1", Action.HOLD_END) == CLERK
        return await past.desk.end_hold("G-1", "sans suite", MANAGER)

    assert home.live(end).is_dead
    home.live(_nothing, at_ns=BEGIN_NS + 11 * DAY)
    assert home.media() == []


def test_a_requisition_takes_over_the_hold_it_covers(home):
    async def do(past):
        await past.desk.request_hold("G-1", ASKED, "main courante 12", CHIEF)
        await past.desk.place_hold("G-1", CLERK)
        await home.to(past, "locked")
        return past.desk.holds()[0].taken_by

    assert home.live(do) == CASE


@pytest.mark.parametrize("step", ["lock", "place_hold"])
def test_nothing_is_locked_or_held_between_what_a_round_of_the_purge_decides_and_does(home, monkeypatch, step):
    """What the desk says it keeps is there: the file that a round has chosen is gone before the answer."""
    purges = []
    monkeypatch.setattr(past_module, "purge_of", lambda *args: purges.append(purge_of(*args)) or purges[-1])

    async def do(past):
        await home.to(past, "checked")
        await past.desk.request_hold("G-1", ASKED, "main courante 12", CHIEF)
        asking = past.desk.lock(CASE, CLERK) if step == "lock" else past.desk.place_hold("G-1", CLERK)
        async with purges[0].alone:
            asked = asyncio.create_task(asking)
            for _ in range(20):
                await asyncio.sleep(0.005)
            kept = past.desk.desk.locks(BEGIN_NS + DAY) or past.desk.holds()
        await asked
        return kept, past.desk.desk.locks(BEGIN_NS + DAY) or past.desk.holds()

    during, after = home.live(do)
    assert not during
    assert len(after) == 1


def test_a_lock_that_no_judicial_act_carries_ends_at_the_ceiling_with_its_copies(home):
    year = Habilitation("hab 7", BEGIN_NS - DAY, BEGIN_NS + 300 * DAY)
    act = home.act(basis=LegalBasis.L252_3_HABILITATED, habilitation=year)
    home.doctrine = LocalDoctrine(retention_days_max=10)
    home.live(lambda past: home.to(past, "prepared", act=act))
    home.live(_nothing, at_ns=BEGIN_NS + 11 * DAY)
    assert home.media() == []
    assert home.pieces()
    home.live(_nothing, at_ns=one_month_after(ASKED.from_ns) - NS_PER_MINUTE)
    assert (home.pieces(), home.packages()) == ([], [])
    lines = register(home).answer(day_in_paris(BEGIN_NS), CAMERA).destroyed
    assert DestructionRule.HOLD_ENDED in {line.rule for line in lines}


@pytest.mark.requirement("EXP-5")
def test_a_second_requisition_keeps_serving_from_the_lock_when_the_first_is_handed_over(home, tmp_path):
    async def first(past):
        await home.to(past, "locked")
        await home.to(past, "handed_over", "2026-77")

    home.live(first)
    home.live(_nothing, at_ns=ENDED_NS)
    assert home.media() == []

    async def second(past):
        assert {case.case: case.state for case in past.desk.cases()} == {
            CASE: CaseState.LOCKED,
            "2026-77": CaseState.CLOSED,
        }
        return await past.desk.prepare(CASE, home.recipients, CLERK)

    home.live(second, at_ns=ENDED_NS + DAY)
    assert verdict(home, tmp_path / "work").holds


def test_nothing_of_the_past_is_served_while_expired_footage_may_still_be_there(home, monkeypatch):
    home.live(lambda past: home.to(past, "validated"))

    async def ask(past):
        with pytest.raises(CaseRefused, match="expired"):
            await bytes_of(past.desk.package(CASE))
        with pytest.raises(CaseRefused, match="expired"):
            await bytes_of(past.desk.footage(CASE, ASKED))

    def no_answer(self, *asked):
        raise DiskError(Words.same("no answer"), where="media", what_to_do=Words.same(""))

    for question in ("days", "names"):
        monkeypatch.setattr(DirectoryTier, question, no_answer)
    home.live(ask)
    assert any(each.where == "purge" for each in home.told)


# -- the store --------------------------------------------------------------------------------------------------------


def test_a_store_that_was_changed_does_not_open_and_says_where(home):
    home.live(lambda past: home.to(past, "locked"))
    home.tamper("UPDATE desk_event SET body = replace(body, '123456', '654321') WHERE sequence = 1")
    with pytest.raises(DeskBroken) as caught:
        home.live(_nothing)
    assert caught.value.trouble.where.startswith("desk.sqlite")


def test_a_store_whose_end_was_cut_off_is_known_by_what_the_journal_noted(home):
    home.live(lambda past: home.to(past, "locked"))
    home.tamper("DELETE FROM desk_event WHERE sequence = (SELECT max(sequence) FROM desk_event)")
    with pytest.raises(DeskBroken):
        home.live(_nothing)


async def _nothing(past) -> None:
    return None


async def _nothing_at_all() -> None:
    return None
