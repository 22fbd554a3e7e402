"""The description of the API is true: whatever is sent, the answer is one that it announces, and never a fault.

Requests are made from the description itself by schemathesis: valid ones, and in the nightly run ones that break it.
Each goes to the application as one who may, as one who may not, and as nobody; with names of what there is, and others.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from argon2 import PasswordHasher
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi import checks

from csu.console.description import described
from csu.console.sign_in import SignInDesk, SignInStore, proofs
from csu.governance import Action, People, Role
from csu.governance.policies import FACTS, answer
from tests.compliance.doors.desks_in_memory import LogInMemory

HERE = "http://127.0.0.1:8600"
KNOWN = {"camera": "cam-0012", "case": "2027-101", "hold": "G-2027-7", "panel": "panel-metz", "sequence": 7}
KNOWN |= {"message": "leave", "number": 1, "tile": "place", "programme": "market", "node": "mur-b"}
"""Names of what there is, by the names that parameters have."""
CONFORMS = [checks.status_code_conformance, checks.content_type_conformance, checks.response_headers_conformance]
CONFORMS += [checks.response_schema_conformance]
SAID_SO = 503
"""The centre says that a part is absent or that a journal cannot be written: a documented refusal, not a fault."""


def may(role: Role, action: Action) -> bool:
    return answer(role, action, dict.fromkeys(FACTS, True)).permitted


def askers(action: Action) -> list[Role | None]:
    """One who may and one who may not, where there are such; nobody."""
    yes = [role for role in Role if may(role, action)]
    no = [role for role in (Role.MAYOR, Role.OPERATOR, Role.INTEGRATOR, Role.WALL_NODE) if not may(role, action)]
    return [*yes[:1], *no[:1], None]


def operations(app: Any) -> dict[str, Any]:
    """`POST /api/...` -> the operation as schemathesis reads it."""
    schema = schemathesis.openapi.from_dict(json.loads(json.dumps(described(app))))
    found = [each.ok() for each in schema.get_all_operations()]
    return {operation.label: operation for operation in found}


def send(world: Any, case: schemathesis.Case, role: Role | None) -> httpx.Response:
    """One request, as it goes over a wire, to the application itself."""
    wire = requests.Request(**case.as_transport_kwargs(base_url=HERE)).prepare()
    body = wire.body or b""
    body = body.encode() if isinstance(body, str) else body
    headers = {name.lower(): str(value) for name, value in wire.headers.items()}
    headers = {name: value for name, value in headers.items() if name in ("content-type", "accept", "cookie")}
    world.clock.runs_ns += 120_000_000_000
    world.desk.stand("released")
    try:
        got = world.ask(str(wire.method), str(wire.path_url), role, body=body, **headers)
    except Exception:
        got = world.last  # a fault is answered first, and then told to the server
    request = httpx.Request(str(wire.method), str(wire.url), headers=headers, content=body)
    response = httpx.Response(got.status, headers=got.headers, content=got.body, request=request)
    response.elapsed = timedelta()
    return response


def troubles_of(world: Any, label: str, operation: Any, examples: int, mode: GenerationMode) -> list[str]:
    """What is not as described, a line each."""
    action = Action(operation.definition.raw["x-csu-action"])
    told: list[str] = []

    @settings(
        max_examples=examples,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), is_known=st.booleans())
    def asked(case: schemathesis.Case, is_known: bool) -> None:
        if is_known:
            case.path_parameters |= {name: KNOWN[name] for name in case.path_parameters if name in KNOWN}
        for role in askers(action):
            response = send(world, case, role)
            try:
                case.validate_response(response, checks=CONFORMS)
                if response.status_code >= 500 and response.status_code != SAID_SO:
                    case.validate_response(response, checks=[not_a_server_error])
            except (Failure, FailureGroup) as failure:
                found = failure.exceptions if isinstance(failure, FailureGroup) else [failure]
                told.extend(f"{label} as {role}: {response.status_code} {each}" for each in found)

    with contextlib.suppress(*([Unsatisfiable] if mode is GenerationMode.NEGATIVE else [])):
        asked()  # what takes nothing cannot be sent wrong
    return told


@pytest.fixture
def whole_world(world, tmp_path, monkeypatch) -> Iterator[Any]:
    """A console with every desk there is, accounts too; hashes cost nothing, what they hide here is no secret."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(proofs, "_HASHER", hasher)
    monkeypatch.setattr(proofs, "_NOBODYS", hasher.hash("nobody"))
    store = SignInStore(tmp_path)
    with contextlib.closing(store):
        world.open(sign_in=SignInDesk(store, People, journal=world.journal, clock=world.clock))
        missing = [field.name for field in fields(world.desks) if getattr(world.desks, field.name) is None]
        assert missing == [], "give the world of the doors such a desk"
        yield world


def all_troubles(world: Any, examples: int, mode: GenerationMode) -> list[str]:
    found = operations(world.app)
    assert len(found) > 60
    return [line for label, each in found.items() for line in troubles_of(world, label, each, examples, mode)]


def test_every_answer_is_one_that_the_description_announces(whole_world) -> None:
    troubles = all_troubles(whole_world, 2, GenerationMode.POSITIVE)
    assert not troubles, "\n".join(troubles)


@pytest.mark.nightly
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_of_many_requests_valid_and_broken_none_is_answered_otherwise_than_announced(whole_world, mode) -> None:
    troubles = all_troubles(whole_world, 60, mode)
    assert not troubles, "\n".join(troubles)


def a_refusal_is_left_out(told: dict[str, Any]) -> None:
    del told["responses"]["4XX"]


def a_field_is_promised_that_no_answer_has(told: dict[str, Any]) -> None:
    told["responses"]["200"]["content"]["application/json"]["schema"] = {
        "items": {"type": "object", "required": ["picture"]}
    }


def another_kind_of_content_is_told(told: dict[str, Any]) -> None:
    told["responses"]["200"]["content"] = {"text/csv": {}}


LIES = {a_refusal_is_left_out: "Undocumented status code", another_kind_of_content_is_told: "Undocumented Content"}
LIES |= {a_field_is_promised_that_no_answer_has: "Response violates schema"}


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_a_description_that_lies_is_found(world, lie) -> None:
    lie(described(world.app)["paths"]["/api/log"]["get"])
    operation = operations(world.app)["GET /api/log"]
    assert LIES[lie] in "".join(troubles_of(world, "", operation, 1, GenerationMode.POSITIVE))


def test_a_fault_of_the_console_is_found(world, monkeypatch) -> None:
    async def newest(desk: object, most: int, before: int | None = None) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(LogInMemory, "newest", newest)
    operation = operations(world.app)["GET /api/log"]
    assert "Server error" in "".join(troubles_of(world, "", operation, 1, GenerationMode.POSITIVE))
