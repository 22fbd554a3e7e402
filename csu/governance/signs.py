"""Public signs: which one tells people, where, that these cameras film (CSI R253-3; DPO-1). Folded from its events."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeAlias

from csu.governance.centre_key import CentreKey
from csu.governance.chain_guards import ChainForm
from csu.governance.chained_file import ChainTroubles, sha256_hex
from csu.governance.errors import SignRefused, SignsBroken, SignsNotKept
from csu.governance.event_ledger import EventKind, EventLedger
from csu.governance.legal_calendar import day_in_paris
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import Nanoseconds
from csu.hal.personal_data import personal_data_in, unfit_for_a_place
from csu.hal.words import Words

CAMERAS_MAX = 64
"""Of one sign: a square and the streets into it."""
TEXT_SIGNS_MIN, TEXT_SIGNS_MAX = 20, 1000
REASON_SIGNS_MAX = 200
_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,23}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}|", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign. Raises SignRefused for a number, place or text that can be none."""

    sign: str
    """Its number: `P-057-012`."""
    commune: CommuneId
    place: str
    """Where it hangs, as people find it."""
    placed_on: date
    text: str
    """What it says: controller, purposes, rights, where to read more (first level of information)."""
    cameras: tuple[CameraId, ...]
    """Whose pictures it announces."""
    photo_sha256: str = ""
    """Of the photograph of the sign, which is kept elsewhere; empty: none was taken."""

    def __post_init__(self) -> None:
        if not _NUMBER.fullmatch(self.sign) or personal_data_in(self.sign):
            raise _refused(
                "sign",
                Words("un numéro de panneau : lettres, chiffres, tirets", "a sign's number: letters, digits, dashes"),
            )
        unfit = unfit_for_a_place(self.place) or (None if self.place.strip() else Words("il est vide", "it is empty"))
        if unfit is not None:
            raise _refused(
                "place", Words(f"le lieu ne convient pas : {unfit.fr}", f"the place will not do: {unfit.en}")
            )
        if not TEXT_SIGNS_MIN <= len(self.text.strip()) <= TEXT_SIGNS_MAX or personal_data_in(self.text):
            raise _refused(
                "text",
                Words(
                    f"le texte du panneau manque ({TEXT_SIGNS_MIN} à {TEXT_SIGNS_MAX} signes)",
                    f"the text of the sign is missing ({TEXT_SIGNS_MIN} to {TEXT_SIGNS_MAX} characters)",
                ),
            )
        if not 1 <= len(self.cameras) <= CAMERAS_MAX or len(set(self.cameras)) != len(self.cameras):
            raise _refused(
                "cameras",
                Words(f"de 1 à {CAMERAS_MAX} caméras, chacune une fois", f"1 to {CAMERAS_MAX} cameras, each once"),
            )
        if not self.commune or not _SHA256.fullmatch(self.photo_sha256):
            raise _refused("commune", Words("commune ou photo impossible", "no such commune or photograph"))


@dataclass(frozen=True, slots=True)
class SignRecorded:
    """A new sign, or one that says or announces something else from now on."""

    sign: Sign
    by: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class SignRemoved:
    """It hangs there no more."""

    sign: str
    reason: str
    by: str
    at_ns: Nanoseconds


SignEvent: TypeAlias = SignRecorded | SignRemoved


@dataclass(frozen=True, slots=True)
class SignRegister:
    """The signs that hang, and the numbers of those that no longer do."""

    standing: Mapping[str, Sign] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()

    def with_event(self, event: SignEvent) -> SignRegister:
        """And one more. Raises SignRefused: nobody answers for it, another commune's sign, one that is gone."""
        if not event.by.strip():
            raise _refused("by", Words("il manque qui le déclare", "who declares it is missing"))
        if isinstance(event, SignRemoved):
            return self._without(event)
        sign, before = event.sign, self.standing.get(event.sign.sign)
        if sign.sign in self.removed or (before is not None and before.commune != sign.commune):
            raise _refused(sign.sign, Words("ce numéro a déjà servi", "this number was used before"))
        if sign.placed_on > day_in_paris(event.at_ns):
            raise _refused(sign.sign, Words("il n'est pas encore posé", "it does not hang there yet"))
        return SignRegister({**self.standing, sign.sign: sign}, self.removed)

    def signs_of(self, commune: CommuneId) -> tuple[Sign, ...]:
        """The signs that hang in a commune, by number."""
        return tuple(sign for _, sign in sorted(self.standing.items()) if sign.commune == commune)

    def of_camera(self, camera: CameraId) -> tuple[Sign, ...]:
        """The signs that announce a camera, by number."""
        return tuple(sign for _, sign in sorted(self.standing.items()) if camera in sign.cameras)

    def without_a_sign(self, cameras: Iterable[CameraId]) -> tuple[CameraId, ...]:
        """Those of `cameras` that no sign announces, in their order."""
        announced: Collection[CameraId] = {camera for sign in self.standing.values() for camera in sign.cameras}
        return tuple(camera for camera in cameras if camera not in announced)

    def _without(self, event: SignRemoved) -> SignRegister:
        if event.sign not in self.standing:
            raise _refused(event.sign, Words("ce panneau n'existe pas, ou plus", "there is no such sign, or no longer"))
        if not 3 <= len(event.reason.strip()) <= REASON_SIGNS_MAX or personal_data_in(event.reason):
            raise _refused(event.sign, Words("pourquoi est-il déposé ?", "why is it taken down?"))
        left = {number: sign for number, sign in self.standing.items() if number != event.sign}
        return SignRegister(left, self.removed | {event.sign})


FORM = ChainForm("sign_event", first_link=sha256_hex("csu public signs, 1"), sealed=True)


class SignLedger(EventLedger[SignRegister, SignEvent]):
    """The signs of one centre, durable. Several processes may share the file. Calls block."""

    def __init__(self, path: Path, key: CentreKey) -> None:
        """Open or begin the file and read it whole. Raises SignsBroken, SignsNotKept."""
        super().__init__(path, key, _KIND)


def _refused(where: str, what: Words) -> SignRefused:
    return SignRefused(
        what,
        where=f"signs/{where}",
        what_to_do=Words(
            "Corrigez la fiche du panneau ; rien n'a changé", "Correct the sign's record; nothing changed"
        ),
    )


def _broken(where: str) -> SignsBroken:
    return SignsBroken(
        Words("le registre des panneaux a été modifié hors de csu", "the register of signs was changed outside csu"),
        where=where,
        what_to_do=Words(
            "Reprenez le fichier d'une sauvegarde et cherchez qui l'a modifié",
            "Restore the file from a backup and find out who changed it",
        ),
    )


def _not_kept(where: str, error: Exception) -> SignsNotKept:
    why = type(error).__name__
    return SignsNotKept(
        Words(
            f"le registre des panneaux ne peut être lu ou écrit ({why})",
            f"the register of signs cannot be read or written ({why})",
        ),
        where=where,
        what_to_do=Words("Vérifiez son volume ; rien n'a changé", "Check its volume; nothing changed"),
    )


_KIND: EventKind[SignRegister, SignEvent] = EventKind(
    FORM, (SignRecorded, SignRemoved), SignRegister(), ChainTroubles(_broken, _not_kept)
)
