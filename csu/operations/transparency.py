"""What a commune tells everybody of its cameras (R253-3, DPO-1): one value, from which the page is written. Pure.

It holds nothing that moves by the hour, nothing of the state of a camera, and no place: how many cameras, for which
purposes, under which orders. Where they stand the orders say, as exactly as the prefect published them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from csu.governance import (
    Authorisation,
    AuthorisationRegister,
    InterruptionKind,
    Purpose,
    ServiceLevel,
    day_in_paris,
)
from csu.governance.signs import Sign
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import Nanoseconds
from csu.operations.communes_file import CommunesFile


@dataclass(frozen=True, slots=True)
class PublicOrder:
    """A prefect's order that governs cameras of the commune today."""

    number: str
    ordered_on: date
    valid_from: date
    end_day: date
    """The first day it no longer holds."""
    cameras: int
    purposes: tuple[Purpose, ...]
    retention_days: int
    interrupted: InterruptionKind | None


@dataclass(frozen=True, slots=True)
class PublicAgreement:
    """The convention by which the commune lets the centre film it."""

    reference: str
    from_day: date
    ends_on: date
    level: ServiceLevel


@dataclass(frozen=True, slots=True)
class PublicCommune:
    """One commune's page. Empty texts: nobody wrote them down yet, and the page says so."""

    commune: CommuneId
    name: str
    centre: str
    controller: str
    contact: str
    dpo_name: str
    dpo_contact: str
    as_of: date
    cameras: int
    """That an order covers today."""
    by_purpose: tuple[tuple[Purpose, int], ...]
    retention_days_max: int | None
    """Of the orders that hold today; None: none does."""
    orders: tuple[PublicOrder, ...]
    agreements: tuple[PublicAgreement, ...]
    signs: tuple[Sign, ...]
    """Of the register of signs. Which cameras each announces is not published."""
    unannounced: int
    """Cameras that an order covers today and no sign announces."""

    @property
    def is_complete(self) -> bool:
        """Whether R253-3 can be kept with it: somebody answers for it, can be written to, and there are signs."""
        told = (self.controller, self.contact, self.dpo_contact)
        return all(each.strip() for each in told) and not self.unannounced


def public_commune(
    register: AuthorisationRegister,
    commune: CommuneId,
    at_ns: Nanoseconds,
    *,
    communes: CommunesFile | None,
    signs: Sequence[Sign] = (),
) -> PublicCommune:
    """By the papers that hold at that instant. `communes`: what people wrote of it; None: nothing is written."""
    spec = communes.of(commune) if communes is not None else None
    governed = governed_in(register, commune, at_ns)
    open_cameras = {camera: order for camera, order in governed.items() if order.interruption(at_ns) is None}
    by_purpose = Counter(purpose for order in open_cameras.values() for purpose in order.purposes)
    announced = {camera for sign in signs for camera in sign.cameras}
    orders = {order.number: order for order in governed.values()}
    return PublicCommune(
        commune,
        spec.name if spec is not None else commune,
        communes.centre if communes is not None else "",
        spec.controller if spec is not None else "",
        spec.contact if spec is not None else "",
        communes.dpo.name if communes is not None else "",
        communes.dpo.contact if communes is not None else "",
        day_in_paris(at_ns),
        len(open_cameras),
        tuple((purpose, by_purpose[purpose]) for purpose in Purpose if by_purpose[purpose]),
        max((order.retention_days for order in open_cameras.values()), default=None),
        tuple(_order(orders[number], governed.values(), at_ns) for number in sorted(orders)),
        agreements_of(register, commune, at_ns),
        tuple(sorted(signs, key=lambda each: each.sign)),
        len(open_cameras.keys() - announced),
    )


def governed_in(
    register: AuthorisationRegister, commune: CommuneId, at_ns: Nanoseconds
) -> dict[CameraId, Authorisation]:
    """The commune's cameras that an order governs then, interrupted or not, and which."""
    found = {}
    for known in register.facts.cameras:
        if known.commune == commune:
            order = register.governing(known.camera, at_ns)
            if order is not None:
                found[known.camera] = order
    return found


def governed_cameras(register: AuthorisationRegister, at_ns: Nanoseconds) -> Counter[CommuneId]:
    """How many cameras of each commune an order governs then."""
    known = register.facts.cameras
    return Counter(each.commune for each in known if register.governing(each.camera, at_ns) is not None)


def agreements_of(
    register: AuthorisationRegister, commune: CommuneId, at_ns: Nanoseconds
) -> tuple[PublicAgreement, ...]:
    """Its conventions that are not over, the first to begin first."""
    services = [each for each in register.facts.services if each.commune == commune]
    alive = [each for each in services if each.agreement.span.to_ns > at_ns]
    return tuple(
        PublicAgreement(each.agreement.reference, each.agreement.from_day, each.agreement.ends_on, each.level)
        for each in sorted(alive, key=lambda each: (each.agreement.from_day, each.agreement.reference))
    )


def _order(order: Authorisation, governing: Collection[Authorisation], at_ns: Nanoseconds) -> PublicOrder:
    stop = order.interruption(at_ns)
    return PublicOrder(
        order.number,
        order.ordered_on,
        order.valid_from,
        order.end_day,
        sum(each.number == order.number for each in governing),
        tuple(purpose for purpose in Purpose if purpose in order.purposes),
        order.retention_days,
        stop.kind if stop is not None else None,
    )
