"""`csu camera calibrate`: from matched points to a camera's pose and its bounds."""

from __future__ import annotations

import json
import re
from contextlib import nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from csu.centre.commands.enrol import discover_command, enrol_command, fieldwork, rotate_command
from csu.centre.commands.report_page import write_page
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S
from csu.hal.errors import BadInput
from csu.hal.fieldwork import PlacedZoom, Placement
from csu.hal.place import PoseBounds
from csu.hal.words import Words
from csu.language import current_language, say
from csu.machine import SystemClock
from csu.masking.calibration import (
    Calibration,
    CameraModel,
    Survey,
    calibrate,
    calibration_page,
    read_picture,
    read_survey,
    read_table,
    residual_rows,
    save_model,
)
from csu.masking.dwellings import Dwellings, load_buildings

EXIT_TOO_POOR = 1
MASKS = Path("var/masks")
DRAWN_REACH_M = 300.0
"""Buildings drawn over the picture."""

app = typer.Typer(help=say("Les caméras.", "The cameras."), no_args_is_help=True, rich_markup_mode=None)


app.command("discover", help=say("Qui répond sur le réseau des caméras.", "Who answers on the cameras' network."))(
    discover_command
)
app.command("enrol", help=say("Inscrire une caméra, et l'examiner.", "Enter a camera, and examine it."))(enrol_command)
app.command("rotate", help=say("Changer les comptes des caméras.", "Change the accounts of cameras."))(rotate_command)


@app.command("calibrate", help=say("Caler une caméra sur la carte.", "Fit a camera to the map."))
def calibrate_command(
    points: Annotated[
        Path,
        typer.Argument(
            help=say(
                "relevé : points de l'image et de la carte (YAML, JSON ou CSV), 8 ou plus, 6 au moins",
                "survey: points of the picture and of the map (YAML, JSON or CSV), 8 or more, 6 at least",
            )
        ),
    ],
    buildings: Annotated[
        Path | None, typer.Option(help=say("bâtiments importés, à dessiner", "imported buildings, to be drawn"))
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help=say("l'image où l'on a cliqué", "the picture that was clicked on"))
    ] = None,
    camera: Annotated[str | None, typer.Option(help=say("CSV : la caméra", "CSV: the camera"))] = None,
    picture_px: Annotated[
        tuple[int, int] | None, typer.Option(help=say("CSV : taille de l'image", "CSV: size of the picture"))
    ] = None,
    position: Annotated[
        tuple[float, float, float] | None,
        typer.Option(help=say("CSV : place de la caméra, x y z en m", "CSV: the camera's place, x y z in m")),
    ] = None,
    position_sigma: Annotated[
        float, typer.Option(min=0.01, max=50, help=say("CSV : à combien près (m)", "CSV: how sure (m)"))
    ] = 0.5,
    out: Annotated[
        Path | None, typer.Option(help=say("modèle écrit (var/masks/...)", "model written (var/masks/...)"))
    ] = None,
    report: Annotated[Path | None, typer.Option(help=say("page HTML", "HTML page"))] = None,
    site: Annotated[
        Path | None,
        typer.Option(
            "--site", help=say("l'inscrire aussi au site, si elle tient", "also enter it in the site, if usable")
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))] = False,
) -> None:
    """Exit code: 0 usable, 1 too poor to be commissioned (the model is written all the same), 2 bad input."""
    around = None if buildings is None else load_buildings(buildings)
    if points.suffix.lower() == ".csv":
        rest = _rest(camera, picture_px, position, position_sigma)
        survey = read_table(points, rest, around.frame if around else None)
    else:
        survey = read_survey(points, around.frame if around else None)
    still = None if picture is None else read_picture(picture, survey.width_px, survey.height_px)
    console = Console(stderr=True)
    told = say(f"calibration sur {len(survey.points)} points", f"calibrating on {len(survey.points)} points")
    at = datetime.fromtimestamp(SystemClock().now_ns() / NS_PER_S, UTC).isoformat(timespec="seconds")
    with console.status(told) if console.is_terminal else nullcontext():
        found = calibrate(survey, at)
    written = out or MASKS / f"{_slug(survey.camera)}.camera.json"
    page = report or written.with_suffix(".html")
    save_model(found.model, written)
    if site is not None and not found.too_poor:
        fieldwork().open(site).place(CameraId(found.model.camera), placement_of(found.model, ptz=survey.ptz))
    write_page(page, calibration_page(found, current_language(), _near(around, survey), still))
    if as_json:
        print(json.dumps(_summary(found, written, page), ensure_ascii=False))
    else:
        _show(found, written, page)
    if found.too_poor:
        raise typer.Exit(EXIT_TOO_POOR)


def _rest(
    camera: str | None,
    picture_px: tuple[int, int] | None,
    position: tuple[float, float, float] | None,
    position_sigma: float,
) -> dict[str, Any]:
    """What a CSV does not hold, as in a YAML survey."""
    told = {"--camera": camera, "--picture-px": picture_px, "--position": position}
    for name, value in told.items():
        if value is None:
            raise BadInput(
                Words("un CSV ne le dit pas", "a CSV does not tell it"),
                where=name,
                what_to_do=Words(f"Donnez {name}", f"Give {name}"),
            )
    return {"camera": camera, "picture_px": picture_px, "position": {"m": position, "sigma_m": position_sigma}}


