"""From a site and a register of masks to what each camera's media node is told: the only way masks reach a node.

The site proposes (its poses, buildings and zones), people sign, the register decides; what it does not hold in force is
wholly masked. Calls block where they write: the centre makes those in its executor, one at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from csu.governance import (
    LifecycleRefused,
    LocalDoctrine,
    MaskLedger,
    MaskRegister,
    MaskRegisterBroken,
    MaskRegisterNotKept,
    MaskSet,
    Span,
    Standing,
    digest_of,
)
from csu.governance.mask_entries import Note, mask_entry
from csu.governance.mask_events import MaskEvent
from csu.hal.camera import CameraCapabilities, CameraId, CameraLifecycle
from csu.hal.clock import Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.media import Assignment
from csu.hal.place import Pose, PoseBounds
from csu.hal.site import Signatory, Site
from csu.hal.words import NO_WORDS, Words

REGISTER = "masks"
"""Where a trouble of the register is told."""
BY_SITE = "site"
"""Who proposes what the site's own data say."""

_SITE_REASON = "données du site / site data"
_POSE_CHANGED = Words(
    "sa pose déclarée n'est plus celle de ses masques", "the pose it is declared with is not that of its masks"
)


@dataclass(frozen=True, slots=True)
class CameraSurvey:
    """What a site says of one camera's masks when it opens. `mask_set` None: it cannot be used, see `why`."""

    camera: CameraId
    mask_set: MaskSet | None
    follows_pose: bool
    why: Words = NO_WORDS


def survey(
    camera: CameraId, site: Site, doctrine: LocalDoctrine, capabilities: CameraCapabilities, pose: Pose | None
) -> CameraSurvey:
    """The mask set a site's data make for one camera. `pose`: of a fixed camera, None when nobody calibrated it."""
    profile = capabilities.profiles[0]
    usable = pose if pose is not None and pose.is_finite() else None
    mask_set = MaskSet(
        camera=camera,
        pose=None if capabilities.ptz else usable,
        follows_pose=capabilities.ptz,
        pose_size_px=(profile.width_px, profile.height_px),
        bounds=site.bounds.get(camera, PoseBounds()),
        dynamics=capabilities.dynamics,
        buildings=site.buildings,
        zones=site.zones,
        mask_above_m=doctrine.mask_above_m,
    )
    try:
        digest_of(mask_set)
    except CsuError as error:
        return CameraSurvey(camera, None, capabilities.ptz, error.trouble.what)
    return CameraSurvey(camera, mask_set, capabilities.ptz)


