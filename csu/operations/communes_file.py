"""What no order says of the communes, as people write it: names, controllers, contacts, inhabitants, a year's cost.

One YAML file in the directory of a centre (`communes.yaml`). It gives no right: what may be filmed, the orders say.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationError

from csu.hal.camera import CommuneId
from csu.hal.words import Words
from csu.notation import BadQuantity, FileKind, FileRefused, explain, read_text
from csu.notation.fields import Count, Strict
from csu.operations.cost_shares import CostKey

FILE_NAME = "communes.yaml"
KIND = FileKind(
    Words("le fichier des communes", "the file of communes"),
    Words("un fichier de communes", "a file of communes"),
    "centre, dpo, communes",
)
_CENTS_PER_EURO = 100


def _cents(text: object) -> int:
    """`1 250 000 EUR` or `1250000.50 EUR`, in cents. Raises BadQuantity."""
    said = "".join(str(text).replace("\u00a0", "").replace("\u202f", "").split())
    number, euro, unit = said.partition("EUR")
    whole, point, cents = number.replace(",", ".").partition(".")
    is_money = bool(euro) and not unit and whole.isdecimal() and len(whole) <= 12
    if not is_money or (point and not (cents.isdecimal() and len(cents) <= 2)):
        raise BadQuantity(
            f"{text!r} n'est pas un montant : écrivez par exemple 1 250 000 EUR",
            f"{text!r} is no amount: write for example 1 250 000 EUR",
        )
    return int(whole) * _CENTS_PER_EURO + int((cents or "0").ljust(2, "0"))


Line = Annotated[str, Field(min_length=1, max_length=300)]
Cents = Annotated[int, BeforeValidator(_cents)]


class DpoSpec(Strict):
    """Whom a filmed person writes to about what is kept of him."""

    name: Line
    contact: Line


class CostsSpec(Strict):
    """What a year costs, and by which key of the conventions it is shared."""

    year: Annotated[Count, Field(ge=2000, le=2200)]
    amount: Cents
    key: CostKey


class CommuneSpec(Strict):
    """One commune. `controller`: who answers for its processing (COM-5); `contact`: where a person writes."""

    name: Line
    controller: Line
    contact: Line
    inhabitants: Count | None = None


class CommunesFile(Strict):
    """The whole file."""

    centre: Line
    dpo: DpoSpec
    costs: CostsSpec | None = None
    communes: Mapping[str, CommuneSpec]

    def of(self, commune: CommuneId) -> CommuneSpec | None:
        """What it says of one commune; None: nothing."""
        return self.communes.get(commune)


def read_communes(path: Path) -> CommunesFile:
    """Raises FileRefused with every fault, line and column; BadInput for a file that cannot be read."""
    _, text = read_text(path, KIND)
    if text.faults:
        raise FileRefused(path, text)
    try:
        said = CommunesFile.model_validate(text.data)
    except ValidationError as error:
        explain(error, CommunesFile, text)
        raise FileRefused(path, text) from error
    costs = said.costs
    if costs is not None and costs.key is CostKey.INHABITANTS:
        for commune, spec in said.communes.items():
            if spec.inhabitants is None:
                what = Words(
                    "il manque ses habitants : le coût est partagé par eux",
                    "its inhabitants are missing: the cost is shared by them",
                )
                text.refuse(("communes", commune), what, of_key=True)
        if text.faults:
            raise FileRefused(path, text)
    return said
