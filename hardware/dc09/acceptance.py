"""What to answer to a frame: bytes, an instant and what is known in, a verdict out. The core of the receiver; pure.

The order of the questions is the order in which a frame earns belief: how often this address speaks, whether the frame
is whole, whose it says it is, by which path, whether it opens with that account's key into something that only the
panel can have made, whether it is new, whether it is fresh. Only then is looked at what it says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

from csu.hal.alarms import AlarmKind, PanelMessage
from csu.hal.camera import CommuneId
from csu.hal.clock import NS_PER_DAY, NS_PER_S, Nanoseconds
from hardware.dc09.belief import Account, Origin, opened, path_of
from hardware.dc09.codes import EventFormat, NoAlarm
from hardware.dc09.frames import POLLS, Content, Header, Unreadable, ack, duh, events_of, nak, read_header
from hardware.dc09.limits import RateLimits
from hardware.dc09.memory import IDENTICAL_NS, Entry, FrameMemory, Sighting
from hardware.dc09.reasons import Reason, Tally
from hardware.dc09.settings import PathSettings, ReceiverSettings

AHEAD_NS, BEHIND_NS = 20 * NS_PER_S, 40 * NS_PER_S
"""A panel's clock may be this far from ours (DC-09 5.5.1.9)."""
OCCURRED_NS_MAX = 7 * NS_PER_DAY
"""A panel that tells an older event has a wrong clock: the event is dated when it was heard."""
_URGENT_FIRST = (
    *(AlarmKind.FIRE, AlarmKind.PANIC_BUTTON, AlarmKind.INTRUSION),
    *(AlarmKind.TAMPER, AlarmKind.TECHNICAL, AlarmKind.TEST),
)


@dataclass(frozen=True, slots=True)
class Instant:
    """Now, by the clock that people read and by the one that never steps."""

    now_ns: Nanoseconds
    steady_ns: Nanoseconds


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """New: write it, deliver its messages, and send `receipt` once the engine acknowledged all of them."""

    sighting: Sighting
    receipt: Receipt
    warnings: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Repeated:
    """Known: send `receipt` when its entry is done, at once if it is."""

    entry: Entry
    receipt: Receipt
    path: str
    sighting: Sighting | None = None
    """To be written when the frame itself was new: the same event, enciphered anew or by the other path."""
    is_alive: bool = False
    """Whether it proves that `path` works. An identical frame proves nothing where a key would have made another."""

    @property
    def is_same_path(self) -> bool:
        """Then the panel repeats because nothing came back; by the other, it may be the event's copy."""
        return self.path == self.entry.path


@dataclass(frozen=True, slots=True)
class Refused:
    """`answer`: what goes back; empty: nothing. `account`: whose, if it is one of ours."""

    reason: Reason
    account: int | None
    answer: bytes = b""


Verdict: TypeAlias = Taken | Repeated | Refused


@dataclass(frozen=True, slots=True)
class Receipt:
    """An acknowledgement that is not sent yet."""

    header: Header
    _key: bytes | None

    def __repr__(self) -> str:
        return f"Receipt({self.header.echo!r})"

    def at(self, now_ns: Nanoseconds) -> bytes:
        return ack(self.header, self._key, now_ns)


