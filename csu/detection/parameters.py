"""Parameters of the eight types: typed, with units in their names, each between two bounds. A form is drawn from them.

Defaults are those of the feasibility study (2026-11-23) where it names one, else ours [D].
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from math import isfinite
from typing import Any, TypeAlias

from csu.hal.analysis import EventType, ZoneRule
from csu.hal.errors import BadInput
from csu.hal.words import Words


class ParameterRefused(BadInput):
    """A zone's parameter has no such name, or a value that cannot be used."""


class EventTypeRefused(BadInput):
    """What was named is none of the eight types of event: nothing else may be looked for (VSA-4)."""


def _bounded(default: float, low: float, high: float, fr: str, en: str) -> Any:
    return dataclasses.field(default=default, metadata={"low": low, "high": high, "words": Words(fr, en)})


def _yes(fr: str, en: str) -> Any:
    return dataclasses.field(default=True, metadata={"low": 0.0, "high": 1.0, "words": Words(fr, en)})


@dataclass(frozen=True, slots=True)
class RestrictedZoneParameters:
    """Somebody, or a vehicle, stands or goes where nobody may."""

    dwell_s: float = _bounded(1.0, 0.2, 60.0, "durée de présence", "how long it is there")
    inside_share: float = _bounded(
        0.9, 0.5, 1.0, "part des images où son pied est dans la zone", "share of pictures with its foot in the zone"
    )
    clear_s: float = _bounded(3.0, 0.5, 120.0, "terminé après une absence de", "over when absent for")
    persons: bool = _yes("pour les personnes", "for persons")
    vehicles: bool = _yes("pour les véhicules", "for vehicles")


@dataclass(frozen=True, slots=True)
class WrongWayParameters:
    """Somebody, or a vehicle, goes against the common direction of a lane."""

    person_speed_m_s: float = _bounded(
        0.5, 0.3, 5.0, "vitesse à contresens d'une personne", "a person's speed against the lane"
    )
    vehicle_speed_m_s: float = _bounded(
        2.0, 0.5, 30.0, "vitesse à contresens d'un véhicule", "a vehicle's speed against the lane"
    )
    duration_s: float = _bounded(1.2, 0.4, 30.0, "pendant au moins", "for at least")
    person_distance_m: float = _bounded(1.2, 0.5, 50.0, "chemin fait par une personne", "way made by a person")
    vehicle_distance_m: float = _bounded(5.0, 1.0, 200.0, "chemin fait par un véhicule", "way made by a vehicle")
    angle_deg: float = _bounded(
        45.0, 10.0, 80.0, "écart permis avec la direction opposée", "how far from the opposite direction"
    )
    clear_s: float = _bounded(3.0, 0.5, 120.0, "terminé après une absence de", "over when absent for")
    persons: bool = _yes("pour les personnes", "for persons")
    vehicles: bool = _yes("pour les véhicules", "for vehicles")


@dataclass(frozen=True, slots=True)
class AbandonedObjectParameters:
    """A thing was put down, and whoever put it down has gone."""

    age_s: float = _bounded(60.0, 5.0, 3600.0, "âge de l'objet", "age of the object")
    owner_distance_m: float = _bounded(3.0, 1.0, 30.0, "personne à moins de", "nobody nearer than")
    owner_away_s: float = _bounded(30.0, 2.0, 1800.0, "pendant au moins", "for at least")
    size_min_m: float = _bounded(0.15, 0.1, 0.9, "taille minimale", "smallest size")
    size_max_m: float = _bounded(2.0, 1.0, 3.0, "taille maximale", "largest size")
    clear_s: float = _bounded(10.0, 1.0, 600.0, "terminé après une absence de", "over when absent for")


