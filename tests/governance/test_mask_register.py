"""Who may change what hides a dwelling, and how many of them it takes (PRV-1, PRV-4, PRV-6)."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from csu.governance import (
    LifecycleRefused,
    MaskProposalRefused,
    MaskSetUnusable,
    SignatureRefused,
    Span,
    mask_events,
)
from csu.governance.mask_register import MaskRegister, same_person
from csu.hal.camera import CameraId, CameraLifecycle
from csu.hal.clock import NS_PER_DAY
from csu.hal.site import SignRole
from csu.hal.words import Words

TECHNICAL, DPO = SignRole.TECHNICAL, SignRole.DPO
CAMERA = CameraId("cam-0042")
KNOCKED = Words("heurtée", "knocked")


# -- commissioning ----------------------------------------------------------------------------------------------------


def test_a_camera_nobody_proposed_masks_for_is_a_draft_and_shows_nothing(desk):
    assert desk.standing().lifecycle is CameraLifecycle.DRAFT
    assert desk.in_force() == 0


def test_a_camera_is_not_in_service_before_both_have_signed(desk, mask_set):
    version = desk.propose(mask_set)
    assert desk.standing().lifecycle is CameraLifecycle.NOT_COMMISSIONED
    desk.sign(version, "Anne", TECHNICAL)
    assert (desk.standing().lifecycle, desk.in_force()) == (CameraLifecycle.NOT_COMMISSIONED, 0)
    desk.sign(version, "Denis", DPO)
    assert (desk.standing().lifecycle, desk.in_force()) == (CameraLifecycle.ACTIVE, 1)


def test_the_proposer_may_sign_once_in_his_role(desk, mask_set):
    version = desk.propose(mask_set, by="Anne")
    desk.sign(version, "Anne", TECHNICAL)
    with pytest.raises(SignatureRefused, match="signed it already"):
        desk.sign(version, "Anne", DPO)
    desk.sign(version, "Denis", DPO)
    assert desk.in_force() == version


@pytest.mark.parametrize("alias", ["Anne", " anne ", "ANNE", "Anne\u00a0", "\uff21nne"])
def test_the_same_person_twice_is_one_signature_however_the_name_is_typed(desk, mask_set, alias):
    version = desk.propose(mask_set)
    desk.sign(version, "Anne", TECHNICAL)
    with pytest.raises(SignatureRefused):
        desk.sign(version, alias, DPO)
    assert desk.in_force() == 0


def test_two_technicians_are_not_a_technician_and_a_dpo(desk, mask_set):
    version = desk.propose(mask_set)
    desk.sign(version, "Anne", TECHNICAL)
    with pytest.raises(SignatureRefused, match="signed as technical already"):
        desk.sign(version, "Bruno", TECHNICAL)
    assert desk.in_force() == 0


@pytest.mark.parametrize("name", ["", "  ", "\t"])
def test_nobody_signs_or_proposes_without_a_name(desk, mask_set, name):
    with pytest.raises(MaskProposalRefused):
        desk.propose(mask_set, by=name)
    assert desk.register.cameras() == []
    version = desk.propose(mask_set)
    with pytest.raises(MaskProposalRefused):
        desk.sign(version, name, DPO)


@pytest.mark.parametrize("version", [0, 2, -1])
def test_a_version_that_is_not_there_cannot_be_signed(desk, mask_set, version):
    desk.propose(mask_set)
    with pytest.raises(MaskProposalRefused):
        desk.sign(version, "Anne", TECHNICAL)


def test_a_set_with_a_number_that_is_none_is_never_proposed(desk, mask_set):
    with pytest.raises(MaskSetUnusable):
        desk.propose(replace(mask_set, mask_above_m=float("nan")))
    assert desk.register.cameras() == []


# -- tightening and loosening -----------------------------------------------------------------------------------------


def test_a_tightening_protects_at_once_and_takes_one_signature(commissioned, tighter):
    version = commissioned.propose(tighter)
    assert commissioned.in_force() == version
    assert commissioned.standing().waiting.number == version
    commissioned.sign(version, "Anne", TECHNICAL)
    assert commissioned.in_force() == version
    assert commissioned.standing().waiting is None


def test_a_loosening_waits_for_both_while_the_old_masks_stay(commissioned, looser):
    version = commissioned.propose(looser)
    assert commissioned.in_force() == 1
    assert "door a" in commissioned.register.versions(CAMERA)[-1].loosens[0].en
    commissioned.sign(version, "Anne", TECHNICAL)
    assert commissioned.in_force() == 1
    commissioned.sign(version, "Denis", DPO)
    assert commissioned.in_force() == version


def test_taking_back_a_tightening_is_a_loosening_even_when_nobody_had_signed_it(commissioned, mask_set, tighter):
    commissioned.propose(tighter)
    back = commissioned.propose(mask_set)
    commissioned.sign(back, "Anne", TECHNICAL)
    assert commissioned.in_force() == 2
    commissioned.sign(back, "Denis", DPO)
    assert commissioned.in_force() == back


def test_a_loosening_that_was_overtaken_by_a_tightening_can_no_longer_be_signed(commissioned, looser, tighter):
    old = commissioned.propose(looser)
    commissioned.sign(old, "Anne", TECHNICAL)
    newer = commissioned.propose(tighter)
    with pytest.raises(SignatureRefused, match="outdated"):
        commissioned.sign(old, "Denis", DPO)
    assert commissioned.in_force() == newer


def test_loosening_in_small_steps_takes_two_signatures_each(commissioned, mask_set, tighter):
    """One signature never leads to less: not by way of a version that was signed by one."""
    commissioned.propose(tighter)
    commissioned.sign(2, "Anne", TECHNICAL)
    step = commissioned.propose(replace(mask_set, zones=tighter.zones[1:]))
    commissioned.sign(step, "Anne", TECHNICAL)
    assert commissioned.in_force() == 2


# -- moves, terms, states ---------------------------------------------------------------------------------------------


def test_a_moved_camera_shows_nothing_until_signed_off_again(commissioned, mask_set):
    commissioned.register.move(CAMERA, at_ns=commissioned.now_ns, why=KNOCKED)
    standing = commissioned.standing()
    assert (standing.lifecycle, standing.in_force, standing.why) == (CameraLifecycle.NOT_COMMISSIONED, None, KNOCKED)
    with pytest.raises(SignatureRefused, match="moved"):
        commissioned.sign(1, "Chloe", TECHNICAL)
    again = commissioned.propose(mask_set)  # the same masks, looked at again
    commissioned.sign(again, "Anne", TECHNICAL)
    assert commissioned.in_force() == 0
    commissioned.sign(again, "Denis", DPO)
    assert commissioned.in_force() == again


def test_even_a_tightening_proposed_after_a_move_waits_for_both(commissioned, tighter):
    commissioned.register.move(CAMERA, at_ns=commissioned.now_ns, why=KNOCKED)
    version = commissioned.propose(tighter)
    commissioned.sign(version, "Anne", TECHNICAL)
    assert commissioned.in_force() == 0


def test_what_was_signed_by_one_before_the_move_is_void(desk, mask_set):
    version = desk.propose(mask_set)
    desk.sign(version, "Anne", TECHNICAL)
    assert desk.register.move(CAMERA, at_ns=desk.now_ns, why=KNOCKED) is not None
    with pytest.raises(SignatureRefused, match="moved"):
        desk.sign(version, "Denis", DPO)


def test_a_second_report_of_the_same_move_changes_nothing(commissioned):
    assert commissioned.register.move(CAMERA, at_ns=1, why=KNOCKED) is not None
    assert commissioned.register.move(CAMERA, at_ns=2, why=KNOCKED) is None
    assert commissioned.register.move(CameraId("cam-9999"), at_ns=2, why=KNOCKED) is None


def test_masks_nobody_verified_for_a_year_hide_the_whole_picture_after_a_months_warning(commissioned, mask_set):
    signed_ns = commissioned.now_ns

    def after(days):
        return commissioned.register.standing(CAMERA, signed_ns + days * NS_PER_DAY)

    assert not after(334).verification_due
    assert after(335).verification_due
    assert after(364).in_force is not None
    assert (after(365).in_force, after(365).lifecycle) == (None, CameraLifecycle.NOT_COMMISSIONED)
    commissioned.now_ns = signed_ns + 370 * NS_PER_DAY
    again = commissioned.propose(mask_set)
    commissioned.sign(again, "Anne", TECHNICAL)
    assert commissioned.in_force() == 0
    commissioned.sign(again, "Denis", DPO)
    assert commissioned.in_force() == again


def test_a_tightening_by_one_signature_does_not_count_as_verification(commissioned, tighter):
    signed_ns = commissioned.now_ns
    commissioned.now_ns += 300 * NS_PER_DAY
    version = commissioned.propose(tighter)
    commissioned.sign(version, "Anne", TECHNICAL)
    assert commissioned.register.effective(CAMERA, signed_ns + 365 * NS_PER_DAY) is None
    commissioned.sign(version, "Denis", DPO)
    assert commissioned.register.effective(CAMERA, signed_ns + 365 * NS_PER_DAY) is not None


@pytest.mark.parametrize("state", [CameraLifecycle.SUSPENDED, CameraLifecycle.FAULT])
def test_a_camera_set_aside_shows_nothing_and_comes_back_by_signatures_only(commissioned, mask_set, state):
    register = commissioned.register
    register.set_lifecycle(CAMERA, state, by="Paul", at_ns=1, reason="travaux")
    assert (commissioned.standing().lifecycle, commissioned.in_force()) == (state, 0)
    with pytest.raises(LifecycleRefused):
        register.set_lifecycle(CAMERA, CameraLifecycle.ACTIVE, by="Paul", at_ns=2, reason="fini")
    register.set_lifecycle(CAMERA, CameraLifecycle.NOT_COMMISSIONED, by="Paul", at_ns=2, reason="fini")
    assert commissioned.in_force() == 0
    commissioned.sign_off(mask_set)
    assert commissioned.standing().lifecycle is CameraLifecycle.ACTIVE


def test_signing_does_not_wake_a_suspended_camera(commissioned, mask_set):
    commissioned.register.set_lifecycle(CAMERA, CameraLifecycle.SUSPENDED, by="Paul", at_ns=1, reason="travaux")
    commissioned.sign_off(mask_set)
    assert (commissioned.standing().lifecycle, commissioned.in_force()) == (CameraLifecycle.SUSPENDED, 0)


def test_a_retired_camera_is_the_end(commissioned, mask_set):
    register = commissioned.register
    with pytest.raises(LifecycleRefused):
        register.set_lifecycle(CAMERA, CameraLifecycle.RETIRED, by="Paul", at_ns=1, reason="direct")
    register.set_lifecycle(CAMERA, CameraLifecycle.SUSPENDED, by="Paul", at_ns=1, reason="travaux")
    register.set_lifecycle(CAMERA, CameraLifecycle.RETIRED, by="Paul", at_ns=2, reason="vieille")
    with pytest.raises(LifecycleRefused):
        commissioned.propose(mask_set)
    with pytest.raises(LifecycleRefused):
        commissioned.sign(1, "Chloe", DPO)
    with pytest.raises(LifecycleRefused):
        register.set_lifecycle(CAMERA, CameraLifecycle.NOT_COMMISSIONED, by="Paul", at_ns=3, reason="non")


# -- declining --------------------------------------------------------------------------------------------------------


def decline(desk, version, person="Denis", reason="la porte n° 3 serait visible"):
    return desk.register.decline(CAMERA, version, person=person, role=DPO, at_ns=desk.now_ns, reason=reason)


def test_a_version_that_was_declined_waits_for_nobody_and_can_be_signed_by_nobody(commissioned, looser):
    version = commissioned.propose(looser)
    commissioned.sign(version, "Anne", TECHNICAL)
    decline(commissioned, version)
    assert (commissioned.in_force(), commissioned.standing().waiting) == (1, None)
    for person in ("Denis", "Chloe"):
        with pytest.raises(SignatureRefused, match="Denis would not sign"):
            commissioned.sign(version, person, DPO)
    with pytest.raises(SignatureRefused):
        decline(commissioned, version, "Chloe")
    assert commissioned.in_force() == 1
    assert commissioned.propose(looser) == version + 1, "something else, or the same again, may be proposed"


@pytest.mark.parametrize("reason", ["", "  "])
def test_nobody_declines_without_a_reason(commissioned, looser, reason):
    version = commissioned.propose(looser)
    with pytest.raises(SignatureRefused, match="why decline it"):
        decline(commissioned, version, reason=reason)
    assert commissioned.standing().waiting.number == version


def test_what_hides_more_at_once_is_not_taken_back_by_declining_it(commissioned, tighter):
    version = commissioned.propose(tighter)
    with pytest.raises(SignatureRefused, match="in force"):
        decline(commissioned, version)
    assert commissioned.in_force() == version


# -- no way to lift ---------------------------------------------------------------------------------------------------


def test_the_register_has_no_deed_that_removes_a_mask():
    """The closed list: what asks, proposes, signs, declines, moves, sets aside, replays. A new name is judged here."""
    names = {name for name in vars(MaskRegister) if not name.startswith("_")}
    asks = {"cameras", "versions", "standing", "effective", "served"}
    deeds = {"propose", "sign", "decline", "move", "set_lifecycle", "replay"}
    assert names == asks | deeds


def test_the_events_have_none_either():
    events = {cls.__name__: {f.name for f in fields(cls)} for cls in mask_events.MaskEvent.__args__}
    assert set(events) == {"Proposed", "Signed", "Declined", "Moved", "LifecycleSet"}
    assert "mask_set" not in {name for names in events.values() for name in names}, "a set is told by its digest"


def test_whatever_people_do_with_one_signature_nothing_hidden_is_ever_shown(commissioned, mask_set, tighter, looser):
    """Every deed but a second person's signature, in any state: what is in force hides at least what it hid."""
    from csu.governance import loosens

    first = commissioned.register.effective(CAMERA, commissioned.now_ns).mask_set
    for made in (looser, tighter, mask_set, replace(mask_set, buildings=()), replace(mask_set, mask_above_m=9.0)):
        version = commissioned.propose(made)
        commissioned.sign(version, "Anne", TECHNICAL)
        held = commissioned.register.effective(CAMERA, commissioned.now_ns)
        assert held is None or not loosens(first, held.mask_set)
    for state in CameraLifecycle:
        try:
            commissioned.register.set_lifecycle(CAMERA, state, by="Anne", at_ns=1, reason="x")
        except LifecycleRefused:
            continue
        held = commissioned.register.effective(CAMERA, commissioned.now_ns)
        assert held is None or not loosens(first, held.mask_set)


