"""What the oracles look at, and how they tell what they found, under the numbers of the invariants (`INVARIANTS`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.words import Words
from sim.city import City, Commune
from sim.cohort import CohortCamera
from sim.intervals import Interval, difference, length_ns
from sim.judgement import TOLD_MAX, Judgement
from sim.media_node import CohortMediaNode
from sim.panels import REPEAT_AFTER_NS
from sim.served import Epoch, closed_times
from sim.witness import Witness


@dataclass(frozen=True, slots=True)
class Slack:
    """How far real footage may be from what closed forms say of it."""

    early_ns: Nanoseconds = 0
    """What an outage may take with it of the time before."""
    late_ns: Nanoseconds = 0
    """How long after an outage it may take to record again."""
    brief_ns: Nanoseconds = 0
    """A shorter silence may be one long picture: pictures are told as lost, and the segment goes on over them."""
    waits_ns: Nanoseconds = 0
    """How long a picture waits for its pose: an account taken meanwhile tells a gap that much too long."""
    loose: tuple[Interval, ...] = ()
    """When its pictures may be dated wrongly, or be missing for a moment."""


NO_SLACK = Slack()


@dataclass(frozen=True, slots=True)
class Stage:
    """What the oracles look at. [begins_ns, ends_ns): the run."""

    city: City
    nodes: Mapping[str, CohortMediaNode]
    witness: Witness
    begins_ns: Nanoseconds
    ends_ns: Nanoseconds
    downtimes: Sequence[Interval] = ()
    """When the centre's own machine was down: no panel and no person could reach it."""
    slack: Mapping[CameraId, Slack] = field(default_factory=dict)
    """Of cameras whose footage is real."""

    def slack_of(self, camera: CameraId) -> Slack:
        """How far what is recorded of it may be from what the scenario declares."""
        return self.slack.get(camera, NO_SLACK)

    def down_ns(self, from_ns: Nanoseconds, to_ns: Nanoseconds) -> Nanoseconds:
        """How long of [from_ns, to_ns) it was down, with what panels take to say again what was not heard."""
        down = [(start_ns, end_ns + REPEAT_AFTER_NS) for start_ns, end_ns in self.downtimes]
        span = [(from_ns, to_ns)]
        return length_ns(span) - length_ns(difference(span, down))

    def each_camera(self) -> Iterable[tuple[Commune, CohortCamera, Sequence[Epoch]]]:
        for commune in self.city.communes:
            history = self.nodes[commune.node].history
            for camera in commune.cameras:
                yield commune, camera, history

    def closed(self, camera: CohortCamera, history: Sequence[Epoch]) -> tuple[Interval, ...]:
        """When no node was to film this camera: no order let it be recorded."""
        return closed_times(camera.camera, history, self.begins_ns, self.ends_ns)


def judged(
    name: str,
    told: Sequence[Words],
    cases: int,
    worst: float | None = None,
    unit: str = "wrong",
    limit: float = 0,
    *,
    cases_least: int = 1,
) -> Judgement:
    """`told`: one line for each violation. `worst`: None: how many there are.

    `cases_least`: 0 where one run need not have a case; over a set of runs each invariant must have some (25).
    """
    found = float(len(told)) if worst is None else worst
    return Judgement(name, SAID[name], cases, len(told), found, unit, limit, some(told), cases_least, INVARIANTS[name])


def some(told: Sequence[Words]) -> tuple[Words, ...]:
    """The first of them, and how many more there are."""
    more = len(told) - TOLD_MAX
    return (*told[:TOLD_MAX], *((Words(f"et {more} de plus", f"and {more} more"),) if more > 0 else ()))


def within(start_ns: Nanoseconds, end_ns: Nanoseconds, stage: Stage) -> tuple[Nanoseconds, Nanoseconds]:
    """The part of an interval that lies in the run."""
    return max(start_ns, stage.begins_ns), min(end_ns, stage.ends_ns)


INVARIANTS: dict[str, int] = {
    "mask_epoch": 1,
    "pixels_masked": 1,
    "ptz_blanks_first": 2,
    "turning_pixels_masked": 2,
    "nothing_too_old": 3,
    "nothing_too_young_destroyed": 4,
    "held_is_kept": 5,
    "missing_explained": 6,
    "orders_obeyed": 6,
    "analysed_by_order": 6,
    "manifests_once": 7,
    "catalogue_answers": 7,
    "catalogue_is_the_disk": 7,
    "alarms_shown": 8,
    "alarms_taken": 9,
    "alarms_kept": 10,
    "two_watch": 11,
    "replay_refused": 12,
    "export_by_two": 13,
    "journal_unbroken": 14,
    "journaled_before": 15,
    "camera_down_shown": 16,
    "all_well_at_the_end": 17,
    "clock_error_told": 18,
    "disk_never_full_unsaid": 19,
    "calls_once_in_order": 20,
    "communes_apart": 21,
    "wall_permitted": 6,
    "wall_alarms": 8,
    "wall_spots": 8,
    "wall_steady": 22,
    "bounded": 22,
    "reconnects_bounded": 23,
    "same_again": 24,
    "all_reached": 25,
}
"""The number of each invariant, by the name of its oracle; some have several. 24 and 25: judged over a set of runs."""

