"""A centre and a wall node over a real socket: what the node's pixels show while the way between them lives."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from csu.cluster import wall_node_conversation
from csu.console import ServedCertificate
from csu.governance.journal_entry import Ended, Operation, Outcome
from csu.hal.clock import NS_PER_MS, NS_PER_S
from csu.hal.errors import BadInput
from csu.hal.wall import WallError, WallOutput
from csu.hal.words import Words
from csu.machine import SystemClock
from sim.endpoints.police.authority import PrivateAuthority

from .conftest import NODE, Wire, centre_side, node_here, node_token, until

LEASE_S = 1.5


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scenario)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wall_node_conversation, "SILENCE_S_MAX", 1.5)
    monkeypatch.setattr(wall_node_conversation, "BEAT_EVERY_S", 0.2)
    monkeypatch.setattr("csu.ingest.backoff.FIRST_DELAY_S", 0.1)
    monkeypatch.setattr("csu.ingest.backoff.FIRST_DELAY_AFTER_REFUSAL_S", 0.2)
    monkeypatch.setattr("csu.ingest.backoff.DELAY_S_MIN", 0.1)
    monkeypatch.setattr("csu.cluster.wall_node.CLOSE_TIMEOUT_S", 0.2)


def test_its_tiles_show_the_cameras_of_its_scene_and_the_centre_reads_them_there(token_file: Path) -> None:
    async def scenario() -> None:
        async with centre_side(3) as centre, node_here(centre.url, token_file) as node:
            assert isinstance(centre.wall, WallOutput)
            await centre.wall.start()
            await centre.wall.show(centre.scene(2, 1))
            await until(lambda: node.shows(2, 1))
            assert centre.street.asked == [("cam-0001", True), ("cam-0002", True)]
            reading = await centre.wall.read()
            frames = [tile.seen_frame_number or 0 for tile in reading.tiles]
            assert [tile.seen_camera_number for tile in reading.tiles] == [2, 1]
            assert all(0 <= centre.street.cameras[0].frame - frame <= 12 for frame in frames)
            assert (await centre.wall.picture_png()).startswith(b"\x89PNG")
            await centre.wall.show(centre.scene(3))
            await until(lambda: node.shows(3))
            await until(
                lambda: set(centre.street.asked[2:]) == {("cam-0001", False), ("cam-0002", False), ("cam-0003", True)}
            )
            beat = centre.wall.beat
            assert beat is not None
            assert (beat.refused, beat.undecodable) == (0, 0)
            assert abs(beat.offset_ns or 0) <= (beat.error_ns or 0) < 250 * NS_PER_MS
            centre.street.cameras[2].is_wholly_masked = True
            await until(lambda: node.shows(3, state="masked"))

    run(scenario())


@pytest.mark.nightly
@pytest.mark.parametrize("ahead_ms", [-900, 900])
def test_the_ages_on_a_node_whose_clock_is_off_are_those_of_the_centre(token_file: Path, ahead_ms: int) -> None:
    """Stopped cameras turn stale at 2 s by the centre's clock, not by that of the node."""

    async def scenario() -> None:
        async with centre_side(1) as centre, node_here(centre.url, token_file, ahead_ns=ahead_ms * NS_PER_MS) as node:
            await centre.wall.show(centre.scene(1))
            await until(lambda: node.shows(1))
            centre.street.is_sending = False
            await asyncio.sleep(0.5)
            last = await centre.wall.read()  # what it shows is what it will show from now on
            captured_ns = centre.street.captured_ns[("cam-0001", last.tiles[0].seen_frame_number)]
            clock = SystemClock()
            while await node.shows(1):
                await asyncio.sleep(0.02)
            age_ns = clock.now_ns() - captured_ns
            beat = centre.wall.beat
            assert beat is not None
            assert (beat.error_ns or 0) < 100 * NS_PER_MS
            assert abs((beat.offset_ns or 0) + ahead_ms * NS_PER_MS) <= (beat.error_ns or 0)
            late_ns = 600 * NS_PER_MS  # a machine with much other work
            assert 2 * NS_PER_S - 2 * (beat.error_ns or 0) <= age_ns <= 2 * NS_PER_S + late_ns

    run(scenario())