@dataclass(frozen=True, slots=True)
class PersonDownParameters:
    """Somebody who stood lies on the ground."""

    upright_s: float = _bounded(1.0, 0.4, 10.0, "debout auparavant pendant", "upright before for")
    down_s: float = _bounded(1.5, 0.5, 60.0, "au sol pendant", "on the ground for")
    within_s: float = _bounded(3.0, 1.0, 20.0, "délai entre debout et au sol", "between upright and on the ground")
    width_per_height: float = _bounded(1.1, 0.8, 3.0, "largeur sur hauteur au sol", "width over height when down")
    height_share: float = _bounded(
        0.75, 0.2, 0.9, "hauteur au sol, en part de la taille debout", "height when down, of the upright height"
    )
    clear_s: float = _bounded(5.0, 1.0, 120.0, "terminé après une absence de", "over when absent for")


@dataclass(frozen=True, slots=True)
class CrowdMovementParameters:
    """Many people run, in one direction or apart."""

    people: float = _bounded(8.0, 4.0, 200.0, "personnes dans la zone", "people in the zone")
    speed_m_s: float = _bounded(2.5, 1.0, 6.0, "vitesse moyenne", "mean speed")
    coherence: float = _bounded(0.7, 0.3, 0.99, "accord des directions", "agreement of directions")
    rise: float = _bounded(
        3.0, 1.5, 20.0, "sans accord : mouvement, en multiple de l'habituel", "without it: movement, times the usual"
    )
    duration_s: float = _bounded(1.0, 0.4, 30.0, "pendant au moins", "for at least")
    clear_s: float = _bounded(10.0, 1.0, 600.0, "terminé après une absence de", "over when absent for")


@dataclass(frozen=True, slots=True)
class CrowdDensityParameters:
    """Too many people on too little ground."""

    people_per_m2: float = _bounded(3.0, 0.5, 7.0, "personnes par m²", "people per m²")
    duration_s: float = _bounded(10.0, 1.0, 600.0, "pendant au moins", "for at least")
    dense_per_m2: float = _bounded(
        2.0, 0.5, 4.0, "au-delà, compter aussi par la surface occupée", "above, count by the covered ground too"
    )
    clear_s: float = _bounded(20.0, 1.0, 600.0, "terminé après une absence de", "over when absent for")


@dataclass(frozen=True, slots=True)
class FireStartParameters:
    """A bright orange region that grows and flickers where nobody is. A candidate only: lamps look like it."""

    duration_s: float = _bounded(3.0, 1.0, 60.0, "pendant au moins", "for at least")
    growth: float = _bounded(1.3, 1.05, 10.0, "croissance de la surface", "growth of its area")
    area_share: float = _bounded(
        0.0005, 0.0001, 0.2, "surface minimale, en part de l'image", "smallest area, of the picture"
    )
    flicker_hz_min: float = _bounded(2.0, 0.5, 5.0, "scintillement, au moins (Hz)", "flicker, at least (Hz)")
    flicker_hz_max: float = _bounded(12.0, 5.0, 20.0, "scintillement, au plus (Hz)", "flicker, at most (Hz)")
    clear_s: float = _bounded(30.0, 1.0, 600.0, "terminé après une absence de", "over when absent for")


@dataclass(frozen=True, slots=True)
class WeaponParameters:
    """None: there is nothing that could find one."""


Parameters: TypeAlias = (
    RestrictedZoneParameters
    | WrongWayParameters
    | AbandonedObjectParameters
    | PersonDownParameters
    | CrowdMovementParameters
    | CrowdDensityParameters
    | FireStartParameters
    | WeaponParameters
)

_OF: dict[EventType, type[Parameters]] = {
    EventType.ABANDONED_OBJECT: AbandonedObjectParameters,
    EventType.WEAPON: WeaponParameters,
    EventType.WRONG_WAY: WrongWayParameters,
    EventType.RESTRICTED_ZONE: RestrictedZoneParameters,
    EventType.PERSON_DOWN: PersonDownParameters,
    EventType.CROWD_MOVEMENT: CrowdMovementParameters,
    EventType.CROWD_DENSITY: CrowdDensityParameters,
    EventType.FIRE_START: FireStartParameters,
}
_WHOLE = {"people"}


