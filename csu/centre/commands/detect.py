"""`csu detect`: what analysis may look for, with which models, and how well it does."""

from __future__ import annotations

import typer

from csu.centre.commands.detect_evaluate import evaluate_command
from csu.centre.commands.detect_models import models_command
from csu.centre.commands.detect_orders import app as orders_app
from csu.centre.commands.detect_orders import why_command
from csu.language import say

app = typer.Typer(
    help=say("L'analyse d'images : modèles, bases légales, mesures.", "Analysis of pictures: models, bases, scores."),
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("models", help=say("Les réseaux de cette machine.", "The networks of this machine."))(models_command)
app.add_typer(orders_app, name="orders")
app.command("why", help=say("Cette caméra peut-elle être analysée ?", "May this camera be analysed?"))(why_command)
app.command("evaluate", help=say("Mesurer ce que l'analyse trouve et manque.", "Measure what it finds and misses."))(
    evaluate_command
)
