"""`csu masks`: what must not be seen, how it was found, and who signed for it.

Each command has its own module; here they get their names.
"""

from __future__ import annotations

import typer

from csu.centre.masks_import import import_command
from csu.language import say

app = typer.Typer(
    help=say("Ce qui ne doit pas être vu.", "What must not be seen."), no_args_is_help=True, rich_markup_mode=None
)
app.command("import", help=say("Importer les bâtiments d'une commune.", "Import the buildings of a commune."))(
    import_command
)
