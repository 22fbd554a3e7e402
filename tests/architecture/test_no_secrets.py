"""No key, password or token lies in the repository: patterns of what secrets look like, over every file that git keeps.

What tests need is drawn when they run. `detect-secrets` was looked at (last release 2024, a baseline of hundreds of
digests to keep): the few kinds that could be here are searched for by name instead.
"""

from __future__ import annotations

import math
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KINDS = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/]{20}"),
    "an age key": re.compile(r"AGE-SECRET-KEY-1[0-9A-Z]{20}"),
    "a cloud key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a forge's token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{30}|glpat-[\w-]{20}|pypi-[\w-]{30}|npm_\w{30})"),
    "a chat's token": re.compile(r"\bxox[abprs]-[\w-]{10}"),
    "a signed token": re.compile(r"\beyJ[\w-]{15,}\.[\w-]{15,}\.[\w-]{15,}"),
    "a database with its password": re.compile(r"\b(?:postgres(?:ql)?|mysql|amqp|redis)://[^\s:/@{]+:[^\s@{]{8,}@"),
}
NAMED = re.compile(
    r"""(?:password|passwd|secret|api_?key|token|mot_de_passe)["']?\s*[:=]\s*["'](?P<value>[^"'\s{}<>]{12,})["']""",
    re.IGNORECASE,
)
BITS_MIN = 3.6
"""Of each letter: a word or a phrase has less, what was drawn has more."""
NOT_TEXT = {".png", ".ttf", ".mp4", ".pmtiles", ".woff2", ".ico", ".gpkg", ".pbf"}
BUILT = ("csu/console/web/dist/", "csu/console/web/package-lock.json")
"""Built from what stands here, and digests of packages."""


def bits(text: str) -> float:
    """Shannon's entropy of its letters."""
    counts = Counter(text)
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values())


def secrets_in(text: str) -> Iterator[str]:
    """What looks like one, without telling it."""
    for kind, pattern in KINDS.items():
        if pattern.search(text):
            yield kind
    for found in NAMED.finditer(text):
        value = found["value"]
        has_all = re.search(r"\d", value) and re.search(r"[A-Za-z]", value)
        if has_all and bits(value) >= BITS_MIN and re.fullmatch(r"[A-Za-z0-9+/=_-]+", value):
            yield f"{found[0].split('=')[0].split(':')[0].strip()} with a value that was drawn"


def kept_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    names = [name for name in listed.split("\0") if name and not name.startswith(BUILT)]
    return [ROOT / name for name in names if Path(name).suffix not in NOT_TEXT]


def test_no_secret_lies_in_the_repository() -> None:
    files = kept_files()
    assert len(files) > 500
    found = {
        f"{path.relative_to(ROOT)}: {kind}"
        for path in files
        if path.is_file() and path != Path(__file__)
        for kind in secrets_in(path.read_text(encoding="utf-8", errors="replace"))
    }
    assert found == set()


def test_no_file_that_holds_keys_is_kept() -> None:
    names = [path.name for path in kept_files()]
    assert not [name for name in names if re.search(r"\.(pem|key|p12|pfx|jks|kdbx)$|^id_(rsa|ed25519)$|^\.env$", name)]


@pytest.mark.parametrize(
    "planted",
    [
        "-----BEGIN " + "PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAA",
        "aws = 'AKI" + "AIOSFODNN7EXAMPLE'",
        'password: "Xk29f' + 'Qz7Lm4TtV8w"',
        "API_KEY = 'c3RhbmRhbG9u" + "ZTEyMzQ1Njc4OTA'",
        "postgresql://csu:" + "hunter2hunter2@db/csu",
        "AGE-SECRET-" + "KEY-1QQQQQQQQQQQQQQQQQQQQQQQQ",
    ],
)
def test_a_planted_secret_is_found(planted) -> None:
    assert list(secrets_in(planted))


def test_what_is_none_is_let_through() -> None:
    for text in (
        'password = "les-quais-du-canal"',
        "token: str",
        "secret = secrets.token_hex(16)",
        "sha256 = '" + "0" * 64,
    ):
        assert not list(secrets_in(text))
