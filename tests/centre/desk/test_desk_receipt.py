"""The signed receipt at the desk of a running centre: the officer's signature hands over, registers and survives."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from csu.centre.desk import room as room_module
from csu.evidence import CameraSpan, CaseRefused, CaseState, receipt_of
from csu.governance import Role, Signature
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY, NS_PER_S

from .conftest import ASKED, BEGIN_NS, CAMERA, CLERK, HAND_OVER, MANAGER

CASE = "2026-42"
OFFICER = Signature("opj:123456", Role.JUDICIAL_OFFICER)
OFFERED = replace(HAND_OVER, receipt="", seal="")


async def sealed(home, past) -> str:
    """Up to the receipt that the officer reads; its digest."""
    await home.to(past, "validated")
    await past.desk.offer(CASE, OFFERED, CLERK)
    return receipt_of(await past.desk.add_seal(CASE, "S-12", OFFICER)).sha256


@pytest.mark.requirement("EXP-9")
def test_the_officer_s_signature_hands_over_and_the_register_has_its_line_after_a_restart(home):
    read = home.live(lambda past: sealed(home, past))

    async def sign(past):  # another life of the centre: what lies ready, and the seal, are still known
        signed = await past.desk.sign_receipt(CASE, read, OFFICER)
        return signed, await past.desk.transmitted(CASE)

    case, (line,) = home.live(sign)
    assert (case.state, case.handed_over.by) == (CaseState.HANDED_OVER, OFFICER.person)
    assert (case.handed_over.hand_over.receipt, case.handed_over.hand_over.seal) == (read, "S-12")
    assert (line.case, line.recipient, line.support, line.copies) == (CASE, "123456", "BD-R 77", 1)

    async def again(past):
        return past.desk.cases()[0], await past.desk.transmitted(CASE)

    later, lines = home.live(again)
    assert (later.handed_over, lines, receipt_of(later).sha256) == (case.handed_over, (line,), read)


@pytest.mark.nightly
def test_a_signature_that_a_crash_left_out_of_the_register_gets_its_line_at_the_next_start(home):
    async def crash(past):
        read = await sealed(home, past)
        past.desk._settle = _nothing  # the process dies here
        await past.desk.sign_receipt(CASE, read, OFFICER)

    home.live(crash)

    async def lines(past):
        return await past.desk.transmitted(CASE)

    assert len(home.live(lines)) == 1


@pytest.mark.nightly
def test_another_receipt_than_the_one_of_now_and_who_prepared_or_released_hand_nothing_over(home):
    async def do(past):
        read = await sealed(home, past)
        for sha256, by in (("0" * 64, OFFICER), (read, CLERK), (read, MANAGER)):
            with pytest.raises(CaseRefused):
                await past.desk.sign_receipt(CASE, sha256, by)
        assert past.desk.cases()[0].state is CaseState.VALIDATED
        assert await past.desk.transmitted(CASE) == ()

    home.live(do)


@pytest.mark.nightly
def test_what_the_register_would_refuse_is_not_offered(home, monkeypatch):
    async def do(past):
        await home.to(past, "validated")
        monkeypatch.setattr(room_module, "transmitted", lambda case, given, at_ns: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await past.desk.offer(CASE, OFFERED, CLERK)
        assert past.desk.cases()[0].offered is None

    home.live(do)


@pytest.mark.nightly
def test_a_package_that_is_being_made_says_how_much_of_it_is_made(home):
    async def do(past):
        await home.to(past, "locked")
        asking = asyncio.ensure_future(past.desk.prepare(CASE, home.recipients, CLERK))
        seen = []
        while not asking.done():
            made = past.desk.preparing(CASE)
            if made is not None:
                seen.append((made.done, made.of))
            await asyncio.sleep(0.001)
        await asking
        return seen, past.desk.preparing(CASE)

    seen, after = home.live(do)
    assert after is None
    assert seen == sorted(seen)
    assert seen[-1] == (2, 2), "two segments hold the stretch"


def test_an_act_is_due_before_retention_destroys_its_first_picture(home):
    async def do(past):
        known = past.desk.dies_at_ns(ASKED)
        return known, past.desk.dies_at_ns(CameraSpan(CameraId("cam-9999"), ASKED.from_ns, ASKED.to_ns))

    known, unknown = home.live(do)
    assert BEGIN_NS + 27 * NS_PER_DAY < known <= ASKED.from_ns + 31 * NS_PER_DAY
    assert unknown is None


def test_a_rejected_act_keeps_its_reason_over_a_restart_and_locks_nothing(home):
    async def do(past):
        await home.to(past, "received")
        await past.desk.reject(CASE, "cachet inconnu", CLERK)

    home.live(do)

    async def look(past):
        with pytest.raises(CaseRefused):
            await past.desk.lock(CASE, CLERK)
        return past.desk.cases()[0]

    case = home.live(look)
    assert (case.state, case.reasons[0].fr, case.protects(BEGIN_NS + NS_PER_S)) == (
        CaseState.REJECTED,
        "cachet inconnu",
        (),
    )
    assert case.act.spans[0].camera == CAMERA


async def _nothing() -> None: ...
