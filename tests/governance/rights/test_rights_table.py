"""Every role x every action, against the table that a lawyer reads (docs/rights.md)."""

from __future__ import annotations

import re
from pathlib import Path

import cedarpy
import pytest

from csu.governance import PAST, VIDEO, Action, Role, role_words
from csu.governance.policies import FACTS, answer, cedar_schema, policies_text
from csu.governance.roles import GROUPS, SECOND_PERSON

TABLE = Path(__file__).resolve().parents[3] / "docs" / "rights.md"
LETTERS = {
    "designated": "D",
    "approved": "A",
    "camera_open": "C",
    "purpose_held": "F",
    "sworn": "S",
    "camera_tickets": "V",
    "cleared": "H",
    "deport_open": "O",
    "case_released": "L",
    "within_case": "I",
    "own_case": "P",
    "second_person": "2",
    "accompanied": "M",
    "reason_given": "R",
}
ALWAYS = {"strong_login", "in_scope"}
"""Told once above the table: they hold for every cell."""
ALL_TRUE = dict.fromkeys(FACTS, True)


def decided() -> dict[tuple[str, str], str]:
    """(role, action) -> cell, as the table has it."""
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    head = next(row for row in rows if row[0] == "action")
    roles = [name.strip("`") for name in head[1:]]
    cells = {}
    for row in rows[rows.index(head) + 1 :]:
        action = re.match(r"`(\w+)` .", row[0])
        assert action, f"{row[0]}: an action and what it is called"
        assert len(row) == len(head), f"{row[0]}: a cell for each role"
        cells.update({(role, action[1]): cell for role, cell in zip(roles, row[1:], strict=True)})
    return cells


def done(role: Role, action: Action) -> str:
    """The cell as the program would have it."""
    if not answer(role, action, ALL_TRUE).permitted:
        return "-"
    needed = {fact for fact in FACTS if not answer(role, action, ALL_TRUE | {fact: False}).permitted}
    assert needed >= ALWAYS
    return "".join(LETTERS[fact] for fact in FACTS if fact in needed - ALWAYS) or "oui"


def test_every_role_and_every_action_is_decided_and_nothing_else():
    expected = {(role.value, action.value) for role in Role for action in Action}
    found = set(decided())
    assert not expected - found, "to be decided by a person in docs/rights.md"
    assert not found - expected, "docs/rights.md decides what does not exist"


@pytest.mark.parametrize("role", list(Role))
def test_the_program_does_what_the_table_says(role):
    cells = decided()
    wrong = {
        action.value: f"table {cells[role.value, action.value]}, program {done(role, action)}"
        for action in Action
        if cells[role.value, action.value] != done(role, action)
    }
    assert not wrong


@pytest.mark.parametrize("fact", FACTS)
def test_one_missing_fact_of_two_is_not_made_up_by_another(fact):
    """Facts only add up: with two missing nothing is permitted that is refused with one."""
    for role in Role:
        for action in Action:
            if not answer(role, action, ALL_TRUE | {fact: False}).permitted:
                both = ALL_TRUE | {fact: False, FACTS[FACTS.index(fact) - 1]: False}
                assert not answer(role, action, both).permitted


def test_the_policies_name_only_what_there_is():
    result = cedarpy.validate_policies(policies_text(), cedar_schema())
    assert result.validation_passed, [str(error) for error in result.errors]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [('Role::"dpo"', 'Role::"dop"'), ('Action::"export"', 'Action::"exprot"'), ("context.cleared", "context.clear")],
)
def test_a_policy_with_a_misspelt_name_is_found(right, wrong):
    assert not cedarpy.validate_policies(policies_text().replace(right, wrong), cedar_schema()).validation_passed


def test_each_rule_has_a_name_of_its_own_a_source_and_words_for_who_is_refused():
    blocks = re.findall(r'((?:@\w+\(".*"\)\s*)+)(permit|forbid)', policies_text())
    names = [re.search(r'@id\("([a-z0-9.-]+)"\)', notes)[1] for notes, _ in blocks]
    assert len(set(names)) == len(names) > 30
    for notes, effect in blocks:
        wanted = ("@source", "@fr", "@en") if effect == "forbid" else ("@source",)
        assert all(each in notes for each in wanted), notes


def test_an_unknown_fact_or_a_missing_one_is_a_refusal():
    for facts in ({}, {"strong_login": True}):
        refusal = answer(Role.OPERATOR, Action.LIVE_VIEW, facts)
        assert (refusal.permitted, refusal.rule) == (False, "csu.policy-error")


def test_no_action_lifts_a_mask_edits_a_journal_or_reads_a_face_or_a_plate():
    names = {action.value for action in Action} | set(GROUPS)
    forbidden = re.compile(
        r"unmask|mask_(lift|remove|off|delete|disable)|journal_(edit|write|delete)|register_(edit|write|delete)"
        r"|plate|lapi|face|identif|suspect|key_(read|export|give)|clear_picture"
    )
    assert not [name for name in names if forbidden.search(name)]
    assert {name for name in names if "mask" in name} == {
        "mask_propose", "mask_sign_technical", "mask_sign_dpo", "mask_read",
    }  # fmt: skip


def test_what_shows_pictures_is_in_the_groups_that_guard_it():
    """Whoever adds an action that shows the past by its name must put it among the past ones."""
    past = re.compile(r"replay|past|rewind|timeline|thumbnail|pre_alarm|recording_file|playback")
    assert {action for action in Action if past.search(action.value)} == PAST
    shows = re.compile(r"view|show|ptz|preset|snapshot|ticket|deport|wall|tour|export|hand_over")
    assert {action for action in Action if shows.search(action.value)} <= VIDEO


def test_both_persons_of_an_act_for_two_have_different_roles_or_there_is_a_reason():
    """Only a hold is ended by two of whom both may begin; elsewhere the one who does cannot be the one who signs."""
    for action, others in SECOND_PERSON.items():
        doers = {role for role in Role if answer(role, action, ALL_TRUE).permitted}
        assert doers
        assert not doers & others or action is Action.HOLD_END


def test_every_role_has_its_words():
    assert len({role_words(role).fr for role in Role}) == len(Role)


def test_who_can_never_is_told_so_and_sent_for_no_paper():
    nothing = dict.fromkeys(FACTS, False)
    assert answer(Role.OPERATOR, Action.REPLAY, nothing).rule == "acc-3.live-only"
    assert answer(Role.OPERATOR, Action.JOURNAL_READ, nothing).rule == "csu.no-right"
    assert answer(Role.MAYOR, Action.LIVE_VIEW, nothing).rule == "acc-6.no-image-by-status"
