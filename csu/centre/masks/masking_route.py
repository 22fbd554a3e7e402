"""Who will mask a camera's pictures, by what its examination showed. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from csu.hal.conformance import Check, CheckStatus
from csu.hal.fieldwork import Route
from csu.hal.words import Words

MASK_CHECKS = ("masks.taken", "masks.read_back", "masks.main", "masks.sub", "masks.still", "masks.after_restart")
"""All of them must have passed. One that was not asked proves nothing."""


def route_of(checks: Sequence[Check], *, turns: bool) -> tuple[Route, Words]:
    """The camera masks by itself only where it stands still and every check of its masks passed; and why not."""
    if turns:
        return Route.ENGINE, Words("elle tourne : ses masques ne suivent pas", "it turns: its own masks do not follow")
    passed = {check.check for check in checks if check.status is CheckStatus.PASSED}
    missing = [name for name in MASK_CHECKS if name not in passed]
    if missing:
        names = ", ".join(missing)
        return Route.ENGINE, Words(f"sans preuve de {names}", f"without a proof of {names}")
    return Route.EDGE, Words("tous ses masques ont tenu", "all of its own masks held")
