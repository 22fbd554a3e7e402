"""Attack regression: can a person be picked out of 120 by what the mask leaves of them?

The attacker has everybody's clear picture, knows the operator, and applies it to each candidate before comparing. He
sees the very frame (with a little noise) through the mask. Gaussian blur and pixelation lose to him every time (notes
on media, section 5), which is the control: an attack that cannot win proves nothing. Against the fill he is at chance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.chance import Chance
from csu.hal.frames import MaskedFrame, YuvPlanes
from csu.hal.words import Words
from csu.masking import fill as fill_module
from csu.masking.cover import Cover, cell_shape
from csu.masking.fill import Fill
from csu.masking.proof.footage import NUMBER, PictureKind, clear_frame, street
from csu.masking.proof.noise import blocks, noise
from csu.masking.proof.pictures import recording_path

PERSONS = 120
WIDTH_PX, HEIGHT_PX = 48, 96
_AT = 64
"""Where the person stands in a picture of `_PICTURE_PX`: well within the cover, on its grid of cells."""
_WINDOW = (slice(_AT, _AT + HEIGHT_PX), slice(_AT, _AT + WIDTH_PX))
_PICTURE_PX = (192, 224)
_NOISE_LEVELS = 3

Crop = NDArray[np.uint8]
Operator = Callable[[Crop], Crop]
"""A person's luma (96, 48) -> what is left of it, of the same shape."""


_FILLS = {
    Fill.CONSTANT: Words("notre remplissage uni", "our constant fill"),
    Fill.FROSTED: Words("notre remplissage givré", "our frosted fill"),
}


@dataclass(frozen=True, slots=True)
class AttackResult:
    """How often the right one of `PERSONS` was named."""

    operator: Words
    rate: float
    must_win: bool
    """True: a control; this operator is known to fail, and the attack must show it."""

    @property
    def words(self) -> Words:
        found = f"{self.rate:.1%}"
        return Words(
            f"retrouvés à travers « {self.operator.fr} » : {found}", f"found through {self.operator.en}: {found}"
        )

    @property
    def holds(self) -> bool:
        """At chance or below for a mask of ours; well above it for a control."""
        return self.rate > 0.5 if self.must_win else self.rate <= rate_max()


def chance_rate() -> float:
    """Of naming the right one blindly."""
    return 1 / PERSONS


def rate_max() -> float:
    """Chance and three standard deviations of it, over one guess a person."""
    return chance_rate() + 3 * sqrt(chance_rate() * (1 - chance_rate()) / PERSONS)


def attack(chance: Chance) -> list[AttackResult]:
    """Every operator, the controls first."""
    persons = [_person(chance.stream(f"person/{n}")) for n in range(PERSONS)]
    noisy = [_with_noise(person, chance.stream(f"noise/{n}")) for n, person in enumerate(persons)]
    controls: dict[Words, Operator] = {Words("sans masque", "no mask"): lambda crop: crop}
    controls |= {Words(f"gaussien, sigma {sigma}", f"Gaussian, sigma {sigma}"): _gaussian(sigma) for sigma in (8, 16)}
    controls |= {Words(f"mosaïque, {n} px", f"pixelation, {n} px"): _pixelation(n) for n in (8, 16, 24)}
    results = [
        AttackResult(name, _rate([operator(crop) for crop in noisy], [operator(crop) for crop in persons]), True)
        for name, operator in controls.items()
    ]
    for fill in Fill:
        # All walk in one street: whatever differs in what is seen of them is of the person.
        seen = [_through_the_mask(crop, fill, chance.stream("street")) for crop in noisy]
        his = [_masked(crop, fill, chance.stream("street")).planes.y[_WINDOW] for crop in persons]
        rate = max(_rate(seen, persons), _rate(seen, his))  # he may compare with either
        results.append(AttackResult(_FILLS[fill], rate, must_win=False))
    return results


def _rate(seen: list[Crop], gallery: list[Crop]) -> float:
    """Share of the seen whose best match in the gallery, by normalised correlation, is the right one."""
    best = (_normalised(seen) @ _normalised(gallery).T).argmax(axis=1)
    return float((best == np.arange(len(seen))).mean())


def _normalised(crops: list[Crop]) -> NDArray[np.float64]:
    rows = np.stack([crop.ravel() for crop in crops]).astype(np.float64)
    rows -= rows.mean(axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))


def _through_the_mask(person: Crop, fill: Fill, dice: Chance) -> Crop:
    """The person in a street, masked, encoded, decoded, cut out again."""
    (shown,) = recording_path([_masked(person, fill, dice)])
    assert isinstance(shown, YuvPlanes)  # noqa: S101 - what that path gives; for mypy
    return shown.y[_WINDOW].copy()


def _masked(person: Crop, fill: Fill, dice: Chance) -> MaskedFrame:
    width, height = _PICTURE_PX
    planes = street(dice, width, height, 0, PictureKind())
    y = planes.y.copy()
    y[_WINDOW] = person
    cells = np.zeros(cell_shape(width, height), np.bool_)
    cells[2:12, 2:9] = True  # two cells more than the person on every side
    clear = clear_frame(YuvPlanes(y, planes.u, planes.v), 0)
    return fill_module.mask(clear, Cover(width, height, cells), 1, NUMBER, fill)


def _person(dice: Chance) -> Crop:
    """A walker in clothes of their own before a wall: head, coat, legs, a bag, all with some weave."""
    crop = blocks(dice, (HEIGHT_PX, WIDTH_PX), 6, 90, 150)
    x = 24 + dice.integer(-4, 4)
    coat, legs, skin, bag = (dice.integer(20, 235) for _ in range(4))
    sway = dice.integer(2, 7)
    for foot in (x - sway, x + sway):
        cv2.line(crop, (x, 52), (foot, 92), legs, dice.integer(5, 8))
    cv2.ellipse(crop, (x, 38), (dice.integer(8, 12), dice.integer(16, 20)), 0, 0, 360, coat, -1)
    stripe = dice.integer(24, 50)
    cv2.rectangle(crop, (x - 8, stripe), (x + 8, stripe + dice.integer(2, 8)), dice.integer(20, 235), -1)
    cv2.circle(crop, (x, 13), dice.integer(6, 9), skin, -1)
    cv2.rectangle(crop, (x + dice.integer(4, 10), 40), (x + 16, 40 + dice.integer(6, 20)), bag, -1)
    weave = noise(dice, crop.shape, 0, 24)
    return np.asarray(np.clip(crop.astype(np.int64) + weave - 12, 16, 235), np.uint8)


def _with_noise(crop: Crop, dice: Chance) -> Crop:
    levels = noise(dice, crop.shape, 0, 2 * _NOISE_LEVELS).astype(np.int64) - _NOISE_LEVELS
    return np.asarray(np.clip(crop + levels, 0, 255), np.uint8)


def _gaussian(sigma: int) -> Operator:
    return lambda crop: np.asarray(cv2.GaussianBlur(crop, (0, 0), sigma), np.uint8)


def _pixelation(size_px: int) -> Operator:
    def operator(crop: Crop) -> Crop:
        small = cv2.resize(crop, (WIDTH_PX // size_px, HEIGHT_PX // size_px), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_NEAREST), np.uint8)

    return operator
