"""What a panel's event code means to the centre: a kind of alarm, something to note, or a refusal.

The names of the codes are those of the codec's tables (SIA DC-03-2017, DC-05). Codes that a microphone raises or that
open one have no meaning here but a refusal, whatever a settings file says (AUD-3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from siadc09 import dc03, dc05

from csu.hal.alarms import AlarmKind


class EventFormat(StrEnum):
    """The two formats that are taken, by their DC-09 identifiers."""

    SIA_DCS = "SIA-DCS"
    ADM_CID = "ADM-CID"


class NoAlarm(StrEnum):
    """What a code may mean besides a kind of alarm."""

    NOTED = "noted"
    """Known and no alarm: a restoral, an opening, a bypass. Acknowledged, counted, not told."""
    UNKNOWN = "unknown"
    SOUND = "sound"
    """Raised by a microphone, or opens one: refused."""


Meaning: TypeAlias = AlarmKind | NoAlarm


@dataclass(frozen=True, slots=True, order=True)
class EventCode:
    """A code in its format, as a settings file writes it: `SIA-DCS BA`, `ADM-CID 130`."""

    format: EventFormat
    code: str

    def __str__(self) -> str:
        return f"{self.format.value} {self.code}"


def _codes(format_: EventFormat, codes: str) -> Iterable[EventCode]:
    return (EventCode(format_, code) for code in codes.split())


def _sia(codes: str) -> Iterable[EventCode]:
    return _codes(EventFormat.SIA_DCS, codes)


def _cid(codes: str) -> Iterable[EventCode]:
    return _codes(EventFormat.ADM_CID, codes)


SOUND_CODES = frozenset((*_sia("LF LE"), *_cid("606")))
"""Listen-in, begun and ended: the two tables name no glass break and no shot of their own. Panels that say such things
in codes of their own have these declared in the settings (`sound_codes`, `sound_zones`)."""

_OF_KIND: dict[AlarmKind, tuple[Iterable[EventCode], ...]] = {
    # Gas, carbon monoxide and heat have no kind of their own: they ask for the haste, and the service, of a fire.
    AlarmKind.FIRE: (_sia("FA FG FM GA KA SA"), _cid("110 111 112 113 114 115 116 117 118 151 162")),
    AlarmKind.PANIC_BUTTON: (
        _sia("HA MA PA QA"),
        _cid("100 101 102 103 120 121 122 123 124 125 126 129"),
    ),
    AlarmKind.INTRUSION: (
        _sia("BA BG BM BV CM CR DF DL EA EZ UA UG UZ XM"),
        _cid("130 131 132 133 134 135 136 138 139 140 146 150 155 374 423"),
    ),
    AlarmKind.TAMPER: (_sia("AA DK ES JA TA TT XQ XS"), _cid("137 144 145 316 317 341 344 345 383 461")),
    AlarmKind.TECHNICAL: (
        _sia(
            "AS AT BD BS BT BZ DJ DM DT EM ET EX FS FT FW FY FZ GS GT HS HT IA KS KT LT MS MT NA NT OU PS PT QS QT RT "
            "SS ST US UT UY VT WA WS WT XE XF XL XT XX YA YC YD YF YI YM YN YP YS YT YU YW YX ZA ZS ZT"
        ),
        _cid(
            "141 142 143 147 152 153 154 156 157 158 159 161 163 168 169 200 201 202 203 204 205 206 300 301 302 303 "
            "304 305 307 308 309 310 311 312 313 314 315 320 321 322 323 324 325 326 327 330 331 332 333 334 335 336 "
            "337 338 339 342 343 350 351 352 353 354 355 356 357 358 370 371 372 373 375 376 377 378 380 381 382 384 "
            "385 386 387 388 389 391 392 393 394 426 427 428 432 554 555 608 616 641 642 654 796 798 904 922 924 926 "
            "927 954 961"
        ),
    ),
    AlarmKind.TEST: (_sia("BX FI FK FX GX RP RX TP TS TX"), _cid("601 602 604 607 704 913 914 915 916")),
}

TABLE: Mapping[EventCode, AlarmKind] = {
    code: kind for kind, groups in _OF_KIND.items() for codes in groups for code in tuple(codes)
}
"""Of new events. A Contact ID restoral or status report is never an alarm."""

_USER_ASSIGNED = {code for code, told in dc05.EVENT.items() if told["name"].startswith(("User Assigned", "Reserved"))}
"""Every panel gives these another meaning: unknown until the settings say."""
_NAMED = {
    EventFormat.SIA_DCS: frozenset(dc03.EVENT) - {"MI", "UX"},
    EventFormat.ADM_CID: frozenset(dc05.EVENT) - _USER_ASSIGNED,
}


@dataclass(frozen=True, slots=True)
class CodeTable:
    """What codes mean on one account: the table, with what this panel's settings add to it."""

    kinds: Mapping[EventCode, AlarmKind] = field(default_factory=dict)
    sound_codes: frozenset[EventCode] = frozenset()
    sound_zones: frozenset[str] = frozenset()
    """Zones behind an acoustic detector: whatever code they come with, it is refused."""

    def meaning(self, code: EventCode, zone: str | None) -> Meaning:
        """What one event is to the centre. A refusal for sound comes before everything."""
        if code in SOUND_CODES or code in self.sound_codes or zone in self.sound_zones:
            return NoAlarm.SOUND
        kind = self.kinds.get(code) or TABLE.get(code)
        if kind is not None:
            return kind
        return NoAlarm.NOTED if code.code in _NAMED[code.format] else NoAlarm.UNKNOWN
