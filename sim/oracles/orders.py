"""Whom the orders let be filmed, and whom not (AUT-1)."""

from __future__ import annotations

from csu.hal.clock import NS_PER_S
from csu.hal.words import Words
from sim.intervals import length_ns
from sim.judgement import Judgement
from sim.oracles.stage import Stage, judged
from sim.orders import Prefecture, wrongly_closed, wrongly_recorded


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
    return judged("orders_obeyed", told, len(stage.witness.cameras), worst_ns / NS_PER_S, "s")


_UNLAWFUL = Words("enregistrées sans qu'un arrêté le permette", "recorded although no order lets them be")
_CLOSED = Words("fermées alors que l'arrêté vaut", "closed although the order holds")
