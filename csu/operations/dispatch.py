"""The outbox of calls to the police and the other services. Pure: nothing here is ever queued by a detection (VSA-7).

A call is sent until somebody with a name has taken it: at least once, under one key, so that the receiver acts once. To
one service for one commune calls go in the order in which people made them. Whoever does not answer is followed by the
next contact; when all were tried, people telephone, the room sees the call until they note who took it, and the calls
behind it go on. What is told comes from a closed list: no picture, no plate and no description can be in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from csu.hal.alarms import AlarmKind
from csu.hal.camera import CommuneId
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.dispatch import DispatchCall, DispatchReceipt
from csu.hal.errors import CsuError
from csu.hal.personal_data import unfit_for_a_place
from csu.hal.words import Words

SEND_AGAIN_NS = 10 * NS_PER_S
"""[D]: how long one sending waits for its receipt."""
NEXT_CONTACT_NS = 30 * NS_PER_S
"""[D]: how long one contact is tried."""
WAITING_MAX = 1000
"""Calls that may wait. A room that has so many must telephone."""
REMEMBERED_MAX = 4096
"""Finished calls whose key is known."""


class CallRefused(CsuError):
    """This call is not accepted: its key says something else already, nobody makes it, or too many wait."""


class ReceiptRefused(CsuError):
    """A receipt of no call, or in nobody's name: the call still waits for a person."""


class Incident(StrEnum):
    """What a call can tell. A closed list; the rest is said by voice."""

    INTRUSION = "intrusion"
    FIRE = "fire"
    PANIC_BUTTON = "panic_button"
    VIOLENCE = "violence"
    THEFT = "theft"
    DAMAGE = "damage"
    PERSON_IN_DANGER = "person_in_danger"
    ACCIDENT = "accident"
    OBSTRUCTION = "obstruction"
    BY_VOICE = "by_voice"

    @property
    def words(self) -> Words:
        """As the receiver reads it."""
        return _INCIDENT_WORDS[self]


_INCIDENT_WORDS = {
    Incident.INTRUSION: Words("intrusion confirmée", "intrusion confirmed"),
    Incident.FIRE: Words("incendie confirmé", "fire confirmed"),
    Incident.PANIC_BUTTON: Words("appel au secours confirmé", "call for help confirmed"),
    Incident.VIOLENCE: Words("violences en cours", "violence going on"),
    Incident.THEFT: Words("vol en cours", "theft going on"),
    Incident.DAMAGE: Words("dégradations en cours", "damage going on"),
    Incident.PERSON_IN_DANGER: Words("personne en danger", "person in danger"),
    Incident.ACCIDENT: Words("accident", "accident"),
    Incident.OBSTRUCTION: Words("voie obstruée", "road obstructed"),
    Incident.BY_VOICE: Words("rappelez le CSU", "call the centre back"),
}
INCIDENT_OF = {
    AlarmKind.INTRUSION: Incident.INTRUSION,
    AlarmKind.FIRE: Incident.FIRE,
    AlarmKind.PANIC_BUTTON: Incident.PANIC_BUTTON,
    AlarmKind.TAMPER: Incident.DAMAGE,
}
"""What a confirmed alarm tells. Of the other kinds people say by voice what it is."""
POLICE, FIRE_BRIGADE = "police", "fire_brigade"
SERVICE_OF = {AlarmKind.FIRE: FIRE_BRIGADE}
"""Who is called; the kinds that have no name here: the police."""


@dataclass(frozen=True, slots=True)
class OutboxCall:
    """A call and how far it came: what is kept on disk, whole, at each change."""

    call: DispatchCall
    contacts: tuple[str, ...]
    """Whom to try, in this order; at least one."""
    contact: int = 0
    """Which one is tried now; `len(contacts)`: all were, people telephone."""
    since_ns: Nanoseconds = 0
    """Since when."""
    taken_by: str = ""
    taken_at_ns: Nanoseconds | None = None

    @property
    def is_taken(self) -> bool:
        return self.taken_at_ns is not None

    @property
    def is_by_telephone(self) -> bool:
        """Every contact was tried in vain, and nobody noted yet who took it by telephone."""
        return not self.is_taken and self.contact == len(self.contacts)