class Acceptance:
    """All accounts of a receiver. `keys`: by account number, as `settings.keys_of` gives them."""

    def __init__(self, settings: ReceiverSettings, keys: Mapping[int, bytes], next_number: int) -> None:
        """`next_number`: the sequence of the next message to the engine; never one that was given before."""
        limits = settings.limits
        self._settings = settings
        self._accounts = {one.number: Account(one, one.table, keys.get(one.number)) for one in settings.accounts}
        self._of_address: RateLimits[str] = RateLimits(
            limits.address_frames_per_s, limits.address_burst, limits.addresses_max
        )
        self._of_account: RateLimits[int] = RateLimits(
            limits.account_frames_per_s, limits.account_burst, len(self._accounts)
        )
        self.memory = FrameMemory(limits.remembered_per_account)
        self.tally = Tally()
        self.next_number = next_number
        self.pending: dict[int, tuple[PanelMessage, Entry | None]] = {}
        """What the engine has not acknowledged; without an entry: what the receiver says of itself."""

    def judge(self, frame: bytes | Unreadable, origin: Origin, at: Instant) -> Verdict:
        """What to do with what a socket brought. Never raises for a frame, whatever it holds."""
        if not self._of_address.allows(origin.address, at.steady_ns):
            return Refused(Reason.FLOOD, None)
        header = frame if isinstance(frame, Unreadable) else read_header(frame)
        if isinstance(header, Unreadable) or isinstance(frame, Unreadable):
            return Refused(Reason.UNREADABLE, None)
        account = self._accounts.get(header.account)
        if account is None:
            return Refused(Reason.UNKNOWN_ACCOUNT, None)
        path = path_of(account.settings, header, origin)
        if path is None:
            return Refused(Reason.UNDECLARED_PATH, header.account)
        content = opened(frame, header, account)
        if isinstance(content, Reason):
            return Refused(content, header.account)
        return self._judge_content(frame, header, content, account, path, at)

    def _judge_content(
        self, frame: bytes, header: Header, content: Content, account: Account, path: PathSettings, at: Instant
    ) -> Verdict:
        """Of a frame that says who it is and opens with that account's key."""
        receipt = Receipt(header, account.key)
        whole = sha256(frame).digest()
        digest = sha256(header.sealed_end or b"").digest() if header.is_encrypted else whole
        seen = self.memory.seen(header.account, digest)
        if seen is not None and (verdict := _of_seen(seen, whole, content, receipt, path, at.now_ns)) is not None:
            return verdict
        if content.stamped_at_ns is not None and not _is_fresh(content.stamped_at_ns, at.now_ns):
            return Refused(Reason.STALE, header.account, nak(at.now_ns))
        if not self._of_account.allows(header.account, at.steady_ns) or self.memory.full(header.account, at.now_ns):
            return Refused(Reason.FLOOD, header.account)
        if header.id in POLLS:
            entry = Entry(digest, header.account, path.name, header.sequence, b"", content.stamped_at_ns, at.now_ns)
            return self._take(Sighting(digest, whole, at.now_ns, entry), receipt)
        said = sha256(header.id.encode("ascii") + content.data + repr(content.occurred_at_ns).encode("ascii")).digest()
        same = self.memory.same_event(header.account, header.sequence, said, at.now_ns)
        if same is not None:
            again = Sighting(digest, whole, at.now_ns, same)
            self.memory.add(again)
            return Repeated(same, receipt, path.name, again, is_alive=True)
        before = self.memory.newest(header.account, header.sequence)
        if before is not None and _is_older(content.stamped_at_ns, before.stamped_at_ns):
            return Refused(Reason.REPLAY, header.account)
        entry = Entry(digest, header.account, path.name, header.sequence, said, content.stamped_at_ns, at.now_ns)
        return self._judge_events(Sighting(digest, whole, at.now_ns, entry), header, content, account, before, receipt)

    def _judge_events(
        self,
        sighting: Sighting,
        header: Header,
        content: Content,
        account: Account,
        before: Entry | None,
        receipt: Receipt,
    ) -> Verdict:
        """Of an event that is new."""
        entry = sighting.entry
        if header.id not in (EventFormat.SIA_DCS, EventFormat.ADM_CID):
            return Refused(Reason.UNHANDLED, header.account, duh(header))
        events = events_of(EventFormat(header.id), content.data)
        meanings = {
            account.table.meaning(event.code, event.zone) if event.is_new else NoAlarm.NOTED for event in events
        }
        kinds = [kind for kind in _URGENT_FIRST if kind in meanings]
        if not kinds and NoAlarm.NOTED not in meanings:
            reason = Reason.SOUND if NoAlarm.SOUND in meanings else Reason.UNHANDLED
            return Refused(reason, header.account, duh(header))
        if len(self.pending) + len(kinds) > self._settings.limits.pending_max:
            return Refused(Reason.BUSY, header.account)
        raised_at_ns = _raised_at_ns(content, entry.heard_at_ns)
        where = (CommuneId(account.settings.commune), account.settings.site)
        entry.messages = tuple(self._message(*where, kind, raised_at_ns, entry) for kind in kinds)
        entry.waiting = {message.sequence for message in entry.messages}
        warned = {
            Reason.SEQUENCE_REUSED: before is not None,
            Reason.SOUND: NoAlarm.SOUND in meanings,
            Reason.UNKNOWN_CODE: NoAlarm.UNKNOWN in meanings,
        }
        return self._take(sighting, receipt, tuple(reason for reason, holds in warned.items() if holds))

    def _take(self, sighting: Sighting, receipt: Receipt, warnings: tuple[Reason, ...] = ()) -> Taken:
        if sighting.entry.is_kept:
            self.memory.add(sighting)
        return Taken(sighting, receipt, warnings)

    # -- what the engine and the disk say ------------------------------------------------------------------------------

    def restore(self, sightings: Iterable[Sighting], own: Iterable[PanelMessage]) -> None:
        """What was known and not acknowledged when the receiver stopped; sightings oldest first."""
        for sighting in sightings:
            self.memory.add(sighting)
            entry = sighting.entry
            self.pending.update({m.sequence: (m, entry) for m in entry.messages if m.sequence in entry.waiting})
        self.pending.update({message.sequence: (message, None) for message in own})

    def say(self, kind: AlarmKind, account: int | None, now_ns: Nanoseconds) -> PanelMessage:
        """A message of the receiver's own: of an account of ours, or of itself. Write it, then deliver it."""
        of = self._accounts.get(account) if account is not None else None
        place = of.settings if of is not None else self._settings
        return self._message(CommuneId(place.commune), place.site, kind, now_ns, None)

    def acknowledge(self, number: int) -> Entry | None:
        """The engine has the message. Its entry, when that is done with it. Idempotent."""
        _, entry = self.pending.pop(number, (None, None))
        if entry is None:
            return None
        entry.waiting.discard(number)
        return entry if entry.is_done else None

    def not_written(self, entry: Entry) -> None:
        """Nothing was kept: its frame never came. The panel repeats it."""
        for message in entry.messages:
            self.pending.pop(message.sequence, None)
        self.memory.forget(entry)

    def _message(
        self, commune: CommuneId, site: str, kind: AlarmKind, raised_at_ns: Nanoseconds, entry: Entry | None
    ) -> PanelMessage:
        message = PanelMessage(self._settings.panel_id, self.next_number, commune, site, kind, raised_at_ns)
        self.next_number += 1
        self.pending[message.sequence] = (message, entry)
        return message


