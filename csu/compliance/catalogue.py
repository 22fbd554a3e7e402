"""The rules csu answers for, read from `requirements.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_DATA_FILE = "requirements.toml"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One rule: its id (`AUD-1`), family (`AUD`) and one line of sense in both languages."""

    id: str
    family: str
    title_fr: str
    title_en: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All rules, in the order of the file. `families`: (French, English) name of each."""

    requirements: tuple[Requirement, ...]
    families: dict[str, tuple[str, str]]

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(each.id for each in self.requirements)


@cache
def load_requirements() -> Catalogue:
    """The catalogue this version of csu was built with. TOML itself refuses an id given twice."""
    data = tomllib.loads(files(__package__).joinpath(_DATA_FILE).read_text(encoding="utf-8"))
    families = {family: (names["fr"], names["en"]) for family, names in data["families"].items()}
    requirements = tuple(
        Requirement(each, each.partition("-")[0], titles["fr"], titles["en"])
        for each, titles in data["requirements"].items()
    )
    homeless = [each.id for each in requirements if each.family not in families]
    if homeless:
        raise ValueError(f"{_DATA_FILE}: {', '.join(homeless)}: no such family")
    return Catalogue(requirements, families)