class Commissioning:
    """The masks of a centre's cameras, by the register. Without a register that can be believed all is masked."""

    def __init__(self, ledger: MaskLedger | None, broken: Words = NO_WORDS) -> None:
        """`broken`: why there is no ledger."""
        self._ledger = ledger
        self._broken = broken
        self.troubles: list[tuple[str, Words]] = [(REGISTER, broken)] if broken else []
        """Where and what: what went wrong before anybody listened."""

    @staticmethod
    def open(path: Path) -> Commissioning:
        """With the register at `path`. One that is broken or out of reach masks everything; the centre runs (PRV-5)."""
        try:
            return Commissioning(MaskLedger(path))
        except CsuError as error:
            return Commissioning(None, error.trouble.words)

    # -- opening ------------------------------------------------------------------------------------------------------

    @property
    def head(self) -> str:
        """The digest of the register's newest row; empty where there is none to be believed."""
        return self._ledger.head if self._ledger is not None else ""

    def take_in(
        self, surveys: Sequence[CameraSurvey], signatories: Sequence[Signatory], now_ns: Nanoseconds, note: Note
    ) -> None:
        """Propose what the site says and nobody has proposed yet; a simulated site's own people sign it. Blocks.

        `note`: told the entries of it before any of it holds. What it raises is raised: then none of it does.

        A register that cannot be written leaves the masks as they were, and new cameras wholly masked: see `troubles`.
        """
        self.troubles += [(each.camera, each.why) for each in surveys if each.why]
        if self._ledger is None:
            return

        def decision(register: MaskRegister) -> Iterable[MaskEvent | None]:
            events = [
                event
                for each in surveys
                if each.mask_set is not None
                for event in _take_in(register, each.mask_set, signatories, now_ns)
            ]
            note([mask_entry(event) for event in events if event is not None])
            return events

        try:
            self._ledger.decide(decision)
        except MaskRegisterBroken as error:
            self.give_up(error.trouble.words)
            self.troubles.append((REGISTER, error.trouble.words))
        except MaskRegisterNotKept as error:
            self.troubles.append((REGISTER, error.trouble.words))

    # -- what stands --------------------------------------------------------------------------------------------------

    def standing(self, camera: CameraId, now_ns: Nanoseconds) -> Standing:
        """How a camera stands: by the register, or not commissioned where there is none."""
        if self._ledger is None:
            return Standing(CameraLifecycle.NOT_COMMISSIONED, None, None, None, False, self._broken)
        return self._ledger.register.standing(camera, now_ns)

    def served(self, camera: CameraId, now_ns: Nanoseconds) -> tuple[Span, ...]:
        """When it was in service, up to `now_ns`; never, without a register that can be believed."""
        return self._ledger.register.served(camera, now_ns) if self._ledger is not None else ()

    def bind(self, assignment: Assignment, now_ns: Nanoseconds) -> Assignment:
        """The assignment with all that masks it as the register has it in force, whatever it held before.

        An edge plan stays only if it was made for the version in force. Without one: wholly masked, epoch 0.
        """
        version = self.standing(assignment.record.camera, now_ns).in_force
        if version is None:
            return wholly_masked(assignment)
        made = version.mask_set
        return replace(
            assignment,
            pose=made.pose,
            follows_pose=made.follows_pose,
            pose_size_px=made.pose_size_px,
            bounds=made.bounds,
            dynamics=made.dynamics,
            buildings=made.buildings,
            zones=made.zones,
            mask_above_m=made.mask_above_m,
            mask_epoch=version.number,
            commissioned=True,
            edge=assignment.edge if assignment.mask_epoch == version.number else None,
        )

    # -- what happens -------------------------------------------------------------------------------------------------

    def moved(self, camera: CameraId, now_ns: Nanoseconds, why: Words) -> None:
        """Write down that a camera was moved. Blocks. Raises MaskRegisterNotKept, MaskRegisterBroken."""
        if self._ledger is not None:
            self._ledger.decide(lambda register: [register.move(camera, at_ns=now_ns, why=why)])

    def set_lifecycle(
        self, camera: CameraId, after: CameraLifecycle, by: str, reason: str, now_ns: Nanoseconds
    ) -> None:
        """A person sets a camera aside, or brings it back to be signed off. Blocks. Raises LifecycleRefused,
        MaskProposalRefused; MaskRegisterNotKept, MaskRegisterBroken."""
        if self._ledger is None:
            raise LifecycleRefused(
                self._broken, where=camera, what_to_do=Words("Reprenez une sauvegarde sûre", "Restore a sure backup")
            )
        self._ledger.decide(
            lambda register: [register.set_lifecycle(camera, after, by=by, at_ns=now_ns, reason=reason)]
        )

    def catch_up(self) -> None:
        """Read what people signed in other processes. Blocks. Raises as `moved`."""
        if self._ledger is not None:
            self._ledger.catch_up()

    def give_up(self, why: Words) -> None:
        """The register can no longer be believed: from now on everything is wholly masked."""
        self.close()
        self._ledger, self._broken = None, why

    def close(self) -> None:
        """Release the register's file."""
        if self._ledger is not None:
            self._ledger.close()


def wholly_masked(assignment: Assignment) -> Assignment:
    """Nothing of its picture shows, for two reasons that do not know each other: not signed off, and no pose."""
    return replace(assignment, pose=None, follows_pose=False, mask_epoch=0, commissioned=False, edge=None)


def _take_in(
    register: MaskRegister, said: MaskSet, signatories: Sequence[Signatory], now_ns: Nanoseconds
) -> list[MaskEvent | None]:
    """What follows for one camera from what its site says."""
    camera, source = said.camera, digest_of(said)
    versions = register.versions(camera)
    if next((version.source for version in reversed(versions) if version.source), "") == source:
        return []  # said before: what people proposed, signed or left unsigned since then stands
    if register.standing(camera, now_ns).lifecycle is CameraLifecycle.RETIRED:
        return []
    wanted = _completed(said, versions[-1].mask_set) if versions else said
    if versions and digest_of(wanted) == versions[-1].digest:
        return []
    events: list[MaskEvent | None] = []
    held = register.effective(camera, now_ns)
    if held is not None and (held.mask_set.pose, held.mask_set.follows_pose) != (wanted.pose, wanted.follows_pose):
        events.append(register.move(camera, at_ns=now_ns, why=_POSE_CHANGED))
    proposed = register.propose(wanted, by=BY_SITE, at_ns=now_ns, reason=_SITE_REASON, source=source)
    events.append(proposed)
    for role, person in {signatory.role: signatory.person for signatory in signatories}.items():
        events.append(register.sign(camera, proposed.version, person=person, role=role, at_ns=now_ns))
    return events


def _completed(said: MaskSet, newest: MaskSet) -> MaskSet:
    """What the site says, with what only people said: zones drawn for this camera, the pose of one it cannot place."""
    zones = tuple(dict.fromkeys((*said.zones, *newest.zones)))
    if said.pose is None and not said.follows_pose and not newest.follows_pose:
        return replace(said, zones=zones, pose=newest.pose, pose_size_px=newest.pose_size_px, bounds=newest.bounds)
    return replace(said, zones=zones)
