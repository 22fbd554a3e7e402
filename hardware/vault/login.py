"""An account on a device."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Login:
    """User and password of one account on one device. The password never shows in a repr."""

    user: str
    password: str = field(repr=False)
