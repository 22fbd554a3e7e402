"""Calls to the police, judged where they arrive: each once in effect, in the order of the people who made them (20)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from csu.centre import AlarmId
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.words import Words
from sim.judgement import Judgement
from sim.oracles.stage import Stage, judged
from sim.panels import Asked, SimDispatch
from sim.people import POLICE_WITHIN_S

ASKED_AGAIN_WITHIN_NS = 15 * NS_PER_S
"""A call without a receipt is sent again after 10 s [D]."""
RECEIVED_WITHIN_NS = 15 * NS_PER_S
"""How long after its receipt a call may still be under way."""
TRIED_NS = 55 * NS_PER_S
"""Two contacts, 30 s each: then people telephone, and the calls behind it go on."""
TAKEN_WITHIN_NS = round((POLICE_WITHIN_S + 60) * NS_PER_S)


def judge_calls_once_in_order(
    stage: Stage,
    dispatch: SimDispatch,
    confirmed: Mapping[AlarmId, Nanoseconds],
    telephoned: Mapping[AlarmId, Nanoseconds],
    injected_ns: Nanoseconds,
) -> Judgement:
    """`confirmed`, `telephoned`: when a person did so, as the people know it. `injected_ns`: what declared trouble of
    the engine may add before a call is sent; with any, it may also be sent once more after its receipt."""
    tries: dict[str, list[Asked]] = {}
    for asked in dispatch.tries:
        tries.setdefault(asked.call.call, []).append(asked)
    told = [_NOBODY.at(key) for key in tries if AlarmId(key) not in confirmed]
    told += [_OTHERWISE.at(key) for key, of_call in tries.items() if len({_words(asked) for asked in of_call}) > 1]
    for alarm, at_ns in confirmed.items():
        done_ns = min((known[alarm] for known in (dispatch.heard_ns, telephoned) if alarm in known), default=None)
        if (done_ns or stage.ends_ns) - at_ns - stage.down_ns(at_ns, stage.ends_ns) > TAKEN_WITHIN_NS + injected_ns:
            told.append(_NOT_MADE.at(alarm))
    for key, of_call in tries.items():
        told += [what.at(key) for what in _again(stage, dispatch, key, of_call, telephoned, injected_ns)]
    told += _out_of_order(dispatch, confirmed, tries, injected_ns)
    return judged("calls_once_in_order", told, len(dispatch.tries), cases_least=0)


def _again(
    stage: Stage,
    dispatch: SimDispatch,
    key: str,
    of_call: Sequence[Asked],
    telephoned: Mapping[AlarmId, Nanoseconds],
    injected_ns: Nanoseconds,
) -> list[Words]:
    """Retried until it is acknowledged, and then no more."""
    told = list[Words]()
    taken_ns = min((known[AlarmId(key)] for known in (dispatch.receipts_ns, telephoned) if key in known), default=None)
    until_ns = of_call[0].at_ns + TRIED_NS if taken_ns is None else taken_ns
    times = [asked.at_ns for asked in of_call]
    for before_ns, after_ns in pairwise([*times, min(until_ns, stage.ends_ns)]):
        waited_ns = after_ns - before_ns - stage.down_ns(before_ns, after_ns)
        if (
            before_ns < until_ns
            and waited_ns > ASKED_AGAIN_WITHIN_NS + injected_ns
            and not _is_tried(of_call, before_ns, injected_ns)
        ):
            told.append(
                Words(f"rien pendant {waited_ns / NS_PER_S:.0f} s", f"nothing for {waited_ns / NS_PER_S:.0f} s")
            )
    if taken_ns is not None and not injected_ns:
        late = [at_ns for at_ns in times if at_ns > taken_ns + RECEIVED_WITHIN_NS]
        told += [_AFTER_ITS_RECEIPT] if late and not stage.down_ns(taken_ns, late[-1]) else []
    return told


def _is_tried(of_call: Sequence[Asked], at_ns: Nanoseconds, injected_ns: Nanoseconds) -> bool:
    """Whether every contact had its time by then. With trouble of the line the receiver did not see each try."""
    last = [asked.at_ns for asked in of_call if asked.contact == of_call[-1].contact]
    is_last = len({asked.contact for asked in of_call}) > 1
    return (is_last or bool(injected_ns)) and at_ns >= last[0] + (0 if is_last and injected_ns else TRIED_NS // 3)


def _out_of_order(
    dispatch: SimDispatch,
    confirmed: Mapping[AlarmId, Nanoseconds],
    tries: Mapping[str, Sequence[Asked]],
    injected_ns: Nanoseconds,
) -> list[Words]:
    """In each lane (service, commune) calls take effect in the order of their confirmation. One that all contacts
    were tried for in vain is people's: the others pass it."""
    lanes: dict[tuple[str, str], list[AlarmId]] = {}
    for alarm in sorted(confirmed, key=lambda alarm: confirmed[alarm]):
        if alarm in tries:
            call = tries[alarm][0].call
            lanes.setdefault((call.service, call.commune), []).append(alarm)
    told = list[Words]()
    for lane in lanes.values():
        for before, after in pairwise(lane):
            first_ns = tries[after][0].at_ns
            heard_ns = dispatch.heard_ns.get(before)
            tried_ns = first_ns - tries[before][0].at_ns
            passed = tried_ns >= TRIED_NS or (injected_ns and _is_tried(tries[before], first_ns, injected_ns))
            if (heard_ns is None or heard_ns > first_ns) and not passed:
                told.append(_OUT_OF_ORDER.at(after))
    return told


def _words(asked: Asked) -> tuple[str, ...]:
    call = asked.call
    return call.service, call.commune, call.site, call.words, call.called_by


_NOBODY = Words("personne n'a fait cet appel", "nobody made this call")
_OTHERWISE = Words("la même clé dit autre chose", "the same key says something else")
_NOT_MADE = Words("confirmée, et ni entendue ni téléphonée", "confirmed, and neither heard nor telephoned")
_AFTER_ITS_RECEIPT = Words("renvoyé après son reçu", "sent again after its receipt")
_OUT_OF_ORDER = Words("appelé avant celui qui le précède", "called before the one ahead of it")
