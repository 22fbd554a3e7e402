"""A machine of the wall at the door: its signature, its node, and whether its token still counts."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.requests import HTTPConnection
from typer.testing import CliRunner

from csu.centre.commands.wall import app
from csu.centre.registers.wall_tokens import NOTE, WallTokenNote
from csu.console import Claims, NodeClaims, SignedTokens, WallNodeTokens, make_token
from csu.console.identity import NODE_TOKEN_NS_MAX
from csu.governance import Role, Subject
from csu.governance.centre_key import CentreKey, PublicKey
from csu.governance.journal_verify import verify_journal
from csu.hal.clock import NS_PER_DAY
from csu.hal.errors import BadInput
from csu.machine import SystemClock

NOW = 1_800_000_000_000_000_000
KEY = CentreKey(Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
CLAIMS = NodeClaims(node="mur-b", from_ns=NOW, to_ns=NOW + NODE_TOKEN_NS_MAX)


class Issued:
    def counts_from_ns(self, node: str) -> int | None:
        return {"mur-a": NOW, "mur-b": NOW}.get(node)


TOKENS = WallNodeTokens(KEY.public, Issued())


def at_door(token: str, node: str | None = "mur-b") -> HTTPConnection:
    path = {} if node is None else {"node": node}
    headers = [(b"authorization", f"Bearer {token}".encode())]
    return HTTPConnection({"type": "http", "headers": headers, "path_params": path, "client": ("192.0.2.7", 1)})


def test_a_signed_token_is_a_machine_in_its_one_role_and_nobody_at_anothers_door() -> None:
    token = make_token(KEY, CLAIMS)
    machine = Subject("wall-node.mur-b", Role.WALL_NODE, strong_login=True)
    assert TOKENS.subject(at_door(token), NOW) == machine
    assert TOKENS.subject(at_door(token, None), NOW) == machine  # where its role has no right
    assert TOKENS.subject(at_door(token, "mur-a"), NOW) is None


@pytest.mark.parametrize(
    ("change", "at_ns"),
    [
        ({"node": "mur-c"}, NOW),
        ({"from_ns": NOW - 1}, NOW),
        ({"to_ns": NOW + NODE_TOKEN_NS_MAX + 1}, NOW),
        ({}, NOW - 1),
        ({}, NOW + NODE_TOKEN_NS_MAX),
    ],
)
def test_one_that_was_replaced_is_over_lives_too_long_or_was_never_given_is_nobodys(change, at_ns) -> None:
    claims = CLAIMS.model_copy(update=change)
    assert TOKENS.subject(at_door(make_token(KEY, claims), claims.node), at_ns) is None


def test_neither_kind_of_token_passes_for_the_other() -> None:
    person = Claims(person="a.martin", role="operator", strong_login=True, from_ns=NOW, to_ns=NOW + 1)
    assert TOKENS.subject(at_door(make_token(KEY, person)), NOW) is None

    class Anybody:
        def find(self, account: str, role: Role, at_ns: int) -> Subject | None:
            return Subject(account, role, strong_login=False)

    people = SignedTokens(KEY.public, Anybody())
    assert people.subject(at_door(make_token(KEY, person)), NOW) is not None
    assert people.subject(at_door(make_token(KEY, CLAIMS)), NOW) is None
    machine = person.model_copy(update={"role": "wall_node"})
    assert people.subject(at_door(make_token(KEY, machine)), NOW) is None


def test_a_note_that_cannot_be_read_lets_nobody_in_and_is_told_to_who_writes_it(tmp_path: Path) -> None:
    note = WallTokenNote(tmp_path)
    assert note.counts_from_ns("mur-b") is None
    note.issue("mur-b", NOW)
    assert (note.counts_from_ns("mur-b"), note.counts_from_ns("mur-a")) == (NOW, None)
    for junk in ("", "[]", '{"mur-b": "0"}', '{"mur-b": true}'):
        (tmp_path / NOTE).write_text(junk)
        assert note.counts_from_ns("mur-b") is None
        with pytest.raises(BadInput, match=NOTE):
            note.issue("mur-a", NOW)


@pytest.fixture
def centre(tmp_path: Path) -> Path:
    CentreKey.load_or_make(tmp_path / "centre" / "centre" / "key.pem")
    return tmp_path / "centre"


def token_of(centre: Path, out: Path, *options: str) -> str:
    told = ["token", "mur-b", "--centre", str(centre), "--by", "Anne Martin", "--out", str(out), *options]
    done = CliRunner().invoke(app, told)
    assert done.exit_code == 0, done.output
    return out.read_text().strip()


def test_csu_wall_token_gives_one_that_counts_replaces_it_and_takes_it_back(centre: Path, tmp_path: Path) -> None:
    public, clock = PublicKey.load(centre / "centre" / "key.pem"), SystemClock()
    tokens = WallNodeTokens(public, WallTokenNote(centre))
    first = token_of(centre, tmp_path / "first", "--days", "1")
    assert stat.S_IMODE((tmp_path / "first").stat().st_mode) == 0o600
    assert tokens.subject(at_door(first), clock.now_ns()) is not None
    assert tokens.subject(at_door(first), clock.now_ns() + NS_PER_DAY) is None
    second = token_of(centre, tmp_path / "second")
    assert tokens.subject(at_door(first), clock.now_ns()) is None
    assert tokens.subject(at_door(second), clock.now_ns()) is not None
    back = ["token", "mur-b", "--centre", str(centre), "--by", "Anne Martin", "--revoke", "--json"]
    done = CliRunner().invoke(app, back)
    assert json.loads(done.stdout) == {"node": "mur-b", "token": None, "revoked": True}
    assert tokens.subject(at_door(second), clock.now_ns()) is None
    verdict = verify_journal(centre / "journal", public, [])
    assert (verdict.rows, verdict.findings) == (3, ())


@pytest.mark.parametrize("options", [(), ("--out", "x", "--revoke")])
def test_to_give_one_or_to_take_it_back_is_said(centre: Path, options: tuple[str, ...]) -> None:
    with pytest.raises(BadInput, match="--revoke"):
        CliRunner().invoke(
            app, ["token", "mur-b", "--centre", str(centre), "--by", "A", *options], catch_exceptions=False
        )
    assert not (centre / NOTE).exists()


def test_a_directory_without_a_centres_key_gives_no_token(tmp_path: Path) -> None:
    told = ["token", "mur-b", "--centre", str(tmp_path), "--by", "A", "--out", str(tmp_path / "t")]
    with pytest.raises(BadInput, match="no centre's directory"):
        CliRunner().invoke(app, told, catch_exceptions=False)
    assert not (tmp_path / "t").exists()
