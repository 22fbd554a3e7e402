"""The journal verified in a process of its own: a year of rows is minutes of work, and no centre waits for it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from csu.hal.errors import CsuError
from csu.hal.words import Words

WITHIN_S = 1800.0
"""14 million rows at 126 us each (measured); what takes longer is given up, and that is said."""


class VerificationFailed(CsuError):
    """The verifier did not come to an end: nothing is known of the journal."""


async def verify_journal_apart(
    journal: Path, key: Path, anchors: Sequence[Path], tsa_root: Path | None, within_s: float = WITHIN_S
) -> Mapping[str, Any]:
    """What `journal_verify_process` tells. `anchors`: files; none: the chain alone. Raises VerificationFailed."""
    told = {"journal": str(journal), "key": str(key), "anchors": [str(each) for each in anchors]}
    text = json.dumps(told | {"tsa_root": "" if tsa_root is None else str(tsa_root)})
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "csu.cluster.journal_verify_process", text)
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    try:
        async with asyncio.timeout(within_s):
            answer, errors = await process.communicate()
    except TimeoutError as error:
        raise _failed(f"> {within_s:g} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise _failed(errors.decode(errors="replace").strip()[-400:] or f"exit code {process.returncode}")
    found: Mapping[str, Any] = json.loads(answer)
    return found


def _failed(why: str) -> VerificationFailed:
    return VerificationFailed(
        Words(f"la vérification n'a pas abouti : {why}", f"the verification came to no end: {why}"),
        where="journal",
        what_to_do=Words("Lancez csu journal verify sur la machine du centre", "Run csu journal verify at the centre"),
    )
