"""The examination of an alarm panel: it dials a receiver that is opened for it, and is judged by what comes.

Whoever examines sets off a test alarm at the panel. The first message is not acknowledged until the panel has repeated
it; every other one at once.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from csu.hal.alarms import PanelMessage
from csu.hal.clock import NS_PER_S, Clock
from csu.hal.conformance import Check, Examination, StreamEyes
from csu.hal.errors import BadInput, CsuError
from csu.hal.words import Words
from csu.machine import SystemClock
from hardware.conform.asking import Answer, ask_all, at_most, either, fails, holds, lacks, question
from hardware.dc09 import Dc09Receiver, Reason, ReceiverSettings, open_receiver, settings_of

_KEY = "examined"
REPEATS_WITHIN_S = 30.0
"""A panel's own time-out is 5 to 20 s."""
QUIET_S = 3.0
"""How long nothing may be repeated after a receipt, which is given right after a repeat: none is under way."""
LOOK_EVERY_S = 0.05
_NOT_SHOWN = Words("non montré : rien n'a pu être pris", "not shown: nothing could be taken")
_REFUSED = Words("non montré : ses alarmes ont été refusées", "not shown: its alarms were refused")


@dataclass(slots=True)
class _Subject:
    """What a panel did."""

    receiver: Dc09Receiver
    has_key: bool
    clock: Clock
    first: PanelMessage | None = None
    heard_in_s: float | None = None
    """Until anything of it came, to be taken or refused."""
    event_in_s: float | None = None
    repeated_in_s: float | None = None
    repeated_after: int = 0
    """Repeats after the receipt of what they repeat."""
    own: set[int] = field(default_factory=set)
    """Messages that the receiver itself made of what it refused."""

    def no_event(self) -> Answer:
        """No alarm came: none was sent, or it was refused, which another check tells."""
        if self.receiver.counts.reasons:
            return lacks(_REFUSED)
        return fails(Words("aucune alarme : déclenchez un essai", "no alarm: set off a test"))

    def refused(self, *reasons: Reason) -> int:
        """How many frames were refused, or wondered at, for these."""
        return sum(self.receiver.counts.reasons[reason] for reason in reasons)


def _never(reasons: tuple[Reason, ...], good: Words) -> Callable[[_Subject], Answer]:
    def judged(subject: _Subject) -> Answer:
        count = subject.refused(*reasons)
        if not subject.receiver.counts.taken and not count:
            return lacks(_NOT_SHOWN)
        seen = next((reason.words for reason in reasons if subject.refused(reason)), good)
        return either(not count, good, Words(f"{seen.fr} : {count}", f"{seen.en}: {count}"))

    return judged


@question("alarm.dials", "TEC-6", Words("Elle appelle le récepteur", "It dials the receiver"))
async def dials(subject: _Subject) -> Answer:
    if subject.heard_in_s is None:
        return fails(Words("personne n'a appelé", "nobody dialled"))
    return holds(Words(f"au bout de {subject.heard_in_s:.1f} s", f"after {subject.heard_in_s:.1f} s"))


@question("alarm.event", "OPS-3", Words("Une alarme d'essai arrive", "A test alarm comes in"))
async def event(subject: _Subject) -> Answer:
    if subject.first is None or subject.event_in_s is None:
        return subject.no_event()
    kind = subject.first.kind.value
    return holds(Words(f"{kind}, au bout de {subject.event_in_s:.1f} s", f"{kind}, after {subject.event_in_s:.1f} s"))


@question("alarm.repeats", "OPS-3", Words("Sans accusé, elle répète", "Without a receipt it repeats"))
async def repeats(subject: _Subject) -> Answer:
    if subject.first is None:
        return subject.no_event()
    if subject.repeated_in_s is None:
        return fails(Words("elle n'insiste pas", "it does not insist"))
    found = Words(f"au bout de {subject.repeated_in_s:.1f} s", f"after {subject.repeated_in_s:.1f} s")
    return at_most(subject.repeated_in_s, REPEATS_WITHIN_S, "s", found)


@question("alarm.stops", "OPS-3", Words("Après l'accusé, elle se tait", "After the receipt it is silent"))
async def stops(subject: _Subject) -> Answer:
    if subject.first is None:
        return subject.no_event()
    found = Words(f"{subject.repeated_after} répétitions", f"{subject.repeated_after} repeats")
    return at_most(subject.repeated_after, 0, "", found)


@question("alarm.encrypted", "TEC-5", Words("Elle parle chiffré (AES)", "It speaks enciphered (AES)"))
async def encrypted(subject: _Subject) -> Answer:
    if not subject.has_key:
        return fails(Words("compte sans clé : réseau fermé exigé", "no key: a closed network is demanded"))
    return _never((Reason.DOWNGRADE,), Words("toujours", "always"))(subject)


@question("alarm.key", "TEC-5", Words("Elle a la bonne clé", "It has the right key"))
async def key(subject: _Subject) -> Answer:
    return _never((Reason.WRONG_KEY,), Words("chaque trame se déchiffre", "each frame deciphers"))(subject)


@question("alarm.account", "TEC-5", Words("Elle dit son compte, dehors comme dedans", "It tells its own account"))
async def account(subject: _Subject) -> Answer:
    reasons = (Reason.MISMATCH, Reason.UNKNOWN_ACCOUNT, Reason.UNDECLARED_PATH)
    return _never(reasons, Words("le sien", "its own"))(subject)


