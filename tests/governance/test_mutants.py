"""Who tests the tester: a defect planted in the register must fail the test that is there for it."""

from __future__ import annotations

import importlib.util
import inspect
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, settings

from csu.governance import CentreKey, chained_file, legal_regime, loosening, mask_ledger, mask_register, signs
from csu.governance.mask_events import Moved
from csu.governance.mask_register import MaskRegister, VerificationPolicy

Patch = pytest.MonkeyPatch


class Anything(str):
    """A digest that fits whatever it is compared with."""

    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False


def one_signature_is_enough_for_a_loosening(patch: Patch) -> None:
    patch.setattr(mask_register, "BOTH_ROLES", 1)


def the_same_person_counts_twice(patch: Patch) -> None:
    patch.setattr(mask_register, "same_person", lambda a, b: False)


def a_name_typed_otherwise_is_another_person(patch: Patch) -> None:
    patch.setattr(mask_register, "same_person", lambda a, b: a == b)


def any_two_roles_will_do(patch: Patch) -> None:
    check = mask_register._require_new_signature

    def persons_only(asked, camera, person, role):
        check(asked, camera, person, next(r for r in type(role) if r not in {s.role for s in asked.signatures}))

    patch.setattr(mask_register, "_require_new_signature", persons_only)


def a_moved_camera_stays_active(patch: Patch) -> None:
    patch.setattr(MaskRegister, "move", lambda self, camera, *, at_ns, why: Moved(camera, at_ns, why))


def signatures_from_before_a_move_still_count(patch: Patch) -> None:
    def void(held, why):
        held.in_force, held.why = 0, why

    patch.setattr(MaskRegister, "_void", staticmethod(void))


def an_outdated_proposal_can_be_signed(patch: Patch) -> None:
    patch.setattr(mask_register, "_require_current", lambda held, asked, camera: None)


def masks_are_never_due(patch: Patch) -> None:
    patch.setattr(MaskRegister, "policy", property(lambda self: VerificationPolicy(term_ns=10**20)), raising=False)


def nothing_is_a_loosening(patch: Patch) -> None:
    patch.setattr(mask_register, "loosens", lambda old, new: ())


def zones_are_forgotten_when_sets_are_compared(patch: Patch) -> None:
    patch.setattr(loosening, "_missing_zones", lambda old, new: ())


def heights_are_forgotten_when_buildings_are_compared(patch: Patch) -> None:
    patch.setattr(loosening, "_shape", lambda building: building.footprint_m)


def bounds_are_forgotten_when_sets_are_compared(patch: Patch) -> None:
    patch.setattr(loosening, "_narrower_bounds", lambda old, new: ())


def the_edge_is_forgotten_when_sets_are_compared(patch: Patch) -> None:
    patch.setattr(loosening, "_higher_edge", lambda old, new: ())


def a_tampered_row_is_accepted(patch: Patch) -> None:
    patch.setattr(chained_file, "link", lambda *parts: Anything("x"))


def a_tampered_set_is_accepted(patch: Patch) -> None:
    patch.setattr(mask_ledger, "sha256_of", Anything)
    patch.setattr(mask_register, "digest_of", lambda mask_set: Anything("x"))  # what is replayed is digested again


def a_row_is_believed_without_deciding_again(patch: Patch) -> None:
    patch.setattr(mask_register, "_require_new_signature", lambda *asked: None)


def what_failed_half_way_is_kept_in_memory(patch: Patch) -> None:
    patch.setattr(mask_ledger.MaskLedger, "_read_anew", lambda self: None)


def who_declines_leaves_no_trace(patch: Patch) -> None:
    decline = MaskRegister.decline

    def forgotten(self, camera, version, **told):
        event = decline(self, camera, version, **told)
        versions = self._cameras[camera].versions
        versions[version - 1] = replace(versions[version - 1], declined=None)
        return event

    patch.setattr(MaskRegister, "decline", forgotten)


def what_is_in_force_is_declined(patch: Patch) -> None:
    patch.setattr(mask_register, "require_declinable", lambda camera, reason, holds: None)


def any_words_are_a_journal(patch: Patch) -> None:
    patch.setattr(legal_regime, "published_on", lambda words: date(2023, 5, 20))


def a_journal_of_tomorrow_is_one(patch: Patch) -> None:
    patch.setattr(legal_regime, "day_in_paris", lambda at_ns: date(2099, 1, 1))


def the_last_day_is_forgotten(patch: Patch) -> None:
    patch.setattr(legal_regime.RegimeNow, "allows", lambda self, at_ns: self.regime is not None)


def a_sign_that_is_gone_still_announces(patch: Patch) -> None:
    patch.setattr(signs.SignRegister, "_without", lambda self, event: self)