class CallProgress(StrEnum):
    """How far a call came."""

    QUEUED = "queued"
    """It waits for the disk, or for a call before it to the same service."""
    CALLING = "calling"
    """A contact is tried."""
    BY_TELEPHONE = "by_telephone"
    TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class CallQueued:
    """Keep it, then say `keep`: only then is it sent."""

    call: OutboxCall


@dataclass(frozen=True, slots=True)
class SendCall:
    """Command: send it to this contact; give its receipt to `receive`, and nothing when none comes."""

    call: DispatchCall
    contact: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class CallEscalated:
    """A contact did not answer: keep it. The next one is tried; `is_by_telephone`: the chief is told to telephone."""

    call: OutboxCall


@dataclass(frozen=True, slots=True)
class CallTaken:
    """A person took it: keep it; `undo` when it could not be kept, and it is sent again under the same key."""

    call: OutboxCall


@dataclass(frozen=True, slots=True)
class CallAgain:
    """People have its contacts tried once more, from the first: keep it."""

    call: OutboxCall


DispatchEvent: TypeAlias = CallQueued | SendCall | CallEscalated | CallTaken | CallAgain


def call_about(
    key: str, incident: Incident, *, commune: CommuneId, service: str, site: str, by: str, now_ns: Nanoseconds
) -> DispatchCall:
    """What is told of an incident. Raises CallRefused when nobody makes it, or the site's name is no site's name."""
    if not (key.strip() and service.strip() and by.strip()):
        raise _refused(
            key or "-", Words("il manque la clé, le service ou l'auteur", "its key, service or author is missing")
        )
    if found := unfit_for_a_place(site):
        raise _refused(key, Words(f"le lieu contient : {found.fr}", f"the place contains: {found.en}"))
    return DispatchCall(key, commune, service, site, incident.words.fr, by, now_ns)