def test_names_of_two_people_are_two():
    assert not same_person("Anne Martin", "Anne Marin")


def test_a_camera_is_in_service_from_its_last_signature_until_it_moves(desk, mask_set):
    """What it looked at in between is what was signed (TEC-6: right view)."""
    desk.sign_off(mask_set)
    signed_ns, moved_ns = desk.now_ns, desk.now_ns + 3 * NS_PER_DAY
    assert desk.register.served(CAMERA, signed_ns) == ()
    assert desk.register.served(CAMERA, signed_ns + 5) == (Span(signed_ns, signed_ns + 5),)
    desk.register.move(CAMERA, at_ns=moved_ns, why=KNOCKED)
    desk.now_ns = moved_ns
    assert desk.register.served(CAMERA, moved_ns + NS_PER_DAY) == (Span(signed_ns, moved_ns),)
    desk.sign_off(mask_set)
    again_ns = desk.now_ns
    desk.register.set_lifecycle(CAMERA, CameraLifecycle.SUSPENDED, by="Anne", at_ns=again_ns + 7, reason="works")
    whole = (Span(signed_ns, moved_ns), Span(again_ns, again_ns + 7))
    assert desk.register.served(CAMERA, again_ns + NS_PER_DAY) == whole
    assert desk.register.served(CameraId("cam-9999"), again_ns) == ()
