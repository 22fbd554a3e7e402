"""What must hold of a run: the world as the scenario declared it, against what the centre says and has written.

Each oracle returns a `Judgement`. An oracle that had no case to judge does not hold: it proved nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from csu.centre import Alarm, AlarmId, CameraState, Catalogue
from csu.hal.alarms import PanelMessage
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Nanoseconds
from csu.hal.media import GapCause
from csu.hal.words import Words
from sim.city import City, Commune
from sim.cohort import GOP_NS, CohortCamera
from sim.intervals import Interval, difference, length_ns, union
from sim.judgement import TOLD_MAX, Judgement
from sim.media_node import CohortMediaNode
from sim.orders import Prefecture, wrongly_closed, wrongly_recorded
from sim.served import Epoch, closed_times
from sim.witness import Witness

CAMERA_DOWN_SHOWN_WITHIN_NS = 2 * NS_PER_MINUTE
"""Invariant 16: a camera that is down shows within two minutes."""
ALARMS_TAKEN_WITHIN_NS = 65 * NS_PER_S
"""OPS-3: an alarm is taken, or the room chief is called after 60 s; and some seconds to write it down."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What the oracles look at. [begins_ns, ends_ns): the run."""

    city: City
    nodes: Mapping[str, CohortMediaNode]
    witness: Witness
    begins_ns: Nanoseconds
    ends_ns: Nanoseconds

    def each_camera(self) -> Iterable[tuple[Commune, CohortCamera, Sequence[Epoch]]]:
        for commune in self.city.communes:
            history = self.nodes[commune.node].history
            for camera in commune.cameras:
                yield commune, camera, history

    def closed(self, camera: CohortCamera, history: Sequence[Epoch]) -> tuple[Interval, ...]:
        """When no node was to film this camera: no order let it be recorded."""
        return closed_times(camera.camera, history, self.begins_ns, self.ends_ns)


def measure_coverage(stage: Stage) -> float:
    """Recorded time over the time in which cameras were to be recorded, in [0, 1]."""
    missing_ns = expected_ns = 0
    for _, camera, history in stage.each_camera():
        expected = difference([(stage.begins_ns, stage.ends_ns)], stage.closed(camera, history))
        expected_ns += length_ns(expected)
        holes = stage.witness.holes.get(camera.camera, ())
        missing_ns += length_ns(difference(holes, stage.closed(camera, history)))
    return 1 - missing_ns / expected_ns if expected_ns else 0.0


def judge_missing_explained(stage: Stage) -> Judgement:
    """Each missing second lies within a declared outage and is logged as a gap; each outage is missing, and no more."""
    cases, worst_ns, told = 0, 0, list[Words]()
    for commune, camera, history in stage.each_camera():
        name = camera.camera
        holes = tuple(stage.witness.holes.get(name, ()))
        gaps = union((gap.start_ns, gap.end_ns) for gap in stage.witness.gaps.get(name, ()))
        closed = stage.closed(camera, history)
        may_miss = [*closed, *allowed_missing(commune, camera, history, stage)]
        must_miss = [_within(o.start_ns, o.end_ns, stage) for o in camera.outages]
        for what, wrong in (
            (_UNDECLARED, difference(holes, may_miss)),
            (_NOT_LOGGED, difference(holes, [*gaps, *closed])),
            (_YET_RECORDED, difference(gaps, holes)),
            (_NOTHING_FILMED, difference(must_miss, holes)),
        ):
            if wrong:
                worst_ns = max(worst_ns, length_ns(wrong))
                length = f"{length_ns(wrong) / NS_PER_S:g} s"
                told.append(Words(f"{length} {what.fr}", f"{length} {what.en}").at(name))
        cases += len(holes)
    told += [_TWICE.at(camera) for camera, _ in stage.witness.overlaps]
    return _judged("missing_explained", told, cases, worst_ns / NS_PER_S, "s", 0)


