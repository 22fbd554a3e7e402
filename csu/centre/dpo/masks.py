"""The register of masks of a running centre, for those who sign. Its `MaskWatch` takes up what was within a second.

Signing goes through a ledger of its own, as from another process: the centre has one way of hearing of a signature. The
entry is in the journal before the signature is in the register (LOG-2).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from csu.centre.dpo.mask_drawing import drawing_of
from csu.centre.in_turn import InTurn
from csu.centre.registers.registers import noting
from csu.console.dpo import MaskDrawing, WaitingMasks
from csu.governance import (
    Journal,
    MaskEvent,
    MaskLedger,
    MaskProposalRefused,
    MaskRegister,
    MaskVersion,
    SignatureRefused,
)
from csu.governance.journal_entry import account_of
from csu.governance.mask_entries import mask_entry
from csu.hal.camera import CameraId
from csu.hal.clock import Clock
from csu.hal.site import SignRole
from csu.hal.words import Words

_T = TypeVar("_T")


class MasksOfCentre:
    """See `csu.console.dpo.MaskDesk`. The register must exist: the centre begins it when it opens."""

    def __init__(self, path: Path, journal: Journal, clock: Clock) -> None:
        self._path, self._journal, self._clock = path, journal, clock
        self._in_turn, self._drawing = InTurn(), InTurn()
        self._ledger: MaskLedger | None = None

    async def waiting(self) -> Sequence[WaitingMasks]:
        """By camera. Raises CsuError."""
        return await self._in_turn(lambda: self._read(self._waiting))

    async def drawing(self, camera: CameraId, version: int) -> MaskDrawing:
        """Raises MaskProposalRefused; CsuError."""
        found, before = await self._in_turn(lambda: self._read(lambda held: self._two(held, camera, version)))
        return await self._drawing(lambda: drawing_of(found.mask_set, None if before is None else before.mask_set))

    async def sign(self, camera: CameraId, version: int, person: str, role: SignRole) -> WaitingMasks:
        """Raises SignatureRefused, MaskProposalRefused, LifecycleRefused; CsuError: nothing changed."""

        def signed(held: MaskRegister) -> MaskEvent:
            _require_another_person(held, camera, version, person)
            return held.sign(camera, version, person=person, role=role, at_ns=self._clock.now_ns())

        return await self._decide(camera, version, signed)

    async def decline(self, camera: CameraId, version: int, person: str, role: SignRole, reason: str) -> WaitingMasks:
        """Raises as `sign`."""
        return await self._decide(
            camera,
            version,
            lambda held: held.decline(
                camera, version, person=person, role=role, at_ns=self._clock.now_ns(), reason=reason
            ),
        )

    def close(self) -> None:
        """Release the file."""
        if self._ledger is not None:
            self._ledger.close()

    # -- inside, in a thread ------------------------------------------------------------------------------------------

    async def _decide(self, camera: CameraId, version: int, deed: Callable[[MaskRegister], MaskEvent]) -> WaitingMasks:
        note = noting(self._journal)

        def journaled(held: MaskRegister) -> list[MaskEvent]:
            event = deed(held)
            note([mask_entry(event)])
            return [event]

        def decided() -> WaitingMasks:
            ledger = self._open()
            ledger.decide(journaled)
            return self._read(lambda held: self._one(held, camera, version))

        return await asyncio.shield(self._in_turn(decided))  # who asked may have gone: it is done to its end

    def _open(self) -> MaskLedger:
        if self._ledger is None:
            self._ledger = MaskLedger(self._path)
        return self._ledger

    def _read(self, question: Callable[[MaskRegister], _T]) -> _T:
        ledger = self._open()
        ledger.catch_up()
        return question(ledger.register)

    def _waiting(self, held: MaskRegister) -> list[WaitingMasks]:
        now_ns, found = self._clock.now_ns(), []
        for camera in held.cameras():
            standing = held.standing(camera, now_ns)
            version = standing.waiting or (standing.in_force if standing.verification_due else None)
            if version is not None:
                found.append(WaitingMasks(camera, standing, version))
        return found

    def _one(self, held: MaskRegister, camera: CameraId, version: int) -> WaitingMasks:
        return WaitingMasks(camera, held.standing(camera, self._clock.now_ns()), _version(held, camera, version))

    def _two(self, held: MaskRegister, camera: CameraId, version: int) -> tuple[MaskVersion, MaskVersion | None]:
        """That version, and what it takes the place of: what is in force, or of a tightening the one before."""
        found, versions = _version(held, camera, version), held.versions(camera)
        now = held.standing(camera, self._clock.now_ns()).in_force
        if now is not None and now.number == version:
            now = next((each for each in reversed(versions[: version - 1]) if each.is_signed), None)
        return found, now


def _version(held: MaskRegister, camera: CameraId, version: int) -> MaskVersion:
    versions = held.versions(camera)
    if not 1 <= version <= len(versions):
        raise MaskProposalRefused(
            Words("le registre ne connaît pas cette version", "the register does not know this version"),
            where=camera,
            what_to_do=Words("Relisez la liste de ce qui attend", "Read the list of what waits again"),
        )
    return versions[version - 1]


def _require_another_person(held: MaskRegister, camera: CameraId, version: int, person: str) -> None:
    """Who signed as `Anne Dupré` at the command line is the account anne.dupre here: one signature (PRV-6)."""
    for given in _version(held, camera, version).signatures:
        if account_of(given.person) == account_of(person):
            raise SignatureRefused(
                Words(f"{given.person} l'a déjà signée", f"{given.person} has signed it already"),
                where=camera,
                what_to_do=Words("La seconde signature vient d'une autre personne", "The second is another person's"),
            )
