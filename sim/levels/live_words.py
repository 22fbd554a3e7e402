"""What of a scenario can be played at level L2, over real sockets in real time; and all that cannot, with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from csu.hal.clock import NS_PER_MINUTE
from csu.hal.words import Words
from csu.notation import KeyPath, read_text
from sim.expectations import Expectation, Finally, Whenever
from sim.fault_words import FaultKind, kind_of
from sim.levels.words import MASK_ABOVE_M_MAX
from sim.scenario import Scenario
from sim.scenario_file import ScenarioFile, ScenarioRefused
from sim.scenario_text import SCENARIO

LEVEL = "L2"
LIVE_CAMERAS_MAX = 8
LIVE_DURATION_MAX_NS = 15 * NS_PER_MINUTE

ACTS: Mapping[FaultKind, Words] = {
    FaultKind.CAMERA_LOST: Words("plus rien ne vient, la connexion reste", "nothing more comes, the connection stays"),
    FaultKind.CAMERA_RESET: Words("TCP coupé, l'appareil absent", "TCP reset, the device away"),
    FaultKind.POWER_CUT: Words("TCP coupé, les appareils absents", "TCP reset, the devices away"),
    FaultKind.CAMERA_COVERED: Words("image couverte", "picture covered"),
    FaultKind.CAMERA_KNOCKED: Words("elle regarde ailleurs et ne le sait pas", "it looks elsewhere and does not know"),
    FaultKind.AUDIO_SWITCHED_ON: Words("une voie de son au SDP", "an audio track in its SDP"),
    FaultKind.PACKETS_LOST: Words("aucun paquet RTP ne passe", "no RTP packet passes"),
}
"""The faults that are played, and how."""

NOT_JUDGED = ("order.", "camera.closed", "camera.opened", "commune.", "people.", "population.")
"""Signals, by how their names begin, that nobody tells at L2."""
TOLD = ("alarm.", "camera.", "watch.", "node.", "manifest.", "centre.", "fault.", "story.", "police.")
MEASURED = ("coverage", "cameras.not_live", "alarms.open", "nodes.down", "calls.given_up")

_AT_ANOTHER_LEVEL = Words("Jouez-le en L0, ou ôtez-le", "Play it at L0, or take it out")
_NO_ENDPOINT = Words(
    "les appareils simulés sur le réseau ne savent pas le faire", "the simulated devices on the network cannot do it"
)
_OTHER = Words("ne se joue qu'en temps virtuel", "is played in virtual time only")


def require_live(file: ScenarioFile) -> None:
    """Raises ScenarioRefused with everything in the file that cannot be played at L2: line, word, why."""
    _, text = read_text(file.path, SCENARIO)
    for at, why in _refusals(file.scenario):
        text.refuse(at, Words(f"{why.fr} (L2)", f"{why.en} (L2)"), _AT_ANOTHER_LEVEL)
    if text.faults:
        raise ScenarioRefused(file.path, text)


def is_judged(expected: Expectation) -> bool:
    """Whether what it is about is told at L2."""
    if isinstance(expected, Finally):
        return expected.measure in MEASURED
    names = [expected.signal.name, *(expected.then if isinstance(expected, Whenever) else ())]
    return all(name.startswith(TOLD) and not name.startswith(NOT_JUDGED) for name in names)


def _refusals(scenario: Scenario) -> Iterator[tuple[KeyPath, Words]]:
    city = scenario.city
    if city.cameras > LIVE_CAMERAS_MAX:
        yield (
            ("city", "cameras"),
            Words(f"au plus {LIVE_CAMERAS_MAX} caméras réelles", f"at most {LIVE_CAMERAS_MAX} real cameras"),
        )
    if scenario.duration > LIVE_DURATION_MAX_NS:
        most = f"{LIVE_DURATION_MAX_NS // NS_PER_MINUTE} min"
        yield ("duration",), Words(f"au plus {most} de temps réel", f"at most {most} of real time")
    if scenario.doctrine.mask_above > MASK_ABOVE_M_MAX:
        metres = f"{MASK_ABOVE_M_MAX:g} m"
        yield ("doctrine", "mask_above"), Words(f"la rue se juge dès {metres}", f"the street judges from {metres} up")
    if scenario.past is not None:
        yield ("past",), Words(f"past {_OTHER.fr}", f"past {_OTHER.en}")
    if scenario.authorisations:
        yield ("authorisations",), Words(f"authorisations {_OTHER.fr}", f"authorisations {_OTHER.en}")
    for key in ("room_empty", "shifts"):
        if getattr(scenario.people, key):
            yield ("people", key), Words(f"{key} {_OTHER.fr}", f"{key} {_OTHER.en}")
    for part, lines in (("story", scenario.story), ("faults", scenario.faults)):
        for index, line in enumerate(lines):
            kind = kind_of(line)
            if kind in ACTS:
                continue
            why = _NO_ENDPOINT if kind is not None else _OTHER
            yield (part, index, "kind"), Words(f"{line.kind} : {why.fr}", f"{line.kind}: {why.en}")