def allowed_missing(commune: Commune, camera: CohortCamera, history: Sequence[Epoch], stage: Stage) -> list[Interval]:
    """When this camera may be missing: its outages, starts of its node, and what a crash takes with it.

    A crash loses the open segment and the minute that was not yet announced; after anything, one GOP is waited for.
    """
    allowed = [(outage.start_ns, outage.end_ns + GOP_NS) for outage in camera.outages]
    allowed += [(end_ns, end_ns + GOP_NS) for _, end_ns in stage.closed(camera, history)]
    until_ns = stage.begins_ns
    for epoch in history:
        allowed.append((until_ns, epoch.begun_ns + GOP_NS))
        crashed = epoch.ended_ns is not None and epoch.ended_ns < stage.ends_ns
        until_ns = epoch.ended_ns if epoch.ended_ns is not None else stage.ends_ns
        if crashed:
            until_ns -= 2 * NS_PER_MINUTE + commune.node_plan.report_delay_ns + GOP_NS
    return allowed


def judge_manifests_once(stage: Stage, catalogue: Catalogue) -> Judgement:
    """Every manifest of every node was taken exactly once, and the catalogue holds exactly that."""
    witness, told = stage.witness, list[Words]()
    taken_of: Counter[str] = Counter()
    for (of_node, _, _), count in witness.manifests.items():
        taken_of[of_node] += count
    for name, node in sorted(stage.nodes.items()):
        taken = taken_of[name]
        if taken != node.manifests_sent - node.manifests_given_up or node.manifests_given_up:
            sent, given_up = node.manifests_sent, node.manifests_given_up
            what = Words(
                f"{sent} envoyés, {given_up} abandonnés, {taken} pris",
                f"{sent} sent, {given_up} given up, {taken} taken",
            )
            told.append(what.at(name))
    told += [
        Words(f"pris {count} fois", f"taken {count} times").at("/".join(map(str, key)))
        for key, count in witness.manifests.items()
        if count > 1
    ]
    written = catalogue.totals(0, stage.ends_ns + NS_PER_MINUTE)
    for unit, there, here in (
        (Words("segments", "segments"), written.segments, witness.taken.segments),
        (Words("millisecondes", "milliseconds"), written.recorded_ms, witness.taken.recorded_ms),
        (Words("octets", "bytes"), written.bytes, witness.taken.size_bytes),
        (Words("trous", "gaps"), written.gaps, witness.taken.gaps),
    ):
        if there != here:
            told.append(
                Words(
                    f"le catalogue tient {there} {unit.fr}, les comptes rendus {here}",
                    f"the catalogue holds {there} {unit.en}, the manifests {here}",
                )
            )
    cases = witness.taken.manifests
    return _judged("manifests_once", told, cases, len(told), "wrong", 0)


def judge_catalogue_answers(stage: Stage, catalogue: Catalogue, sample: Iterable[CameraId]) -> Judgement:
    """For some cameras, what the catalogue answers tiles the run: each instant is recorded or in a gap, never both."""
    told, cases, worst_ns = list[Words](), 0, 0
    closed = {camera.camera: stage.closed(camera, history) for _, camera, history in stage.each_camera()}
    for camera in sample:
        segments = catalogue.segments(camera, stage.begins_ns, stage.ends_ns)
        gaps = catalogue.gaps(camera, stage.begins_ns, stage.ends_ns)
        pieces = sorted([(s.start_ns, s.end_ns) for s in segments] + [(g.start_ns, g.end_ns) for g in gaps])
        pieces = sorted([*pieces, *difference(closed.get(camera, ()), pieces)])
        ends = [stage.begins_ns, *(end_ns for _, end_ns in pieces)]
        starts = [*(start_ns for start_ns, _ in pieces), stage.ends_ns]
        wrong_ns = sum(abs(start_ns - end_ns) for start_ns, end_ns in zip(starts, ends, strict=True))
        if wrong_ns:
            told.append(_neither(wrong_ns).at(camera))
        worst_ns = max(worst_ns, wrong_ns)
        cases += len(pieces)
    return _judged("catalogue_answers", told, cases, worst_ns / NS_PER_S, "s", 0)


def judge_camera_down_shown(stage: Stage, within_ns: Nanoseconds) -> Judgement:
    """A camera that sends nothing, or of which nobody can hear, is not shown as live for longer than `within_ns`."""
    cases, worst_ns, told = 0, 0, list[Words]()
    for commune, camera, _ in stage.each_camera():
        changes = stage.witness.states.get(camera.camera, [])
        for start_ns, end_ns in dark_times(commune, camera):
            if end_ns - start_ns <= within_ns:
                continue
            cases += 1
            delay_ns = _shown_after(changes, start_ns, end_ns)
            worst_ns = max(worst_ns, delay_ns)
            if delay_ns > within_ns:
                told.append(_shown_live(delay_ns).at(camera.camera))
    limit_s = within_ns / NS_PER_S
    return _judged("camera_down_shown", told, cases, worst_ns / NS_PER_S, "s", limit_s)


