"""Our reading of CMS and openssl's agree, on good signatures and on spoilt ones."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from csu.evidence.sign import SignatureBroken, Signer, sign, signed_by

CONTENT = b"a tag manifest\r\nwith both\nline ends\n"


def openssl_accepts(directory: Path, signature: bytes, content: bytes, root) -> bool:
    (directory / "s").write_bytes(signature)
    (directory / "c").write_bytes(content)
    (directory / "r").write_bytes(root.public_bytes(Encoding.PEM))
    asked = ["-in", "s", "-content", "c", "-CAfile", "r", "-purpose", "any", "-out", "out"]
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", *asked]
    return subprocess.run(command, cwd=directory, capture_output=True, timeout=20).returncode == 0


def we_accept(signature: bytes, content: bytes, pki) -> bool:
    try:
        return signed_by(signature, content)[0] == pki.signer.certificates[0]
    except SignatureBroken:
        return False


def test_a_good_signature_is_good_for_both(pki, tmp_path):
    signature = sign(CONTENT, pki.signer)
    assert we_accept(signature, CONTENT, pki)
    assert openssl_accepts(tmp_path, signature, CONTENT, pki.root)


def test_other_bytes_are_refused_by_both(pki, tmp_path):
    signature = sign(CONTENT, pki.signer)
    assert not we_accept(signature, CONTENT + b".", pki)
    assert not openssl_accepts(tmp_path, signature, CONTENT + b".", pki.root)


def test_no_byte_of_a_signature_can_be_changed(pki, tmp_path):
    """Every byte in turn; and what we still accept, openssl accepts too: we are never the laxer one."""
    signature = sign(CONTENT, pki.signer)
    spoilt = [signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1 :] for at in range(len(signature))]
    accepted = [each for each in spoilt if we_accept(each, CONTENT, pki)]
    assert len(accepted) <= 4
    assert all(openssl_accepts(tmp_path, each, CONTENT, pki.root) for each in accepted)


def test_an_rsa_key_signs_too(pki, tmp_path):
    key, name, now = rsa.generate_private_key(65537, 2048), pki.root.subject, datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    certificate = builder.sign(key, hashes.SHA256())
    signature = sign(CONTENT, Signer(key, (certificate,)))
    assert signed_by(signature, CONTENT)[0] == certificate
    assert openssl_accepts(tmp_path, signature, CONTENT, certificate)


def test_a_signature_that_carries_its_own_text_is_refused(pki):
    """Attached: it would be right about its own content and say nothing of the file beside it."""
    builder = pkcs7.PKCS7SignatureBuilder().set_data(b"another text")
    builder = builder.add_signer(pki.signer.certificates[0], pki.signer.key, hashes.SHA256())
    with pytest.raises(SignatureBroken):
        signed_by(builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary]), b"another text")


@pytest.mark.parametrize("junk", [b"", b"\x30", b"junk" * 50, b"\x30\x82\xff\xff" + bytes(50)])
def test_junk_is_no_signature(junk):
    with pytest.raises(SignatureBroken):
        signed_by(junk, CONTENT)
