"""Passwords and codes, and how often one may fail."""

from __future__ import annotations

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.console.sign_in import PasswordUnusable, code_address, hash_password, new_code_secret
from csu.console.sign_in.proofs import code_at
from csu.console.sign_in.throttle import FORGOTTEN_NS, WAIT_NS_MAX, Throttle
from csu.hal.clock import NS_PER_S


def test_a_password_is_kept_by_argon2id_as_its_authors_advise() -> None:
    assert hash_password("a.martin", "les quais du canal").startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.parametrize("password", ["", "court", "aaaaaaaaaaaaaaaa", "xx a.martin xx 57", "x" * 257])
def test_a_password_that_is_none_is_refused(password) -> None:
    with pytest.raises(PasswordUnusable):
        hash_password("a.martin", password)


def test_codes_are_those_of_rfc_6238() -> None:
    """Its appendix B, SHA-1, the last six of the eight digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    told = {59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130"}
    assert {at_s: code_at(secret, at_s * NS_PER_S) for at_s in told} == told


def test_a_generator_takes_its_secret_in() -> None:
    secret = new_code_secret()
    assert pyotp.parse_uri(code_address("a.martin", secret)).secret == secret


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3 * FORGOTTEN_NS)), max_size=60))
def test_waiting_is_bounded_and_grows_and_a_proof_forgives_all(steps) -> None:
    throttle, now_ns, waits = Throttle(3), 0, 0
    for fails, after_ns in steps:
        now_ns += after_ns
        if fails:
            throttle.fail("a", now_ns)
            longer = throttle.waits_ns("a", now_ns)
            assert after_ns >= FORGOTTEN_NS or longer >= waits
            waits = longer
        else:
            throttle.succeed("a")
            assert throttle.waits_ns("a", now_ns) == 0
            waits = 0
        assert 0 <= throttle.waits_ns("a", now_ns) <= WAIT_NS_MAX
        assert throttle.waits_ns("a", now_ns + WAIT_NS_MAX) == 0
        assert throttle.waits_ns("b", now_ns) == 0
