"""A round of the purge at full size: 1,300 cameras of 46 communes, 30 days, 1,300 files due each minute.

No peer. Two whole UTC days stand in the catalogue, the oldest, of which all up to ten o'clock is destroyed; of the 28
younger ones a manifest each: no round reads them. Files are real and empty, of the minutes that fall due.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.cpu import cpu_s
from benchmarks.scoreboard import Scoreboard
from csu.centre.purge.ports import Footage, Protection, PurgePorts, Span
from csu.centre.purge.purge import Purge
from csu.centre.purge.tiers import DirectoryTier
from csu.governance import (
    Authorisation,
    AuthorisationFacts,
    AuthorisationRegister,
    GovernedCamera,
    LocalDoctrine,
    Placement,
    Purpose,
    rules_over,
)
from csu.governance.centre_key import CentreKey
from csu.governance.legal_register import LegalRegister
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_MS
from csu.hal.media import Manifest, NodeId, SegmentTable
from csu.recording import Catalogue, DestructionReason, segment_name
from csu.recording.destruction import LEAD_NS
from csu.recording.key_store import LocalKeyStore
from sim.journal import JournalStandIn

NODES, CAMERAS_OF_A_NODE, COMMUNES, DAYS = 20, 65, 46, 30
CAMERAS = NODES * CAMERAS_OF_A_NODE
FIRST_NS = 20_000 * NS_PER_DAY
"""Midnight UTC of the oldest day, 2024-10-04."""
BEGIN_NS = FIRST_NS + 10 * 60 * NS_PER_MINUTE
"""Ten o'clock: what began before is destroyed."""
ROUNDS = 5
HOUR_NS = 60 * NS_PER_MINUTE


@dataclass
class Hand:
    """A clock moved by hand; an evidence room with what is locked."""

    at_ns: int
    locks: dict[CameraId, tuple[Span, ...]]

    def now_ns(self) -> int:
        return self.at_ns

    monotonic_ns = now_ns


class Locks:
    """An evidence room in which everything locked is safe already."""

    def __init__(self, hand: Hand) -> None:
        self._hand = hand

    def protection(self, now_ns: int) -> Protection:
        return Protection(locks=dict(self._hand.locks))

    def preserve(self, footage: Footage, spans: Sequence[Span]) -> None:
        """It is safe."""

    def unlocked(self, now_ns: int) -> Sequence[str]:
        """No case."""
        return ()

    def destroy(self, case: str, now_ns: int) -> None:
        """Never asked for."""
        raise AssertionError(f"{case}: no such case")


async def _no_chaos(point: str) -> None:
    """Nothing fails."""


def test_days_that_are_closed_and_dropped(tmp_path: Path, scoreboard: Scoreboard) -> None:
    """What comes once a day: the lines of what is gone, its keys, its coverage kept, the day dropped."""
    cameras, catalogue, _ = _two_days(tmp_path, FIRST_NS + 2 * NS_PER_DAY, young=False)
    (tmp_path / "media").mkdir()
    hand = Hand(FIRST_NS + 3 * NS_PER_DAY, {})
    ports = _ports(tmp_path, hand, catalogue, tmp_path / "media", cameras)
    asyncio.run(Purge(ports).start())
    hand.at_ns = FIRST_NS + (DAYS + 3) * NS_PER_DAY
    purge, begin_s = Purge(ports), cpu_s()
    asyncio.run(purge.start())
    scoreboard.add("purge: a day closed and dropped", "csu", (cpu_s() - begin_s) / 2, "s CPU")
    assert purge.counts.days_dropped == 2
    assert purge.counts.certificates == 3 * COMMUNES  # two days UTC touch three of Paris
    catalogue.close()
    size = (tmp_path / "catalogue" / "coverage.sqlite").stat().st_size
    scoreboard.add("purge: coverage kept", "csu", size / 2 / CAMERAS, "bytes a camera-day")


