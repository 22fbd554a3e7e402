"""What must be well again once nothing is wrong any more (17)."""

from __future__ import annotations

from collections.abc import Sequence

from csu.hal.camera import CameraId
from csu.hal.words import Words
from sim.judgement import Judgement
from sim.oracles.stage import Stage, judged


def judge_all_well(stage: Stage, not_live: Sequence[CameraId], open_alarms: int, nodes_up: int) -> Judgement:
    """After the final quiet: every camera live, every node up, no alarm open."""
    told = [Words("pas en direct", "not live").at(camera) for camera in not_live]
    if open_alarms:
        told.append(Words(f"alarmes encore ouvertes : {open_alarms}", f"alarms still open: {open_alarms}"))
    if nodes_up != len(stage.nodes):
        up = f"{nodes_up} / {len(stage.nodes)}"
        told.append(Words(f"nœuds en marche : {up}", f"nodes up: {up}"))
    cases = len(stage.witness.cameras)
    return judged("all_well_at_the_end", told, cases)
