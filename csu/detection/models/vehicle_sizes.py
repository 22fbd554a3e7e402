"""How large what drives is, in metres: the table by which a moving shape of known size is called a car or a bus.

Outer limits: Code de la route R312-10 and R312-11 (2.55 m wide, 12 m a lorry, 18.75 m an articulated bus or a train).
Typical sizes: makers' sheets, rounded. A van of up to six metres counts as a car, as it does in road counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from csu.hal.analysis import ObjectClass
from csu.hal.words import Words


@dataclass(frozen=True, slots=True)
class TypicalSize:
    """One row. `kind` None: people on foot, who are known in order not to be called a vehicle."""

    kind: ObjectClass | None
    name: Words
    length_m: float
    width_m: float
    height_m: float


TYPICAL_SIZES: tuple[TypicalSize, ...] = (
    TypicalSize(None, Words("piéton", "pedestrian"), 0.5, 0.5, 1.75),
    TypicalSize(None, Words("deux piétons", "two pedestrians"), 1.2, 0.6, 1.75),
    TypicalSize(None, Words("groupe de piétons", "group of pedestrians"), 2.2, 1.2, 1.75),
    TypicalSize(ObjectClass.BICYCLE, Words("cycliste", "cyclist"), 1.75, 0.6, 1.75),
    TypicalSize(ObjectClass.MOTORCYCLE, Words("motard", "motorcyclist"), 2.15, 0.8, 1.5),
    TypicalSize(ObjectClass.CAR, Words("petite voiture", "small car"), 3.7, 1.65, 1.5),
    TypicalSize(ObjectClass.CAR, Words("voiture", "car"), 4.4, 1.8, 1.5),
    TypicalSize(ObjectClass.CAR, Words("grande voiture", "large car"), 5.0, 1.9, 1.75),
    TypicalSize(ObjectClass.CAR, Words("fourgon", "van"), 5.7, 2.05, 2.4),
    TypicalSize(ObjectClass.TRUCK, Words("petit camion", "small lorry"), 7.2, 2.4, 3.3),
    TypicalSize(ObjectClass.TRUCK, Words("camion", "lorry"), 9.5, 2.5, 3.8),
    TypicalSize(ObjectClass.TRUCK, Words("semi-remorque", "articulated lorry"), 16.5, 2.55, 4.0),
    TypicalSize(ObjectClass.BUS, Words("autobus", "bus"), 12.0, 2.55, 3.1),
    TypicalSize(ObjectClass.BUS, Words("autobus articulé", "articulated bus"), 18.0, 2.55, 3.1),
)
