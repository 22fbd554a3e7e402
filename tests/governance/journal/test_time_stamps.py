"""RFC 3161 with a real authority: OpenSSL on this machine."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from dataclasses import replace

import pytest

from csu.governance.anchor import AnchorFile, make_anchor, stamped
from csu.governance.anchoring import Elsewhere
from csu.governance.journal import CHAIN
from csu.governance.journal_desk import JournalDesk
from csu.governance.journal_verify import verify_journal
from csu.governance.register_errors import StampRefused
from csu.governance.time_stamps import ANSWER_BYTES_MAX, StampTrust, stamp, stamp_refused, stamped_at
from csu.hal.clock import NS_PER_MINUTE
from csu.machine import SystemClock

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")

CONFIG = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
[leaf]
extendedKeyUsage = critical,timeStamping
"""


class LocalAuthority:
    """`openssl ts`, as an authority would run it."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.works = True
        self.asked = 0
        (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
        (folder / "serial").write_text("01\n")
        self._run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=root"
                  " -keyout root.key -out root.pem")  # fmt: skip
        self._run("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=tsa -keyout tsa.key -out tsa.csr")
        self._run("x509 -req -in tsa.csr -CA root.pem -CAkey root.key -CAcreateserial -days 30 -out tsa.pem"
                  " -extfile tsa.cnf -extensions leaf")  # fmt: skip

    def _run(self, line: str) -> None:
        subprocess.run(["openssl", *line.split()], cwd=self.folder, check=True, capture_output=True, timeout=30)

    def answer(self, request: bytes) -> bytes:
        self.asked += 1
        if not self.works:
            raise stamp_refused("no answer")
        (self.folder / "request.tsq").write_bytes(request)
        self._run("ts -reply -config tsa.cnf -queryfile request.tsq -signer tsa.pem -inkey tsa.key -out answer.tsr")
        return (self.folder / "answer.tsr").read_bytes()

    @property
    def trust(self) -> StampTrust:
        return StampTrust.load(self.folder / "root.pem")


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> LocalAuthority:
    return LocalAuthority(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory) -> LocalAuthority:
    return LocalAuthority(tmp_path_factory.mktemp("stranger"))


def test_a_token_says_when_these_bytes_existed_and_of_no_others(authority, stranger):
    token = stamp(authority, b"head", authority.trust)
    assert abs(stamped_at(token, b"head", authority.trust) - SystemClock().now_ns()) < 30 * NS_PER_MINUTE
    for data, trust in ((b"other", authority.trust), (b"head", stranger.trust), (b"head", StampTrust(()))):
        with pytest.raises(StampRefused):
            stamped_at(token, data, trust)
    for broken in (b"", bytes(ANSWER_BYTES_MAX + 1), token[:-10], token[:200] + b"\0" + token[201:]):
        with pytest.raises(StampRefused):
            stamped_at(broken, b"head", authority.trust)


def test_an_answer_to_another_request_is_refused(authority):
    class Replaying:
        def answer(self, request: bytes) -> bytes:
            return old

    old = stamp(authority, b"head", authority.trust)
    with pytest.raises(StampRefused):
        stamp(Replaying(), b"head", authority.trust)


def test_the_journals_head_is_stamped_each_hour_and_verified(authority, room, make_entry, tmp_path, noon_ns):
    anchors, asked = AnchorFile(tmp_path / "elsewhere" / "anchors.jsonl"), authority.asked

    class Clock:
        at_ns = noon_ns

        def now_ns(self) -> int:
            return self.at_ns

        def monotonic_ns(self) -> int:
            return self.at_ns

    clock = Clock()
    desk = JournalDesk(room.open(), room.key, clock, Elsewhere(anchors, authority, authority.trust))

    async def two_hours():
        for _ in range(12):
            await desk.record(make_entry())
            await desk.anchor()
            clock.at_ns += 10 * NS_PER_MINUTE
        await desk.close()

    asyncio.run(two_hours())
    assert authority.asked - asked == 2
    assert len(anchors.anchors()) == 12
    found = verify_journal(room.directory, room.key.public, anchors.anchors(), authority.trust)
    assert (found.holds, found.stamps, found.stamps_unchecked) == (True, 2, 0)
    assert verify_journal(room.directory, room.key.public, anchors.anchors()).stamps_unchecked == 2


def test_without_the_authority_the_head_is_noted_all_the_same(authority, room, make_entry, tmp_path):
    anchors = AnchorFile(tmp_path / "elsewhere" / "anchors.jsonl")
    desk = JournalDesk(room.open(), room.key, SystemClock(), Elsewhere(anchors, authority, authority.trust))

    async def once():
        await desk.record(make_entry())
        authority.works = False
        try:
            await desk.anchor()
        finally:
            authority.works = True
            await desk.close()

    with pytest.raises(StampRefused):
        asyncio.run(once())
    assert [(anchor.sequence, anchor.token) for anchor in anchors.anchors()] == [(1, b"")]


def test_a_token_of_another_anchor_is_told(authority, room, noon_ns, make_entry):
    room.fill(days=1)
    journal = room.open()
    good = stamped(make_anchor(CHAIN, *journal.head, noon_ns, room.key), authority, authority.trust)
    other = make_anchor(CHAIN, *journal.head, noon_ns + 1, room.key)
    found = verify_journal(room.directory, room.key.public, [good, replace(other, token=good.token)], authority.trust)
    assert [(each.kind.value, each.where) for each in found.findings] == [("bad_stamp", "anchor#2")]
