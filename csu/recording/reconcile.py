"""Do catalogue, disks and keys say the same? What each knows, side by side; every difference gets a name. Pure.

Nothing here deletes anything: footage inside its lawful time is only ever added to the catalogue or recovered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from csu.hal.keys import KeyName
from csu.hal.words import Words
from csu.recording.pages import SegmentRow


class Difference(StrEnum):
    """What can be wrong between the three."""

    LEFT_OVER = "left_over"
    """A file that was being written when its process died. Repaired: its whole fragments become a segment."""
    FILE_WITHOUT_ROW = "file_without_row"
    """A segment of which the catalogue does not know. Repaired: it is told, if it can be read."""
    ROW_WITHOUT_FILE = "row_without_file"
    """The catalogue names a segment that is not on the disk. A loss: not to be repaired, to be explained."""
    OTHER_CONTENT = "other_content"
    """Length or hash are not those of the catalogue: changed, or the disk is failing."""
    NOT_SEALED = "not_sealed"
    """A file that lies on the disk in clear, or is no segment of ours."""
    FILE_WITHOUT_KEY = "file_without_key"
    """A sealed file whose key is gone: nobody can read it. Retention removes it."""
    KEY_WITHOUT_DAY = "key_without_day"
    """A key of a day of which there is no file. Harmless; retention shreds it."""
    KEY_CAME_BACK = "key_came_back"
    """A destroyed key is there again (a restored backup). Repaired: it is destroyed again."""
    VOLUME_AWAY = "volume_away"
    """A directory of media that is not there, or not ours: what it holds is shown as missing, and may be well."""


REPAIRED = frozenset({Difference.LEFT_OVER, Difference.FILE_WITHOUT_ROW, Difference.KEY_CAME_BACK})
HARMLESS = frozenset({Difference.KEY_WITHOUT_DAY})


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference."""

    kind: Difference
    name: str
    """Of the file or of the key."""
    detail: Words


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file as it lies on the disk, looked at without any key."""

    size_bytes: int
    key: KeyName | None
    """None: it is not sealed."""
    sha256: bytes | None = None
    """None: it was not read."""


def reconcile(
    rows: Iterable[SegmentRow],
    files: Mapping[str, StoredFile],
    left_overs: Collection[str],
    kept: Collection[KeyName],
    came_back: Collection[KeyName],
    away: Mapping[str, Words],
) -> list[Finding]:
    """Every difference, by name. `rows`: living ones only (not those marked as destroyed); `away`: volumes, and why."""
    known = {row.name: row for row in rows}
    findings = [Finding(Difference.VOLUME_AWAY, name, why) for name, why in away.items()]
    findings += [Finding(Difference.LEFT_OVER, name, _LEFT_OVER) for name in left_overs]
    findings += [
        Finding(Difference.ROW_WITHOUT_FILE, name, _NO_FILE)
        for name in known
        if name not in files and name not in left_overs
    ]
    usable = set(kept)
    for name, file in files.items():
        if file.key is None:
            findings.append(Finding(Difference.NOT_SEALED, name, _CLEAR))
        elif file.key not in usable:
            findings.append(Finding(Difference.FILE_WITHOUT_KEY, name, _NO_KEY.at(str(file.key))))
        row = known.get(name)
        if row is None and name in left_overs:
            continue  # its recovery died before it told: it is done again, and tells
        if row is None:
            findings.append(Finding(Difference.FILE_WITHOUT_ROW, name, _NO_ROW))
        elif (found := _difference(row, file)) is not None:
            findings.append(Finding(Difference.OTHER_CONTENT, name, found))
    used = {file.key for file in files.values()}
    findings += [Finding(Difference.KEY_WITHOUT_DAY, str(key), _NO_DAY) for key in usable if key not in used]
    findings += [Finding(Difference.KEY_CAME_BACK, str(key), _BACK) for key in came_back]
    return sorted(findings, key=lambda finding: (finding.kind, finding.name))


def _difference(row: SegmentRow, file: StoredFile) -> Words | None:
    if row.size_bytes != file.size_bytes:
        return Words(
            f"{file.size_bytes} octets sur le disque, {row.size_bytes} au catalogue",
            f"{file.size_bytes} bytes on the disk, {row.size_bytes} in the catalogue",
        )
    if file.sha256 is not None and row.sha256 is not None and file.sha256 != row.sha256:
        return Words("son empreinte SHA-256 est une autre", "its SHA-256 is another")
    return None


_LEFT_OVER = Words("inachevé à la mort de son enregistreur", "left unfinished when its recorder died")
_NO_FILE = Words("au catalogue, absent du disque", "in the catalogue, not on the disk")
_NO_ROW = Words("sur le disque, absent du catalogue", "on the disk, not in the catalogue")
_CLEAR = Words("n'est pas scellé", "is not sealed")
_NO_KEY = Words("cette clé n'existe plus", "this key is no more")
_NO_DAY = Words("aucun fichier ne porte cette clé", "no file has this key")
_BACK = Words("une clé détruite est revenue", "a destroyed key is there again")