@pytest.mark.parametrize("how", [pytest.param("silent", marks=pytest.mark.nightly), "cut"])
def test_what_is_up_is_forbidden_within_its_lease_when_the_centre_is_gone_and_comes_back_with_it(
    token_file: Path, how: str
) -> None:
    async def scenario() -> None:
        async with centre_side(2) as centre, Wire(centre.url) as wire, node_here(wire.url, token_file) as node:
            await centre.wall.show(centre.scene(1, lasts_s=LEASE_S))
            await until(lambda: node.shows(1))
            await centre.wall.show(centre.scene(1, lasts_s=LEASE_S))
            shown_at = asyncio.get_running_loop().time()
            await asyncio.sleep(0.2)
            wire.silent(True)
            if how == "cut":
                wire.cut()
            while await node.shows(1):
                await asyncio.sleep(0.02)
            lasted_s = asyncio.get_running_loop().time() - shown_at
            assert await node.shows(1, state="forbidden")
            assert lasted_s <= LEASE_S + 0.5  # `+`: the reading, on a machine with much other work
            await until(lambda: len(node.said) > 1)
            await centre.wall.show(centre.scene(2))  # what holds meanwhile
            wire.silent(False)
            await until(lambda: node.shows(2))
            assert node.said.count("connected to the centre") >= 2

    run(scenario())


@pytest.mark.nightly
def test_a_lease_that_is_renewed_keeps_it_up_and_a_piece_without_one_gets_one(token_file: Path) -> None:
    async def scenario() -> None:
        async with centre_side(1) as centre, node_here(centre.url, token_file) as node:
            await centre.wall.show(centre.scene(1, lasts_s=None))
            await until(lambda: node.shows(1))
            (piece,) = node.walls[-1].shown[-1].pieces
            assert piece.shown_until_ns is not None
            assert 0 < piece.shown_until_ns - SystemClock().now_ns() <= 5 * NS_PER_S
            for _ in range(6):
                await centre.wall.show(centre.scene(1, lasts_s=0.6))
                await asyncio.sleep(0.2)
                assert await node.shows(1)
            await asyncio.sleep(0.7)
            assert await node.shows(1, state="forbidden")

    run(scenario())


@pytest.mark.nightly
def test_a_clock_that_leaves_the_centres_forbids_all_at_once_and_both_sides_say_why(token_file: Path) -> None:
    async def scenario() -> None:
        async with centre_side(1) as centre, node_here(centre.url, token_file) as node:
            await centre.wall.show(centre.scene(1))
            await until(lambda: node.shows(1))
            node.clock.ahead_ns = -3 * NS_PER_S  # what is up would look younger, and last longer
            await until(lambda: node.shows(1, state="forbidden"), 5)
            await until(lambda: any("-3.0 s from the centre's" in each.what.en for each in centre.told))
            assert any("the clock of this machine is -3.0 s" in said for said in node.said)
            node.clock.ahead_ns = 0
            await until(lambda: node.shows(1))

    run(scenario())


def wrong_tokens() -> dict[str, str]:
    now_ns = SystemClock().now_ns()
    return {
        "none": "-",
        "of another node": node_token("mur-a"),
        "changed": node_token()[:-2] + "00",
        "over": node_token(to_ns=now_ns - 1),
        "for years": node_token(to_ns=now_ns + 500 * 24 * 3600 * NS_PER_S),
    }


NIGHTLY = ("none", "changed", "over", "for years")


@pytest.mark.parametrize("why", ["of another node", *(pytest.param(why, marks=pytest.mark.nightly) for why in NIGHTLY)])
def test_a_wrong_token_opens_nothing_and_the_attempt_is_written(token_file: Path, why: str) -> None:
    token_file.write_text(wrong_tokens()[why])

    async def scenario() -> None:
        async with centre_side(1) as centre, node_here(centre.url, token_file) as node:
            centre.issued.since["mur-a"] = 0
            await until(lambda: bool(node.said))
            assert "refuses this node (HTTP 403)" in node.said[0]
            assert not centre.wall.is_there
            rows = [row.entry for row in centre.access.journal.rows]
            assert [(row.author, row.outcome, row.refusal) for row in rows] == [
                ("nobody", Outcome.REFUSED, "console.not_identified")
            ]

    run(scenario())


