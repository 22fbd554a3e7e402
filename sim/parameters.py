"""The parameters of a scenario: a value for one run, and what a sweep may draw instead. Pure.

```yaml
parameters:
  cameras: {default: 1300, sweep: 60 .. 112}       # drawn by the seed of each run of a sweep
  cut: {default: 25 min, sweep: [1 min, 25 min, 2 h]}
```
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, PlainValidator, TypeAdapter, WithJsonSchema

from csu.hal.chance import Chance
from csu.notation.fields import Strict
from csu.notation.quantities import BadQuantity, name

_END = re.compile(r"(\d{1,15})(?:\.(\d{1,6}))?\s*(\D*)", re.ASCII)


def _choices(given: object) -> str | tuple[str, ...]:
    if isinstance(given, str):
        if ".." not in given:
            return (given,)
        _ends(given)
        return given
    if isinstance(given, list) and given and all(isinstance(choice, str) for choice in given):
        return tuple(given)
    raise BadQuantity(
        "écrivez un intervalle (60 .. 112) ou une liste de valeurs",
        "write a range (60 .. 112) or a list of values",
    )


class Parameter(Strict):
    """One parameter."""

    default: str
    """What a single run takes."""
    sweep: Annotated[
        str | tuple[str, ...] | None,
        PlainValidator(_choices),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
    ] = None
    """What each run of a sweep draws from: `60 .. 112`, a list, or one value. None: the default there too."""

    def draw(self, chance: Chance) -> str:
        """A value for one run of a sweep."""
        if self.sweep is None:
            return self.default
        if isinstance(self.sweep, tuple):
            return self.sweep[chance.integer(0, len(self.sweep) - 1)]
        least, most, decimals, unit = _ends(self.sweep)
        drawn = chance.integer(least, most)
        digits = f"{drawn / 10**decimals:.{decimals}f}" if decimals else str(drawn)
        return f"{digits}{unit}" if unit.startswith("/") else f"{digits} {unit}".strip()


def _ends(text: str) -> tuple[int, int, int, str]:
    """Least and most in units of the last decimal, how many decimals, and the unit. Raises BadQuantity."""
    ends = [_END.fullmatch(part.strip()) for part in text.split("..")]
    if len(ends) == 2 and ends[0] and ends[1] and ends[0][3].strip() == ends[1][3].strip():
        decimals = max(len(end[2] or "") for end in ends if end)
        least, most = (int(end[1] + (end[2] or "").ljust(decimals, "0")) for end in ends if end)
        if least <= most:
            return least, most, decimals, ends[0][3].strip()
    raise BadQuantity(
        f"{text!r} n'est pas un intervalle : écrivez le plus petit .. le plus grand, en une unité (5 min .. 60 min)",
        f"{text!r} is no range: write the least .. the most, in one unit (5 min .. 60 min)",
    )


PARAMETERS: TypeAdapter[dict[str, Parameter]] = TypeAdapter(dict[Annotated[str, AfterValidator(name)], Parameter])
"""Reads the key `parameters`."""
