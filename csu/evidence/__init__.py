"""Evidence: an act of a magistrate becomes a case, a lock, a signed and sealed package, and a receipt.

In: acts, stored masked segments with the proof of their chain, journal rows, keys. Out: what retention must leave
alone, `Package`s that `openssl` and `age` alone can check and open, and a `Verdict` on any package that comes back.
Nothing outside the act's cameras and intervals, nothing unmasked, and no sound leaves through here.
"""

from csu.evidence.act_look import Around, Remark, Weight, look_at
from csu.evidence.case import Case, CaseState
from csu.evidence.case_events import CaseEvent, DeskEvent, HandOver, HoldRequested, event_from_json, event_to_json
from csu.evidence.desk import RequisitionDesk
from csu.evidence.due import Due, DueStep, due_of
from csu.evidence.errors import (
    CaseRefused,
    DeskBroken,
    DeskUnavailable,
    EvidenceInputRefused,
    ExportFailed,
    PackageUnusable,
    ReleaseRefused,
)
from csu.evidence.footage import ChainLink, ChainProof, JournalExtract, JournalLine, StoredSegment, chain_proofs
from csu.evidence.holds_and_locks import EvidenceLock, Hold
from csu.evidence.keep import KeptPiece, discard, keep, kept_segments
from csu.evidence.package import ExportOrder, Package, make_package, seal_package
from csu.evidence.receipt import Receipt, receipt_of
from csu.evidence.requisition import Habilitation, LegalBasis, Officer, Requisition, faults_of
from csu.evidence.sign import Signer, load_certificates, load_signer
from csu.evidence.spans import CameraSpan
from csu.evidence.verdict import Link, LinkState, Verdict
from csu.evidence.verify import Trust, verify_package

__all__ = [
    "Around",
    "CameraSpan",
    "Case",
    "CaseEvent",
    "CaseRefused",
    "CaseState",
    "ChainLink",
    "ChainProof",
    "DeskBroken",
    "DeskEvent",
    "DeskUnavailable",
    "Due",
    "DueStep",
    "EvidenceInputRefused",
    "EvidenceLock",
    "ExportFailed",
    "ExportOrder",
    "Habilitation",
    "HandOver",
    "Hold",
    "HoldRequested",
    "JournalExtract",
    "JournalLine",
    "KeptPiece",
    "LegalBasis",
    "Link",
    "LinkState",
    "Officer",
    "Package",
    "PackageUnusable",
    "Receipt",
    "ReleaseRefused",
    "Remark",
    "Requisition",
    "RequisitionDesk",
    "Signer",
    "StoredSegment",
    "Trust",
    "Verdict",
    "Weight",
    "chain_proofs",
    "discard",
    "due_of",
    "event_from_json",
    "event_to_json",
    "faults_of",
    "keep",
    "kept_segments",
    "load_certificates",
    "load_signer",
    "look_at",
    "make_package",
    "receipt_of",
    "seal_package",
    "verify_package",
]
