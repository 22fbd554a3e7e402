"""What was recorded, against what could be; and what the catalogue knows of it (6, 7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from csu.centre import Catalogue
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Nanoseconds
from csu.hal.media import Gap, GapCause, NodeId
from csu.hal.words import Words
from sim.city import Commune
from sim.cohort import GOP_NS, CohortCamera
from sim.intervals import Interval, difference, length_ns, union
from sim.judgement import Judgement
from sim.oracles.stage import NO_SLACK, Slack, Stage, judged, within
from sim.past.catalogue import NOTHING_DROPPED, Dropped
from sim.served import Epoch

Asked: TypeAlias = tuple[CameraId, Interval]
"""What is asked of the catalogue: one camera, [from, to)."""


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
        told_gaps = stage.witness.gaps.get(name, ())
        gaps = union((gap.start_ns, gap.end_ns) for gap in told_gaps)
        closed, slack = stage.closed(camera, history), stage.slack_of(name)
        allowed = allowed_missing(commune, camera, history, stage)
        may_miss = [*((a - slack.early_ns, b + slack.late_ns) for a, b in (*closed, *allowed)), *slack.loose]
        long = [o for o in camera.outages if o.end_ns - o.start_ns >= slack.brief_ns]
        must_miss = difference((within(o.start_ns, o.end_ns, stage) for o in long), _edges(camera, slack))
        whole = [certain for g in told_gaps if (certain := _certain(g, slack)) is not None]
        for what, wrong in (
            (_UNDECLARED, difference(holes, may_miss)),
            (_NOT_LOGGED, difference(holes, [*gaps, *closed, *slack.loose])),
            (_YET_RECORDED, difference(whole, [*holes, *slack.loose])),
            (_NOTHING_FILMED, difference(must_miss, holes)),
        ):
            if wrong:
                worst_ns = max(worst_ns, length_ns(wrong))
                length = f"{length_ns(wrong) / NS_PER_S:g} s"
                told.append(Words(f"{length} {what.fr}", f"{length} {what.en}").at(name))
        cases += len(holes)
    told += [
        _TWICE.at(camera)
        for camera, at_ns in stage.witness.overlaps
        if not any(start_ns <= at_ns < end_ns for start_ns, end_ns in stage.slack_of(camera).loose)
    ]
    return judged("missing_explained", told, cases, worst_ns / NS_PER_S, "s", 0)


def _settled(known: list[Interval], slack: Slack) -> list[Interval]:
    """What is known of real footage, where its dates may be trusted; the rest counts as known once."""
    if slack is NO_SLACK:
        return known
    return [*(piece for each in known for piece in difference([each], slack.loose)), *union(slack.loose)]


def _certain(gap: Gap, slack: Slack) -> Interval | None:
    """When nothing at all was recorded, of what a gap tells. The recorder goes on over a gap of lost packets, unless
    nothing comes for 2 s."""
    if gap.cause is GapCause.PACKETS_LOST and gap.end_ns - gap.start_ns <= slack.brief_ns:
        return None
    end_ns = gap.end_ns - slack.waits_ns
    return (gap.start_ns, end_ns) if gap.start_ns < end_ns else None


def _edges(camera: CohortCamera, slack: Slack) -> list[Interval]:
    """Where an outage of real footage may still show a picture that was taken before it, or be another's."""
    if slack is NO_SLACK:
        return []
    begins = [(o.start_ns, o.start_ns + GOP_NS + slack.early_ns // 4) for o in camera.outages]
    ends = [(o.end_ns - slack.early_ns // 4, o.end_ns) for o in camera.outages]  # a camera's clock is a little off
    return [*begins, *ends, *slack.loose]


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
        if epoch.announced_ns is not None:
            until_ns = min(until_ns, epoch.announced_ns)
        if crashed:
            until_ns -= 2 * NS_PER_MINUTE + commune.node_plan.report_delay_ns + GOP_NS
    return allowed


def judge_manifests_once(stage: Stage, catalogue: Catalogue, dropped: Dropped = NOTHING_DROPPED) -> Judgement:
    """Every manifest of every node was taken exactly once, and the catalogue holds exactly that.

    `dropped`: what of it went with days that were over. Whether they were is judged by `CatalogueIsTheDisk`.
    """
    witness, told = stage.witness, list[Words]()
    for name, node in sorted(stage.nodes.items()):
        taken = witness.manifests.taken_of[NodeId(name)]
        if taken != node.manifests_sent - node.manifests_given_up or node.manifests_given_up:
            sent, given_up = node.manifests_sent, node.manifests_given_up
            what = Words(
                f"{sent} envoyés, {given_up} abandonnés, {taken} pris",
                f"{sent} sent, {given_up} given up, {taken} taken",
            )
            told.append(what.at(name))
    told += [
        Words(f"pris {count + 1} fois", f"taken {count + 1} times").at("/".join(map(str, key)))
        for key, count in witness.manifests.twice.items()
    ]
    early_ns = max((slack.early_ns for slack in stage.slack.values()), default=0)  # a camera's clock may be behind
    written = catalogue.totals(stage.begins_ns - early_ns, stage.ends_ns + NS_PER_MINUTE) + dropped.totals
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
    return judged("manifests_once", told, cases)


def judge_catalogue_answers(
    stage: Stage, catalogue: Catalogue, sample: Iterable[Asked], dropped: Dropped = NOTHING_DROPPED
) -> Judgement:
    """For some cameras, what the catalogue answers tiles the time asked for: recorded or in a gap, never both.

    Files that are destroyed were recorded all the same; of a day that was dropped the kept coverage answers.
    """
    told, cases, worst_ns = list[Words](), 0, 0
    closed = {camera.camera: stage.closed(camera, history) for _, camera, history in stage.each_camera()}
    for camera, (from_ns, to_ns) in sample:
        slack = stage.slack_of(camera)
        if dropped.touches(from_ns, to_ns):
            if camera not in dropped.cameras:
                continue
            known = _from_coverage(catalogue, camera, from_ns, to_ns)
        else:
            known = _from_rows(catalogue, camera, from_ns, to_ns, slack)
        known += difference(closed.get(camera, ()), known)
        known = _settled(known, slack)
        inside = ((max(start, from_ns), min(end, to_ns)) for start, end in known if start < to_ns and end > from_ns)
        pieces = sorted(inside)
        ends = [from_ns, *(end_ns for _, end_ns in pieces)]
        starts = [*(start_ns for start_ns, _ in pieces), to_ns]
        wrong_ns = sum(abs(start_ns - end_ns) for start_ns, end_ns in zip(starts, ends, strict=True))
        if wrong_ns:
            told.append(_neither(wrong_ns).at(camera))
        worst_ns = max(worst_ns, wrong_ns)
        cases += len(pieces)
    return judged("catalogue_answers", told, cases, worst_ns / NS_PER_S, "s", 0)


def _from_rows(
    catalogue: Catalogue, camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds, slack: Slack
) -> list[Interval]:
    rows = catalogue.segments(camera, from_ns, to_ns, with_destroyed=True)
    segments = [(row.start_ns, row.end_ns) for row in rows]
    gaps = catalogue.gaps(camera, from_ns, to_ns)
    whole = [certain for gap in gaps if (certain := _certain(gap, slack)) is not None]
    known = [*segments, *whole]
    return [*known, *difference(((gap.start_ns, gap.end_ns) for gap in gaps), known)]


def _from_coverage(catalogue: Catalogue, camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds) -> list[Interval]:
    account = catalogue.accounts([camera], from_ns, to_ns)[camera]
    recorded = [(start_ns, end_ns) for start_ns, end_ns in account.recorded_ns.tolist()]
    return recorded + [(gap.start_ns, gap.end_ns) for gap in account.gaps]


_UNDECLARED = Words("manquent sans panne déclarée", "missing and undeclared")
_NOT_LOGGED = Words("manquent sans trou consigné", "missing and not logged as a gap")
_YET_RECORDED = Words("consignées comme trou, pourtant enregistrées", "logged as a gap, yet recorded")
_NOTHING_FILMED = Words("enregistrées alors que rien n'était filmé", "recorded while nothing was filmed")
_TWICE = Words("deux segments tiennent le même instant", "two segments hold the same instant")


def _neither(wrong_ns: Nanoseconds) -> Words:
    length = f"{wrong_ns / NS_PER_S:g} s"
    return Words(
        f"{length} ni enregistrées ni consignées, ou les deux", f"{length} are neither recorded nor a gap, or both"
    )
