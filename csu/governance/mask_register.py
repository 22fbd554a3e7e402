"""The register of mask sets: who proposed what, who signed, what is in force. A pure core, replayed from its events.

- A camera without a version in force shows nothing (PRV-1: commissioning waits for the signatures; PRV-6).
- The first version, the first after a move, a loosening and a re-verification take two signatures: one technical, one
  of the DPO, of two persons (PRV-6).
- A tightening is in force as soon as it is proposed: protection does not wait for paper. It takes one signature, which
  is due; what takes it back is a loosening.
- Nothing in here removes a mask: a version is only ever replaced by another, or by the whole mask (PRV-4).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field, replace

from csu.governance.errors import LifecycleRefused, MaskProposalRefused, MaskRegisterBroken, SignatureRefused
from csu.governance.lifecycle import require_arrow
from csu.governance.loosening import loosens
from csu.governance.mask_declining import require_declinable, was_declined
from csu.governance.mask_events import Declined, LifecycleSet, MaskEvent, Moved, Proposed, Signed
from csu.governance.mask_sets import MaskSet, digest_of
from csu.governance.spans import Span
from csu.hal.camera import CameraId, CameraLifecycle
from csu.hal.clock import NS_PER_DAY, Nanoseconds
from csu.hal.site import SignRole
from csu.hal.words import NO_WORDS, Words

BOTH_ROLES = len(SignRole)


@dataclass(frozen=True, slots=True)
class VerificationPolicy:
    """How often masks are verified again (PRV-6). No text sets the term: [D], a year, as authorisations are reviewed.

    At the end of the term the camera is wholly masked: a duty that costs nothing when forgotten is forgotten.
    """

    term_ns: int = 365 * NS_PER_DAY
    warn_before_ns: int = 30 * NS_PER_DAY


@dataclass(frozen=True, slots=True)
class MaskVersion:
    """One version of a camera's masks, with all that was said of it."""

    number: int
    digest: str
    mask_set: MaskSet
    by: str
    at_ns: Nanoseconds
    reason: str
    source: str
    loosens: tuple[Words, ...]
    """What it would show that the version then in force hides."""
    signatures_needed: int
    """1: any role. 2: both roles, two persons."""
    signatures: tuple[Signed, ...] = ()
    declined: Declined | None = None
    """Somebody would not sign it: it waits for nothing any more."""

    @property
    def is_signed(self) -> bool:
        return len(self.signatures) >= self.signatures_needed

    @property
    def is_double_signed(self) -> bool:
        return len(self.signatures) == BOTH_ROLES


@dataclass(frozen=True, slots=True)
class Standing:
    """How a camera stands at one instant. `in_force` None: wholly masked, and `why` says for what reason."""

    lifecycle: CameraLifecycle
    in_force: MaskVersion | None
    waiting: MaskVersion | None
    """The version that waits for a signature (it may be in force already: a tightening)."""
    verify_before_ns: Nanoseconds | None
    """The end of the term of verification; None: nothing is in force."""
    verification_due: bool
    why: Words = NO_WORDS


@dataclass(slots=True)
class _Camera:
    """What the events add up to. `in_force`: number of a version, 0 for none; never one up to `void_through`."""

    lifecycle: CameraLifecycle = CameraLifecycle.DRAFT
    versions: list[MaskVersion] = field(default_factory=list)
    in_force: int = 0
    void_through: int = 0
    verified_at_ns: Nanoseconds = 0
    why: Words = NO_WORDS
    served: list[tuple[Nanoseconds, Nanoseconds]] = field(default_factory=list)
    """Stretches in service that are over."""
    serves_since_ns: Nanoseconds = 0

    @property
    def newest(self) -> int:
        return len(self.versions)


_DRAFT_WHY = Words("aucun masque n'a été proposé", "no mask was ever proposed")
_UNSIGNED_WHY = Words("ses masques attendent leurs signatures", "its masks wait for their signatures")
_OVERDUE_WHY = Words("ses masques n'ont pas été revérifiés à temps", "its masks were not verified again in time")


