"""Writing the page that a command leaves for a person to open."""

from __future__ import annotations

from pathlib import Path

from csu.hal.errors import BadInput
from csu.hal.words import Words


def write_page(page: Path, html: str) -> Path:
    """Write `html` to `page`, making its directories. Returns it. Raises BadInput where nothing can be written."""
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(html, encoding="utf-8")
    except OSError as error:
        raise BadInput(
            Words(f"la page ne peut être écrite : {error.strerror}", f"the page cannot be written: {error.strerror}"),
            where=str(page),
            what_to_do=Words("Donnez un autre fichier à --report", "Give another --report FILE"),
        ) from error
    return page
