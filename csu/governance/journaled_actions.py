"""Under which operation of the audit journal each action is written (LOG-2). Every action has one; a test says so.

What people ask for is an `Action`. What a centre does by itself, or is told to be when it starts, is an `OwnDeed`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from csu.governance.journal_entry import BY_CSU, Author, DataSpan, JournalEntry, Operation
from csu.governance.roles import Action
from csu.hal.camera import CameraId

_A = Action

_BY_OPERATION: dict[Operation, tuple[Action, ...]] = {
    Operation.LIVE_SELECT: (_A.LIVE_VIEW, _A.MAINTENANCE_VIEW),
    Operation.WALL_LAYOUT: (_A.WALL_SHOW, _A.WALL_READ, _A.WALL_TILE, _A.WALL_SCENE, _A.WALL_DRAW),
    Operation.PTZ: (_A.PTZ_MOVE,),
    Operation.PRESET: (_A.PRESET_GO, _A.PRESET_STORE),
    Operation.GUARD_TOUR: (_A.GUARD_TOUR,),
    Operation.LOUDSPEAKER: (_A.SPEAK,),
    Operation.SNAPSHOT: (_A.SNAPSHOT, _A.TICKET_OPEN),
    Operation.IMAGE_DEPORT: (_A.DEPORT_START, _A.DEPORT_STOP, _A.DEPORT_VIEW),
    Operation.REPLAY: (_A.REPLAY, _A.PAST_STREAM, _A.BUFFER_REWIND, _A.PRE_ALARM_CLIP, _A.RECORDING_FILE),
    Operation.SEARCH: (_A.TIMELINE, _A.PAST_THUMBNAIL),
    Operation.HOLD: (_A.HOLD_REQUEST, _A.HOLD_PLACE, _A.HOLD_END),
    Operation.CASE: (_A.CASE_FILE, _A.CASE_FOLLOW, _A.CASE_CHECK, _A.CASE_PREPARE, _A.RECEIPT_SIGN, _A.SEAL_ADD),
    Operation.LOCK: (_A.LOCK_PLACE, _A.LOCK_END),
    Operation.RELEASE: (_A.CASE_RELEASE,),
    Operation.EXPORT: (_A.EXPORT,),
    Operation.COMMUNICATION: (_A.HAND_OVER, _A.TICKET_SEND),
    Operation.ACCESS_REQUEST: (_A.ACCESS_REQUEST,),
    Operation.PURGE: (_A.COPY_DESTROY, _A.PURGE_BY_HAND),
    Operation.MASK_EDIT: (_A.MASK_PROPOSE, _A.MASK_SIGN_TECHNICAL, _A.MASK_SIGN_DPO),
    Operation.CAMERA_LIFECYCLE: (_A.CAMERA_LIFECYCLE,),
    Operation.CONFIG: (
        *(_A.KEY_ROTATE, _A.BACKUP_RESTORE, _A.STORAGE_CHECK, _A.JOURNAL_RETENTION_SET, _A.ORDER_RECORD),
        *(_A.CAMERA_ENROL, _A.CAMERA_CONFIGURE, _A.TEST_PATTERN, _A.ROSTER_SET, _A.EVENT_SET),
        *(_A.SIGN_RECORD, _A.REGIME_SET, _A.ANALYSIS_ORDER_RECORD, _A.ANALYSIS_STOP, _A.ANALYSIS_RESUME),
        *(_A.ANALYSIS_ZONE_DRAW, _A.MODEL_REGISTER),
    ),
    Operation.RIGHTS: (_A.APPROVAL_RECORD, _A.ROLE_GRANT, _A.ACCOUNT_SET),
    Operation.LOGIN: (_A.SIGN_IN,),
    Operation.LOGOUT: (_A.SIGN_OUT,),
    Operation.JOURNAL_READ: (_A.JOURNAL_READ, _A.JOURNAL_VERIFY),
    Operation.REGISTER_READ: (
        *(_A.LEGAL_REGISTER_READ, _A.COVERAGE_READ, _A.ORDER_READ, _A.MASK_READ, _A.PEOPLE_READ),
        _A.TICKET_READ,
    ),
    Operation.ROUTE: (
        *(_A.CAMERA_LIST, _A.ALARM_ACK, _A.ALARM_QUALIFY, _A.LOGBOOK_WRITE, _A.LOGBOOK_READ, _A.FAULT_REPORT),
        *(_A.VISIT_RECORD, _A.STATISTICS_READ, _A.HEALTH_READ, _A.COMPLIANCE_READ, _A.ACCOUNT_READ, _A.POST_TAKE),
        *(_A.POST_READ, _A.CONSOLE_OPEN, _A.EVENT_READ, _A.INVENTORY_READ, _A.DEPORT_READ),
        *(_A.ANALYSIS_READ, _A.SIGNAL_READ, _A.SIGNAL_JUDGE, _A.SIGNAL_REPORT_READ),
    ),
}

OPERATION_OF: dict[Action, Operation] = {
    action: operation for operation, actions in _BY_OPERATION.items() for action in actions
}
"""What to put into `JournalEntry.operation`; `JournalEntry.refusal` is `Decision.rule`."""


class OwnDeed(StrEnum):
    """What a centre does without anybody asking at a door. The value begins the subject of its entries."""

    START = "centre/start"
    STOP = "centre/stop"
    DOCTRINE = "doctrine"
    """The rules the centre imposes on itself, as it starts with them; the entry holds their digest."""
    JOURNAL_RETENTION = "journal/retention"
    ORDERS = "orders"
    """Prefects' orders taken in; the entry holds the digest of them all."""
    MASK_REGISTER = "masks/register"
    """The head of the register of masks as the centre starts with it: whatever was decided in there is bound."""
    SOUND_REFUSED = "sound-refused"
    """A camera's microphones are taken out of its streams (AUD-1)."""
    MASKS_IN_FORCE = "masks/in-force"
    """Another version of a camera's masks is told to its node."""
    WHOLLY_MASKED = "masks/whole"
    """All of a camera's picture is hidden: it moved, its masks fell due, somebody took it out of service."""
    CAMERA_MASKS = "camera-masks"
    """Masks are pushed onto a camera that burns them in by itself."""
    WALL = "wall"
    """The wall director puts cameras up, or takes them off, for a cause."""
    WALL_PLAN = "wall-plan"
    """Walls, scenes and programmes, as the wall starts with them; the entry holds the digest of them all (OPS-5)."""
    RECORDING_REPAIR = "recording/repair"
    ANALYSIS = "analysis"
    """Real-time analysis of cameras starts or stops under an order, is stopped by a person, let go on, interrupted; the
    entry names the cameras, and nothing that was seen (VSA-8, LOG-5)."""


