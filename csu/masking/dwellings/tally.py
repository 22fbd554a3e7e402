"""What an import found, counted for the person who will sign the masks made of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from csu.hal.words import Language, Words

USES_MAX = 100
"""Different uses told one by one; what comes after is counted together."""


@dataclass(frozen=True, slots=True)
class UseCount:
    """How many buildings carry one value of use, and what was made of it."""

    told: str
    buildings: int
    dwelling: bool | None
    why: Words


@dataclass(frozen=True, slots=True)
class ImportTally:
    """Counts of one import. A building that counts as a dwelling is masked; an unknown use counts as one."""

    layout: str
    crs: str
    features: int
    buildings: int
    dwellings: int
    """Told as such by the source."""
    not_dwellings: int
    unknown_use: int
    unknown_height: int
    unknown_ground: int
    roofs_added: int
    """The height told ends at the gutter: a roof was added."""
    holes_filled: int
    """Courtyards: the masks take the footprint as full."""
    split: int
    """Features of several parts, each a building of its own."""
    largest_reach_m: float
    """From the origin to the corner that is furthest."""
    uses: tuple[UseCount, ...]
    """Most frequent first."""

    @property
    def masked(self) -> int:
        """Buildings that the masks hide."""
        return self.buildings - self.not_dwellings

    def as_json(self, language: Language) -> dict[str, object]:
        """The counts as plain values, the reasons in one language."""
        told = {name: value for name, value in asdict(self).items() if name != "uses"}
        uses = [
            {
                "use": use.told,
                "buildings": use.buildings,
                "dwelling": use.dwelling,
                "masked": use.dwelling is not False,
                "why": use.why.in_language(language),
            }
            for use in self.uses
        ]
        return {**told, "masked": self.masked, "uses": uses}

    def lines(self) -> tuple[tuple[Words, int], ...]:
        """The counts as a person reads them."""
        return (
            (Words("objets lus", "features read"), self.features),
            (Words("bâtiments", "buildings"), self.buildings),
            (Words("masqués", "masked"), self.masked),
            (Words("  logements, selon la source", "  dwellings, by the source"), self.dwellings),
            (Words("  usage inconnu : compte pour un logement", "  use not known: counts as one"), self.unknown_use),
            (Words("laissés visibles : personne n'y habite", "left in sight: nobody lives there"), self.not_dwellings),
            (Words("hauteur inconnue : sans limite", "height not known: no limit"), self.unknown_height),
            (
                Words("sol inconnu : masqués du pied au ciel", "ground not known: masked from foot to sky"),
                self.unknown_ground,
            ),
            (
                Words("hauteur à la gouttière : toit ajouté", "height to the gutter: roof added"),
                self.roofs_added,
            ),
            (Words("cours intérieures comblées", "courtyards filled"), self.holes_filled),
            (Words("objets de plusieurs parties, séparées", "features of several parts, split"), self.split),
        )
