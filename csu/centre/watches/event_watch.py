"""What devices tell by themselves becomes troubles of the centre: told once, their return told once, floods counted.

A camera covered, a fan that fails, a dialler that is refused: nobody's alarm, and nothing fails in silence. What was
heard never comes here (`csu.hal.device_events`, AUD-3). `EventBook` decides, purely; `EventWatch` listens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from csu.centre.events import Trouble
from csu.centre.footing import Footing, words_of
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Nanoseconds
from csu.hal.device_events import DeviceEvent, DeviceEvents, EventKind
from csu.hal.errors import CsuError
from csu.hal.words import NO_WORDS, Words

STATE_AGAIN_NS = 30 * NS_PER_S
"""A state that comes and goes is told no more often; how it stands is told after this at the latest."""
HAPPENED_AGAIN_NS = 10 * NS_PER_MINUTE
"""The same happening again within this is counted, and its number told."""
TELL_EVERY_S = 5.0

_Key = tuple[str, EventKind, Words]


@dataclass(slots=True)
class _Line:
    """One trouble of one place. `told`: how a state was told last; `again`: what happened since and was not told."""

    quiet_until_ns: Nanoseconds
    told: bool = False
    now: bool = False
    again: int = 0
    detail: Words = NO_WORDS
    """Of the newest event."""


class EventBook:
    """What was told of which device. Pure; `now_ns` is of a clock that never steps."""

    def __init__(self) -> None:
        self._lines: dict[_Key, _Line] = {}

    def hear(self, place: str, event: DeviceEvent, now_ns: Nanoseconds) -> list[tuple[str, Words]]:
        """(where, what) to tell now."""
        where = f"{place}/{event.about}" if event.about else place
        is_state = event.kind.is_state
        key = (where, event.kind, NO_WORDS if is_state else event.detail)
        line = self._lines.get(key)
        if line is None:
            if is_state and not event.holds:
                return []  # it is over, and nobody was told that it had begun
            line = self._lines[key] = _Line(now_ns)
        line.now, line.detail = event.holds, event.detail
        if now_ns < line.quiet_until_ns:
            line.again += not is_state
            return []
        return self._say(key, line, now_ns)

    def tick(self, now_ns: Nanoseconds) -> list[tuple[str, Words]]:
        """What is due of what was kept quiet. What was quiet for its whole time is forgotten."""
        told: list[tuple[str, Words]] = []
        for key, line in list(self._lines.items()):
            if now_ns < line.quiet_until_ns:
                continue
            if line.again:
                told.append((key[0], _again(line.again, key)))
                line.again, line.quiet_until_ns = 0, now_ns + HAPPENED_AGAIN_NS
            elif line.now is not line.told:
                told += self._say(key, line, now_ns)
            elif not (key[1].is_state and line.told):
                del self._lines[key]
        return told

    def _say(self, key: _Key, line: _Line, now_ns: Nanoseconds) -> list[tuple[str, Words]]:
        where, kind, _ = key
        if not kind.is_state:
            line.told, line.quiet_until_ns = line.now, now_ns + HAPPENED_AGAIN_NS
            return [(where, line.detail or _BEGUN[kind])]
        if line.now is line.told:
            return []
        line.told, line.quiet_until_ns = line.now, now_ns + STATE_AGAIN_NS
        return [(where, line.detail or (_BEGUN if line.now else _OVER)[kind])]


class EventWatch:
    """All devices that tell by themselves. Run `run`."""

    def __init__(self, footing: Footing, devices: Sequence[DeviceEvents], doubt: Callable[[str], None]) -> None:
        """`doubt`: called with the place of a device whose microphones may be on again."""
        self._footing, self._devices, self._doubt = footing, devices, doubt
        self._book = EventBook()

    @property
    def sounds_dropped(self) -> int:
        """What devices told because something was heard, and nobody read (AUD-3)."""
        return sum(device.sounds_dropped for device in self._devices)

    async def run(self) -> None:
        """For ever. A device that cannot be listened to is tried again with growing pauses, and holds up no other."""
        if not self._devices:
            return
        async with asyncio.TaskGroup() as group:
            for device in self._devices:
                group.create_task(self._follow(device), name=f"events {device.place}")
            while True:
                self._tell(self._book.tick(self._footing.ports.clock.monotonic_ns()))
                await asyncio.sleep(TELL_EVERY_S)

    async def _follow(self, device: DeviceEvents) -> None:
        place, failures = device.place, 0
        while True:
            try:
                async for event in device.events():
                    failures = 0
                    if event.kind in _DOUBTED:
                        self._doubt(place)
                    if event.kind not in _NO_TROUBLE:
                        self._tell(self._book.hear(place, event, self._footing.ports.clock.monotonic_ns()))
            except CsuError as error:
                failures += 1
                self._footing.tell_trouble(place, words_of(error, place))
            await asyncio.sleep(self._footing.retry_after_s(f"events/{place}", max(failures, 1)))

    def _tell(self, told: list[tuple[str, Words]]) -> None:
        for where, what in told:
            self._footing.tell(Trouble(where, what, self._footing.now()))


_DOUBTED = frozenset({EventKind.REBOOTED, EventKind.AUDIO_CHANGED, EventKind.MISSED})
_NO_TROUBLE = frozenset({EventKind.MASKS_CHANGED, EventKind.AUDIO_CHANGED, EventKind.MISSED})
"""The centre's own pushes are told so too. Masks: its node looks at every picture; ears: they are asked for anew."""

