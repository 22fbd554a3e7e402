"""`csu journal verify` in a process of its own: a year of rows is minutes of work, and no centre waits for it."""

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
"""20 million rows, at 100 us each; what takes longer is given up and said."""
_HOLDS_OR_NOT = (0, 1)


class VerificationFailed(CsuError):
    """The verifier did not come to an end: nothing is known of the journal."""


async def verify_journal_apart(
    journal: Path, key: Path, anchors: Sequence[Path], tsa_root: Path | None, within_s: float = WITHIN_S
) -> Mapping[str, Any]:
    """What it tells, as an object. `anchors`: files; none: the chain alone. Raises VerificationFailed."""
    command = [sys.executable, "-m", "csu.cli", "journal", "verify", "--json"]
    command += ["--journal", str(journal), "--key", str(key)]
    command += [option for path in anchors for option in ("--anchors", str(path))]
    command += [] if tsa_root is None else ["--tsa-root", str(tsa_root)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    try:
        async with asyncio.timeout(within_s):
            told, errors = await process.communicate()
    except TimeoutError as error:
        raise _failed(f"> {within_s:.0f} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode not in _HOLDS_OR_NOT:
        raise _failed(errors.decode(errors="replace").strip()[-400:] or f"exit code {process.returncode}")
    try:
        found: Mapping[str, Any] = json.loads(told)
    except ValueError as error:
        raise _failed(type(error).__name__) from error
    return found


def _failed(why: str) -> VerificationFailed:
    return VerificationFailed(
        Words(f"la vérification n'a pas abouti : {why}", f"the verification came to no end: {why}"),
        where="journal",
        what_to_do=Words("Lancez csu journal verify sur la machine du centre", "Run csu journal verify at the centre"),
    )
