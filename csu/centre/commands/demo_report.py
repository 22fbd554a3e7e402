"""The report of a demonstration: one HTML file with the wall, the figures and the latencies, for a person to open."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import jinja2
import matplotlib

from csu.centre.commands.demonstration import DemoResult
from csu.centre.commands.report_page import write_page
from csu.language import current_language, say

matplotlib.use("svg")


def write_demo_report(result: DemoResult, path: Path) -> Path:
    """Write the report to `path` (its directories are made). Returns the path."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("csu.centre", "templates"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    html = environment.get_template("demo_report.html.j2").render(
        result=result,
        say=say,
        language=current_language(),
        wall_picture=base64.b64encode(result.wall_png).decode(),
        sheet_picture=base64.b64encode(result.sheet_png).decode() if result.sheet_png else None,
        latency_plot=base64.b64encode(_latency_plot(result.wall.latencies_ms)).decode(),
    )
    return write_page(path, html)


def _latency_plot(latencies_ms: tuple[float, ...]) -> bytes:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 2.6), layout="constrained")
    axes = figure.add_subplot()
    axes.hist(latencies_ms, bins=40, color="#2b6cb0")
    axes.set_xlabel(say("de la capture aux pixels du mur (ms)", "capture to the pixels of the wall (ms)"))
    axes.set_ylabel(say("images", "pictures"))
    axes.spines[["top", "right"]].set_visible(False)
    picture = io.BytesIO()
    figure.savefig(picture, format="svg")
    return picture.getvalue()