class DispatchOutbox:
    """Every call that nobody took yet, and the keys of those that were."""

    def __init__(self, kept: Iterable[OutboxCall] = ()) -> None:
        """`kept`: the calls on disk in the order they were made, all that nobody took among them: those are sent again,
        their keys tell."""
        self._waiting: dict[str, OutboxCall] = {}
        self._sendable: set[str] = set()
        self._sent_at_ns: dict[str, Nanoseconds] = {}
        self._done: dict[str, OutboxCall] = {}
        for call in kept:
            self._waiting[call.call.call] = call
            self.keep(call)

    @property
    def waiting(self) -> list[OutboxCall]:
        """Calls nobody took, in the order they were made."""
        return list(self._waiting.values())

    def call(self, key: str) -> OutboxCall | None:
        """The call of that key, waiting or taken; None: none is known."""
        return self._waiting.get(key) or self._done.get(key)

    def known(self) -> list[tuple[OutboxCall, CallProgress]]:
        """Those that nobody took, and the last that somebody did, by when they were made."""
        found = sorted([*self._waiting.values(), *self._done.values()], key=lambda call: call.call.at_ns)
        return [(call, self._progress(call)) for call in found]

    def queue(self, call: DispatchCall, contacts: tuple[str, ...], now_ns: Nanoseconds) -> CallQueued | None:
        """A person makes a call. None: this very call was queued before. Raises CallRefused."""
        known = self.call(call.call)
        if known is not None:
            if _told(known.call) != _told(call):
                raise _refused(
                    call.call, Words("cette clé dit déjà autre chose", "this key says something else already")
                )
            return None if call.call in self._sendable or known.is_taken else CallQueued(known)
        if not contacts:
            raise _refused(call.call, Words("aucun contact", "no contact"))
        if len(self._waiting) >= WAITING_MAX:
            raise _refused(call.call, Words(f"{WAITING_MAX} appels attendent", f"{WAITING_MAX} calls wait"))
        queued = OutboxCall(call, contacts, since_ns=now_ns)
        self._waiting[call.call] = queued
        return CallQueued(queued)

    def keep(self, call: OutboxCall) -> None:
        """It is on disk as it is given: it may be sent; taken, it is done."""
        name = call.call.call
        if not call.is_taken:
            self._sendable.add(name)
            return
        self._waiting.pop(name, None)
        self._sendable.discard(name)
        self._sent_at_ns.pop(name, None)
        self._done[name] = call
        if len(self._done) > REMEMBERED_MAX:
            del self._done[next(iter(self._done))]

    def undo(self, call: OutboxCall) -> None:
        """It could not be written. Taken: it waits again, and its receiver hears the same key again. New: it is not
        made, and whoever made it is told to telephone."""
        if call.call.call in self._sendable:
            self._waiting[call.call.call] = replace(call, taken_by="", taken_at_ns=None)
        else:
            self._waiting.pop(call.call.call, None)

    def receive(self, receipt: DispatchReceipt, now_ns: Nanoseconds) -> CallTaken | None:
        """A contact's receipt, however late. None: somebody took it before. Raises ReceiptRefused."""
        return self._take(receipt.call, receipt.taken_by, now_ns)

    def telephoned(self, call: str, taken_by: str, now_ns: Nanoseconds) -> CallTaken | None:
        """People reached somebody by telephone: who. As `receive`."""
        return self._take(call, taken_by, now_ns)

    def again(self, call: str, now_ns: Nanoseconds) -> CallAgain:
        """All contacts were tried in vain: try them once more. Raises CallRefused for one that is not so far."""
        waiting = self._waiting.get(call)
        if waiting is None or not waiting.is_by_telephone:
            raise CallRefused(
                Words("ses contacts ne sont pas tous restés sans réponse", "not all of its contacts were silent"),
                where=call,
                what_to_do=Words("Voyez où en est l'appel", "See how far the call came"),
            )
        self._waiting[call] = once_more = replace(waiting, contact=0, since_ns=now_ns)
        return CallAgain(once_more)

    def tick(self, now_ns: Nanoseconds) -> list[SendCall | CallEscalated]:
        """What to send now, and who did not answer. Call it every second while anything waits."""
        told: list[SendCall | CallEscalated] = []
        for call in self._heads():
            name = call.call.call
            if now_ns - call.since_ns >= NEXT_CONTACT_NS and name in self._sent_at_ns:
                call = replace(call, contact=call.contact + 1, since_ns=now_ns)
                self._waiting[name] = call
                del self._sent_at_ns[name]
                told.append(CallEscalated(call))
            sent_at_ns = self._sent_at_ns.get(name)
            if not call.is_by_telephone and (sent_at_ns is None or now_ns - sent_at_ns >= SEND_AGAIN_NS):
                if sent_at_ns is None:
                    self._waiting[name] = call = replace(call, since_ns=now_ns)  # a contact's time begins when it hears
                self._sent_at_ns[name] = now_ns
                told.append(SendCall(call.call, call.contacts[call.contact], now_ns))
        return told

    # -- inside --------------------------------------------------------------------------------------------------------

    def _progress(self, call: OutboxCall) -> CallProgress:
        if call.is_taken:
            return CallProgress.TAKEN
        if call.is_by_telephone:
            return CallProgress.BY_TELEPHONE
        return CallProgress.CALLING if call.call.call in self._sent_at_ns else CallProgress.QUEUED

    def _heads(self) -> list[OutboxCall]:
        """Of each service and commune the first call that is still to be sent; the disk is waited for, in order."""
        lanes: dict[tuple[str, CommuneId], OutboxCall] = {}
        for call in self._waiting.values():
            if not call.is_by_telephone:
                lanes.setdefault((call.call.service, call.call.commune), call)
        return [call for call in lanes.values() if call.call.call in self._sendable and not call.is_taken]

    def _take(self, name: str, taken_by: str, now_ns: Nanoseconds) -> CallTaken | None:
        call = self._waiting.get(name)
        if call is None and name not in self._done:
            raise _no_receipt(name, Words("aucun appel ne porte cette clé", "no call has this key"))
        if not taken_by.strip():
            raise _no_receipt(name, Words("le reçu ne nomme personne", "the receipt names nobody"))
        if call is None or call.is_taken:
            return None
        self._waiting[name] = taken = replace(call, taken_by=taken_by, taken_at_ns=now_ns)
        return CallTaken(taken)


def _told(call: DispatchCall) -> tuple[str, ...]:
    return call.commune, call.service, call.site, call.words


def _refused(call: str, what: Words) -> CallRefused:
    return CallRefused(
        what, where=call, what_to_do=Words("Téléphonez, et notez qui répond", "Telephone, and note who answers")
    )


def _no_receipt(call: str, what: Words) -> ReceiptRefused:
    return ReceiptRefused(
        what, where=call, what_to_do=Words("L'appel attend toujours un nom", "The call still waits for a name")
    )
