"""Which message may be said now, and where (AUD-4): approved ones, through cameras that a decision lets speak. Pure.

Whether the person may at all was decided before (`csu.governance`). Each refusal carries the rule for the journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from csu.governance.authorisations import Agreement
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.loudspeaker import SpeakingPermit, SpokenMessage
from csu.hal.words import Words

PAUSE_NS = 20 * NS_PER_S
"""Between the end of a message and the next one of the same camera [D]."""
HOUR_NS = 3_600 * NS_PER_S
AN_HOUR_MAX = 12
"""Messages of one camera in an hour [D]: a street is no railway station."""


class SpeechRule(StrEnum):
    """Why a message is not said; the value is what the journal keeps."""

    OFF = "aud-4.off"
    CLOSED = "aud-4.camera-closed"
    UNKNOWN = "aud-4.no-such-message"
    WATCH = "aud-4.fewer-than-two"
    BUSY = "aud-4.speaking"
    RATE = "aud-4.too-often"
    RETURN_CHANNEL = "aud-4.return-channel"


class SpeechRefused(CsuError):
    """The message is not said. `rule`: why."""

    rule: SpeechRule = SpeechRule.OFF


class SpeechBook:
    """All loudspeakers of a centre, and what they said lately. It lives in memory."""

    def __init__(self, messages: Iterable[SpokenMessage], permits: Mapping[CameraId, SpeakingPermit]) -> None:
        self._messages = {each.message: each for each in messages}
        self._permits = dict(permits)
        self._begun: dict[CameraId, list[Nanoseconds]] = {}
        self._ended_at_ns: dict[CameraId, Nanoseconds] = {}
        self._speaking: set[CameraId] = set()
        self._silenced: set[CameraId] = set()

    @property
    def messages(self) -> tuple[SpokenMessage, ...]:
        """All that may be said anywhere, in the order of the site's file."""
        return tuple(self._messages.values())

    def speakers(self, now_ns: Nanoseconds) -> list[CameraId]:
        """The cameras that a decision in force lets speak, and that opened no return channel."""
        return [each for each in self._permits if self._is_permitted(each, now_ns) and each not in self._silenced]

    def begin(
        self, camera: CameraId, message: str, now_ns: Nanoseconds, *, is_open: bool, is_short: bool
    ) -> SpokenMessage:
        """The message to be said now; call `end` when it was, or was not.

        `is_open`: the camera's papers let it be used. `is_short`: fewer than two watch. Raises SpeechRefused.
        """
        lately = [at_ns for at_ns in self._begun.get(camera, ()) if now_ns - at_ns < HOUR_NS]
        ended_at_ns = self._ended_at_ns.get(camera)
        rules = {
            SpeechRule.OFF: not self._is_permitted(camera, now_ns),
            SpeechRule.RETURN_CHANNEL: camera in self._silenced,
            SpeechRule.CLOSED: not is_open,
            SpeechRule.UNKNOWN: message not in self._messages,
            SpeechRule.WATCH: is_short,
            SpeechRule.BUSY: camera in self._speaking,
            SpeechRule.RATE: len(lately) >= AN_HOUR_MAX
            or (ended_at_ns is not None and now_ns - ended_at_ns < PAUSE_NS),
        }
        broken = next((rule for rule, is_broken in rules.items() if is_broken), None)
        if broken is not None:
            raise refused(camera, broken)
        self._speaking.add(camera)
        self._begun[camera] = [*lately, now_ns]
        return self._messages[message]

    def end(self, camera: CameraId, now_ns: Nanoseconds) -> None:
        """It was said, or failed."""
        self._speaking.discard(camera)
        self._ended_at_ns[camera] = now_ns

    def silence(self, camera: CameraId) -> None:
        """It opened a return channel: nothing more is said through it while this centre runs."""
        self._silenced.add(camera)

    def _is_permitted(self, camera: CameraId, now_ns: Nanoseconds) -> bool:
        permit = self._permits.get(camera)
        if permit is None:
            return False
        return Agreement(permit.decision, permit.from_day, permit.ends_on).span.holds(now_ns)


def refused(camera: CameraId, rule: SpeechRule) -> SpeechRefused:
    """The refusal of that rule."""
    what, what_to_do = _TOLD[rule]
    error = SpeechRefused(what, where=camera, what_to_do=what_to_do)
    error.rule = rule
    return error


_TOLD = {
    SpeechRule.OFF: (
        Words("aucune décision en vigueur ne permet à cette caméra de parler", "no decision in force lets it speak"),
        Words("Le haut-parleur est éteint par défaut (AUD-4)", "Loudspeakers are off by default (AUD-4)"),
    ),
    SpeechRule.CLOSED: (
        Words("aucun arrêté ne permet de s'en servir maintenant", "no order lets it be used now"),
        Words("Voyez csu orders show", "See csu orders show"),
    ),
    SpeechRule.UNKNOWN: (
        Words("ce message n'est pas de ceux qui sont approuvés", "this is none of the approved messages"),
        Words("Choisissez-en un de la liste", "Choose one of the list"),
    ),
    SpeechRule.WATCH: (
        Words("moins de deux agents en poste", "fewer than two agents on watch"),
        Words("Attendez le second agent (OPS-1)", "Wait for the second agent (OPS-1)"),
    ),
    SpeechRule.BUSY: (
        Words("elle parle déjà", "it is speaking already"),
        Words("Attendez la fin du message", "Wait for the end of the message"),
    ),
    SpeechRule.RATE: (
        Words("elle a parlé trop souvent", "it spoke too often"),
        Words(
            f"{PAUSE_NS // NS_PER_S} s entre deux messages, {AN_HOUR_MAX} par heure",
            f"{PAUSE_NS // NS_PER_S} s between two messages, {AN_HOUR_MAX} an hour",
        ),
    ),
    SpeechRule.RETURN_CHANNEL: (
        Words("elle a ouvert une voie de retour", "it opened a return channel"),
        Words("Elle reste muette jusqu'au prochain démarrage", "It stays mute until the next start"),
    ),
}
