"""One question to a panel: bounded in time, and whatever goes wrong is a PanelError that says so without secrets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from csu.hal.wall_panel import PanelError
from csu.hal.words import NO_WORDS, Words
from hardware.panels.settings import PanelSettings

TEXT_SIGNS_MAX = 64

_T = TypeVar("_T")
Told = Callable[[Exception], Words | None]
"""What a protocol's own error means; None: it is not one of its own."""


async def ask(
    settings: PanelSettings,
    question: Callable[[], Awaitable[_T]],
    told: Told,
    own: tuple[type[Exception], ...],
) -> _T:
    """Its answer. `own`: the errors of the protocol's library. Raises PanelError, never with what the device sent."""
    within_s = settings.answer_within_s
    garbage: tuple[type[Exception], ...] = (ValueError, LookupError, *own)  # libraries let the first two out as well
    try:
        async with asyncio.timeout(within_s):
            return await question()
    except TimeoutError:
        what = Words(f"pas de réponse en {within_s:g} s", f"no answer within {within_s:g} s")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        what = Words(f"pas de connexion ({reason})", f"no connection ({reason})")
    except EOFError:
        what = Words("l'écran a raccroché", "the panel hung up")
    except garbage as error:
        what = told(error) or Words("une réponse que personne ne comprend", "an answer that nobody understands")
    raise panel_error(settings, what)


def panel_error(settings: PanelSettings, what: Words, what_to_do: Words = NO_WORDS) -> PanelError:
    """A PanelError of this panel."""
    then = what_to_do or Words(
        "Vérifiez l'écran, son réseau et ses réglages", "Check the panel, its network, its settings"
    )
    return PanelError(what, where=f"wall/{settings.panel}", what_to_do=then)


def plain(text: str) -> str:
    """What a device calls itself, fit to be shown: printable, short."""
    return "".join(sign for sign in text if sign.isprintable()).strip()[:TEXT_SIGNS_MAX]