def _of_seen(
    seen: Sighting, whole: bytes, content: Content, receipt: Receipt, path: PathSettings, now_ns: Nanoseconds
) -> Verdict | None:
    """Of a frame whose sealed part was seen before; None: it has to be taken for new."""
    entry = seen.entry
    if seen.frame != whole:  # the end of a known frame behind another beginning: only somebody between makes that
        return Refused(Reason.REPLAY, entry.account)
    if not entry.is_done or abs(now_ns - seen.heard_at_ns) < IDENTICAL_NS:
        return Repeated(entry, receipt, path.name, is_alive=not receipt.header.is_encrypted)
    if content.stamped_at_ns is None:
        return None  # in clear and without a time: there is nothing to tell a replay by
    return Refused(Reason.REPLAY, entry.account, nak(now_ns))


def _is_fresh(stamped_at_ns: Nanoseconds, now_ns: Nanoseconds) -> bool:
    return -BEHIND_NS <= stamped_at_ns - now_ns <= AHEAD_NS


def _is_older(stamped_at_ns: Nanoseconds | None, than_ns: Nanoseconds | None) -> bool:
    return stamped_at_ns is not None and than_ns is not None and stamped_at_ns < than_ns


def _raised_at_ns(content: Content, heard_at_ns: Nanoseconds) -> Nanoseconds:
    told_ns = content.occurred_at_ns if content.occurred_at_ns is not None else content.stamped_at_ns
    if told_ns is None or not -OCCURRED_NS_MAX <= told_ns - heard_at_ns <= AHEAD_NS:
        return heard_at_ns
    return told_ns
