"""Under which operation of the audit journal each action is written (LOG-2). Every action has one; a test says so."""

from __future__ import annotations

from csu.governance.journal_entry import Operation
from csu.governance.roles import Action

_A = Action

_BY_OPERATION: dict[Operation, tuple[Action, ...]] = {
    Operation.LIVE_SELECT: (_A.LIVE_VIEW, _A.MAINTENANCE_VIEW),
    Operation.WALL_LAYOUT: (_A.WALL_SHOW, _A.WALL_SCENE),
    Operation.PTZ: (_A.PTZ_MOVE,),
    Operation.PRESET: (_A.PRESET_GO, _A.PRESET_STORE),
    Operation.GUARD_TOUR: (_A.GUARD_TOUR,),
    Operation.SNAPSHOT: (_A.SNAPSHOT, _A.TICKET_OPEN),
    Operation.IMAGE_DEPORT: (_A.DEPORT_START, _A.DEPORT_STOP, _A.DEPORT_VIEW),
    Operation.REPLAY: (_A.REPLAY, _A.PAST_STREAM, _A.BUFFER_REWIND, _A.PRE_ALARM_CLIP, _A.RECORDING_FILE),
    Operation.SEARCH: (_A.TIMELINE, _A.PAST_THUMBNAIL),
    Operation.HOLD: (_A.HOLD_REQUEST, _A.HOLD_PLACE, _A.HOLD_END),
    Operation.CASE: (_A.CASE_FILE, _A.CASE_CHECK, _A.CASE_PREPARE, _A.RECEIPT_SIGN, _A.SEAL_ADD),
    Operation.LOCK: (_A.LOCK_PLACE, _A.LOCK_END),
    Operation.RELEASE: (_A.CASE_RELEASE,),
    Operation.EXPORT: (_A.EXPORT,),
    Operation.COMMUNICATION: (_A.HAND_OVER,),
    Operation.ACCESS_REQUEST: (_A.ACCESS_REQUEST,),
    Operation.PURGE: (_A.COPY_DESTROY, _A.PURGE_BY_HAND),
    Operation.MASK_EDIT: (_A.MASK_PROPOSE, _A.MASK_SIGN_TECHNICAL, _A.MASK_SIGN_DPO),
    Operation.CAMERA_LIFECYCLE: (_A.CAMERA_LIFECYCLE,),
    Operation.CONFIG: (
        *(_A.KEY_ROTATE, _A.BACKUP_RESTORE, _A.STORAGE_CHECK, _A.JOURNAL_RETENTION_SET, _A.ORDER_RECORD),
        *(_A.CAMERA_ENROL, _A.CAMERA_CONFIGURE, _A.TEST_PATTERN, _A.ROSTER_SET),
    ),
    Operation.RIGHTS: (_A.APPROVAL_RECORD, _A.ROLE_GRANT),
    Operation.JOURNAL_READ: (_A.JOURNAL_READ, _A.JOURNAL_VERIFY),
    Operation.REGISTER_READ: (_A.LEGAL_REGISTER_READ, _A.COVERAGE_READ, _A.ORDER_READ, _A.MASK_READ),
    Operation.ROUTE: (
        *(_A.CAMERA_LIST, _A.ALARM_ACK, _A.ALARM_QUALIFY, _A.LOGBOOK_WRITE, _A.LOGBOOK_READ, _A.FAULT_REPORT),
        *(_A.VISIT_RECORD, _A.STATISTICS_READ, _A.HEALTH_READ, _A.COMPLIANCE_READ),
    ),
}

OPERATION_OF: dict[Action, Operation] = {
    action: operation for operation, actions in _BY_OPERATION.items() for action in actions
}
"""What to put into `JournalEntry.operation`; `JournalEntry.refusal` is `Decision.rule`."""
