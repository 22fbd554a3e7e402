"""May this be done? The one decision point: law and local doctrine, as two layers; the stricter wins.

In: a question with camera, purpose, person and date. Out: yes or no with its source. `AuthorisationRegister` (prefects'
orders), `Rights` (who may do what: `policies.cedar`), retention and destruction, and the register of mask sets: what
masks each camera, who signed it, and where the camera stands in its life.
"""

from csu.governance.anchor import AnchorFile, AnchorRhythm
from csu.governance.anchoring import Anchoring, AnchorPlaces, Elsewhere
from csu.governance.approvals import ApprovalFault, Clearance, Designation, PrefectApproval
from csu.governance.authorisation_register import AuthorisationRegister, ExpiryWarning, facts_from, facts_text
from csu.governance.authorisations import (
    Agreement,
    Authorisation,
    AuthorisationFacts,
    CommuneService,
    GovernedCamera,
    Interruption,
    InterruptionKind,
    Notification,
    Placement,
    ServiceLevel,
    TicketingPermit,
)
from csu.governance.centre_key import CentreKey, PublicKey
from csu.governance.decision import Decision, Layer
from csu.governance.destruction import Destruction, RecipientCopy, destruction_due, may_purge_by_hand, overdue_copies
from csu.governance.doctrine import LocalDoctrine
from csu.governance.errors import (
    AuthorisationUnusable,
    LifecycleRefused,
    MaskProposalRefused,
    MaskRegisterBroken,
    MaskRegisterNotKept,
    MaskSetUnusable,
    OrdersBroken,
    OrdersNotKept,
    PeopleBroken,
    PeopleNotKept,
    PeopleUnusable,
    SignatureRefused,
    SpanUnusable,
)
from csu.governance.journal import AuditJournal, JournalAlert
from csu.governance.journal_desk import Journal, JournalDesk, Ticket
from csu.governance.journal_entry import BY_CSU, Author, DataSpan, Ground, JournalEntry, Operation, Outcome
from csu.governance.journal_reading import read_journal
from csu.governance.journal_retention import JournalRetention
from csu.governance.journaled_actions import OPERATION_OF
from csu.governance.legal_calendar import (
    day_in_paris,
    hour_in_paris,
    in_paris,
    instant_in_paris,
    one_month_after,
    start_of_day,
)
from csu.governance.legal_register import LegalRegister
from csu.governance.lifecycle import ARROWS, lifecycle_words
from csu.governance.loosening import loosens
from csu.governance.mask_events import LifecycleSet, MaskEvent, Moved, Proposed, Signed
from csu.governance.mask_ledger import MaskLedger
from csu.governance.mask_register import MaskRegister, MaskVersion, Standing, VerificationPolicy
from csu.governance.mask_sets import MaskSet, digest_of
from csu.governance.order_ledger import OrderLedger
from csu.governance.people import People, Person, people_from, people_text
from csu.governance.people_ledger import PeopleLedger
from csu.governance.policies import role_can
from csu.governance.purposes import PURPOSE_OF, Purpose, Use, purpose_words
from csu.governance.register_errors import JournalEntryRefused, JournalUnavailable, RegisterUnavailable
from csu.governance.register_lines import (
    CameraSpan,
    Destroyed,
    DestructionRule,
    Recorded,
    TransmissionBasis,
    Transmitted,
)
from csu.governance.retention import (
    RetentionRule,
    RuledPiece,
    ceiling_of,
    expiry_of,
    minimum_end_of,
    rule_of,
    rules_over,
)
from csu.governance.rights import (
    OUT_OF_SCOPE,
    OWN_COMMUNE_ONLY,
    CaseFacts,
    Companion,
    DeportFacts,
    Resource,
    Rights,
    Signature,
    Subject,
)
from csu.governance.roles import PAST, VIDEO, Action, Role, role_words
from csu.governance.spans import Span, overlap, without
from csu.governance.ticketing import OffenceClass, Swearing

__all__ = [
    "ARROWS",
    "BY_CSU",
    "OPERATION_OF",
    "OUT_OF_SCOPE",
    "OWN_COMMUNE_ONLY",
    "PAST",
    "PURPOSE_OF",
    "VIDEO",
    "Action",
    "Agreement",
    "AnchorFile",
    "AnchorPlaces",
    "AnchorRhythm",
    "Anchoring",
    "ApprovalFault",
    "AuditJournal",
    "Author",
    "Authorisation",
    "AuthorisationFacts",
    "AuthorisationRegister",
    "AuthorisationUnusable",
    "CameraSpan",
    "CaseFacts",
    "CentreKey",
    "Clearance",
    "CommuneService",
    "Companion",
    "DataSpan",
    "Decision",
    "DeportFacts",
    "Designation",
    "Destroyed",
    "Destruction",
    "DestructionRule",
    "Elsewhere",
    "ExpiryWarning",
    "GovernedCamera",
    "Ground",
    "Interruption",
    "InterruptionKind",
    "Journal",
    "JournalAlert",
    "JournalDesk",
    "JournalEntry",
    "JournalEntryRefused",
    "JournalRetention",
    "JournalUnavailable",
    "Layer",
    "LegalRegister",
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
    "Notification",
    "OffenceClass",
    "Operation",
    "OrderLedger",
    "OrdersBroken",
    "OrdersNotKept",
    "Outcome",
    "Placement",
    "PrefectApproval",
    "Proposed",
    "PublicKey",
    "People",
    "PeopleBroken",
    "PeopleLedger",
    "PeopleNotKept",
    "PeopleUnusable",
    "Person",
    "Purpose",
    "people_from",
    "people_text",
    "RecipientCopy",
    "Recorded",
    "RegisterUnavailable",
    "Resource",
    "RetentionRule",
    "Rights",
    "Role",
    "RuledPiece",
    "ServiceLevel",
    "Signature",
    "SignatureRefused",
    "Signed",
    "Span",
    "SpanUnusable",
    "Standing",
    "Subject",
    "Swearing",
    "Ticket",
    "TicketingPermit",
    "TransmissionBasis",
    "Transmitted",
    "Use",
    "VerificationPolicy",
    "ceiling_of",
    "day_in_paris",
    "destruction_due",
    "digest_of",
    "expiry_of",
    "facts_from",
    "facts_text",
    "hour_in_paris",
    "in_paris",
    "instant_in_paris",
    "lifecycle_words",
    "loosens",
    "may_purge_by_hand",
    "minimum_end_of",
    "one_month_after",
    "overdue_copies",
    "overlap",
    "purpose_words",
    "read_journal",
    "role_can",
    "role_words",
    "rule_of",
    "rules_over",
    "start_of_day",
    "without",
]
