"""Who signs and who says when: what is configured, what a fresh centre makes for itself, and what it never does."""

from __future__ import annotations

import time

import pytest

from csu.centre.desk.signing import EvidenceSettings, open_signing
from csu.centre.registers.stamp_client import HttpAuthority
from csu.evidence import EvidenceInputRefused, ExportFailed
from csu.evidence.local_authority import OpensslAuthority, make_practice_pki
from csu.evidence.sign import require_trusted, sign, signed_by
from csu.hal.errors import CsuError

NOW = time.time_ns()


def test_a_fresh_centre_signs_with_a_certificate_of_its_own_and_keeps_it(tmp_path):
    made = open_signing(EvidenceSettings(centre="CSU de Metz"), tmp_path, NOW)
    (certificate,) = made.signer.certificates
    assert "CSU de Metz" in certificate.subject.rfc4514_string()
    assert (tmp_path / "signer.key").stat().st_mode & 0o077 == 0
    found, _ = signed_by(sign(b"x", made.signer), b"x")
    require_trusted(found, (), (certificate,), certificate.not_valid_before_utc)
    again = open_signing(EvidenceSettings(centre="another name"), tmp_path, NOW)
    assert again.signer.certificates == made.signer.certificates


def test_nobody_but_an_authority_says_the_time(tmp_path):
    with pytest.raises(ExportFailed) as caught:
        open_signing(EvidenceSettings(), tmp_path, NOW).require_authority()
    told = caught.value.trouble.words
    assert all("CSU_TSA" in text and "CSU_EVIDENCE_PRACTICE=1" in text for text in (told.fr, told.en))


def test_what_is_configured_is_what_signs_and_stamps(tmp_path):
    pki = make_practice_pki(tmp_path / "pki", NOW)
    given = EvidenceSettings.of(
        {
            "CSU_EVIDENCE_KEY": str(tmp_path / "pki" / "signer.key"),
            "CSU_EVIDENCE_CERTIFICATES": str(tmp_path / "pki" / "signer.pem"),
            "CSU_TSA": "http://127.0.0.1:1/stamp",
            "CSU_TSA_ROOT": str(tmp_path / "pki" / "stamp-authority.pem"),
        }
    )
    made = open_signing(given, tmp_path / "centre", NOW)
    assert made.signer.certificates == pki.signer.certificates
    assert isinstance(made.require_authority(), HttpAuthority)
    assert made.stamp_roots == (pki.stamp_root,)
    assert not (tmp_path / "centre").exists()


@pytest.mark.parametrize("lacking", ["CSU_EVIDENCE_CERTIFICATES", "CSU_TSA_ROOT"])
def test_one_without_the_other_is_refused_by_name(tmp_path, lacking):
    other = {"CSU_EVIDENCE_CERTIFICATES": "CSU_EVIDENCE_KEY", "CSU_TSA_ROOT": "CSU_TSA"}[lacking]
    with pytest.raises(EvidenceInputRefused, match=lacking):
        open_signing(EvidenceSettings.of({other: "x"}), tmp_path, NOW)


def test_a_key_that_cannot_be_read_stops_the_centre_and_not_the_first_export(tmp_path):
    with pytest.raises(CsuError):
        open_signing(EvidenceSettings(key=tmp_path / "none", certificates=tmp_path / "none"), tmp_path, NOW)


def test_the_practice_authorities_are_declared_kept_and_say_what_they_are(tmp_path):
    made = open_signing(EvidenceSettings.of({"CSU_EVIDENCE_PRACTICE": "1"}), tmp_path, NOW)
    again = open_signing(EvidenceSettings(practice=True), tmp_path, NOW)
    assert isinstance(made.require_authority(), OpensslAuthority)
    assert again.stamp_roots == made.stamp_roots
    assert again.signer.certificates == made.signer.certificates
    names = [each.subject.rfc4514_string() for each in (*made.signer.certificates, *made.stamp_roots)]
    assert all("EXERCICE" in name for name in names)
