"""What people type is letters: no door takes a control character, an escape, or one that turns the direction of a line.

Texts go into the journal, the operations log, terminals and other people's pages. One that ends a line, moves a cursor
or shows itself backwards could look like an entry that it is not (log injection, "Trojan source"). Asked at one place,
of every path, query and body, so that no door can forget it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from starlette.requests import HTTPConnection, Request

from csu.console.refusals import Refusal, Refused
from csu.hal.errors import BadInput
from csu.hal.words import Words

_KEPT = "\n\t"
"""A text of several lines is one: what keeps it, keeps it as JSON."""
_REFUSED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode: control, format (direction, zero width), half a character, ends of lines and paragraphs."""


def is_plain(text: str) -> bool:
    """Whether it is letters, signs, spaces and ends of lines only."""
    return text.isascii() and text.isprintable() or all(_is_plain(letter) for letter in text)


def _is_plain(letter: str) -> bool:
    return letter in _KEPT or unicodedata.category(letter) not in _REFUSED


async def only_plain_text(connection: HTTPConnection) -> None:
    """A dependency of every route. Raises Refused (422)."""
    texts = [*map(str, connection.path_params.values()), *connection.query_params.values()]
    if isinstance(connection, Request) and getattr(connection.scope.get("route"), "body_field", None) is not None:
        texts += strings_of(await _told(connection))
    if not all(map(is_plain, texts)):
        raise Refused(
            Refusal.REQUEST_INVALID,
            where=connection.url.path if is_plain(connection.url.path) else "",
            cause=BadInput(
                Words("un caractère de commande ou invisible", "a control or invisible character"),
                where="text",
                what_to_do=Words("Retapez le texte", "Type the text again"),
            ),
        )


async def _told(request: Request) -> object:
    """The document of a body; what is none is refused by who reads it."""
    try:
        return await request.json()
    except (ValueError, RecursionError):
        return None


def strings_of(told: object) -> Iterator[str]:
    """Every text of a JSON document, names of fields too; however deep."""
    waiting = [told]
    while waiting:
        match waiting.pop():
            case str() as text:
                yield text
            case dict() as fields:
                yield from fields
                waiting += fields.values()
            case list() as members:
                waiting += members
