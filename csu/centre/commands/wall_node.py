"""`csu wall node` and `csu wall token`: a machine that draws a part of the wall, and what lets it in at its centre."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from csu.centre.commands.centre_key import key_of_centre
from csu.centre.registers.journal_beside import journal_beside
from csu.centre.registers.wall_tokens import WallTokenNote
from csu.cluster.shared_pictures import SharedPicturesSpec
from csu.cluster.wall_node import CentreAddress, WallNode, run_wall_node
from csu.cluster.wall_node_wire import Hello
from csu.cluster.wall_process import WallProcess
from csu.console import NodeClaims, make_token
from csu.governance import JournalEntry, Operation
from csu.governance.journal_entry import account_of
from csu.hal.clock import NS_PER_DAY
from csu.hal.errors import BadInput
from csu.hal.wall import WallNodeId
from csu.hal.words import Words
from csu.language import current_language, say
from csu.machine import SystemClock

TOKEN_DAYS = 365

_Node = Annotated[
    str, typer.Argument(help=say("le nœud, comme dans le fichier du mur", "the node, as the wall names it"))
]


def node_command(
    centre: Annotated[str, typer.Option("--centre", help=say("https://centre:8600/", "https://centre:8600/"))],
    node: Annotated[str, typer.Option("--node", help=say("ce nœud du mur", "this node of the wall"))],
    token: Annotated[Path, typer.Option("--token", help=say("fichier du jeton", "file of the token"))],
    cafile: Annotated[
        Path | None,
        typer.Option("--cafile", help=say("qui a signé le certificat du centre", "who signed the centre's")),
    ] = None,
    offscreen: Annotated[bool, typer.Option("--offscreen", help=say("sans fenêtre", "without a window"))] = False,
    software_gl: Annotated[
        bool, typer.Option("--software-gl", help=say("sans carte graphique", "without a graphics card"))
    ] = False,
    frames_per_s: Annotated[
        float, typer.Option("--frames-per-s", min=1, max=120, help=say("images du mur par seconde", "frames a second"))
    ] = 25.0,
) -> None:
    """Draw one node of a centre's wall on this machine, until Ctrl-C. A connection that is lost is made again."""
    address = CentreAddress(centre, WallNodeId(node), token, None if cafile is None else _pem(cafile))

    def wall(pictures: SharedPicturesSpec, hello: Hello) -> WallProcess:
        return WallProcess(
            pictures,
            hello.width_px,
            hello.height_px,
            backend="offscreen" if offscreen else "window",
            frames_per_s=frames_per_s,
            allow_software=software_gl,
            screens=hello.screens,
        )

    address.read_token()  # a file that is not there is told at once, not at each try
    language = current_language()
    run_wall_node(
        WallNode(
            address, wall, lambda words: print(f"{node}: {words.in_language(language)}", file=sys.stderr, flush=True)
        )
    )


def token_command(
    node: _Node,
    centre: Annotated[Path, typer.Option("--centre", help=say("dossier du centre", "the centre's directory"))],
    by: Annotated[str, typer.Option("--by", help=say("qui le donne (déclaré)", "who gives it (declared)"))],
    out: Annotated[
        Path | None, typer.Option("--out", help=say("où l'écrire, lisible du seul propriétaire", "where to write it"))
    ] = None,
    days: Annotated[
        int, typer.Option("--days", min=1, max=400, help=say("combien de jours", "how many days"))
    ] = TOKEN_DAYS,
    revoke: Annotated[bool, typer.Option("--revoke", help=say("le reprendre", "take it back"))] = False,
    as_json: Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))] = False,
) -> None:
    """Give a machine of the wall its token; one that it had before counts no more, in a running centre too (30 s)."""
    key = key_of_centre(centre)
    if revoke == (out is not None):
        raise BadInput(
            Words("donner un jeton, ou le reprendre ?", "give a token, or take it back?"),
            where="--out, --revoke",
            what_to_do=Words("Écrivez --out FICHIER, ou --revoke", "Write --out FILE, or --revoke"),
        )
    noted, clock = WallTokenNote(centre), SystemClock()
    now_ns = clock.now_ns()
    verb = "revoked" if revoke else "issued"
    with journal_beside(centre, clock) as note:
        note([JournalEntry(Operation.RIGHTS, account_of(by), "declared", subject=f"wall-node/{node}/{verb}")])
    if out is None:
        noted.take_back(node)
    else:
        claims = NodeClaims(node=node, from_ns=now_ns, to_ns=now_ns + days * NS_PER_DAY)
        _write_secret(out, make_token(key, claims))
        noted.issue(node, now_ns)
    if as_json:
        print(json.dumps({"node": node, "token": None if out is None else str(out), "revoked": revoke}))
    elif out is None:
        print(say(f"{node} : aucun jeton ne vaut plus", f"{node}: no token counts any more"))
    else:
        print(say(f"{node} : jeton pour {days} jours dans {out}", f"{node}: a token for {days} days in {out}"))


def _write_secret(path: Path, text: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.fchmod(descriptor, 0o600)  # also of a file that was there
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(text + "\n")
    except OSError as error:
        raise _no_file(path, error) from error


def _pem(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise _no_file(path, error) from error


def _no_file(path: Path, error: Exception) -> BadInput:
    why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return BadInput(
        Words(f"fichier inutilisable ({why})", f"this file is no use ({why})"),
        where=str(path),
        what_to_do=Words("Donnez un autre fichier", "Give another file"),
    )
