"""Whatever can be asked can be journaled, a refusal with the rule that refused it."""

from __future__ import annotations

from csu.governance import Action
from csu.governance.journal_entry import JournalEntry, Operation, Outcome
from csu.governance.journaled_actions import _BY_OPERATION, OPERATION_OF
from csu.governance.policies import FACTS, answer
from csu.governance.roles import OUTGOING, PAST, Role


def test_each_action_has_one_operation():
    assert set(OPERATION_OF) == set(Action)
    assert sum(map(len, _BY_OPERATION.values())) == len(Action)


def test_what_shows_the_past_or_leaves_the_centre_is_written_as_such():
    assert {OPERATION_OF[action] for action in PAST} == {Operation.REPLAY, Operation.SEARCH}
    assert {OPERATION_OF[action] for action in OUTGOING} == {Operation.EXPORT, Operation.COMMUNICATION}


def test_the_rule_of_every_refusal_can_be_written():
    for role in Role:
        for action in Action:
            for value in (False, True):
                answered = answer(role, action, dict.fromkeys(FACTS, value))
                if not answered.permitted:
                    entry = JournalEntry(
                        OPERATION_OF[action], "op-1", role.value, Outcome.REFUSED, refusal=answered.rule
                    )
                    assert entry.refusal
