"""Who there is and what can be asked: two closed lists, and the groups that the policies speak of.

An action that is not here does not exist: none lifts a mask (PRV-4), none edits a journal (LOG-6), none identifies a
person (ACC-5), none hands out a key. A new role or action is refused to all until `policies.cedar` and the golden table
of its test say otherwise.
"""

from __future__ import annotations

from enum import StrEnum

from csu.hal.words import Words


class Role(StrEnum):
    """As whom a person acts (requirements, 6). One person, one role at a time, one personal account."""

    OPERATOR = "operator"
    ROOM_CHIEF = "room_chief"
    CSU_MANAGER = "csu_manager"
    EVIDENCE_CLERK = "evidence_clerk"
    TECH_ADMIN = "tech_admin"
    DPO = "dpo"
    JUDICIAL_OFFICER = "judicial_officer"
    VERBALISER = "verbaliser"
    RECIPIENT = "recipient"
    """A named, cleared member of an outside service (L252-3)."""
    COMMUNE_DELEGATE = "commune_delegate"
    SERVICE_USER = "service_user"
    INSPECTOR = "inspector"
    MAYOR = "mayor"
    INTEGRATOR = "integrator"
    WALL_NODE = "wall_node"
    """No person: a machine that draws a part of the wall. It never has another role, and nobody has this one."""


class Action(StrEnum):
    """All that can be asked of the centre."""

    LIVE_VIEW = "live_view"
    WALL_SHOW = "wall_show"
    WALL_READ = "wall_read"
    """What is where on the wall, why, and what was looked at; no picture."""
    WALL_TILE = "wall_tile"
    """Lock a tile of the wall, free it, say why it follows somebody, take back one's own last step."""
    WALL_SCENE = "wall_scene"
    WALL_DRAW = "wall_draw"
    """Receive what one node of the wall draws: its scenes, and the masked pictures of the cameras in them."""
    PTZ_MOVE = "ptz_move"
    PRESET_GO = "preset_go"
    PRESET_STORE = "preset_store"
    GUARD_TOUR = "guard_tour"
    SPEAK = "speak"
    """Have a camera's loudspeaker say a recorded message (AUD-4). There is no action that listens."""
    SNAPSHOT = "snapshot"
    TICKET_OPEN = "ticket_open"
    TICKET_READ = "ticket_read"
    """One's own signed records, and with which cameras and offences one may make more; no picture of now."""
    TICKET_SEND = "ticket_send"
    """Hand one's own signed record to the ticket centre."""
    DEPORT_START = "deport_start"
    DEPORT_STOP = "deport_stop"
    DEPORT_VIEW = "deport_view"
    DEPORT_READ = "deport_read"
    """Which deports are open, to whom, until when; no picture."""
    MAINTENANCE_VIEW = "maintenance_view"

    REPLAY = "replay"
    TIMELINE = "timeline"
    PAST_THUMBNAIL = "past_thumbnail"
    PAST_STREAM = "past_stream"
    BUFFER_REWIND = "buffer_rewind"
    PRE_ALARM_CLIP = "pre_alarm_clip"
    RECORDING_FILE = "recording_file"

    HOLD_REQUEST = "hold_request"
    HOLD_PLACE = "hold_place"
    HOLD_END = "hold_end"
    CASE_FILE = "case_file"
    CASE_FOLLOW = "case_follow"
    """One's own requisitions: where they stand, and the receipt to sign."""
    CASE_CHECK = "case_check"
    LOCK_PLACE = "lock_place"
    LOCK_END = "lock_end"
    CASE_PREPARE = "case_prepare"
    CASE_RELEASE = "case_release"
    EXPORT = "export"
    HAND_OVER = "hand_over"
    RECEIPT_SIGN = "receipt_sign"
    SEAL_ADD = "seal_add"
    COPY_DESTROY = "copy_destroy"
    ACCESS_REQUEST = "access_request"

    PURGE_BY_HAND = "purge_by_hand"
    KEY_ROTATE = "key_rotate"
    BACKUP_RESTORE = "backup_restore"
    STORAGE_CHECK = "storage_check"

    JOURNAL_READ = "journal_read"
    JOURNAL_VERIFY = "journal_verify"
    JOURNAL_RETENTION_SET = "journal_retention_set"
    LEGAL_REGISTER_READ = "legal_register_read"
    COVERAGE_READ = "coverage_read"
    SIGN_RECORD = "sign_record"
    """A public sign that tells people of the cameras was placed, changed, or taken down (DPO-1)."""
    REGIME_SET = "regime_set"
    """Enter the law that allows real-time analysis, or take it back (VSA-3). Without one all of it is off."""

    ANALYSIS_ORDER_RECORD = "analysis_order_record"
    """A prefect's order for the analysis of an event was typed in, or taken back (VSA-2)."""
    ANALYSIS_STOP = "analysis_stop"
    """The kill switch: all analysis ends at once (VSA-8)."""
    ANALYSIS_RESUME = "analysis_resume"
    """Put the switch back: never a right of who watches."""
    ANALYSIS_ZONE_DRAW = "analysis_zone_draw"
    """Draw on a camera's picture what an order lets be looked for, or what is counted. It permits nothing by itself."""
    ANALYSIS_READ = "analysis_read"
    """Which cameras are analysed, by which order, until when, what is drawn on them; no picture, no signal."""
    SIGNAL_READ = "signal_read"
    """What analysis draws attention to now, with the places in the picture where it does."""
    SIGNAL_JUDGE = "signal_judge"
    """Qualify or dismiss a signal of a camera that one may watch (VSA-7). Nothing else comes of it."""
    SIGNAL_REPORT_READ = "signal_report_read"
    """How often signals were right, as people judged them (VSA-8)."""
    MODEL_REGISTER = "model_register"
    """Weights with their tests and their attestation were registered, or withdrawn (VSA-8)."""

    ORDER_RECORD = "order_record"
    ORDER_READ = "order_read"
    APPROVAL_RECORD = "approval_record"
    ROLE_GRANT = "role_grant"
    MASK_PROPOSE = "mask_propose"
    MASK_SIGN_TECHNICAL = "mask_sign_technical"
    MASK_SIGN_DPO = "mask_sign_dpo"
    MASK_READ = "mask_read"
    CAMERA_ENROL = "camera_enrol"
    CAMERA_CONFIGURE = "camera_configure"
    CAMERA_LIFECYCLE = "camera_lifecycle"
    TEST_PATTERN = "test_pattern"

    SIGN_IN = "sign_in"
    """Nobody has a right to it, or lacks it: it is what is asked of strangers."""
    SIGN_OUT = "sign_out"
    ACCOUNT_READ = "account_read"
    """One's own: who one is here, as whom, until when."""
    ACCOUNT_SET = "account_set"
    """One's own passkeys."""
    CONSOLE_OPEN = "console_open"
    """The page of the console: what is in it is asked for at its doors."""

    CAMERA_LIST = "camera_list"
    ALARM_ACK = "alarm_ack"
    ALARM_QUALIFY = "alarm_qualify"
    LOGBOOK_WRITE = "logbook_write"
    LOGBOOK_READ = "logbook_read"
    FAULT_REPORT = "fault_report"
    ROSTER_SET = "roster_set"
    POST_TAKE = "post_take"
    """Take one's own post at the wall, and leave it (OPS-1). Nobody does it for another."""
    POST_READ = "post_read"
    """Who is on watch; and to be seen at one's own post."""
    VISIT_RECORD = "visit_record"
    EVENT_SET = "event_set"
    """Plan a demonstration, a market, a match: its cameras, its scene, its staff; call it off, close it."""
    EVENT_READ = "event_read"
    STATISTICS_READ = "statistics_read"
    HEALTH_READ = "health_read"
    INVENTORY_READ = "inventory_read"
    """Every device and its state, the settings that the centre runs with; no picture."""
    PEOPLE_READ = "people_read"
    """Who has an account, as whom, and whether it is suspended; no secret."""
    COMPLIANCE_READ = "compliance_read"


