"""The key of a centre whose directory a command is given."""

from __future__ import annotations

from pathlib import Path

from csu.governance import CentreKey
from csu.hal.errors import BadInput
from csu.hal.words import Words


def key_of_centre(centre: Path) -> CentreKey:
    """Raises BadInput for a directory that is no centre's; CentreKeyUnusable."""
    key = centre / "centre" / "key.pem"
    if not key.is_file():
        raise BadInput(
            Words("ce n'est pas le dossier d'un centre", "this is no centre's directory"),
            where=f"--centre {centre}",
            what_to_do=Words(
                "Ouvrez d'abord le centre : csu demo --keep DOSSIER", "Open it first: csu demo --keep DIR"
            ),
        )
    return CentreKey.load(key)
