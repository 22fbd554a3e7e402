"""The legal register: for any past day and camera, what was recorded, when it was destroyed, when it was transmitted.

It is another file than the audit journal, kept longer, and speaks of footage, not of agents (LOG-1). Calls block.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from csu.governance.anchor import Anchor
from csu.governance.centre_key import CentreKey, PublicKey
from csu.governance.certificates import AccessCertificate, DestructionCertificate
from csu.governance.chain_guards import ChainForm
from csu.governance.chained_file import ChainedFile, ChainRow, ChainTroubles, read_rows, sha256_hex
from csu.governance.destruction import RecipientCopy
from csu.governance.journal_check import Finding, FindingKind, finding_words
from csu.governance.journal_verify import check_file
from csu.governance.legal_calendar import one_month_after
from csu.governance.register_errors import CertificateRefused, RegisterBroken, RegisterUnavailable
from csu.governance.register_lines import (
    EVIDENCE_TIERS,
    CameraSpan,
    CopyDestroyed,
    Destroyed,
    Recorded,
    RegisterLine,
    Transmitted,
    days_of_span,
    line_of_text,
    text_of_line,
)
from csu.governance.spans import overlap
from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words

REGISTER_FORM = ChainForm(
    "register_line",
    first_link=sha256_hex("csu legal register, 1"),
    sealed=True,
    indexes=("kind, json_extract(body, '$.days[0]')",),
)
CHAIN = "register"
"""The name of this chain in anchors."""

_T = TypeVar("_T")
_LineT = TypeVar("_LineT", Recorded, Destroyed)
_ONE_DAY = "kind = ? AND json_extract(body, '$.days[0]') = ?"
_ANY_DAY = "kind = ? AND instr(body, ?)"


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it was written."""

    number: int
    digest: str
    line: RegisterLine


@dataclass(frozen=True, slots=True)
class DayAnswer:
    """What the register says of one day, and of one camera or all."""

    day: date
    recorded: tuple[Recorded, ...]
    destroyed: tuple[Destroyed, ...]
    transmitted: tuple[Transmitted, ...]


class RegisterReading:
    """The register, to be asked. One object is used by one thread at a time."""

    def __init__(self, path: Path, sign: Callable[[str], str] | None = None) -> None:
        """Open it; only what is asked is read. Raises RegisterBroken, RegisterUnavailable."""
        self.path = path
        self._file = ChainedFile(path, REGISTER_FORM, ChainTroubles(_broken, _unavailable), sign=sign)

    def answer(self, day: date, camera: CameraId | None = None) -> DayAnswer:
        """What was recorded, destroyed and transmitted of a day (Paris), of one camera or of all."""
        recorded = self._of_day(Recorded, day)
        destroyed = self._of_day(Destroyed, day)
        transmitted = self._transmitted(day)
        if camera is None:
            return DayAnswer(day, tuple(recorded), tuple(destroyed), tuple(transmitted))
        return DayAnswer(
            day,
            tuple(line for line in recorded if line.camera == camera),
            tuple(line for line in destroyed if camera in line.cameras),
            tuple(line for line in transmitted if any(each.camera == camera for each in line.footage)),
        )

    def recipient_copies(self) -> list[RecipientCopy]:
        """Every copy of a recipient of L252-3, with when it was declared destroyed: `overdue_copies` sorts them out."""
        gone = {
            (line.case, line.package_sha256): line.destroyed_at_ns
            for each in self._lines("kind = ?", CopyDestroyed.__name__)
            if isinstance(line := each.line, CopyDestroyed)
        }
        return [
            copy
            for each in self._lines("kind = ?", Transmitted.__name__)
            if isinstance(sent := each.line, Transmitted)
            for copy in sent.recipient_copies(gone.get((sent.case, sent.package_sha256)))
        ]

    def close(self) -> None:
        """Release the file."""
        self._file.close()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _of_day(self, kind: type[_LineT], day: date) -> list[_LineT]:
        found = self._lines(_ONE_DAY, kind.__name__, day.isoformat())
        return [each.line for each in found if isinstance(each.line, kind)]

    def _transmitted(self, day: date) -> list[Transmitted]:
        found = self._lines(_ANY_DAY, Transmitted.__name__, f'"{day.isoformat()}"')
        return [each.line for each in found if isinstance(each.line, Transmitted) and day in each.line.days]

    def _lines(self, where: str, *values: object) -> list[Line]:
        return [_line_of(row, self.path.name) for row in self._file.select(where, values)]


