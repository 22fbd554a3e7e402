"""The DPO at a running centre: what he signs is in force there, what he asks to be verified is, without a browser."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from csu.console.sign_in.proofs import code_at
from csu.governance import MaskLedger
from csu.hal.site import SignRole
from csu.machine import SystemClock
from tests.e2e.street_at_work import street_at_work

pytestmark = pytest.mark.nightly

WITHIN_S = 60.0
"""A signature is taken up within a second; a busy machine is no defect."""


def wait_for(asked: Callable[[], Any], what: str) -> Any:
    until = time.monotonic() + WITHIN_S
    while time.monotonic() < until:
        if found := asked():
            return found
        time.sleep(0.3)
    raise AssertionError(what)


def sign_in(client: httpx.Client, told: dict[str, Any], account: str) -> None:
    person = next(each for each in told["people"] if each["account"] == account)
    begun = client.post("/api/sign-in", json={"account": account, "password": told["password"]})
    code = code_at(person["secret"], SystemClock().now_ns())
    opened = client.post(
        "/api/sign-in/code", json={"ticket": begun.json()["ticket"], "code": code, "role": person["id"]}
    )
    assert opened.status_code == 200, opened.text
    assert "dpo" in opened.json()["pages"]


def test_what_the_dpo_signs_at_the_console_is_in_force_in_the_centre_that_runs(tmp_path) -> None:
    with street_at_work(tmp_path, cameras=1) as street, httpx.Client(base_url=street.told["url"]) as client:
        sign_in(client, street.told, "d.weber")
        (record,) = street.running.records
        camera, board = record.camera, street.running.centre.board

        def version() -> int:
            return next(line.mask_version for line in board.all() if line.record.camera == camera)

        wait_for(lambda: version() == 1, "its first masks are in force")
        ledger = MaskLedger(tmp_path / "centre" / "masks.sqlite")
        looser = replace(ledger.register.effective(camera, SystemClock().now_ns()).mask_set, mask_above_m=3.0)

        def proposed(register):
            at_ns = SystemClock().now_ns()
            yield register.propose(looser, by="t.koch", at_ns=at_ns, reason="essai")
            yield register.sign(camera, 2, person="t.koch", role=SignRole.TECHNICAL, at_ns=at_ns)

        ledger.decide(proposed)
        ledger.close()
        (waiting,) = client.get("/api/masks").json()
        assert (waiting["version"], waiting["missing"], bool(waiting["looser"])) == (2, ["dpo"], True)
        assert client.get(f"/api/masks/{camera}/2").json()["cells"]
        assert client.post(f"/api/masks/{camera}/2/sign-technical").status_code == 403
        assert version() == 1
        signed = client.post(f"/api/masks/{camera}/2/sign-dpo")
        assert (signed.status_code, signed.json()["is_in_force"]) == (200, True)
        wait_for(lambda: version() == 2, "what was signed is in force in the centre")

        assert client.get("/api/regime").json()["is_on"] is False
        assert [each["camera"] for each in client.get("/api/signs").json()["unannounced"]] == [camera]
        body = {"ground": "control", "reference": "CTRL-1", "operation": "mask_edit", "person": "d.weber"}
        found = client.post("/api/dpo/journal", json=body).json()["entries"]
        assert {entry["subject"] for entry in found} >= {"masks/2/signed", "console/masks/sign-dpo"}
        assert client.post("/api/dpo/journal/verification").status_code == 202
        told = wait_for(
            lambda: (now := client.get("/api/dpo/journal/verification").json())["verdict"] and now, "it is verified"
        )
        assert told["verdict"]["holds"] is True