def dark_times(commune: Commune, camera: CohortCamera) -> tuple[Interval, ...]:
    """When the centre can have no fresh picture of this camera, as the scenario declared it."""
    lost = [
        (outage.start_ns, camera.next_gop_ns(outage.end_ns))
        for outage in camera.outages
        if outage.cause is GapCause.CAMERA_LOST
    ]
    return union([*lost, *commune.node_plan.silent, *commune.node_plan.crashes])


def _shown_after(
    changes: Sequence[tuple[Nanoseconds, CameraState]], start_ns: Nanoseconds, end_ns: Nanoseconds
) -> Nanoseconds:
    """How long after `start_ns` the board ceased to say LIVE; the whole time when it never did."""
    state = CameraState.STARTING
    for at_ns, after in changes:
        if at_ns > start_ns:
            if state is not CameraState.LIVE:
                return 0
            if after is not CameraState.LIVE:
                return min(at_ns, end_ns) - start_ns
        state = after
    return 0 if state is not CameraState.LIVE else end_ns - start_ns


def judge_alarms_taken(stage: Stage, within_ns: Nanoseconds) -> Judgement:
    """Each alarm is shown exactly once, and a person takes it, or it is escalated, within `within_ns`."""
    witness, cases, worst_ns, told = stage.witness, 0, 0, list[Words]()
    messages = {AlarmId(f"{m.panel}/{m.sequence}"): m for commune in stage.city.communes for m in commune.alarms}
    for name, message in messages.items():
        cases += 1
        shown = witness.alarms_raised[name]
        if shown != 1:
            told.append(Words(f"montrée {shown} fois", f"shown {shown} times").at(name))
        answers = [answered[name] for answered in (witness.alarms_acked, witness.alarms_escalated) if name in answered]
        answered_ns = min(answers, default=stage.ends_ns) - message.raised_at_ns
        worst_ns = max(worst_ns, answered_ns)
        if answered_ns > within_ns:
            told.append(_not_taken(answered_ns).at(name))
    told += [_NO_PANEL.at(alarm) for alarm in witness.alarms_raised if alarm not in messages]
    limit_s = within_ns / NS_PER_S
    return _judged("alarms_taken", told, cases, worst_ns / NS_PER_S, "s", limit_s)


def judge_orders_obeyed(stage: Stage, prefecture: Prefecture) -> Judgement:
    """No camera is recorded when no paper lets it be, as soon as its node can know; and none is closed otherwise."""
    worst_ns, told = 0, list[Words]()
    for commune, camera, history in stage.each_camera():
        closings = [each for each in prefecture.closings if camera.camera in each.cameras]
        holes, unreachable = stage.witness.holes.get(camera.camera, ()), commune.node_plan.unreachable
        for what, wrong in (
            (_UNLAWFUL, wrongly_recorded(closings, holes, unreachable, stage.ends_ns)),
            (_CLOSED, wrongly_closed(closings, stage.closed(camera, history), unreachable)),
        ):
            if wrong:
                worst_ns = max(worst_ns, length_ns(wrong))
                length = f"{length_ns(wrong) / NS_PER_S:g} s"
                told.append(Words(f"{length} {what.fr}", f"{length} {what.en}").at(camera.camera))
    return _judged("orders_obeyed", told, len(stage.witness.cameras), worst_ns / NS_PER_S, "s", 0)


class AlarmsKept:
    """Looks at the disk whenever the centre says that an alarm is safe. Give `hear` to each panel."""

    def __init__(self, load: Callable[[], Sequence[Alarm]]) -> None:
        self._load = load
        self._seen: set[str] = set()
        self._broken: list[Words] = []

    def hear(self, message: PanelMessage) -> None:
        """The panel was told that its message is safe: is it?"""
        name = f"{message.panel}/{message.sequence}"
        if name in self._seen:
            return
        self._seen.add(name)
        if all(alarm.alarm != name for alarm in self._load()):
            self._broken.append(_ACKNOWLEDGED_EARLY.at(name))

    def judge(self, witness: Witness) -> Judgement:
        """Also at the end: what people took is on disk as taken."""
        kept = {alarm.alarm: alarm for alarm in self._load()}
        told = list(self._broken)
        for alarm in witness.alarms_acked:
            if alarm not in kept or kept[alarm].acked_at_ns is None:
                told.append(_NOT_ON_DISK.at(alarm))
        cases = len(self._seen) + len(witness.alarms_acked)
        return _judged("alarms_kept", told, cases, len(told), "wrong", 0)


