"""Which machines of the wall were given a token: a note beside the centre's registers, read at each question.

The token itself is kept nowhere: its signature is the centre's, and the note says since when tokens of a node count. To
take one back is to note that none does.
"""

from __future__ import annotations

import json
from pathlib import Path

from csu.hal.clock import Nanoseconds
from csu.hal.errors import BadInput
from csu.hal.words import Words

NOTE = "wall-nodes.json"
"""In the centre's directory."""


class WallTokenNote:
    """See `csu.console.IssuedTokens`."""

    def __init__(self, data_directory: Path) -> None:
        self._path = data_directory / NOTE

    def counts_from_ns(self, node: str) -> Nanoseconds | None:
        """See IssuedTokens. A note that cannot be read lets nobody in."""
        try:
            since_ns = self._read().get(node)
        except BadInput:
            return None
        return since_ns

    def issue(self, node: str, from_ns: Nanoseconds) -> None:
        """Tokens of this node count from that instant on; earlier ones do not. Raises BadInput."""
        self._write(self._read() | {node: from_ns})

    def take_back(self, node: str) -> bool:
        """No token of this node counts any more; False: none did. Raises BadInput."""
        noted = self._read()
        if noted.pop(node, None) is None:
            return False
        self._write(noted)
        return True

    def _read(self) -> dict[str, Nanoseconds]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise self._unusable(type(error).__name__) from error
        if not isinstance(found, dict) or not all(type(each) is int for each in found.values()):
            raise self._unusable("?")
        return found

    def _write(self, noted: dict[str, Nanoseconds]) -> None:
        written = self._path.with_suffix(".new")
        try:
            written.write_text(json.dumps(noted, indent=1), encoding="utf-8")
            written.replace(self._path)
        except OSError as error:
            raise self._unusable(error.strerror or type(error).__name__) from error

    def _unusable(self, why: str) -> BadInput:
        return BadInput(
            Words(f"la note des jetons du mur est inutilisable ({why})", f"the note of wall tokens is no use ({why})"),
            where=str(self._path),
            what_to_do=Words("Ôtez ce fichier et refaites les jetons", "Remove this file and make the tokens anew"),
        )
