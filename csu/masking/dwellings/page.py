"""The report of an import as one HTML page: the counts, the uses with what was made of each, and a map to look at."""

from __future__ import annotations

import base64
import io

import jinja2
import shapely

from csu.hal.words import Language, Words
from csu.masking.dwellings.kept import Dwellings
from csu.masking.dwellings.tally import ImportTally

_COLOURS = {True: "#b45309", None: "#6d28d9", False: "#9ca3af"}
_LEGEND = {
    True: Words("logement", "dwelling"),
    None: Words("inconnu : masqué", "not known: masked"),
    False: Words("laissé visible", "left in sight"),
}


def import_page(dwellings: Dwellings, tally: ImportTally, seconds: float, language: Language) -> str:
    """The page, in one language, that needs nothing else."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("csu.masking.dwellings", "."), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("import.html.j2").render(
        dwellings=dwellings,
        tally=tally,
        seconds=seconds,
        language=language,
        say=lambda french, english: Words(french, english).in_language(language),
        map_png=base64.b64encode(_map(dwellings, language)).decode(),
    )


def _map(dwellings: Dwellings, language: Language) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.collections import PolyCollection
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    figure = Figure(figsize=(9, 9), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for dwelling in (False, None, True):
        rings = [building.footprint_m for building in dwellings.buildings if building.dwelling is dwelling]
        axes.add_collection(PolyCollection(rings, facecolors=_COLOURS[dwelling], edgecolors="none"))
    low_x, low_y, high_x, high_y = shapely.total_bounds(
        shapely.multipoints([corner for building in dwellings.buildings for corner in building.footprint_m])
    )
    rim = 0.02 * max(high_x - low_x, high_y - low_y, 1.0)
    axes.set_xlim(low_x - rim, high_x + rim)
    axes.set_ylim(low_y - rim, high_y + rim)
    axes.set_aspect("equal")
    axes.set_xlabel(Words("mètres vers l'est", "metres east").in_language(language))
    axes.set_ylabel(Words("mètres vers le nord", "metres north").in_language(language))
    axes.legend(
        handles=[Patch(color=_COLOURS[kind], label=_LEGEND[kind].in_language(language)) for kind in _COLOURS],
        loc="upper right",
    )
    axes.spines[["top", "right"]].set_visible(False)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=110)
    return picture.getvalue()
