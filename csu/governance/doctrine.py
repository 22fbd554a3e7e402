"""Local doctrine: what this centre imposes on itself beyond the law. The stricter of the two layers wins."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LocalDoctrine:
    """The rules of one centre. Defaults are those the Metz centre announced in November 2023."""

    mask_above_m: float = 2.5
    """Homes are masked from the ground + this height, always (PRV-2). The law adds interiors and entrances (PRV-1)."""
    frosted: bool = False
    """What stands in the place of a home: False slate, True the same with a frost. Neither tells anything (PRV-4)."""
    retention_days_max: int = 30
    """Footage lives no longer here, whatever an order allows; the law's month and the order's days hold besides."""
    deport_minutes_max: int = 120
    """An image deport ends by itself at the latest then; to prolong it takes the chief, and a reason (OPS-4)."""
