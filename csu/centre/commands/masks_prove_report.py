"""The report of `csu masks prove`: one HTML file with the figures, the over-masking, the worst picture of each case."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
import matplotlib
import numpy as np
from numpy.typing import NDArray

from csu.centre.commands.report_page import write_page
from csu.hal.chance import Chance
from csu.language import current_language, say
from csu.masking.proof import FORBIDDEN, Case, Label, Proof, Sight, sight_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

matplotlib.use("svg")

_WIDTH_PX = 480
_COLOURS = {
    Label.SKY: (206, 221, 235),
    Label.GROUND: (189, 183, 173),
    Label.OTHER: (143, 150, 158),
    Label.LOW: (120, 169, 120),
    Label.DWELLING: (217, 119, 66),
    Label.ZONE: (150, 85, 165),
}
_MISSED = (255, 0, 40)
_COVER_SHARE = 0.55
"""How much of the slate of a mask lies over what is covered: enough to see both."""
_SLATE = (64, 74, 88)


@dataclass(frozen=True, slots=True)
class _Picture:
    title: str
    note: str
    png: str


def write_prove_report(proof: Proof, chance: Chance, seed: int, seconds: float, path: Path) -> Path:
    """Write the report to `path` (its directories are made). `chance`: the one it was proved with. Returns the path."""
    language = current_language()
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("csu.centre", "templates"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    html = environment.get_template("masks_prove_report.html.j2").render(
        proof=proof,
        failures=[words.in_language(language) for words in proof.failures()],
        seed=seed,
        seconds=seconds,
        say=say,
        language=language,
        pictures=[picture for case in proof.cases if (picture := _worst(proof, case, chance)) is not None],
        over_mask_plot=_encoded(_over_mask_plot(proof), "svg"),
        legend=_legend(),
    )
    return write_page(path, html)


def _worst(proof: Proof, case: Case, chance: Chance) -> _Picture | None:
    result = proof.cases[case]
    if result.worst is None:
        return None
    tally, sight = result.worst_tally, sight_of(result.worst, chance, _WIDTH_PX)
    scene = result.worst.scene
    note = say(
        f"scène {scene} : {tally.missed_px} pixels manqués, {tally.over_mask_ratio:.0%} du reste masqué en trop",
        f"scene {scene}: {tally.missed_px} pixels missed, {tally.over_mask_ratio:.0%} of the rest over-masked",
    )
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.4, 5.4 * sight.labels.shape[0] / sight.labels.shape[1]), dpi=110)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.imshow(_painted(sight), interpolation="nearest")
    axes.set_axis_off()
    return _Picture(case.words.in_language(current_language()), note, _encoded(figure, "png"))


def _painted(sight: Sight) -> NDArray[np.uint8]:
    """The truth in colours, the cover over it as a slate that lets through, what is missed in red."""
    palette = np.array([_COLOURS[label] for label in Label], np.float64)
    picture = palette[sight.labels]
    rows, columns = (np.arange(n) * sight.step_px // 16 for n in sight.labels.shape)
    covered = sight.cover.cells[np.ix_(rows, columns)]
    picture[covered] = (1 - _COVER_SHARE) * picture[covered] + _COVER_SHARE * np.array(_SLATE)
    picture[np.isin(sight.labels, FORBIDDEN) & ~covered] = _MISSED
    return picture.astype(np.uint8)


def _over_mask_plot(proof: Proof) -> Figure:
    """For each case, how the pictures that are not wholly covered spread."""
    from matplotlib.figure import Figure

    language = current_language()
    names = [
        f"{case.words.in_language(language)}\n"
        + say(
            f"{result.total.whole_pictures} sur {result.total.pictures} en entier",
            f"{result.total.whole_pictures} of {result.total.pictures} wholly",
        )
        for case, result in proof.cases.items()
    ]
    spreads = [[100 * ratio for ratio in result.over_mask_ratios] or [0.0] for result in proof.cases.values()]
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    axes = figure.add_subplot()
    axes.boxplot(spreads, orientation="horizontal", showfliers=False, widths=0.55, whis=(5, 95))
    axes.set_yticklabels(names)
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel(
        say(
            "part masquée en trop de ce qui peut être vu (%) : médiane, quartiles, 5 et 95 %",
            "over-masked share of what may be seen (%): median, quartiles, 5 and 95 %",
        )
    )
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _encoded(figure: Figure, kind: str) -> str:
    written = io.BytesIO()
    figure.savefig(written, format=kind)
    return base64.b64encode(written.getvalue()).decode()


def _legend() -> list[tuple[str, str]]:
    """(colour, what it is)."""
    names = {
        Label.DWELLING: say("logement, interdit", "dwelling, forbidden"),
        Label.ZONE: say("intérieur ou entrée, interdit", "interior or entrance, forbidden"),
        Label.LOW: say("logement, sous 2,5 m", "dwelling, below 2.5 m"),
        Label.OTHER: say("autre bâtiment", "another building"),
        Label.GROUND: say("sol", "ground"),
        Label.SKY: say("ciel", "sky"),
    }
    shown = [(_hex(_COLOURS[label]), name) for label, name in names.items()]
    return [*shown, (_hex(_SLATE), say("masque", "mask")), (_hex(_MISSED), say("manqué", "missed"))]


def _hex(colour: tuple[int, int, int]) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour)
