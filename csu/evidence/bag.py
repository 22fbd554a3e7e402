"""The package's envelope: BagIt 1.0 (RFC 8493), SHA-256, payload under `data/`, all else tag files.

Read with the Library of Congress's `bagit`. Written here: its `make_bag` changes the working directory of the whole
process and moves every file, while recorder and console run in threads beside it (decision 0033).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
SIGNATURES = "signature"
"""Folder of what signs the tag manifest; not in it, for it comes after."""
_READ_BYTES = 1 << 20


def sha256_of(path: Path) -> str:
    """Digest of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def close_bag(root: Path, info: Iterable[tuple[str, str]]) -> str:
    """Turn a directory with `data/` and tag files into a bag; returns the SHA-256 of its tag manifest, hexadecimal.

    That one digest holds everything: it is over the digests of the tag files, among them the manifest of the payload.
    """
    payload = sorted(path for path in (root / "data").rglob("*") if path.is_file())
    (root / "bagit.txt").write_text("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n", encoding="utf-8")
    oxum = f"{sum(path.stat().st_size for path in payload)}.{len(payload)}"
    told = "".join(f"{name}: {' '.join(value.split())}\n" for name, value in (*info, ("Payload-Oxum", oxum)))
    (root / "bag-info.txt").write_text(told, encoding="utf-8")
    _write_manifest(root, MANIFEST, payload)
    tags = sorted(path for path in root.iterdir() if path.is_file() and path.name != TAG_MANIFEST)
    _write_manifest(root, TAG_MANIFEST, tags)
    return sha256_of(root / TAG_MANIFEST)


def manifest_of(text: str) -> dict[str, str]:
    """path -> digest of a manifest's text. Raises ValueError for what is no manifest, or names a path twice."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        digest, _, path = line.partition(" ")
        path = path.strip().removeprefix("*")
        if len(digest) != 64 or not path or path in found or ".." in path.split("/") or path.startswith("/"):
            raise ValueError(f"not a line of a manifest: {line[:80]}")
        found[path] = digest.lower()
    return found


def _write_manifest(root: Path, name: str, paths: Iterable[Path]) -> None:
    lines = "".join(f"{sha256_of(path)}  {path.relative_to(root).as_posix()}\n" for path in paths)
    (root / name).write_text(lines, encoding="utf-8")
