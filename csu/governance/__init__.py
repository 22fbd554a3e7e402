"""May this be done? The one decision point: law and local doctrine, as two layers; the stricter wins.

In: a question with camera, purpose, person and date. Out: yes or no with its source. Today: the local doctrine, and
the register of mask sets: what masks each camera, who signed it, and where the camera stands in its life.
"""

from csu.governance.doctrine import LocalDoctrine
from csu.governance.errors import (
    LifecycleRefused,
    MaskProposalRefused,
    MaskRegisterBroken,
    MaskRegisterNotKept,
    MaskSetUnusable,
    SignatureRefused,
)
from csu.governance.lifecycle import ARROWS, lifecycle_words
from csu.governance.loosening import loosens
from csu.governance.mask_events import LifecycleSet, MaskEvent, Moved, Proposed, Signed
from csu.governance.mask_ledger import MaskLedger
from csu.governance.mask_register import MaskRegister, MaskVersion, Standing, VerificationPolicy
from csu.governance.mask_sets import MaskSet, digest_of

__all__ = [
    "ARROWS",
    "LifecycleRefused",
    "LifecycleSet",
    "LocalDoctrine",
    "MaskEvent",
    "MaskLedger",
    "MaskProposalRefused",
    "MaskRegister",
    "MaskRegisterBroken",
    "MaskRegisterNotKept",
    "MaskSet",
    "MaskSetUnusable",
    "MaskVersion",
    "Moved",
    "Proposed",
    "SignatureRefused",
    "Signed",
    "Standing",
    "VerificationPolicy",
    "digest_of",
    "lifecycle_words",
    "loosens",
]