_A = Action
LIVE = frozenset(
    {
        *(_A.LIVE_VIEW, _A.WALL_SHOW, _A.PTZ_MOVE, _A.PRESET_GO, _A.PRESET_STORE, _A.SPEAK),
        *(_A.SNAPSHOT, _A.TICKET_OPEN, _A.DEPORT_START, _A.DEPORT_VIEW, _A.MAINTENANCE_VIEW),
        _A.SIGNAL_JUDGE,
    }
)
"""Shows, or steers, one camera as it is now, or speaks through it."""
ROOM = frozenset(
    {
        *(_A.WALL_READ, _A.WALL_TILE, _A.WALL_SCENE, _A.GUARD_TOUR, _A.DEPORT_STOP, _A.DEPORT_READ),
        _A.SIGNAL_READ,
    }
)
"""Of the wall as a whole; each camera it brings up is asked for by itself (`wall_show`)."""
PAST = frozenset(
    {
        *(_A.REPLAY, _A.TIMELINE, _A.PAST_THUMBNAIL, _A.PAST_STREAM),
        *(_A.BUFFER_REWIND, _A.PRE_ALARM_CLIP, _A.RECORDING_FILE),
    }
)
"""Every way by which the past could be shown (ACC-3). A route that shows any of it maps to one of these."""
OUTGOING = frozenset({_A.EXPORT, _A.HAND_OVER})
"""Pictures leave the centre."""
TICKETS = frozenset({_A.TICKET_READ, _A.TICKET_SEND})
"""An agent's own signed records: they are kept apart from footage, and come from no recording (VVB-5)."""
MACHINES = frozenset({_A.WALL_DRAW})
"""Brings masked pictures to a machine; whether people may see them was asked when they went on the wall."""
VIDEO = LIVE | ROOM | MACHINES | PAST | OUTGOING | TICKETS
"""Whoever may do none of these has no video permission (ACC-6)."""
OWN = frozenset({_A.SIGN_OUT, _A.ACCOUNT_READ, _A.ACCOUNT_SET, _A.CONSOLE_OPEN})
"""About oneself: no commune is asked for."""
USES = frozenset({_A.SNAPSHOT, _A.TICKET_OPEN})
"""Needs a purpose of this very camera beyond watching (AUT-4)."""
REASONED = (
    PAST
    | OUTGOING
    | frozenset(
        {
            *(_A.DEPORT_START, _A.MAINTENANCE_VIEW, _A.HOLD_PLACE, _A.HOLD_END, _A.LOCK_END, _A.PURGE_BY_HAND),
            *(_A.BACKUP_RESTORE, _A.JOURNAL_READ, _A.JOURNAL_RETENTION_SET, _A.ROLE_GRANT, _A.CAMERA_LIFECYCLE),
            *(_A.REGIME_SET, _A.ANALYSIS_STOP, _A.ANALYSIS_RESUME),
        }
    )
)
"""Refused without a reason or the number of a case (LOG-3)."""
UNJOURNALED = frozenset(
    {
        *(_A.CAMERA_LIST, _A.LOGBOOK_READ, _A.STATISTICS_READ, _A.HEALTH_READ, _A.COMPLIANCE_READ),
        *(_A.ACCOUNT_READ, _A.POST_READ, _A.CONSOLE_OPEN, _A.EVENT_READ, _A.INVENTORY_READ, _A.DEPORT_READ),
        *(_A.ANALYSIS_READ, _A.SIGNAL_REPORT_READ),
    }
)
"""Reads nothing of a picture, person or register. All else is journaled, and every refusal (LOG-2, LOG-3)."""
SECOND_PERSON: dict[Action, frozenset[Role]] = {
    _A.CASE_RELEASE: frozenset({Role.EVIDENCE_CLERK}),
    _A.HOLD_END: frozenset({Role.CSU_MANAGER, Role.EVIDENCE_CLERK}),
    _A.LOCK_END: frozenset({Role.EVIDENCE_CLERK}),
    _A.PURGE_BY_HAND: frozenset({Role.DPO}),
    _A.KEY_ROTATE: frozenset({Role.CSU_MANAGER}),
    _A.BACKUP_RESTORE: frozenset({Role.CSU_MANAGER}),
    _A.ROLE_GRANT: frozenset({Role.DPO}),
}
"""Done by two: as whom the other person must have signed before. EXP-9 names the first; the others are ours [D]."""