def test_a_round_at_full_size(tmp_path: Path, scoreboard: Scoreboard) -> None:
    cameras, catalogue, phases_ns = _two_days(tmp_path, BEGIN_NS, young=True)
    media = tmp_path / "media"
    _files(media, list(cameras), phases_ns, ROUNDS + 5)
    hand = Hand(BEGIN_NS + DAYS * NS_PER_DAY - LEAD_NS, {})
    ports = _ports(tmp_path, hand, catalogue, media, cameras)
    held = len(list(media.glob("*/*/*")))

    async def live() -> None:
        purge = Purge(ports)
        begin_s = cpu_s()
        await purge.start()
        scoreboard.add("purge: start at full size", "csu", cpu_s() - begin_s, "s CPU")
        await _rounds(purge, "purge: a round, 1,300 files due")
        camera = next(iter(cameras))
        hand.locks[camera] = (Span(BEGIN_NS + 12 * HOUR_NS, BEGIN_NS + 13 * HOUR_NS),)
        await _rounds(purge, "purge: a round after a lock", 1)
        purge.rules_changed()
        await _rounds(purge, "purge: a round after another order", 1)
        purge._scanned_ns = None
        await _rounds(purge, "purge: a round with the hourly scan", 1)

    async def _rounds(purge: Purge, title: str, count: int = ROUNDS) -> None:
        costs = []
        for _number in range(count):
            hand.at_ns += NS_PER_MINUTE
            begin_s = cpu_s()
            counts = await purge.round()
            costs.append(cpu_s() - begin_s)
            assert counts.rounds_failed == 0
            assert counts.late_ms_max == 0 or count == 1
        scoreboard.add(title, "csu", sorted(costs)[len(costs) // 2], "s CPU")
        print(title, [round(cost, 3) for cost in costs], purge.counts)

    asyncio.run(live())
    left = len(list(media.glob("*/*/*")))
    assert held - left == CAMERAS * (ROUNDS + 3) + 1, "what was due, and nothing else"


def _two_days(
    home: Path, gone_to_ns: int, *, young: bool
) -> tuple[dict[CameraId, CommuneId], Catalogue, NDArray[np.int64]]:
    """Cameras, the catalogue, and when in its minute each camera's file begins."""
    cameras = {CameraId(f"cam-{n:04}"): CommuneId(f"commune-{n % COMMUNES:02}") for n in range(1, CAMERAS + 1)}
    phases_ns = np.random.default_rng(7).permutation(CAMERAS) * (46 * NS_PER_MS)
    catalogue = Catalogue(home / "catalogue", durable=False)
    for manifests in _manifests(list(cameras), phases_ns, young=young):
        catalogue.record(manifests)
    for hour_ns in range(FIRST_NS, gone_to_ns, HOUR_NS):
        catalogue.destroy(list(cameras), hour_ns, hour_ns + HOUR_NS, reason=DestructionReason.EXPIRED, at_ns=BEGIN_NS)
    return cameras, catalogue, phases_ns


def _manifests(cameras: list[CameraId], phases_ns: NDArray[np.int64], *, young: bool) -> Iterator[list[Manifest]]:
    whole = range(2 * 1440)
    for minute in (*whole, *(day * 1440 for day in range(2, DAYS + 1 if young else 0))):
        minute_ns = FIRST_NS + minute * NS_PER_MINUTE
        yield [_manifest(node, minute, minute_ns, cameras, phases_ns) for node in range(NODES)]


def _manifest(
    node: int, minute: int, minute_ns: int, cameras: list[CameraId], phases_ns: NDArray[np.int64]
) -> Manifest:
    ours = slice(node * CAMERAS_OF_A_NODE, (node + 1) * CAMERAS_OF_A_NODE)
    n = CAMERAS_OF_A_NODE
    zeros = np.zeros(n, np.int32)
    table = SegmentTable(
        np.arange(n, dtype=np.int32),
        minute_ns + phases_ns[ours],
        np.full(n, 60_000, np.int32),
        np.full(n, 30_000_000, np.int64),
        zeros,
        zeros,
        np.full((n, 32), minute % 251 + 1, np.uint8),
    )
    return Manifest(NodeId(f"node-{node:02}"), 1, minute, minute_ns, tuple(cameras[ours]), table)


def _files(media: Path, cameras: list[CameraId], phases_ns: NDArray[np.int64], minutes: int) -> None:
    for camera, phase_ns in zip(cameras, phases_ns.tolist(), strict=True):
        for minute in range(minutes):
            path = media / segment_name(camera, BEGIN_NS + minute * NS_PER_MINUTE + phase_ns)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()


def _ports(home: Path, hand: Hand, catalogue: Catalogue, media: Path, cameras: dict[CameraId, CommuneId]) -> PurgePorts:
    stands = Placement(FIRST_NS - 365 * NS_PER_DAY, 0.0, 0.0)
    orders = AuthorisationRegister(
        AuthorisationFacts(
            tuple(
                Authorisation(
                    f"57-{commune}",
                    date(2023, 9, 1),
                    date(2023, 10, 1),
                    frozenset({Purpose.PERSONS_PROPERTY}),
                    DAYS,
                    frozenset({"csu"}),
                    "CDV 2023-08-20",
                    cameras=frozenset(camera for camera, its in cameras.items() if its == commune),
                )
                for commune in sorted(set(cameras.values()))
            ),
            tuple(GovernedCamera(camera, commune, (stands,)) for camera, commune in cameras.items()),
        )
    )
    keys = LocalKeyStore(home / "keys")
    for commune in sorted(set(cameras.values())):
        for day in range(DAYS):
            keys.key(commune, date.fromordinal(date(2024, 10, 4).toordinal() + day))
    doctrine = LocalDoctrine(retention_days_max=31)
    return PurgePorts(
        clock=hand,
        chaos=_no_chaos,
        journal=JournalStandIn(),
        catalogue=catalogue,
        keys=keys,
        tiers=[DirectoryTier(media)],
        evidence=Locks(hand),
        register=LegalRegister(home / "register.sqlite", CentreKey.load_or_make(home / "centre.key")),
        rules=lambda camera, span: rules_over(orders, doctrine, camera, span),
        cameras=lambda: cameras,
        shortest_days=lambda: DAYS,
        tell=lambda trouble: print(trouble),
    )
