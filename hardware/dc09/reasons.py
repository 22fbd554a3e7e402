"""Why a frame was not taken as it came, and what the room is told of it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

from csu.hal.alarms import AlarmKind
from csu.hal.clock import NS_PER_MINUTE, Nanoseconds
from csu.hal.words import Words

QUIET_NS = 10 * NS_PER_MINUTE
"""One alarm for each reason and account in this time, however many frames: whoever floods may not flood the room."""


class Reason(StrEnum):
    """Closed list. All are refusals but the last two."""

    UNREADABLE = "unreadable"
    UNKNOWN_ACCOUNT = "unknown_account"
    UNDECLARED_PATH = "undeclared_path"
    DOWNGRADE = "downgrade"
    """In clear, of an account that has a key."""
    WRONG_KEY = "wrong_key"
    MISMATCH = "mismatch"
    """What is inside is not what the header says."""
    STALE = "stale"
    REPLAY = "replay"
    FLOOD = "flood"
    UNHANDLED = "unhandled"
    SOUND = "sound"
    BUSY = "busy"
    """The engine is behind, or the disk refuses."""
    SEQUENCE_REUSED = "sequence_reused"
    """Taken: a later frame under a number that is known with other content. A panel restarted, or somebody tries."""
    UNKNOWN_CODE = "unknown_code"
    """Taken, for what else the frame said."""

    @property
    def alarm(self) -> AlarmKind | None:
        """What the room is told; None: it is counted only."""
        return _ALARMS[self]

    @property
    def words(self) -> Words:
        return _WORDS[self]


_R = Reason
_ALARMS: Mapping[Reason, AlarmKind | None] = {
    _R.UNREADABLE: AlarmKind.TECHNICAL,
    _R.UNKNOWN_ACCOUNT: AlarmKind.TAMPER,
    _R.UNDECLARED_PATH: AlarmKind.TAMPER,
    _R.DOWNGRADE: AlarmKind.TAMPER,
    _R.WRONG_KEY: AlarmKind.TAMPER,
    _R.MISMATCH: AlarmKind.TAMPER,
    _R.STALE: AlarmKind.TECHNICAL,
    _R.REPLAY: AlarmKind.TAMPER,
    _R.FLOOD: AlarmKind.TAMPER,
    _R.UNHANDLED: AlarmKind.TECHNICAL,
    _R.SOUND: None,  # an alarm each time a microphone hears something would be an alarm raised by a microphone (AUD-3)
    _R.BUSY: None,  # an alarm more would find the same disk
    _R.SEQUENCE_REUSED: AlarmKind.TECHNICAL,
    _R.UNKNOWN_CODE: AlarmKind.TECHNICAL,
}
_WORDS: Mapping[Reason, Words] = {
    _R.UNREADABLE: Words("trame illisible (CRC, longueur ou forme)", "unreadable frame (CRC, length or form)"),
    _R.UNKNOWN_ACCOUNT: Words("compte inconnu", "unknown account"),
    _R.UNDECLARED_PATH: Words("chemin non déclaré pour ce compte", "path not declared for this account"),
    _R.DOWNGRADE: Words("trame en clair d'un compte chiffré", "frame in clear of an account that has a key"),
    _R.WRONG_KEY: Words("clé fausse ou contenu altéré", "wrong key or altered content"),
    _R.MISMATCH: Words("le contenu ne correspond pas à l'en-tête", "the content does not match the header"),
    _R.STALE: Words("horloge de la centrale fausse, ou trame retardée", "panel's clock wrong, or frame delayed"),
    _R.REPLAY: Words("trame rejouée", "replayed frame"),
    _R.FLOOD: Words("trop de trames", "too many frames"),
    _R.UNHANDLED: Words("format ou code que rien ne traite ici", "format or code that nothing handles here"),
    _R.SOUND: Words("événement d'origine sonore refusé (AUD-3)", "event raised by sound refused (AUD-3)"),
    _R.BUSY: Words("rien ne peut être gardé : la centrale répétera", "nothing can be kept: the panel will repeat"),
    _R.SEQUENCE_REUSED: Words("numéro de trame déjà vu, autre contenu", "frame number seen before, other content"),
    _R.UNKNOWN_CODE: Words("code d'événement inconnu", "unknown event code"),
}


class Tally:
    """How often each reason occurred, and whether the room is to be told now."""

    def __init__(self) -> None:
        self.counts: Counter[Reason] = Counter()
        self._quiet_until: dict[tuple[Reason, int | None], Nanoseconds] = {}

    def note(self, reason: Reason, account: int | None, steady_ns: Nanoseconds) -> bool:
        """Count it. True: tell the room. `account` is one of the settings', or None: so memory is bounded."""
        self.counts[reason] += 1
        if reason.alarm is None or steady_ns < self._quiet_until.get((reason, account), steady_ns):
            return False
        self._quiet_until[reason, account] = steady_ns + QUIET_NS
        return True
