"""Instants of a story as the fields of a scenario."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from csu.notation.fields import SPAN, text_schema
from sim import quantities
from sim.quantities import Instant

_AFTER = rf"[^\W\d]\w*(\s*\+\s*{SPAN})?"

When = Annotated[
    Instant,
    BeforeValidator(quantities.instant),
    text_schema(
        rf"^([DJ]\+\d+\s+)?\d?\d:\d\d(:\d\d)?$|^\+\s*{SPAN}$|^{_AFTER}$",
        "14:40",
        "J+2 14:40",
        "+40 min",
        "demonstration + 40 min",
    ),
]
AfterEvent = Annotated[
    Instant, BeforeValidator(quantities.after_event), text_schema(rf"^{_AFTER}$", "demonstration + 5 min")
]