_BEGUN: Mapping[EventKind, Words] = {
    EventKind.TAMPER: Words(
        "elle se dit masquée, détournée ou floue : allez voir", "it says that it is covered, turned or blurred: look"
    ),
    EventKind.SIGNAL_LOST: Words("elle ne voit plus rien : capteur sans signal", "it sees nothing: no sensor signal"),
    EventKind.HARDWARE: Words(
        "elle signale une panne (ventilateur, stockage, alimentation ou température)",
        "it reports a failure (fan, storage, supply or temperature)",
    ),
    EventKind.CONTACT: Words("un contact qui y est câblé s'est fermé", "a contact that is wired to it has closed"),
    EventKind.RUNAWAY: Words(
        "elle ne s'arrête pas, ou on ne peut le voir : coupez-la", "it does not stop, or cannot be seen to: cut it off"
    ),
    EventKind.UNREACHED: Words(
        "elle ne dit plus rien d'elle-même : ni sabotage ni panne ne seront sus",
        "it tells nothing by itself: neither tampering nor failures will be known",
    ),
    EventKind.PATH_SILENT: Words("chemin muet", "path silent"),
    EventKind.REBOOTED: Words("elle a redémarré", "it started again"),
    EventKind.FRAME_REFUSED: Words("trame refusée", "frame refused"),
    EventKind.NOT_KEPT: Words("une trame n'a pas pu être écrite", "a frame could not be written"),
}
_OVER: Mapping[EventKind, Words] = {
    EventKind.TAMPER: Words("elle ne se dit plus masquée ni floue", "it no longer says that it is covered or blurred"),
    EventKind.SIGNAL_LOST: Words("elle voit de nouveau", "it sees again"),
    EventKind.HARDWARE: Words("elle ne signale plus de panne", "it reports no failure any more"),
    EventKind.CONTACT: Words("ce contact s'est rouvert", "that contact has opened again"),
    EventKind.RUNAWAY: Words("elle s'est arrêtée", "it has stopped"),
    EventKind.UNREACHED: Words("elle parle de nouveau d'elle-même", "it tells by itself again"),
    EventKind.PATH_SILENT: Words("chemin de retour", "path back"),
}


def _again(times: int, key: _Key) -> Words:
    what = key[2] or _BEGUN[key[1]]
    return Words(f"{times} fois encore : {what.fr}", f"{times} more: {what.en}")