GONE = "test_a_sign_that_was_taken_down_announces_nothing_and_its_number_is_not_used_again"
NO_REGIME = "test_a_regime_without_journal_law_or_end_is_none"
DECLINED = "test_a_version_that_was_declined_waits_for_nobody_and_can_be_signed_by_nobody"
REGISTER, LOOSENING, LEDGER = "test_mask_register", "test_loosening", "test_mask_ledger"
MUTANTS: list[tuple[Callable[[Patch], None], str, str, dict[str, Any]]] = [
    (one_signature_is_enough_for_a_loosening, REGISTER, "test_a_loosening_waits_for_both_while_the_old_masks_stay", {}),
    (nothing_is_a_loosening, REGISTER, "test_a_loosening_waits_for_both_while_the_old_masks_stay", {}),
    (the_same_person_counts_twice, REGISTER, "test_the_proposer_may_sign_once_in_his_role", {}),
    (
        a_name_typed_otherwise_is_another_person,
        REGISTER,
        "test_the_same_person_twice_is_one_signature_however_the_name_is_typed",
        {"alias": " anne "},
    ),
    (any_two_roles_will_do, REGISTER, "test_two_technicians_are_not_a_technician_and_a_dpo", {}),
    (a_moved_camera_stays_active, REGISTER, "test_a_moved_camera_shows_nothing_until_signed_off_again", {}),
    (signatures_from_before_a_move_still_count, REGISTER, "test_what_was_signed_by_one_before_the_move_is_void", {}),
    (
        an_outdated_proposal_can_be_signed,
        REGISTER,
        "test_a_loosening_that_was_overtaken_by_a_tightening_can_no_longer_be_signed",
        {},
    ),
    (
        masks_are_never_due,
        REGISTER,
        "test_masks_nobody_verified_for_a_year_hide_the_whole_picture_after_a_months_warning",
        {},
    ),
    (who_declines_leaves_no_trace, REGISTER, DECLINED, {}),
    (what_is_in_force_is_declined, REGISTER, "test_what_hides_more_at_once_is_not_taken_back_by_declining_it", {}),
    (any_words_are_a_journal, "test_legal_regime", NO_REGIME, {"more": {"official_journal": "voté le 12 février"}}),
    (the_last_day_is_forgotten, "test_legal_regime", "test_nothing_is_allowed_after_the_last_day", {}),
    (
        a_journal_of_tomorrow_is_one,
        "test_legal_regime",
        "test_a_journal_that_has_not_appeared_yet_allows_nothing",
        {},
    ),
    (a_sign_that_is_gone_still_announces, "test_signs", GONE, {}),
    (
        a_tampered_row_is_accepted,
        LEDGER,
        "test_a_changed_file_is_not_believed",
        {"name": "a signature in another name"},
    ),
    (
        a_tampered_set_is_accepted,
        LEDGER,
        "test_a_changed_file_is_not_believed",
        {"name": "a door taken out of the set"},
    ),
    (
        a_row_is_believed_without_deciding_again,
        LEDGER,
        "test_a_forged_row_with_a_right_chain_is_refused_by_the_rules",
        {},
    ),
    (
        what_failed_half_way_is_kept_in_memory,
        LEDGER,
        "test_a_refused_deed_leaves_nothing_even_when_it_came_after_good_ones",
        {},
    ),
]


FORGETFUL = [
    zones_are_forgotten_when_sets_are_compared,
    heights_are_forgotten_when_buildings_are_compared,
    bounds_are_forgotten_when_sets_are_compared,
    the_edge_is_forgotten_when_sets_are_compared,
]


def sibling(name: str) -> Any:
    """A test module of this folder."""
    spec = importlib.util.spec_from_file_location(f"mutated_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("plant", "module", "test", "given"), MUTANTS, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_planted_defect_is_found(plant, module, test, given, request, monkeypatch, signed):
    found_by = getattr(sibling(module), test)
    fixtures = {
        name: request.getfixturevalue(name) for name in inspect.signature(found_by).parameters if name not in given
    }
    plant(monkeypatch)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        found_by(**given, **fixtures)


@pytest.mark.parametrize("plant", FORGETFUL, ids=lambda plant: plant.__name__)
def test_the_covers_find_a_comparison_that_forgets_something(plant, monkeypatch):
    plant(monkeypatch)
    module = sibling(LOOSENING)
    slow_is_fine = [HealthCheck.too_slow]  # as in the test itself: a busy machine is no defect
    once = settings(max_examples=2000, phases=[Phase.generate], database=None, suppress_health_check=slow_is_fine)
    # NoSuchExample where the test would pass; of one seed, so that it is found each time or never.
    hypothesis.find(module.pairs, module.shows, settings=once, random=random.Random(1))


@pytest.fixture
def signed(tmp_path, mask_set) -> Path:
    path, module = tmp_path / "masks.sqlite", sibling(LEDGER)
    ledger = mask_ledger.MaskLedger(path)
    module.propose(ledger, mask_set)
    module.sign(ledger, 1, "Anne", module.SignRole.TECHNICAL)
    module.sign(ledger, 1, "Denis", module.SignRole.DPO)
    ledger.close()
    return path


@pytest.fixture
def key(tmp_path) -> CentreKey:
    return CentreKey.load_or_make(tmp_path / "key.pem")


@pytest.fixture
def looser_set(looser):
    return replace(looser, buildings=())


@pytest.fixture
def tighter_set(tighter):
    return tighter
