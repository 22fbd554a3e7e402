"""The process of a verification: `python -m csu.cluster.journal_verify_process '{"journal": ..., "key": ...}'`.

It reads, and says what it found as one object on stdout; what keeps it from that, on stderr. Exit code: 0, or 2.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from csu.governance.anchor import AnchorFile
from csu.governance.anchoring import AnchorPlaces
from csu.governance.centre_key import PublicKey
from csu.governance.journal_reading import days_of
from csu.governance.journal_verify import JournalVerdict, verify_journal
from csu.governance.time_stamps import StampTrust
from csu.hal.errors import BadInput, CsuError
from csu.hal.words import Words

NICENESS = 10
"""Behind whatever the centre does."""


def told_of(found: JournalVerdict, *, is_anchored: bool) -> dict[str, Any]:
    """The verdict as an object. Words are not in it: who reads has two languages."""
    return {
        "holds": found.holds,
        "rows": found.rows,
        "days": found.days,
        "days_purged": found.purged,
        "anchors": found.anchors if is_anchored else None,
        "stamps_verified": found.stamps,
        "stamps_unchecked": found.stamps_unchecked,
        "rows_not_anchored": found.unanchored,
        "findings": [{"kind": each.kind.value, "where": each.where} for each in found.findings],
    }


def verified(told: dict[str, Any]) -> dict[str, Any]:
    """Raises CsuError; KeyError for what is not told."""
    journal = Path(told["journal"])
    if not days_of(journal):
        raise BadInput(
            Words("il n'y a pas de journal ici", "there is no journal here"),
            where=str(journal),
            what_to_do=Words("Vérifiez le dossier du centre", "Check the centre's directory"),
        )
    files = [AnchorFile(Path(each)) for each in told["anchors"]]
    anchors = AnchorPlaces(files).anchors() if files else []
    trust = StampTrust.load(Path(told["tsa_root"])) if told["tsa_root"] else None
    found = verify_journal(journal, PublicKey.load(Path(told["key"])), anchors, trust)
    return told_of(found, is_anchored=bool(files))


def main(text: str) -> int:
    """0: there is a verdict; 2: there is none, and why is on stderr."""
    os.nice(NICENESS)
    try:
        print(json.dumps(verified(json.loads(text))))
    except CsuError as error:
        print(error.trouble.words.fr, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