class MaskRegister:
    """The masks of all cameras. Every command decides, applies, and returns its event; a refusal changes nothing."""

    def __init__(self, policy: VerificationPolicy | None = None) -> None:
        self.policy = policy or VerificationPolicy()
        self.applied = 0
        """Events applied since it began: who keeps them compares."""
        self._cameras: dict[CameraId, _Camera] = {}

    # -- what stands --------------------------------------------------------------------------------------------------

    def cameras(self) -> list[CameraId]:
        """Every camera the register has heard of, sorted."""
        return sorted(self._cameras)

    def versions(self, camera: CameraId) -> tuple[MaskVersion, ...]:
        """All versions, oldest first; empty for a camera it has not heard of."""
        return tuple(self._cameras[camera].versions) if camera in self._cameras else ()

    def standing(self, camera: CameraId, now_ns: Nanoseconds) -> Standing:
        """How the camera stands at `now_ns`; one it has not heard of is a DRAFT."""
        held = self._cameras.get(camera)
        if held is None:
            return Standing(CameraLifecycle.DRAFT, None, None, None, False, _DRAFT_WHY)
        newest = held.versions[-1] if held.newest > held.void_through else None
        waiting = newest if newest is not None and not newest.is_signed and newest.declined is None else None
        if held.lifecycle is not CameraLifecycle.ACTIVE:
            return Standing(held.lifecycle, None, waiting, None, False, held.why or _UNSIGNED_WHY)
        end_ns = held.verified_at_ns + self.policy.term_ns
        if now_ns >= end_ns:
            return Standing(CameraLifecycle.NOT_COMMISSIONED, None, waiting, end_ns, True, _OVERDUE_WHY)
        due = now_ns >= end_ns - self.policy.warn_before_ns
        return Standing(held.lifecycle, held.versions[held.in_force - 1], waiting, end_ns, due)

    def effective(self, camera: CameraId, now_ns: Nanoseconds) -> MaskVersion | None:
        """What masks the camera at `now_ns`; None: the whole picture is masked."""
        return self.standing(camera, now_ns).in_force

    def served(self, camera: CameraId, now_ns: Nanoseconds) -> tuple[Span, ...]:
        """When the camera was in service, up to `now_ns`: it looked where its signed masks say (TEC-6: right view)."""
        held = self._cameras.get(camera)
        if held is None:
            return ()
        open_now = [(held.serves_since_ns, now_ns)] if held.lifecycle is CameraLifecycle.ACTIVE else []
        return tuple(Span(start_ns, end_ns) for start_ns, end_ns in (*held.served, *open_now) if end_ns > start_ns)

    # -- commands -----------------------------------------------------------------------------------------------------

    def propose(self, mask_set: MaskSet, *, by: str, at_ns: Nanoseconds, reason: str, source: str = "") -> Proposed:
        """A new version. A tightening is in force at once; all else waits for two signatures.

        Raises MaskSetUnusable; LifecycleRefused for a retired camera; MaskProposalRefused without a proposer's name.
        """
        held = self._cameras.get(mask_set.camera) or _Camera()
        if held.lifecycle is CameraLifecycle.RETIRED:
            require_arrow(mask_set.camera, held.lifecycle, CameraLifecycle.NOT_COMMISSIONED)
        _require_name(mask_set.camera, by)
        digest = digest_of(mask_set)
        old = held.versions[held.in_force - 1] if held.in_force else None
        reasons = loosens(old.mask_set, mask_set) if old is not None else ()
        tightens = old is not None and not reasons and old.digest != digest
        event = Proposed(mask_set.camera, held.newest + 1, digest, by, at_ns, reason, source)
        needed = 1 if tightens else BOTH_ROLES
        held.versions.append(MaskVersion(event.version, digest, mask_set, by, at_ns, reason, source, reasons, needed))
        self._cameras[mask_set.camera] = held
        if tightens:
            held.in_force = event.version
        if held.lifecycle is CameraLifecycle.DRAFT:
            self._go(mask_set.camera, CameraLifecycle.NOT_COMMISSIONED, at_ns)
        self.applied += 1
        return event

    def sign(self, camera: CameraId, version: int, *, person: str, role: SignRole, at_ns: Nanoseconds) -> Signed:
        """A signature. The one that completes a version puts it in force, and a waiting camera into service.

        Raises SignatureRefused when it does not count; MaskProposalRefused for a camera or version there is not;
        LifecycleRefused for a retired camera.
        """
        held, asked = self._asked(camera, version, person)
        _require_new_signature(asked, camera, person, role)
        event = Signed(camera, version, person, role, at_ns)
        signed = replace(asked, signatures=(*asked.signatures, event))
        held.versions[version - 1] = signed
        if signed.is_double_signed:
            held.verified_at_ns = at_ns
        if signed.is_signed:
            held.in_force = version
            if held.lifecycle is CameraLifecycle.NOT_COMMISSIONED:
                self._go(camera, CameraLifecycle.ACTIVE, at_ns)
        self.applied += 1
        return event

    def decline(
        self, camera: CameraId, version: int, *, person: str, role: SignRole, at_ns: Nanoseconds, reason: str
    ) -> Declined:
        """A person will not sign it: what is in force stays, and something else is to be proposed.

        Raises as `sign`; SignatureRefused without a reason, and for a tightening: what hides more is not taken back so.
        """
        held, asked = self._asked(camera, version, person)
        require_declinable(camera, reason, holds=asked.is_signed or version == held.in_force)
        event = Declined(camera, version, person, role, at_ns, reason)
        held.versions[version - 1] = replace(asked, declined=event)
        self.applied += 1
        return event

    def move(self, camera: CameraId, *, at_ns: Nanoseconds, why: Words) -> Moved | None:
        """The camera was moved: wholly masked until a version proposed from now on has both signatures (PRV-6).

        None when that changes nothing: nothing was in force or waiting.
        """
        held = self._cameras.get(camera)
        if held is None or held.lifecycle is CameraLifecycle.RETIRED or held.void_through == held.newest:
            return None
        self._void(held, why)
        if held.lifecycle is CameraLifecycle.ACTIVE:
            self._go(camera, CameraLifecycle.NOT_COMMISSIONED, at_ns)
        self.applied += 1
        return Moved(camera, at_ns, why)

    def set_lifecycle(
        self, camera: CameraId, after: CameraLifecycle, *, by: str, at_ns: Nanoseconds, reason: str
    ) -> LifecycleSet:
        """Suspend, declare at fault, retire, or bring back to be signed off. Never into service: signatures do that.

        Raises LifecycleRefused; MaskProposalRefused for a camera there is not, or without a name.
        """
        held = self._known(camera)
        _require_name(camera, by)
        if after is CameraLifecycle.ACTIVE:
            raise LifecycleRefused(
                Words(
                    "seules les signatures mettent une caméra en service", "only signatures put a camera into service"
                ),
                where=camera,
                what_to_do=Words("Proposez ses masques et faites-les signer", "Propose its masks and have them signed"),
            )
        require_arrow(camera, held.lifecycle, after)
        self._go(camera, after, at_ns)
        self._void(held, Words.same(reason))
        self.applied += 1
        return LifecycleSet(camera, after, by, at_ns, reason)

    def replay(self, event: MaskEvent, mask_set: MaskSet | None = None) -> None:
        """Take in an event that was kept. `mask_set`: what a Proposed names.

        All is decided again: raises MaskRegisterBroken for an event that the register would not have made, and what
        the commands raise.
        """
        match event:
            case Proposed():
                if mask_set is None or mask_set.camera != event.camera:
                    raise not_what_was_decided(event.camera)
                made: MaskEvent | None = self.propose(
                    mask_set, by=event.by, at_ns=event.at_ns, reason=event.reason, source=event.source
                )
            case Signed():
                made = self.sign(event.camera, event.version, person=event.person, role=event.role, at_ns=event.at_ns)
            case Declined():
                person, role, reason = event.person, event.role, event.reason
                made = self.decline(
                    event.camera, event.version, person=person, role=role, at_ns=event.at_ns, reason=reason
                )
            case Moved():
                made = self.move(event.camera, at_ns=event.at_ns, why=event.why)
            case LifecycleSet():
                made = self.set_lifecycle(
                    event.camera, event.after, by=event.by, at_ns=event.at_ns, reason=event.reason
                )
        if made != event:
            raise not_what_was_decided(event.camera)

    # -- small things -------------------------------------------------------------------------------------------------

    def _known(self, camera: CameraId) -> _Camera:
        held = self._cameras.get(camera)
        if held is None:
            raise MaskProposalRefused(
                Words("le registre ne connaît pas cette caméra", "the register does not know this camera"),
                where=camera,
                what_to_do=Words(
                    "Ouvrez d'abord le centre avec elle, ou vérifiez son nom",
                    "Open the centre with it first, or check its name",
                ),
            )
        return held

    def _asked(self, camera: CameraId, version: int, person: str) -> tuple[_Camera, MaskVersion]:
        """The version that somebody signs or declines: one that can still come into force, or is there unsigned."""
        held = self._known(camera)
        if held.lifecycle is CameraLifecycle.RETIRED:
            require_arrow(camera, held.lifecycle, CameraLifecycle.ACTIVE)
        _require_name(camera, person)
        if not 1 <= version <= held.newest:
            raise _no_version(camera, version, held.newest)
        asked = held.versions[version - 1]
        _require_current(held, asked, camera)
        return held, asked

    def _go(self, camera: CameraId, after: CameraLifecycle, at_ns: Nanoseconds) -> None:
        held = self._cameras[camera]
        require_arrow(camera, held.lifecycle, after)
        if held.lifecycle is CameraLifecycle.ACTIVE:
            held.served.append((held.serves_since_ns, at_ns))
        held.lifecycle = after
        if after is CameraLifecycle.ACTIVE:
            held.why = NO_WORDS
            held.serves_since_ns = at_ns

    @staticmethod
    def _void(held: _Camera, why: Words) -> None:
        held.in_force, held.void_through, held.why = 0, held.newest, why


