"""Writing the page that a command leaves for a person to open."""

from __future__ import annotations

import os
from pathlib import Path

from csu.hal.errors import BadInput
from csu.hal.words import Words


def write_page(page: Path, html: str, *, for_owner_only: bool = False) -> Path:
    """Write `html` to `page`, making its directories. Returns it. Raises BadInput where nothing can be written.

    `for_owner_only`: nobody else on this machine may read it, at no instant.
    """
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        if for_owner_only:
            _write_for_owner(page, html)
        else:
            page.write_text(html, encoding="utf-8")
    except OSError as error:
        raise BadInput(
            Words(f"la page ne peut être écrite : {error.strerror}", f"the page cannot be written: {error.strerror}"),
            where=str(page),
            what_to_do=Words("Donnez un autre fichier à --report", "Give another --report FILE"),
        ) from error
    return page


def _write_for_owner(page: Path, html: str) -> None:
    """A new file in its place: one that was there may be open to others, or be a link to somewhere else."""
    new = page.with_name(f".{page.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(html)
    new.replace(page)