class LegalRegister(RegisterReading):
    """The register, to be written too; several processes may share the file."""

    def __init__(self, path: Path, key: CentreKey) -> None:
        """Open or begin it, and follow its chain once (5 us a line). Raises RegisterBroken, RegisterUnavailable."""
        self._key = key
        super().__init__(path, key.sign)
        try:
            self._file.locked(self._read)
        except BaseException:
            self._file.close()
            raise

    @property
    def head(self) -> tuple[int, str]:
        """Number and digest of the newest line: what is anchored elsewhere."""
        return self._file.sequence, self._file.head

    def add(self, lines: Sequence[RegisterLine]) -> list[Line]:
        """Add lines, all or none; durable when this returns. Raises RegisterBroken, RegisterUnavailable."""

        def write(connection: sa.Connection) -> list[Line]:
            self._read(connection)
            first = self._file.sequence + 1
            rows = self._file.append(connection, [text_of_line(first + i, line) for i, line in enumerate(lines)])
            return [Line(row.sequence, row.digest, line) for row, line in zip(rows, lines, strict=True)]

        return self._file.locked(write)

    def destroy(self, line: Destroyed) -> DestructionCertificate:
        """Add a destruction (its `certificate` is given here) and make its certificate. Raises as `add`."""
        number = f"CD-{line.commune}-{line.day.isoformat()}-{len(self._of_day(Destroyed, line.day)) + 1}"
        [written] = self.add([replace(line, certificate=number)])
        return self._certificate(written)

    def certificates(self, day: date) -> list[DestructionCertificate]:
        """The certificates of a day (Paris), made again: the same lines give the same certificates."""
        found = self._lines(_ONE_DAY, Destroyed.__name__, day.isoformat())
        return [self._certificate(line) for line in found]

    def access_certificate(self, asked: CameraSpan, request: str, now_ns: Nanoseconds) -> AccessCertificate:
        """For a person filmed who asks for footage that has expired (DPO-2): on which lines it is known to be gone.

        Raises CertificateRefused while any second that was recorded still exists, or is kept under a lock.
        """
        proofs: list[str] = []
        for day in days_of_span(asked.span):
            answer = self.answer(day, asked.camera)
            if not any(overlap(asked.span, [line.span]) for line in answer.recorded):
                if one_month_after(asked.span.to_ns) > now_ns:  # a day that is not yet in the register proves nothing
                    raise _not_gone(asked.camera, day)
                proofs.append(f"{day.isoformat()}:-")
                continue
            kept = [each.span for line in answer.destroyed for each in line.kept if each.camera == asked.camera]
            # A line about an extract's copy says nothing of the recording it was made from.
            gone = [line for line in answer.destroyed if line.tiers != EVIDENCE_TIERS]
            if not gone or overlap(asked.span, kept):
                raise _not_gone(asked.camera, day)
            proofs.append(f"{day.isoformat()}:{gone[-1].certificate}")
        return AccessCertificate.make(request, asked.camera, asked.span, now_ns, tuple(proofs), self.head, self._key)

    def _read(self, connection: sa.Connection) -> None:
        for _ in self._file.read_on(connection):
            pass

    def _certificate(self, written: Line) -> DestructionCertificate:
        if not isinstance(written.line, Destroyed):
            raise TypeError("a certificate is of a destruction")
        return DestructionCertificate.make(written.line, written.number, written.digest, self._key)


def head_of(path: Path) -> tuple[int, str]:
    """Number and digest of the newest line in the file, whoever is writing to it: what is anchored elsewhere.

    Raises RegisterUnavailable.
    """
    newest = f"sequence = (SELECT max(sequence) FROM {REGISTER_FORM.table})"  # noqa: S608 - our own
    try:
        for row in read_rows(path, REGISTER_FORM, newest):
            return row.sequence, row.digest
    except sqlite3.Error as error:
        raise _unavailable(path.name, error) from error
    return 0, REGISTER_FORM.first_link


def verify_register(path: Path, key: PublicKey, anchors: Sequence[Anchor] = ()) -> tuple[Finding, ...]:
    """The whole register, checked as it lies there: the first line that is not as written, by name."""
    ours = [anchor for anchor in anchors if anchor.chain == CHAIN]
    wanted = frozenset(anchor.sequence for anchor in ours)
    walk = check_file(path, REGISTER_FORM, key, (0, REGISTER_FORM.first_link), wanted)
    for anchor in ours:
        kind = None
        if anchor.sequence > walk.last:
            kind = FindingKind.CUT
        elif walk.digests.get(anchor.sequence) != anchor.head:
            kind = FindingKind.REPLACED
        if kind is not None:
            walk.findings.append(Finding(kind, f"{path.name}#{anchor.sequence}", finding_words(kind)))
            break
    return tuple(walk.findings)


def _line_of(row: ChainRow, name: str) -> Line:
    return Line(
        row.sequence, row.digest, _read_line(lambda: line_of_text(row.kind, row.body), f"{name}#{row.sequence}")
    )


def _read_line(read: Callable[[], _T], where: str) -> _T:
    try:
        return read()
    except (KeyError, ValueError, json.JSONDecodeError, CsuError) as error:
        raise _broken(where) from error


def _broken(where: str) -> RegisterBroken:
    return RegisterBroken(
        Words("le registre légal a été modifié hors de csu", "the legal register was changed outside csu"),
        where=where,
        what_to_do=Words(
            "Mettez ce fichier de côté, lancez csu register verify et prévenez le DPO",
            "Put this file aside, run csu register verify and tell the DPO",
        ),
    )


def _unavailable(where: str, error: Exception) -> RegisterUnavailable:
    why = type(error).__name__
    return RegisterUnavailable(
        Words(
            f"le registre légal ne peut être lu ou écrit ({why})",
            f"the legal register cannot be read or written ({why})",
        ),
        where=where,
        what_to_do=Words("Vérifiez son volume, puis recommencez", "Check its volume, then try again"),
    )


def _not_gone(camera: CameraId, day: date) -> CertificateRefused:
    return CertificateRefused(
        Words(
            f"des images du {day.isoformat()} existent encore, ou sont sous verrou",
            f"pictures of {day.isoformat()} still exist, or are under a lock",
        ),
        where=camera,
        what_to_do=Words(
            "Instruisez la demande d'accès sur ces images ; rien n'est à certifier",
            "Handle the access request on these pictures; there is nothing to certify",
        ),
    )