def not_what_was_decided(where: str) -> MaskRegisterBroken:
    """What is kept is not what the register decided."""
    return MaskRegisterBroken(
        Words("le registre des masques a été modifié hors de csu", "the register of masks was changed outside csu"),
        where=where,
        what_to_do=Words(
            "Reprenez-le d'une sauvegarde et cherchez qui l'a modifié ; d'ici là tout est masqué",
            "Restore it from a backup and find who changed it; until then everything is masked",
        ),
    )


def same_person(a: str, b: str) -> bool:
    """Whether two names, as typed, are one person's: case, accents' encoding and spaces do not make two."""
    return _plain_name(a) == _plain_name(b)


def _plain_name(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _require_name(camera: CameraId, person: str) -> None:
    if not _plain_name(person):
        raise MaskProposalRefused(
            Words("il manque le nom de la personne", "the person's name is missing"),
            where=camera,
            what_to_do=Words("Donnez un nom", "Give a name"),
        )


def _require_current(held: _Camera, asked: MaskVersion, camera: CameraId) -> None:
    """Only the newest version, or a tightening that is in force unsigned; nothing from before a move, none declined."""
    if asked.declined is not None:
        raise was_declined(asked.declined)
    if asked.number > held.void_through and asked.number in (held.newest, held.in_force):
        return
    moved = asked.number <= held.void_through
    why = (
        Words("la caméra a été déplacée ou mise de côté depuis", "the camera was moved or set aside since")
        if moved
        else Words(f"la version {held.newest} a été proposée depuis", f"version {held.newest} was proposed since")
    )
    raise SignatureRefused(
        Words(f"la version {asked.number} est dépassée : {why.fr}", f"version {asked.number} is outdated: {why.en}"),
        where=camera,
        what_to_do=Words("Proposez de nouveau, puis signez", "Propose again, then sign"),
    )


def _require_new_signature(asked: MaskVersion, camera: CameraId, person: str, role: SignRole) -> None:
    """Two signatures are of two persons and of two roles."""
    for given in asked.signatures:
        if same_person(given.person, person):
            why = Words(f"{given.person} l'a déjà signée", f"{given.person} has signed it already")
        elif given.role is role:
            why = Words(
                f"elle est déjà signée au titre {role.value} (par {given.person})",
                f"it is signed as {role.value} already (by {given.person})",
            )
        else:
            continue
        raise SignatureRefused(
            Words(f"version {asked.number} : {why.fr}", f"version {asked.number}: {why.en}"),
            where=camera,
            what_to_do=Words(
                "La seconde signature vient d'une autre personne, à l'autre titre",
                "The second signature is another person's, in the other role",
            ),
        )


def _no_version(camera: CameraId, version: int, newest: int) -> MaskProposalRefused:
    return MaskProposalRefused(
        Words(f"il n'y a pas de version {version}", f"there is no version {version}"),
        where=camera,
        what_to_do=Words(f"Versions : 1 à {newest}", f"Versions: 1 to {newest}"),
    )