@question("alarm.clock", "TEC-4", Words("Son horloge est juste", "Its clock is right"))
async def its_clock(subject: _Subject) -> Answer:
    return _never((Reason.STALE,), Words("chaque trame est de maintenant", "each frame is of now"))(subject)


@question("alarm.numbers", "TEC-5", Words("Aucune trame n'est rejouée", "No frame is replayed"))
async def numbers(subject: _Subject) -> Answer:
    return _never((Reason.REPLAY, Reason.SEQUENCE_REUSED), Words("des numéros neufs", "new numbers"))(subject)


@question("alarm.readable", "TEC-6", Words("Ses trames sont entières", "Its frames are whole"))
async def readable(subject: _Subject) -> Answer:
    return _never((Reason.UNREADABLE,), Words("CRC et longueur justes", "CRC and length right"))(subject)


@question("alarm.codes", "OPS-3", Words("Ses codes sont connus", "Its codes are known"))
async def codes(subject: _Subject) -> Answer:
    return _never((Reason.UNKNOWN_CODE, Reason.UNHANDLED), Words("tous", "all"))(subject)


@question("alarm.no_sound", "AUD-3", Words("Rien ne vient d'un micro", "Nothing comes from a microphone"))
async def no_sound(subject: _Subject) -> Answer:
    return _never((Reason.SOUND,), Words("rien", "nothing"))(subject)


@question("alarm.calm", "TEC-6", Words("Elle n'inonde pas le récepteur", "It does not flood the receiver"))
async def calm(subject: _Subject) -> Answer:
    return _never((Reason.FLOOD,), Words("au rythme convenu", "at the agreed rate"))(subject)


QUESTIONS = (
    dials,
    event,
    repeats,
    stops,
    encrypted,
    key,
    account,
    its_clock,
    numbers,
    readable,
    codes,
    no_sound,
    calm,
)


async def examine_alarm(target: str, eyes: StreamEyes, examination: Examination) -> AsyncIterator[Check]:
    """See `csu.hal.conformance.Examiner`. `target`: `dc09://HOST:PORT?account=1234&key=HEX`, the address that the
    panel dials: the receiver is opened there. Each wait lasts `examination.seconds`."""
    settings, keys = _read(target)
    clock, own = SystemClock(), set[int]()
    with tempfile.TemporaryDirectory(prefix="csu-conform-") as directory:
        file = Path(directory) / "dc09.sqlite"
        async with open_receiver(
            settings, keys, file, clock, tell=lambda notice: own.add(notice.number or 0)
        ) as receiver:
            subject = _Subject(receiver, bool(keys), clock, own=own)
            await _listen(subject, examination.seconds)
            async for check in ask_all(QUESTIONS, subject):
                yield check


async def _listen(subject: _Subject, seconds: float) -> None:
    """Let it dial, alarm, repeat; then acknowledge, and see that it is silent."""
    taking = asyncio.create_task(_take(subject))
    receiver, counts = subject.receiver, subject.receiver.counts
    try:
        subject.heard_in_s = await _until(subject, lambda: counts.taken > 0 or bool(counts.reasons), seconds)
        subject.event_in_s = await _until(subject, lambda: subject.first is not None, seconds)
        first = subject.first
        if first is None:
            return
        before = counts.repeated
        subject.repeated_in_s = await _until(subject, lambda: counts.repeated > before, REPEATS_WITHIN_S)
        await asyncio.sleep(LOOK_EVERY_S)  # the same repeat by its other path
        before = counts.repeated
        await receiver.acknowledge(first)
        await asyncio.sleep(QUIET_S)
        subject.repeated_after = counts.repeated - before
    finally:
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)


async def _take(subject: _Subject) -> None:
    async for message in subject.receiver.messages():
        if message.sequence not in subject.own and (subject.first is None or message == subject.first):
            subject.first = message
        else:
            await subject.receiver.acknowledge(message)


async def _until(subject: _Subject, is_so: Callable[[], bool], seconds: float) -> float | None:
    """Seconds until it was; None when it was not in time."""
    began_ns = subject.clock.monotonic_ns()
    while (passed_s := (subject.clock.monotonic_ns() - began_ns) / NS_PER_S) < seconds:
        if is_so():
            return passed_s
        await asyncio.sleep(LOOK_EVERY_S)
    return None


def _read(target: str) -> tuple[ReceiverSettings, dict[str, bytes]]:
    try:
        parts = urlsplit(target)
        asked = parse_qs(parts.query)
        secret = bytes.fromhex(asked.get("key", [""])[0])
        if parts.scheme != "dc09" or parts.port is None:
            raise ValueError(parts.scheme)
        settings = settings_of(
            {
                "panel": "examined",
                "commune": "examen",
                "site": "examen",
                "doors": [{"name": "door", "host": parts.hostname, "port": parts.port}],
                "accounts": [
                    {
                        "account": asked["account"][0],
                        "commune": "examen",
                        "site": "examen",
                        "key": _KEY if secret else None,
                        "paths": [{"name": "any", "door": "door"}],
                    }
                ],
            },
            "csu conform alarm",
        )
    except (ValueError, KeyError, CsuError) as error:
        kind = type(error).__name__
        raise BadInput(
            Words(f"adresse de récepteur inutilisable ({kind})", f"no usable address of a receiver ({kind})"),
            where="conform/alarm",
            what_to_do=Words(
                "Donnez dc09://0.0.0.0:5093?account=1234&key=CLE, l'adresse que la centrale appelle",
                "Give dc09://0.0.0.0:5093?account=1234&key=KEY, the address that the panel dials",
            ),
        ) from None
    return settings, {_KEY: secret} if secret else {}