_OPERATION_OF_DEED = {
    OwnDeed.MASK_REGISTER: Operation.MASK_EDIT,
    OwnDeed.MASKS_IN_FORCE: Operation.MASK_EDIT,
    OwnDeed.WHOLLY_MASKED: Operation.CAMERA_LIFECYCLE,
    OwnDeed.CAMERA_MASKS: Operation.MASK_EDIT,
    OwnDeed.WALL: Operation.WALL_LAYOUT,
    OwnDeed.WALL_PLAN: Operation.WALL_LAYOUT,
}


def action_entry(action: Action, by: Author, *cameras: CameraId, subject: str = "") -> JournalEntry:
    """The entry of a granted action on cameras as they are now. Raises JournalEntryRefused."""
    data = tuple(DataSpan(camera) for camera in cameras)
    return JournalEntry(OPERATION_OF[action], by.account, by.role, data=data, subject=subject or action.value)


def deed_entry(
    deed: OwnDeed, detail: str = "", *, cameras: Sequence[CameraId] = (), sha256: str = "", by: Author = BY_CSU
) -> JournalEntry:
    """The entry of what the centre does by itself. Raises JournalEntryRefused."""
    subject = f"{deed.value}/{detail}" if detail else deed.value
    operation = _OPERATION_OF_DEED.get(deed, Operation.CONFIG)
    data = tuple(DataSpan(camera) for camera in cameras)
    return JournalEntry(operation, by.account, by.role, data=data, subject=subject, sha256=sha256)