@dataclass(frozen=True, slots=True)
class ParameterField:
    """One line of a form. A value is refused below `low` and above `high`; both are allowed."""

    name: str
    """Its end is its unit: `_s`, `_m`, `_m_s`, `_m2` (each), `_deg`, `_hz`; otherwise a number without one."""
    words: Words
    default: float
    low: float
    high: float
    is_yes_or_no: bool = False
    """1 or 0 only."""
    is_whole: bool = False


def event_type_named(name: str) -> EventType:
    """One of the eight by its name. Raises EventTypeRefused for anything else."""
    try:
        return EventType(name)
    except ValueError:
        raise EventTypeRefused(
            Words(
                "ce n'est aucun des huit types d'événement permis", "this is none of the eight types that are permitted"
            ),
            where=str(name)[:40],
            what_to_do=Words.same(", ".join(EventType)),
        ) from None


def describe(type_: EventType) -> tuple[ParameterField, ...]:
    """The form of a type, in the order in which people fill it in. Empty for WEAPON."""
    return tuple(_field(each) for each in dataclasses.fields(_OF[event_type_named(type_)]))


def parameters_of(rule: ZoneRule) -> Parameters:
    """The typed parameters of a rule. Raises ParameterRefused (a name that is none or twice, a value that cannot be),
    EventTypeRefused."""
    kind = _OF[event_type_named(rule.type)]
    known = {field.name: field for field in describe(rule.type)}
    given: dict[str, Any] = {}
    for name, value in rule.parameters:
        field = known.get(name)
        if field is None:
            raise _refused(
                rule,
                name,
                Words("ce réglage n'existe pas pour ce type", "this type has no such parameter"),
                Words.same(", ".join(known) or "-"),
            )
        if name in given:
            raise _refused(
                rule,
                name,
                Words("ce réglage est donné deux fois", "this parameter is given twice"),
                Words("Ne le donnez qu'une fois", "Give it once"),
            )
        given[name] = _value(rule, field, value)
    return kind(**given)


def _field(field: dataclasses.Field[Any]) -> ParameterField:
    meta, default = field.metadata, field.default
    assert isinstance(default, int | float)  # noqa: S101 - every field is made by `_bounded` or `_yes`
    return ParameterField(
        field.name,
        meta["words"],
        float(default),
        meta["low"],
        meta["high"],
        is_yes_or_no=isinstance(default, bool),
        is_whole=field.name in _WHOLE,
    )


def _value(rule: ZoneRule, field: ParameterField, value: object) -> float | bool:
    is_number = isinstance(value, int | float) and isfinite(value)
    if not is_number or not field.low <= float(value) <= field.high:  # type: ignore[arg-type]
        raise _refused(
            rule,
            field.name,
            Words(f"{field.words.fr} : {value} est hors limites", f"{field.words.en}: {value} is out of bounds"),
            Words(f"Entre {field.low:g} et {field.high:g}", f"Between {field.low:g} and {field.high:g}"),
        )
    number = float(value)  # type: ignore[arg-type]
    if (field.is_yes_or_no or field.is_whole) and number != int(number):
        raise _refused(
            rule,
            field.name,
            Words(f"{field.words.fr} : un nombre entier est attendu", f"{field.words.en}: a whole number is expected"),
            Words(
                "Donnez 0 ou 1" if field.is_yes_or_no else "Arrondissez",
                "Give 0 or 1" if field.is_yes_or_no else "Round it",
            ),
        )
    return bool(number) if field.is_yes_or_no else number


def _refused(rule: ZoneRule, name: str, what: Words, what_to_do: Words) -> ParameterRefused:
    return ParameterRefused(what, where=f"{rule.zone.zone}/{rule.type}/{name}"[:120], what_to_do=what_to_do)
