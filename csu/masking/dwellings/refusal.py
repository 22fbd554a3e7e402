"""A file that is refused is refused whole: a building that is left out is a dwelling that is not masked."""

from __future__ import annotations

from collections.abc import Sequence

from csu.hal.errors import BadInput
from csu.hal.words import Words

NAMED_MAX = 5
"""Features named in one refusal; the others are counted."""


class DwellingsRefused(BadInput):
    """The file cannot be imported; nothing of it was."""


def refuse_features(source: str, named: Sequence[str], what: Words, what_to_do: Words) -> DwellingsRefused:
    """The refusal that names the features at fault: the first five, then how many more."""
    shown, more = ", ".join(named[:NAMED_MAX]), len(named) - NAMED_MAX
    and_more = Words(f" et {more} de plus", f" and {more} more") if more > 0 else Words("", "")
    return DwellingsRefused(
        Words(f"{what.fr} ({shown}{and_more.fr})", f"{what.en} ({shown}{and_more.en})"),
        where=source,
        what_to_do=what_to_do,
    )
