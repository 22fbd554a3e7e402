"""`policies.cedar`, read once: an answer of Cedar with the words and the source that its policies carry."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

import cedarpy

from csu.governance.decision import Decision, Layer
from csu.governance.roles import GROUPS, Action, Role
from csu.hal.words import Words

FACTS = (
    *("strong_login", "designated", "approved", "in_scope", "camera_open", "purpose_held", "sworn"),
    *("camera_tickets", "cleared"),
    *("deport_open", "case_released", "within_case", "own_case", "second_person", "accompanied"),
    "reason_given",
)
"""What the policies may ask of the context; all are booleans."""
ANSWERS_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Said:
    """What the annotations of one policy say."""

    rule: str
    words: Words
    source: str
    layer: Layer


@dataclass(frozen=True, slots=True)
class _Loaded:
    policies: cedarpy.PolicySet
    entities: cedarpy.Entities
    said: Mapping[str, Said]


def answer(role: Role, action: Action, facts: Mapping[str, bool]) -> Decision:
    """What the policies say to that role, with those facts. Anything Cedar cannot evaluate is a refusal.

    An action the role never has is told as such, whatever else is missing: nobody is sent to fetch a paper in vain.
    """
    best = _best(role, action)
    return _evaluate(role, action, frozenset(facts.items())) if best.permitted else best


def role_can(role: Role, action: Action) -> bool:
    """Whether the role has that right at all, were every paper in order."""
    return _best(role, action).permitted


@cache
def _best(role: Role, action: Action) -> Decision:
    """The answer if every fact spoke for the person: what the role can have at all."""
    return _evaluate(role, action, frozenset(dict.fromkeys(FACTS, True).items()))


@lru_cache(maxsize=ANSWERS_KEPT)
def _evaluate(role: Role, action: Action, facts: frozenset[tuple[str, bool]]) -> Decision:
    """Nothing but these three and the file, which is read once, decides: an answer is true for good."""
    loaded = _load()
    request = {
        "principal": f'Role::"{role.value}"',
        "action": f'Action::"{action.value}"',
        "resource": 'Centre::"csu"',
        "context": dict(facts),
    }
    result = cedarpy.is_authorized(request, loaded.policies, loaded.entities)
    said = sorted((loaded.said[each] for each in result.diagnostics.reasons), key=lambda each: each.rule)
    if result.diagnostics.errors:
        return Decision(
            False, Words("la règle n'a pu être lue", "the rule could not be read"), "csu", rule="csu.policy-error"
        )
    if not said:
        return Decision(
            False, Words("ce rôle n'a pas ce droit", "this role has not this right"), "CSI L252-2", rule="csu.no-right"
        )
    words = Words(" ; ".join(each.words.fr for each in said), "; ".join(each.words.en for each in said))
    source = " ; ".join(dict.fromkeys(each.source for each in said))
    layer = Layer.LAW if any(each.layer is Layer.LAW for each in said) else Layer.DOCTRINE
    rules = tuple(each.rule for each in said)
    return Decision(bool(result.allowed), words, source, layer, rules[0], rules)


@cache
def _load() -> _Loaded:
    text = policies_text()
    policies = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"]
    said = {name: _said(each["annotations"]) for name, each in policies.items()}
    return _Loaded(cedarpy.PolicySet.from_str(text), cedarpy.Entities.from_json_str(json.dumps(_entities())), said)


def _said(annotations: Mapping[str, str]) -> Said:
    """A permit needs no words: its rule's name is read in the journal only."""
    rule = annotations["id"]
    words = Words(annotations.get("fr", rule), annotations.get("en", rule))
    return Said(rule, words, annotations["source"], Layer(annotations.get("layer", Layer.LAW)))


def policies_text() -> str:
    """The file as people read it."""
    return files(__package__).joinpath("policies.cedar").read_text(encoding="utf-8")


def _entities() -> list[dict[str, object]]:
    """Each action with the groups it belongs to."""
    parents: dict[str, list[str]] = {group: [] for group in GROUPS}
    for action in Action:
        parents[action.value] = [group for group, members in GROUPS.items() if action in members]
    return [
        {"uid": _action(name), "attrs": {}, "parents": [_action(group) for group in above]}
        for name, above in parents.items()
    ]


def _action(name: str) -> dict[str, str]:
    return {"type": "Action", "id": name}


def cedar_schema() -> str:
    """What a policy may name: roles, actions, groups, facts. A misspelt one is found by `validate_policies`."""
    context = ", ".join(f"{fact}: Bool" for fact in FACTS)
    applies = f"appliesTo {{ principal: [Role], resource: [Centre], context: {{ {context} }} }};"
    roles = ", ".join(f'"{role.value}"' for role in Role)
    lines = [f"entity Role enum [{roles}];", "entity Centre;", *(f'action "{group}";' for group in GROUPS)]
    for action in Action:
        groups = ", ".join(f'"{group}"' for group, members in GROUPS.items() if action in members)
        inside = f" in [{groups}]" if groups else ""
        lines.append(f'action "{action.value}"{inside} {applies}')
    return "\n".join(lines)
