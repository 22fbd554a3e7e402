"""A record as one file, and the sealed package for the ticket centre: neutral, documented, checkable by anybody.

How the ANTAI takes records in is not public: no program of it is imitated here (docs/ticket-package.md). What leaves is
a ZIP of what the agent signed, a manifest of its files, and the centre's Ed25519 signature of the manifest.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from zipfile import BadZipFile

from csu.governance import CentreKey, PublicKey
from csu.operations.enforcement.record import TicketRecord, record_of, record_text

FORMAT = "csu-pve-1"
RECORD, MANIFEST, SIGNATURE = "record.json", "manifest.json", "manifest.sig"
_EPOCH = (1980, 1, 1, 0, 0, 0)


def container_of(record: TicketRecord, files: Sequence[bytes]) -> bytes:
    """The record and its stills in one file: equal ones make equal bytes."""
    named = {fact.file: data for fact, data in zip(record.stills, files, strict=True)}
    return _zipped({RECORD: record_text(record), **named})


def opened(container: bytes) -> tuple[TicketRecord, dict[str, bytes]]:
    """The record, and all files by name, `record.json` among them. Raises ValueError for what is none."""
    files = _unzipped(container)
    if RECORD not in files:
        raise ValueError("no record")
    return record_of(files[RECORD]), files


def package_of(container: bytes, key: CentreKey) -> bytes:
    """What is handed to the ticket centre. The same record makes the same package. Raises ValueError."""
    _, files = opened(container)
    told = [
        {"file": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in sorted(files.items())
    ]
    manifest = {"format": FORMAT, "files": told, "public_key": key.public.hex}
    text = json.dumps(manifest, indent=1, sort_keys=True)
    return _zipped({**files, MANIFEST: text.encode(), SIGNATURE: key.sign(text).encode()})


def faults_of(package: bytes, key: PublicKey) -> tuple[str, ...]:
    """What is wrong with a package; empty: it is as the centre of that key sealed it. Raises ValueError: no ZIP."""
    files = _unzipped(package)
    manifest, signature = files.pop(MANIFEST, b""), files.pop(SIGNATURE, b"")
    try:
        text = manifest.decode()
        if not key.signed(text, signature.decode()):
            return (MANIFEST,)
        told = {each["file"]: each["sha256"] for each in json.loads(text)["files"]}
    except (ValueError, KeyError, TypeError):
        return (MANIFEST,)
    found = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    return tuple(sorted(name for name in told.keys() | found.keys() if told.get(name) != found.get(name)))


def _zipped(files: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), files[name])
    return made.getvalue()


def _unzipped(data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except (BadZipFile, OSError, EOFError) as error:
        raise ValueError("no archive of ours") from error