SAID: dict[str, Words] = {
    "mask_epoch": Words(
        "Aucune image n'est d'un masque périmé (ici : le seul numéro de masque, pas les pixels)",
        "No picture has a stale mask (here: its mask-epoch tag only, no pixels)",
    ),
    "ptz_blanks_first": Words(
        "Une caméra qui tourne est masquée avant (ici : l'ordre des faits, pas les pixels)",
        "A camera that turns is masked first (here: the order of events, no pixels)",
    ),
    "pixels_masked": Words(
        "Aucun pixel interdit ne sort : images masquées, et images relues sur le disque",
        "No forbidden pixel leaves: masked pictures, and pictures read back from the disk",
    ),
    "turning_pixels_masked": Words(
        "Aucun pixel interdit d'une caméra qui vient de tourner", "No forbidden pixel of a camera that has just turned"
    ),
    "nothing_too_old": Words("Rien d'échu n'est lisible", "Nothing expired can be read"),
    "nothing_too_young_destroyed": Words("Rien n'est détruit avant son jour", "Nothing is destroyed before its day"),
    "held_is_kept": Words("Ce qui est gelé ou verrouillé n'est pas détruit", "What is held or locked is not destroyed"),
    "missing_explained": Words("Chaque seconde manquante a sa cause", "Each missing second has its cause"),
    "orders_obeyed": Words("Nul n'est filmé sans arrêté", "Nobody is filmed without an order"),
    "analysed_by_order": Words(
        "Aucune image n'est analysée hors d'un arrêté", "No picture is analysed outside an order"
    ),
    "manifests_once": Words("Chaque compte rendu est pris une seule fois", "Each manifest is taken exactly once"),
    "catalogue_answers": Words("Le catalogue rend tout ce qu'il a reçu", "The catalogue gives back all it was given"),
    "catalogue_is_the_disk": Words("Le catalogue dit ce qui est sur disque", "The catalogue says what is on disk"),
    "alarms_shown": Words("Une alarme se montre à temps", "An alarm shows in time"),
    "alarms_taken": Words("Chaque alarme est prise ou remontée", "Each alarm is taken or escalated"),
    "alarms_kept": Words("Une alarme acquittée est sur disque", "An acknowledged alarm is on disk"),
    "two_watch": Words("Moins de deux en poste : alerte d'une minute", "Fewer than two on watch: an alert in a minute"),
    "replay_refused": Words(
        "La relecture est refusée à qui n'y a pas droit, et consignée",
        "Replay is refused to whoever may not, and written down",
    ),
    "export_by_two": Words(
        "Une copie veut deux personnes et un dossier", "An export takes two persons and a case number"
    ),
    "journal_unbroken": Words("Le journal est entier et ancré ailleurs", "The journal is whole and anchored elsewhere"),
    "journaled_before": Words(
        "Toute image du passé ou en direct est journalisée avant son premier octet",
        "Each access to pictures is in the journal before its first byte",
    ),
    "camera_down_shown": Words("Une caméra muette se voit", "A silent camera shows"),
    "all_well_at_the_end": Words("Tout est rétabli à la fin", "All is well at the end"),
    "clock_error_told": Words("Une horloge fausse de 2 s est signalée", "A clock wrong by 2 s is told"),
    "disk_never_full_unsaid": Words(
        "Un disque au-delà de sa marque est signalé", "A disk above its mark is told, and never full unsaid"
    ),
    "calls_once_in_order": Words(
        "La police est appelée une fois, dans l'ordre", "The police are called once, in order"
    ),
    "communes_apart": Words("Aucune commune ne voit celles d'une autre", "No commune sees another's cameras"),
    "wall_permitted": Words("Le mur ne montre que ce qui peut être vu", "The wall shows only what may be watched"),
    "wall_alarms": Words("Chaque alarme est au mur, ou comptée", "Each alarm is on the wall, or counted"),
    "wall_spots": Words(
        "Une alarme a son emplacement en 2 s dès qu'il y en a un", "An alarm has a spot within 2 s of there being one"
    ),
    "wall_steady": Words("Le mur ne papillote pas", "The wall does not flicker"),
    "bounded": Words("Files, tâches et mémoire restent bornées", "Queues, tasks and memory stay bounded"),
    "reconnects_bounded": Words("Les reconnexions ne s'emballent pas", "Reconnections do not run away"),
    "same_again": Words("La même graine donne la même course", "The same seed gives the same run"),
    "all_reached": Words("Chaque panne et point de faute a eu lieu", "Each fault and fault point was reached"),
}
"""What each oracle sees to, for people."""
