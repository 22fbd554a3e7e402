"""How somebody proves who he is: a password and a code of his generator, or a passkey. Calls block."""

from __future__ import annotations

import secrets
import unicodedata

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from csu.console.sign_in.store import SignInStore
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.errors import BadInput
from csu.hal.words import Words

PASSWORD_SIGNS_MIN, PASSWORD_SIGNS_MAX = 12, 256
"""ANSSI-PG-078: long rather than odd; the code generator is the second factor. Bounded for Argon2's sake."""
CODE_STEP_S = 30
CODE_STEPS_OFF = 1
"""A generator whose clock is one step off is still believed."""
_SIGNS, _DRAWN = "abcdefghijkmnpqrstuvwxyz23456789", 16
_HASHER = PasswordHasher()
_NOBODYS = _HASHER.hash("nobody has this password, it only takes as long to refuse")


class PasswordUnusable(BadInput):
    """A password that is too short, too long, or the account's own name."""


def hash_password(account: str, password: str) -> str:
    """Argon2id, with the library's parameters. Raises PasswordUnusable."""
    plain = _plain(password)
    fits = PASSWORD_SIGNS_MIN <= len(plain) <= PASSWORD_SIGNS_MAX
    if not fits or account in plain.casefold() or len(set(plain)) < 5:
        raise PasswordUnusable(
            Words(
                f"un mot de passe a {PASSWORD_SIGNS_MIN} signes au moins, variés, sans le nom du compte",
                f"a password has at least {PASSWORD_SIGNS_MIN} signs, not all alike, without the account's name",
            ),
            where=account,
            what_to_do=Words("Choisissez une phrase", "Choose a phrase"),
        )
    return _HASHER.hash(plain)


def new_password() -> str:
    """One that nobody chose, 80 random bits; no sign of it is read for another."""
    drawn = [secrets.choice(_SIGNS) for _ in range(_DRAWN)]
    return "-".join("".join(drawn[at : at + 4]) for at in range(0, _DRAWN, 4))


def is_password(store: SignInStore, account: str, password: str, now_ns: Nanoseconds) -> bool:
    """Whether it is that account's. It takes as long for an account that does not exist."""
    kept = store.password_hash(account)
    plain = _plain(password[: PASSWORD_SIGNS_MAX + 1])
    try:
        _HASHER.verify(kept or _NOBODYS, plain)
    except (VerificationError, InvalidHashError):
        return False
    if kept is None:
        return False
    if _HASHER.check_needs_rehash(kept):
        store.set_password(account, _HASHER.hash(plain), now_ns)
    return True


def new_code_secret() -> str:
    """Of a code generator: 160 random bits, base32."""
    return pyotp.random_base32()


def code_address(account: str, secret: str) -> str:
    """What a code generator takes in, as `otpauth://`."""
    return pyotp.TOTP(secret, interval=CODE_STEP_S).provisioning_uri(name=account, issuer_name="csu")


def code_at(secret: str, at_ns: Nanoseconds) -> str:
    """The code of that instant (RFC 6238, SHA-1, 6 digits, 30 s)."""
    return pyotp.TOTP(secret, interval=CODE_STEP_S).at(at_ns // NS_PER_S)


def is_code(store: SignInStore, account: str, code: str, now_ns: Nanoseconds) -> bool:
    """Whether it is a code of that account's generator, of about now, that nobody used before."""
    secret = store.code_secret(account)
    if secret is None or not (code.isascii() and code.isdecimal()):
        return False
    now_step = now_ns // NS_PER_S // CODE_STEP_S
    for step in range(now_step - CODE_STEPS_OFF, now_step + CODE_STEPS_OFF + 1):
        expected = code_at(secret, step * CODE_STEP_S * NS_PER_S)
        if pyotp.utils.strings_equal(code, expected):
            return store.use_code(account, step)
    return False


def _plain(password: str) -> str:
    return unicodedata.normalize("NFKC", password)
