"""The report of an examination: a signed statement as JSON, and the same as one page for a person to open."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import jinja2

from csu.centre.commands.report_page import write_page
from csu.governance.centre_key import CentreKey, PublicKey
from csu.hal.clock import Nanoseconds
from csu.hal.conformance import Check, CheckStatus
from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.language import current_language, say

FORMAT = "csu-conformance-1"


@dataclass(frozen=True, slots=True)
class Conformance:
    """What an examination found of one device. `target` holds no secret."""

    kind: str
    target: str
    began_ns: Nanoseconds
    ended_ns: Nanoseconds
    checks: Sequence[Check]

    @property
    def holds(self) -> bool:
        """Something was asked, and nothing failed. What a device may be without does not count against it."""
        passed = any(check.status is CheckStatus.PASSED for check in self.checks)
        return passed and not any(check.status is CheckStatus.FAILED for check in self.checks)

    @property
    def counts(self) -> dict[str, int]:
        """How many checks ended how."""
        found = Counter(check.status.value for check in self.checks)
        return {status.value: found[status.value] for status in CheckStatus}

    def to_json(self) -> dict[str, Any]:
        """As the command prints it; the signed statement holds the same."""
        return {
            "format": FORMAT,
            "kind": self.kind,
            "target": self.target,
            "began_ns": self.began_ns,
            "ended_ns": self.ended_ns,
            "verdict": "holds" if self.holds else "does not hold",
            "counts": self.counts,
            "checks": [_row(check) for check in self.checks],
        }


def sign_report(found: Conformance, key: CentreKey) -> dict[str, str]:
    """{statement, signature, public_key}: the statement is the canonical JSON of all of it, signed with Ed25519."""
    statement = json.dumps(found.to_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return {"statement": statement, "signature": key.sign(statement), "public_key": key.public.hex}


def write_report(found: Conformance, key: CentreKey, page: Path) -> Path:
    """Write `page` (HTML) and beside it the signed statement (`.json`). Returns the latter. Raises BadInput."""
    signed = sign_report(found, key)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("csu.centre", "templates"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    html = environment.get_template("conform_report.html.j2").render(
        found=found, signed=signed, say=say, language=current_language()
    )
    write_page(page, html)
    return write_page(page.with_suffix(".json"), json.dumps(signed, ensure_ascii=False, indent=1) + "\n")


def verify_report(path: Path, key: PublicKey) -> dict[str, Any]:
    """The statement of a report, if `key` signed it as it stands. Raises BadInput."""
    try:
        signed = json.loads(path.read_text(encoding="utf-8"))
        statement, signature = str(signed["statement"]), str(signed["signature"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = type(error).__name__
        raise _not_believed(path, Words(f"rapport illisible ({why})", f"unreadable report ({why})")) from None
    if not key.signed(statement, signature):
        raise _not_believed(path, Words("la signature n'est pas de cette clé", "the signature is not this key's"))
    told: dict[str, Any] = json.loads(statement)
    return told


def _row(check: Check) -> dict[str, Any]:
    language = current_language()
    return {
        "id": check.check,
        "requirement": check.requirement,
        "status": check.status.value,
        "asked": check.asked.in_language(language),
        "found": check.found.in_language(language),
        "measured": check.measured if check.measured is not None and isfinite(check.measured) else None,
        "limit": check.limit,
        "unit": check.unit,
    }


def _not_believed(path: Path, what: Words) -> BadInput:
    return BadInput(
        what,
        where=str(path),
        what_to_do=Words(
            "Demandez le fichier .json de l'examen et la clé publique de qui l'a fait",
            "Ask for the .json file of the examination, and the public key of who made it",
        ),
    )
