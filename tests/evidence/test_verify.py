"""A good package is accepted; of a bad one the first broken link is named."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from csu.evidence import LinkState, PackageUnusable, Trust, Verdict, make_package, verify_package
from csu.evidence.bag import SIGNATURES, TAG_MANIFEST, close_bag
from csu.evidence.frames import table_of_json
from csu.evidence.local_authority import make_practice_pki
from csu.evidence.package import SIGNATURE_FILE, STAMP_FILE
from csu.evidence.seal import seal, tar_of
from csu.evidence.sign import sign
from csu.evidence.verdict import LinkKind
from csu.governance.time_stamps import StampTrust, stamp
from csu.hal.words import Language


@pytest.fixture
def look(trust, tmp_path) -> Callable[..., Verdict]:
    """Verify with the right authorities unless told otherwise."""
    count = 0

    def verify(path: Path, **given: object) -> Verdict:
        nonlocal count
        count += 1
        work = tmp_path / f"work-{count}"
        work.mkdir()
        words = {"identities": given.get("identities", ""), "case": given.get("case")}
        return verify_package(path, given.get("trust", trust), datetime.now(UTC), work, **words)

    return verify


def first(verdict: Verdict) -> tuple[str, str]:
    """(kind, English words) of the first broken link."""
    assert not verdict.holds
    broken = verdict.first_broken
    assert broken is not None
    assert broken.state is LinkState.BROKEN
    assert all(broken.words.in_language(language) for language in Language)
    return broken.kind.value, f"{broken.where}: {broken.words.en}"


def videos(root: Path) -> list[Path]:
    return sorted((root / "data/video/cam-0012").iterdir())


def resign(root: Path, pki) -> None:
    """What somebody inside who holds the signing key would do after a change: new manifests, signature and token."""
    shutil.rmtree(root / SIGNATURES)
    info = [line.split(": ", 1) for line in (root / "bag-info.txt").read_text().splitlines() if "Oxum" not in line]
    close_bag(root, [(name, value) for name, value in info])
    (root / SIGNATURES).mkdir()
    signature = sign((root / TAG_MANIFEST).read_bytes(), pki.signer)
    (root / SIGNATURE_FILE).write_bytes(signature)
    (root / STAMP_FILE).write_bytes(stamp(pki.authority, signature, StampTrust.of((pki.stamp_root,))))


def edit_json(path: Path, change: Callable[[dict], None]) -> None:
    held = json.loads(path.read_text())
    change(held)
    path.write_text(json.dumps(held))


# -- good -------------------------------------------------------------------------------------------------------------


def test_a_good_package_holds_in_every_link(good, look):
    verdict = look(good.root, case="2026-0042")
    assert verdict.holds, verdict.first_broken
    assert verdict.first_broken is None
    assert {link.kind for link in verdict.links} == set(LinkKind) - {LinkKind.SEAL, LinkKind.ARCHIVE}
    assert (verdict.case, verdict.package_sha256) == ("2026-0042", good.sha256)
    assert verdict.signer == "CN=EXERCICE CSU"


def test_a_sealed_package_holds_and_a_tar_too(good, look, officer_key, tmp_path):
    sealed, tar = tmp_path / "p.tar.age", tmp_path / "p.tar"
    seal(good.root, sealed, [officer_key.public])
    tar.write_bytes(b"".join(tar_of(good.root)))
    assert look(sealed, identities=officer_key.secret).holds
    assert look(tar).holds


def test_nobody_s_word_is_not_enough(good, look):
    """Without authorities from elsewhere a package re-signed by a stranger would look just as whole."""
    verdict = look(good.root, trust=Trust())
    assert not verdict.holds
    assert verdict.first_broken is not None
    assert (verdict.first_broken.kind, verdict.first_broken.state) == (LinkKind.CERTIFICATE, LinkState.NOT_CHECKED)
    assert look(good.root, trust=Trust(enclosed=True)).holds


# -- the seven, and their like ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [0.0, 0.1, 0.5, 0.999])
def test_a_flipped_bit_is_named_with_its_file(copy, look, at):
    path = videos(copy)[1]
    data = bytearray(path.read_bytes())
    data[int(len(data) * at)] ^= 1
    path.write_bytes(data)
    assert first(look(copy)) == (
        "pictures",
        f"data/video/cam-0012/{path.name}: changed: its digest is no longer its own",
    )


def test_every_file_of_a_package_is_watched(copy, look):
    """One flipped bit in each file in turn, whatever it is: never accepted."""
    for path in sorted(path for path in copy.rglob("*") if path.is_file()):
        if path.name == "certificates.pem":
            continue  # for information: nobody believes a certificate that comes with the package
        whole = path.read_bytes()
        path.write_bytes(whole[:-2] + bytes([whole[-2] ^ 1]) + whole[-1:])
        assert not look(copy).holds, path
        path.write_bytes(whole)
    assert look(copy).holds


def test_a_cut_tail_is_named(copy, look):
    path = videos(copy)[1]
    path.write_bytes(path.read_bytes()[:-100])
    kind, words = first(look(copy))
    assert kind == "pictures"
    assert "cut: " in words


def test_a_swapped_segment_is_named(copy, look):
    one, other = videos(copy)[:2]
    one_bytes, other_bytes = one.read_bytes(), other.read_bytes()
    one.write_bytes(other_bytes)
    other.write_bytes(one_bytes)
    assert first(look(copy)) == (
        "pictures",
        f"data/video/cam-0012/{one.name}: exchanged: it is data/video/cam-0012/{other.name}",
    )


def test_an_edited_journal_is_named(copy, look):
    path = copy / "data/journal.jsonl"
    path.write_text(path.read_text().replace("agent-7", "agent-8", 1))
    assert first(look(copy)) == ("journal", "data/journal.jsonl: changed since it was signed")


def test_a_wrong_case_is_named(good, look):
    assert first(look(good.root, case="2026-0043")) == (
        "case",
        "data/requisition.json: this package is of case 2026-0042, not 2026-0043",
    )


def test_an_expired_certificate_is_named(order, recorded, pki, look, tmp_path):
    expired = make_practice_pki(tmp_path / "expired", time.time_ns(), signer_days=(-30, -1))
    package = make_package(order, recorded.segments, tmp_path, expired.signer, pki.authority, (pki.stamp_root,))
    verdict = look(package.root, trust=Trust((expired.root,), (pki.stamp_root,)))
    kind, words = first(verdict)
    assert kind == "certificate"
    assert "the certificate had expired when it signed" in words


def test_a_certificate_that_expired_after_the_time_stamp_still_counts(good, trust, tmp_path):
    """That is what the time-stamp is for: the trial comes years later."""
    work = tmp_path / "later"
    work.mkdir()
    assert verify_package(good.root, trust, datetime.now(UTC) + timedelta(days=2000), work).holds


def test_a_stripped_signature_is_named(copy, look):
    (copy / SIGNATURE_FILE).unlink()
    assert first(look(copy)) == ("signature", "signature/tagmanifest.p7s: the signature was taken away")


def test_a_stripped_time_stamp_is_named(copy, look):
    (copy / STAMP_FILE).unlink()
    assert first(look(copy))[0] == "time"


def test_the_signature_of_a_stranger_is_named(copy, look, pki, tmp_path):
    stranger = make_practice_pki(tmp_path / "stranger", time.time_ns())
    resign(copy, replace(pki, signer=stranger.signer))
    kind, words = first(look(copy))
    assert kind == "certificate"
    assert "nobody vouches" in words


def test_the_token_of_a_stranger_is_named(copy, look, pki, tmp_path):
    stranger = make_practice_pki(tmp_path / "stranger", time.time_ns())
    signature = (copy / SIGNATURE_FILE).read_bytes()
    (copy / STAMP_FILE).write_bytes(stamp(stranger.authority, signature, StampTrust.of((stranger.stamp_root,))))
    assert first(look(copy))[0] == "time"


def test_the_signature_of_another_package_is_named(copy, look, order, recorded, pki, tmp_path):
    other = make_package(
        replace(order, exporter="agent-9"),
        recorded.segments,
        tmp_path / "other",
        pki.signer,
        pki.authority,
        (pki.stamp_root,),
    )
    shutil.rmtree(copy / SIGNATURES)
    shutil.copytree(other.root / SIGNATURES, copy / SIGNATURES)
    kind, words = first(look(copy))
    assert kind == "signature"
    assert "belongs to other bytes" in words


def test_a_file_that_nobody_signed_is_named(copy, look):
    (copy / "explications.html").write_text("<p>read me</p>")
    assert first(look(copy)) == ("structure", "explications.html: a file that nobody signed")


def test_a_missing_file_is_named(copy, look):
    videos(copy)[2].unlink()
    assert first(look(copy))[0] == "structure"


def test_a_link_in_the_place_of_a_file_is_refused(copy, look, tmp_path):
    path = videos(copy)[0]
    path.rename(tmp_path / "elsewhere.mp4")
    path.symlink_to(tmp_path / "elsewhere.mp4")
    assert first(look(copy))[0] == "structure"


# -- somebody inside, who can sign ------------------------------------------------------------------------------------


def forge_video(root: Path) -> None:
    path = videos(root)[1]
    data = bytearray(path.read_bytes())
    data[-50] ^= 1
    path.write_bytes(data)
    sha = hashlib.sha256(data).hexdigest()
    edit_json(
        root / "data/export.json",
        lambda held: [
            flow.update(sha256=sha) for flow in held["flows"] if flow["file"].endswith(f"cam-0012/{path.name}")
        ],
    )


def add_sound(root: Path) -> None:
    path = videos(root)[1]
    silence = ["-f", "lavfi", "-t", "1", "-i", "anullsrc=r=8000:cl=mono"]
    command = ["ffmpeg", "-v", "error", "-i", str(path), *silence, "-c:v", "copy", "-c:a", "aac", str(root / "x.mp4")]
    subprocess.run(command, check=True, timeout=30)
    (root / "x.mp4").replace(path)
    told = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "size_bytes": path.stat().st_size}
    edit_json(root / "data/export.json", lambda held: held["flows"][1].update(told))


def forge_time(root: Path) -> None:
    """An hour later, in JSON, CSV and export journal."""
    export = root / "data/export.json"
    flow = json.loads(export.read_text())["flows"][1]
    file = root / flow["frames_file"]
    table = table_of_json(file.read_text())
    table = replace(table, frames=tuple(replace(f, captured_ns=f.captured_ns + 3600 * 10**9) for f in table.frames))
    file.write_text(table.as_json())
    file.with_suffix(".csv").write_text(table.as_csv(), newline="")


def forge_place(root: Path) -> None:
    edit_json(root / "data/export.json", lambda held: held["flows"][0].update(place="Rue Serpenoise"))


def forge_csv(root: Path) -> None:
    file = next((root / "data/frames/cam-0012").glob("*.csv"))
    file.write_text(file.read_text().replace("Place d'Armes", "Rue Serpenoise"))


def forge_journal(root: Path) -> None:
    file = root / "data/journal.jsonl"
    file.write_text(file.read_text().replace("agent-7", "agent-8"))


def forge_chain(root: Path) -> None:
    edit_json(root / "data/chain.json", lambda held: held["chains"][0]["links"].pop(1))


def forge_segment(root: Path) -> None:
    edit_json(root / "data/chain.json", lambda held: held["chains"][0]["links"].pop())


def forge_act(root: Path) -> None:
    """A narrower act than what was exported."""
    edit_json(
        root / "data/requisition.json", lambda held: held["spans"][0].update(to_ns=held["spans"][0]["to_ns"] - 10**9)
    )


def forge_case(root: Path) -> None:
    edit_json(root / "data/requisition.json", lambda held: held.update(case="2026-0099"))


def no_grant(root: Path) -> None:
    file = root / "data/journal.jsonl"
    file.write_text("".join(line for line in file.read_text().splitlines(keepends=True) if '"export"' not in line))


FORGERIES = {
    forge_video: ("frames", "is not the table's"),
    add_sound: ("sound", "1 audio track"),
    forge_time: ("frames", "disagree"),
    forge_place: ("frames", "disagree"),
    forge_csv: ("frames", "CSV"),
    forge_journal: ("journal", "was changed"),
    no_grant: ("journal", "no entry grants"),
    forge_chain: ("segments", "broken at"),
    forge_segment: ("segments", "is not in it"),
    forge_act: ("bounds", "more than the act"),
    forge_case: ("case", "is of case"),
}


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.__name__)
def test_who_holds_the_signing_key_is_found_out_by_the_links_inside(copy, look, pki, forgery):
    forgery(copy)
    resign(copy, pki)
    kind, words = first(look(copy))
    wanted_kind, wanted_words = FORGERIES[forgery]
    assert (kind, wanted_words in words) == (wanted_kind, True), words


def test_resigning_alone_changes_nothing(copy, look, pki):
    """The control of the test above: what it finds is the forgery, not the new signature."""
    resign(copy, pki)
    verdict = look(copy)
    assert verdict.holds, verdict.first_broken


# -- the envelope -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.3, 0.97])
def test_a_sealed_package_that_was_cut_is_named(good, look, officer_key, tmp_path, share):
    sealed = tmp_path / "p.tar.age"
    seal(good.root, sealed, [officer_key.public])
    data = sealed.read_bytes()
    sealed.write_bytes(data[: int(len(data) * share)])
    assert first(look(sealed, identities=officer_key.secret))[0] == "seal"


def test_a_sealed_package_with_a_flipped_bit_is_named(good, look, officer_key, tmp_path):
    sealed = tmp_path / "p.tar.age"
    seal(good.root, sealed, [officer_key.public])
    data = bytearray(sealed.read_bytes())
    data[len(data) // 2] ^= 1
    sealed.write_bytes(data)
    assert first(look(sealed, identities=officer_key.secret))[0] == "seal"


def test_another_key_does_not_open_it(good, look, tmp_path, officer_key):
    import pyrage

    sealed = tmp_path / "p.tar.age"
    seal(good.root, sealed, [officer_key.public])
    with pytest.raises(PackageUnusable):
        look(sealed, identities=str(pyrage.x25519.Identity.generate()))
    with pytest.raises(PackageUnusable):
        look(sealed)


def test_a_cut_tar_is_named(good, look, tmp_path):
    tar = tmp_path / "p.tar"
    whole = b"".join(tar_of(good.root))
    for cut in (len(whole) // 2, len(whole) - 1024, len(whole) - 1):
        tar.write_bytes(whole[:cut])
        assert first(look(tar))[0] == "archive"


def test_a_tar_that_wants_to_write_elsewhere_is_refused(look, tmp_path):
    tar = tmp_path / "p.tar"
    with tarfile.open(tar, "w") as archive:
        about = tarfile.TarInfo("../outside.txt")
        about.size = 3
        archive.addfile(about, io.BytesIO(b"abc"))
    assert first(look(tar))[0] == "archive"
    assert not list(tmp_path.glob("**/outside.txt"))


def test_nothing_there_is_bad_input(look, tmp_path):
    with pytest.raises(PackageUnusable):
        look(tmp_path / "nothing")