def test_coming_and_going_are_journaled_and_a_token_taken_back_ends_it(
    token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with centre_side(1, ask_again_s=0.3) as centre, node_here(centre.url, token_file) as node:
            await until(lambda: centre.wall.is_there)
            await centre.wall.show(centre.scene(1))
            await until(lambda: node.shows(1))
            del centre.issued.since[NODE]
            await until(lambda: any("HTTP 403" in said for said in node.said), 10)
            assert not centre.wall.is_there
            granted, *rest = [row.entry for row in centre.access.journal.rows]
            assert (granted.author, granted.role, granted.operation) == (
                "wall-node.mur-b",
                "wall_node",
                Operation.WALL_LAYOUT,
            )
            assert any(isinstance(row, Ended) and row.of == 1 for row in rest)

    run(scenario())


@pytest.mark.nightly
def test_a_wall_that_fails_there_is_told_once_at_both_ends_and_comes_back(token_file: Path, monkeypatch) -> None:
    monkeypatch.setattr("csu.cluster.wall_node_drawing.WALL_AGAIN_S", 0.1)
    card = WallError(Words("plus de carte", "the card is gone"), where="wall/there", what_to_do=Words("Voyez", "Look"))

    async def scenario() -> None:
        async with centre_side(1) as centre, node_here(centre.url, token_file) as node:
            await centre.wall.show(centre.scene(1))
            await until(lambda: node.shows(1))
            node.walls[-1].trouble = card
            await centre.wall.show(centre.scene(1))
            await until(lambda: any("the card is gone" in each.what.en for each in centre.told))
            await asyncio.sleep(0.5)
            assert sum("the card is gone" in each.what.en for each in centre.told) == 1
            assert sum("the card is gone" in said for said in node.said) == 1
            node.walls[-1].trouble, shown = None, len(node.walls[-1].shown)
            await until(lambda: len(node.walls[-1].shown) > shown)

    run(scenario())


@pytest.mark.nightly
def test_a_second_connection_takes_over_and_the_first_is_told(token_file: Path, monkeypatch) -> None:
    monkeypatch.setattr("csu.ingest.backoff.FIRST_DELAY_AFTER_REFUSAL_S", 30.0)

    async def scenario() -> None:
        async with centre_side(1) as centre, node_here(centre.url, token_file) as first:
            await centre.wall.show(centre.scene(1))
            await until(lambda: first.shows(1))
            async with node_here(centre.url, token_file) as second:
                await until(lambda: any("wall_node_replaced" in said for said in first.said))
                await until(lambda: second.shows(1))
                assert any("another connection" in each.what.en for each in centre.told)

    run(scenario())


@pytest.mark.nightly
def test_a_node_that_is_away_or_silent_gives_typed_errors_and_keeps_nothing_up(token_file: Path, monkeypatch) -> None:
    monkeypatch.setattr("csu.centre.media.wall_nodes.ANSWER_TIMEOUT_S", 0.3)

    async def scenario() -> None:
        async with centre_side(1) as centre, Wire(centre.url) as wire:
            with pytest.raises(WallError, match=r"wall/mur-b: .*not connected"):
                await centre.wall.read()
            await centre.wall.show(centre.scene(1))
            async with node_here(wire.url, token_file) as node:
                await until(lambda: node.shows(1))
                wire.silent(True)
                with pytest.raises(WallError, match=r"wall/mur-b: did not answer in 0.3 s"):
                    await centre.wall.picture_png()
            await centre.wall.stop()

    run(scenario())


def test_over_tls_the_centre_proves_itself_and_in_the_open_nothing_leaves_the_machine(
    token_file: Path, tmp_path: Path
) -> None:
    ours, theirs = (PrivateAuthority(name, SystemClock()) for name in ("centre", "stranger"))
    papers = ours.server("localhost")
    served = ServedCertificate(tmp_path / "centre.pem", tmp_path / "centre.key")
    served.certificate.write_bytes(papers.certificate_pem)
    served.key.write_bytes(papers.key_pem)

    async def scenario() -> None:
        async with centre_side(1, tls=served) as centre:
            url = centre.url.replace("127.0.0.1", "localhost")
            assert url.startswith("https://")
            await centre.wall.show(centre.scene(1))
            async with node_here(url, token_file, authority_pem=theirs.certificate_pem.decode()) as node:
                await until(lambda: bool(node.said))
                assert "SSLCertVerificationError" in node.said[0]
                assert not centre.wall.is_there
            async with node_here(url, token_file, authority_pem=ours.certificate_pem.decode()) as node:
                await until(lambda: node.shows(1))
            with pytest.raises(BadInput, match="--cafile"):
                async with node_here(url, token_file):
                    pytest.fail("it believed anybody")

    run(scenario())
    for url, match in (
        ("http://centre.example/", "in the open"),
        ("http://192.0.2.7:8600", "in the open"),
        ("ftp://x", "no address"),
    ):
        with pytest.raises(BadInput, match=match):
            run(_begun(url, token_file))


async def _begun(url: str, token_file: Path) -> None:
    async with node_here(url, token_file):
        pytest.fail("it was begun")
