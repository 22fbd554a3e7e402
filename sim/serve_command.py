"""`csu sim serve`: a bench of simulated devices, for whoever tries the centre or `csu conform` without a real one."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import Annotated

import typer
from rich.console import Console

from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.machine import SystemClock
from sim.endpoints.bench import CAMERAS_MAX, SEARCH, DeviceKind, open_bench, read_quirks
from sim.language import say

_ALL = ",".join(DeviceKind)


def serve(
    devices: Annotated[str, typer.Option(help=say(f"lesquels, parmi {_ALL}", f"which, of {_ALL}"))] = _ALL,
    quirk: Annotated[
        list[str] | None,
        typer.Option(help=say("un travers : camera:ignores_timeout", "a quirk: camera:ignores_timeout")),
    ] = None,
    fixed: Annotated[
        bool, typer.Option("--fixed", help=say("une caméra qui ne tourne pas", "a camera that does not turn"))
    ] = False,
    cameras: Annotated[
        int, typer.Option(min=1, max=CAMERAS_MAX, help=say("combien de caméras", "how many cameras"))
    ] = 1,
    seconds: Annotated[
        float | None, typer.Option(min=0, help=say("durée ; sans elle : jusqu'à Ctrl-C", "how long; else until Ctrl-C"))
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help=say("une ligne sur stdout", "one line on stdout"))] = False,
) -> None:
    """Serve simulated devices until stopped."""
    asyncio.run(_serve(_kinds(devices), quirk or [], seconds, as_json, fixed, cameras))


def _kinds(told: str) -> list[DeviceKind]:
    try:
        return [DeviceKind(name.strip()) for name in told.split(",")]
    except ValueError:
        raise BadInput(
            Words(f"aucun appareil de ce nom : {told}", f"no device of that name: {told}"),
            where="--devices",
            what_to_do=Words(f"Donnez-en parmi {_ALL}", f"Give some of {_ALL}"),
        ) from None


async def _serve(
    kinds: list[DeviceKind], quirks: list[str], seconds: float | None, as_json: bool, fixed: bool, cameras: int
) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_bench(kinds, read_quirks(quirks), SystemClock(), fixed=fixed, cameras=cameras) as addresses:
        if as_json:
            print(json.dumps({str(kind): url for kind, url in addresses.items()}), flush=True)
        else:
            console = Console(soft_wrap=True, highlight=False)
            for kind, url in addresses.items():
                is_search = kind == SEARCH
                told = f"csu camera enrol --found --at {url}" if is_search else f"csu conform {kind} '{url}'"
                console.print(told, markup=False)
            console.print(say("En service ; Ctrl-C pour arrêter.", "Serving; Ctrl-C to stop."), style="dim")
        try:
            async with asyncio.timeout(seconds):
                await stop.wait()
        except TimeoutError:
            return
