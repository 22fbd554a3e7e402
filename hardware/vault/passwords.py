"""Passwords that nobody chooses. Shell: the host's randomness."""

from __future__ import annotations

import secrets

CHARACTERS = 16
"""95 bits; and all that some makers take (16), of classes that others insist on."""
_LOWER, _UPPER, _DIGITS = "abcdefghijkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789"


def new_password() -> str:
    """Lower and upper case letters and digits, some of each; none that is read for another."""
    while True:
        drawn = "".join(secrets.choice(_LOWER + _UPPER + _DIGITS) for _ in range(CHARACTERS))
        if all(set(drawn) & set(kind) for kind in (_LOWER, _UPPER, _DIGITS)):
            return drawn
