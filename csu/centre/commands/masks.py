"""`csu masks`: what must not be seen, how it was found, and who signed for it.

Each command has its own module; here they get their names.
"""

from __future__ import annotations

import typer

from csu.centre.commands.masks_import import import_command
from csu.centre.commands.masks_prove import prove_command
from csu.centre.commands.masks_register import propose_command, show_command, sign_command
from csu.language import say

app = typer.Typer(
    help=say("Ce qui ne doit pas être vu.", "What must not be seen."), no_args_is_help=True, rich_markup_mode=None
)
app.command("import", help=say("Importer les bâtiments d'une commune.", "Import the buildings of a commune."))(
    import_command
)
app.command("show", help=say("Qui a signé quoi, et ce qui est en vigueur.", "Who signed what, and what is in force."))(
    show_command
)
app.command("propose", help=say("Proposer les masques d'une caméra.", "Propose a camera's masks."))(propose_command)
app.command("sign", help=say("Signer une version.", "Sign a version."))(sign_command)
app.command("prove", help=say("Prouver que rien d'interdit n'est visible.", "Prove that nothing forbidden shows."))(
    prove_command
)