GROUPS: dict[str, frozenset[Action]] = {
    "live": LIVE,
    "past": PAST,
    "outgoing": OUTGOING,
    "video": VIDEO,
    "uses": USES,
    "reasoned": REASONED,
    "two_persons": frozenset(SECOND_PERSON),
}
"""The groups by the names that `policies.cedar` uses."""

_ROLE_WORDS = {
    Role.OPERATOR: Words("opérateur vidéo", "video operator"),
    Role.ROOM_CHIEF: Words("chef de salle", "room chief"),
    Role.CSU_MANAGER: Words("responsable du CSU", "manager of the centre"),
    Role.EVIDENCE_CLERK: Words("gestionnaire des réquisitions", "evidence clerk"),
    Role.TECH_ADMIN: Words("administrateur technique", "technical administrator"),
    Role.DPO: Words("délégué à la protection des données", "data protection officer"),
    Role.JUDICIAL_OFFICER: Words("officier de police judiciaire", "judicial police officer"),
    Role.VERBALISER: Words("agent verbalisateur", "verbalising agent"),
    Role.RECIPIENT: Words("destinataire habilité", "cleared recipient"),
    Role.COMMUNE_DELEGATE: Words("délégué d'une commune", "delegate of a commune"),
    Role.SERVICE_USER: Words("service voirie ou déchets", "road or waste service"),
    Role.INSPECTOR: Words("préfecture, commission, CNIL", "prefecture, commission, CNIL"),
    Role.MAYOR: Words("maire, élu", "mayor, elected official"),
    Role.INTEGRATOR: Words("intégrateur", "integrator"),
    Role.WALL_NODE: Words("machine du mur", "machine of the wall"),
}


def role_words(role: Role) -> Words:
    """The role as people say it."""
    return _ROLE_WORDS[role]