def judge_all_well(stage: Stage, not_live: Sequence[CameraId], open_alarms: int, nodes_up: int) -> Judgement:
    """After the final quiet: every camera live, every node up, no alarm open."""
    told = [Words("pas en direct", "not live").at(camera) for camera in not_live]
    if open_alarms:
        told.append(Words(f"alarmes encore ouvertes : {open_alarms}", f"alarms still open: {open_alarms}"))
    if nodes_up != len(stage.nodes):
        up = f"{nodes_up} / {len(stage.nodes)}"
        told.append(Words(f"nœuds en marche : {up}", f"nodes up: {up}"))
    cases = len(stage.witness.cameras)
    return _judged("all_well_at_the_end", told, cases, len(told), "wrong", 0)


def _within(start_ns: Nanoseconds, end_ns: Nanoseconds, stage: Stage) -> Interval:
    return max(start_ns, stage.begins_ns), min(end_ns, stage.ends_ns)


def _judged(name: str, told: Sequence[Words], cases: int, worst: float, unit: str, limit: float) -> Judgement:
    return Judgement(name, _SAID[name], cases, len(told), worst, unit, limit, _some(told))


def _some(told: Sequence[Words]) -> tuple[Words, ...]:
    more = len(told) - TOLD_MAX
    return (*told[:TOLD_MAX], *((Words(f"et {more} de plus", f"and {more} more"),) if more > 0 else ()))


_SAID = {
    "camera_down_shown": Words("Une caméra muette se voit", "A silent camera shows"),
    "alarms_taken": Words("Chaque alarme est prise ou remontée", "Each alarm is taken or escalated"),
    "missing_explained": Words("Chaque seconde manquante a sa cause", "Each missing second has its cause"),
    "manifests_once": Words("Chaque compte rendu est pris une seule fois", "Each manifest is taken exactly once"),
    "catalogue_answers": Words("Le catalogue rend tout ce qu'il a reçu", "The catalogue gives back all it was given"),
    "alarms_kept": Words("Une alarme acquittée est sur disque", "An acknowledged alarm is on disk"),
    "orders_obeyed": Words("Nul n'est filmé sans arrêté", "Nobody is filmed without an order"),
    "all_well_at_the_end": Words("Tout est rétabli à la fin", "All is well at the end"),
}
_UNLAWFUL = Words("enregistrées sans qu'un arrêté le permette", "recorded although no order lets them be")
_CLOSED = Words("fermées alors que l'arrêté vaut", "closed although the order holds")
_UNDECLARED = Words("manquent sans panne déclarée", "missing and undeclared")
_NOT_LOGGED = Words("manquent sans trou consigné", "missing and not logged as a gap")
_YET_RECORDED = Words("consignées comme trou, pourtant enregistrées", "logged as a gap, yet recorded")
_NOTHING_FILMED = Words("enregistrées alors que rien n'était filmé", "recorded while nothing was filmed")
_TWICE = Words("deux segments tiennent le même instant", "two segments hold the same instant")
_NO_PANEL = Words("aucune centrale ne l'a levée", "no panel raised it")
_NOT_ON_DISK = Words("prise par une personne, et pas ainsi sur disque", "taken by a person, and not so on disk")
_ACKNOWLEDGED_EARLY = Words(
    "sa centrale a été acquittée avant le disque", "its panel was acknowledged before it was on disk"
)


def _neither(wrong_ns: Nanoseconds) -> Words:
    length = f"{wrong_ns / NS_PER_S:g} s"
    return Words(
        f"{length} ni enregistrées ni consignées, ou les deux", f"{length} are neither recorded nor a gap, or both"
    )


def _shown_live(delay_ns: Nanoseconds) -> Words:
    length = f"{delay_ns / NS_PER_S:g} s"
    return Words(f"montrée en direct pendant {length}", f"shown as live for {length}")


def _not_taken(answered_ns: Nanoseconds) -> Words:
    length = f"{answered_ns / NS_PER_S:.1f} s"
    return Words(f"ni prise ni remontée pendant {length}", f"neither taken nor escalated for {length}")
