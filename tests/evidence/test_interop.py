"""The command lines in the notices, run as they stand there: age, openssl, sha256sum and tar alone open and check."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from csu.evidence.seal import seal


@pytest.fixture
def desk(good, officer_key, pki, tmp_path) -> Path:
    """What lies on an investigator's desk: the sealed file, his key, two authorities' certificates. And no csu."""
    seal(good.root, tmp_path / f"{good.root.name}.tar.age", [officer_key.public])
    (tmp_path / "cle.txt").write_text(officer_key.secret)
    (tmp_path / "autorite.pem").write_bytes(pki.root.public_bytes(Encoding.PEM))
    (tmp_path / "horodatage.pem").write_bytes(pki.stamp_root.public_bytes(Encoding.PEM))
    return tmp_path


def lines_of(notice: Path) -> list[str]:
    """The indented command lines of a notice, but csu's own."""
    found = re.findall(r"^    (\S.*)$", notice.read_text(), re.MULTILINE)
    return [line for line in found if not line.startswith("csu ")]


def run(desk: Path, lines: list[str]) -> subprocess.CompletedProcess[str]:
    script = "set -euo pipefail\n" + "\n".join(lines)
    return subprocess.run(["bash", "-c", script], cwd=desk, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("notice", ["LISEZ-MOI.txt", "README.txt"])
def test_the_notice_s_own_lines_open_and_check_a_good_package(good, desk, notice):
    lines = lines_of(good.root / notice)
    assert [line.split()[0] for line in lines] == ["age", "cd", "openssl", "openssl", "sha256sum", "sha256sum"]
    found = run(desk, lines)
    assert found.returncode == 0, found.stderr
    assert "CMS Verification successful" in found.stderr
    assert "Verification: OK" in found.stdout + found.stderr
    assert sorted(p.name for p in (desk / good.root.name).iterdir()) == sorted(p.name for p in good.root.iterdir())


def flip(root: Path) -> None:
    path = next((root / "data/video/cam-0012").iterdir())
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def edit_manifest(root: Path) -> None:
    flip(root)
    found = subprocess.run("sha256sum $(cut -c67- manifest-sha256.txt)", shell=True, cwd=root, capture_output=True)
    (root / "manifest-sha256.txt").write_bytes(found.stdout)


def other_stamp(root: Path) -> None:
    path = root / "signature/tagmanifest.p7s"
    path.write_bytes(path.read_bytes() + b"\n")


def strip(root: Path) -> None:
    (root / "signature/tagmanifest.p7s").unlink()


@pytest.mark.parametrize("spoil", [flip, edit_manifest, other_stamp, strip], ids=lambda spoil: spoil.__name__)
def test_the_same_lines_refuse_a_bad_package(good, desk, spoil):
    opening, *checking = lines_of(good.root / "README.txt")
    assert run(desk, [opening]).returncode == 0
    spoil(desk / good.root.name)
    assert run(desk, checking).returncode != 0


def test_a_cut_seal_does_not_open_with_age_either(good, desk):
    sealed = desk / f"{good.root.name}.tar.age"
    sealed.write_bytes(sealed.read_bytes()[:-40])
    assert run(desk, lines_of(good.root / "README.txt")[:1]).returncode != 0


def test_a_key_made_by_age_keygen_opens_what_we_seal_and_we_open_what_age_seals(good, tmp_path):
    from csu.evidence.seal import unseal

    subprocess.run(["age-keygen", "-o", "key.txt"], cwd=tmp_path, check=True, capture_output=True)
    text = (tmp_path / "key.txt").read_text()
    public = re.search(r"age1\w+", text)[0]
    seal(good.root, tmp_path / "ours.age", [public])
    subprocess.run("age -d -i key.txt ours.age > ours.tar", shell=True, cwd=tmp_path, check=True)
    subprocess.run(["age", "-r", public, "-o", "theirs.age", "ours.tar"], cwd=tmp_path, check=True)
    with (tmp_path / "back.tar").open("wb") as target:
        unseal(tmp_path / "theirs.age", target, text)
    assert (tmp_path / "back.tar").read_bytes() == (tmp_path / "ours.tar").read_bytes()


def test_age_is_really_used():
    assert shutil.which("age") is not None, "age is not installed: run `make setup` (or apt-get install age)"
