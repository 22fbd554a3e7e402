"""When a person may decline to sign a version of masks, and what is told to who would sign it all the same (PRV-6)."""

from __future__ import annotations

from csu.governance.errors import SignatureRefused
from csu.governance.mask_events import Declined
from csu.hal.camera import CameraId
from csu.hal.words import Words


def require_declinable(camera: CameraId, reason: str, *, holds: bool) -> None:
    """Raises SignatureRefused without a reason; and for a version that `holds`: it is in force, and what hides more is
    taken back by no refusal."""
    if holds:
        why = Words("cette version est en vigueur", "this version is in force")
        then = Words("Pour montrer davantage, proposez une autre version", "To show more, propose another version")
    elif not reason.strip():
        why = Words("pourquoi la refuser ?", "why decline it?")
        then = Words("Donnez un motif", "Give a reason")
    else:
        return
    raise SignatureRefused(why, where=camera, what_to_do=then)


def was_declined(declined: Declined) -> SignatureRefused:
    """Nobody signs it any more."""
    by, version = declined.person, declined.version
    return SignatureRefused(
        Words(f"{by} a refusé de signer la version {version}", f"{by} would not sign version {version}"),
        where=declined.camera,
        what_to_do=Words("Proposez-en une autre, puis signez", "Propose another one, then sign"),
    )
