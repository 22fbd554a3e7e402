"""One camera on its way into a site: its examination, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from csu.centre.commands.conform import examine
from csu.centre.commands.conform_report import Conformance, write_report
from csu.centre.masks.masking_route import route_of
from csu.governance.centre_key import CentreKey
from csu.hal.clock import NS_PER_S
from csu.hal.conformance import Check, CheckStatus, Examination, Examiner
from csu.hal.fieldwork import Entered, Fieldwork, Findings, Route
from csu.hal.words import Words
from csu.language import current_language, say
from csu.machine import SystemClock

TLS_CHECK = "tls.streams"
ROUTE_WORDS = {
    Route.EDGE: Words("la caméra masque", "the camera masks"),
    Route.ENGINE: Words("le moteur masque", "the engine masks"),
}


@dataclass(frozen=True, slots=True)
class Examined:
    """What an examination found, and what follows."""

    found: Conformance
    page: Path
    route: Route
    why: Words

    @property
    def failed(self) -> tuple[str, ...]:
        """The checks that did not pass."""
        return tuple(check.check for check in self.found.checks if check.status is CheckStatus.FAILED)


@dataclass(frozen=True, slots=True)
class Examining:
    """How cameras of a site are examined. `key` signs the reports, which lie beside the site file."""

    examiner: Examiner
    how: Examination
    site: Path
    key: CentreKey

    async def of(self, work: Fieldwork, entered: Entered, tell: Callable[[Check], None]) -> Examined:
        """Examine it, sign the report, write down what follows. Raises CsuError."""
        camera = entered.record.camera
        found = await examine("camera", work.target(camera), self.examiner, self.how, SystemClock(), tell)
        at = datetime.fromtimestamp(found.began_ns / NS_PER_S, UTC)
        page = reports_of(self.site) / f"{camera}-{at:%Y%m%dT%H%M%SZ}.html"
        write_report(found, self.key, page)
        examined = Examined(found, page, *route_of(found.checks, turns=entered.turns))
        over_tls = any(check.check == TLS_CHECK and check.status is CheckStatus.PASSED for check in found.checks)
        when = at.isoformat(timespec="seconds")
        written = Findings(when, found.holds, page.name, examined.failed, examined.route, over_tls)
        work.keep_findings(camera, written)
        return examined


def reports_of(site: Path) -> Path:
    """Where the reports of a site's cameras lie: beside its file."""
    return site.resolve().parent / "reports"


def tell_entered(entered: Entered, console: Console) -> None:
    """What is proved of it so far."""
    camera = entered.record.camera
    console.print(say(f"{camera} inscrite : {entered.address}", f"{camera} entered: {entered.address}"), markup=False)
    if entered.fingerprint:
        console.print(say(f"  certificat {entered.fingerprint}", f"  certificate {entered.fingerprint}"), markup=False)
    else:
        told = say("  sans TLS : elle ne sera pas suivie ailleurs", "  without TLS: it is followed nowhere else")
        console.print(told, style="yellow", markup=False)
    console.print(
        say(
            "  compte du centre au coffre, l'ancien ne vaut plus",
            "  the centre's account in the vault, the old one dead",
        ),
        markup=False,
    )


def tell_next(entered: Entered, examined: Examined | None, site: Path, console: Console) -> None:
    """What it is worth now, and what is to be done next."""
    camera = entered.record.camera
    if examined is None:
        console.print(
            say(
                f"NON EXAMINÉE : masquée en entier jusqu'à « csu camera enrol --site {site} --camera {camera} »",
                f'NOT EXAMINED: wholly masked until "csu camera enrol --site {site} --camera {camera}"',
            ),
            style="bold yellow",
            markup=False,
        )
        return
    language = current_language()
    route, why = ROUTE_WORDS[examined.route].in_language(language), examined.why.in_language(language)
    console.print(say(f"Route : {route} ({why})", f"Route: {route} ({why})"), markup=False)
    if not examined.found.holds:
        told = say("NE TIENT PAS : elle reste masquée en entier", "DOES NOT HOLD: it stays wholly masked")
        console.print(told, style="bold red", markup=False)
        return
    console.print(say("Ensuite :", "Next:"))
    console.print(f"  csu camera calibrate {camera}.points.yaml --site {site}", markup=False)
    console.print("  csu masks show --register CENTRE/masks.sqlite", markup=False)
    console.print(f"  csu masks sign --register CENTRE/masks.sqlite --camera {camera} ...", markup=False)


def summary_of(entered: Entered, examined: Examined | None) -> dict[str, Any]:
    """One camera as `--json` tells it."""
    return {
        "camera": entered.record.camera,
        "address": entered.address,
        "fingerprint": entered.fingerprint,
        "endpoint": entered.endpoint,
        "turns": entered.turns,
        "examined": examined is not None,
        "verdict": "not examined" if examined is None else "holds" if examined.found.holds else "does not hold",
        "counts": {} if examined is None else examined.found.counts,
        "failed": [] if examined is None else list(examined.failed),
        "route": Route.ENGINE.value if examined is None else examined.route.value,
    }
