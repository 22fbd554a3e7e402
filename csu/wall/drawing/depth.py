"""How deep pieces lie: higher z is nearer, and a piece hides what is below it with all that is written there."""

from __future__ import annotations

from csu.hal.wall import NodeScene


def depth_of(scene: NodeScene) -> list[float]:
    """Of each piece, in GL's depth: from 0.9 (farthest) towards -0.9."""
    ranks = {z: rank for rank, z in enumerate(sorted({piece.z for piece in scene.pieces}))}
    return [0.9 - 1.8 * ranks[piece.z] / len(ranks) for piece in scene.pieces]


def ground_depth(depth: float, levels: int) -> float:
    """Of the ground under a piece: behind its picture, before what lies below."""
    return depth + 0.6 / levels


def levels_of(scene: NodeScene) -> int:
    """How many z there are."""
    return len({piece.z for piece in scene.pieces})