def placement_of(model: CameraModel, *, ptz: bool) -> Placement:
    """What the site is told of a calibrated camera: its pose where its mount reads 0, with the widest bounds of all.

    Between two calibrated zooms the bounds are wider (`CameraModel.pose_at`), and the same all along.
    """
    between = [(low.zoom + high.zoom) / 2 for low, high in pairwise(model.zooms)]
    steps = [model.pose_at(zoom=zoom) for zoom in (*(step.zoom for step in model.zooms), *between)]
    bounds = PoseBounds(
        max(each.angle_deg for _, each in steps),
        max(each.position_m for _, each in steps),
        max(each.focal_share for _, each in steps),
        max(each.k1 for _, each in steps) + (max(step.k1 for step in model.zooms) - min(s.k1 for s in model.zooms)),
    )
    zooms = tuple(PlacedZoom(step.zoom, step.focal_px) for step in model.zooms) if ptz else ()
    return Placement(steps[0][0], bounds, zooms)


def _near(around: Dwellings | None, survey: Survey) -> tuple[Any, ...]:
    return () if around is None else around.near(survey.priors.x_m, survey.priors.y_m, DRAWN_REACH_M)


def _slug(camera: str) -> str:
    return re.sub(r"[^\w-]+", "-", camera.casefold()).strip("-") or "camera"


def _summary(found: Calibration, written: Path, page: Path) -> dict[str, Any]:
    model, language = found.model, current_language()
    name, off_px, expected_px = found.held_out
    return {
        "verdict": "does not hold" if found.too_poor else "holds",
        "too_poor": [words.in_language(language) for words in found.too_poor],
        "told": [words.in_language(language) for words in found.told],
        "camera": model.camera,
        "points": model.points,
        "left_out": found.suspect,
        "left_out_off_px": round(found.suspect_off_px, 1),
        "held_out": {"name": name, "off_px": round(off_px, 1), "expected_px_max": round(expected_px, 1)},
        "position_m": [round(value, 3) for value in (model.x_m, model.y_m, model.z_m)],
        "pan_deg": round(model.pan0_deg, 3),
        "tilt_deg": round(model.tilt0_deg, 3),
        "roll_deg": round(model.roll_deg, 3),
        "zooms": [
            {
                "zoom": step.zoom,
                "focal_px": round(step.focal_px, 1),
                "k1": round(step.k1, 4),
                "focal_off_share": round(step.focal_share, 4),
                "k1_off": round(step.k1_off, 4),
                "masks_made_with": None if step.by_effect is None else asdict(step.by_effect),
            }
            for step in model.zooms
        ],
        "angle_off_deg": round(model.angle_off_deg, 3),
        "position_off_m": round(model.position_off_m, 3),
        "widened": round(found.widened, 3),
        "margin_px": round(found.margin_px, 1),
        "residuals": residual_rows(found),
        "written": str(written),
        "report": str(page),
    }


def _show(found: Calibration, written: Path, page: Path) -> None:
    console, language, model = Console(highlight=False), current_language(), found.model
    table = Table()
    table.add_column(say("point", "point"))
    for heading in ("m", say("écart px", "left px"), say("attendu", "expected"), say("sans lui px", "without px"), "σ"):
        table.add_column(heading, justify="right")
    for row in residual_rows(found):
        names = ("distance_m", "off_px", "sigma_px", "left_out_px", "left_out_sigmas")
        table.add_row(row["name"], *(f"{row[name]}" for name in names))
    console.print(table, markup=False)
    place = f"{model.x_m:.2f} {model.y_m:.2f} {model.z_m:.2f} m ± {model.position_off_m:.2f}"
    turned = f"{model.pan0_deg:.2f}° {model.tilt0_deg:.2f}° {model.roll_deg:.2f}° ± {model.angle_off_deg:.2f}"
    console.print(say(f"place {place} ; azimut, site, roulis {turned}", f"place {place}; pan, tilt, roll {turned}"))
    for step in model.zooms:
        lens = f"f {step.focal_px:.0f} px ± {step.focal_share:.1%}, k1 {step.k1:.3f} ± {step.k1_off:.3f}"
        console.print(f"zoom {step.zoom:g} : {lens}")
    name, off_px, expected_px = found.held_out
    console.print(
        say(
            f"tenu à part : {name}, {off_px:.1f} px (attendu < {expected_px:.1f})",
            f"held out: {name}, {off_px:.1f} px (expected < {expected_px:.1f})",
        ),
        markup=False,
    )
    for words in found.told:
        console.print(f"⚠ {words.in_language(language)}", style="yellow", markup=False)
    margin = f"{found.margin_px:.0f} px"
    if found.too_poor:
        why = " ; ".join(words.in_language(language) for words in found.too_poor)
        console.print(say("TROP PAUVRE : ", "TOO POOR: ") + why, style="bold red", markup=False)
    else:
        line = say(f"Utilisable : les masques grandissent de {margin}.", f"Usable: masks grow by {margin}.")
        console.print(line, style="bold green")
    console.print(say(f"Écrit : {written} · rapport : {page}", f"Written: {written} · report: {page}"), markup=False)
