"""The accounts of a device, with the limits and faults of ONVIF Core 8.4. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sim.endpoints.digest import Login
from sim.endpoints.onvif.soap import receiver_fault, sender_fault
from sim.endpoints.onvif.spec import OnvifSpec, UserLevel


@dataclass(frozen=True, slots=True)
class Account:
    """One user. The password never shows."""

    name: str
    password: str = field(repr=False)
    level: UserLevel

    @property
    def login(self) -> Login:
        """What the streams know of it."""
        return Login(self.name, self.password)


class Users:
    """All accounts by name. Each change is whole or refused (Fault)."""

    def __init__(self, spec: OnvifSpec) -> None:
        first = Account(spec.endpoint.user, spec.endpoint.password, UserLevel.ADMINISTRATOR)
        self._spec = spec
        self._accounts = {first.name: first} if first.name else {}

    @property
    def is_open(self) -> bool:
        """True when nobody was ever given a password: everybody may do everything, as on a camera out of its box."""
        return not self._accounts

    def all(self) -> tuple[Account, ...]:
        """Every account, in the order they were made."""
        return tuple(self._accounts.values())

    def find(self, name: str) -> Account | None:
        """The account of this name."""
        return self._accounts.get(name)

    def create(self, accounts: Sequence[Account]) -> None:
        """Add these."""
        names = [account.name for account in accounts]
        if len(set(names)) != len(names) or any(name in self._accounts for name in names):
            raise sender_fault("ter:OperationProhibited", "ter:UsernameClash", reason="that user exists")
        if len(self._accounts) + len(accounts) > self._spec.users_max:
            raise receiver_fault("ter:Action", "ter:TooManyUsers", reason=f"{self._spec.users_max} users are all")
        for account in accounts:
            self._require(account)
        self._accounts |= {account.name: account for account in accounts}

    def change(self, accounts: Sequence[Account]) -> None:
        """Give these another password or level."""
        changed = {account.name: account for account in accounts}
        for account in accounts:
            self._require_known(account.name)
            self._require(account)
        self._require_administrator(self._accounts | changed)
        self._accounts |= changed

    def delete(self, names: Sequence[str]) -> None:
        """Take these away."""
        for name in names:
            self._require_known(name)
        left = {name: account for name, account in self._accounts.items() if name not in names}
        self._require_administrator(left)
        self._accounts = left

    def _require(self, account: Account) -> None:
        spec, prohibited = self._spec, "ter:OperationProhibited"
        if not account.name or not account.name.isprintable():
            raise sender_fault(prohibited, "ter:UsernameTooShort", reason="the user has no name")
        if len(account.name) > spec.user_name_chars_max:
            raise sender_fault(
                prohibited, "ter:UsernameTooLong", reason=f"{spec.user_name_chars_max} characters at most"
            )
        if account.level is UserLevel.ANONYMOUS:
            raise sender_fault(prohibited, "ter:AnonymousNotAllowed", reason="no anonymous user can be made")
        if len(account.password) > spec.password_chars_max:
            raise sender_fault(
                prohibited, "ter:PasswordTooLong", reason=f"{spec.password_chars_max} characters at most"
            )
        if len(account.password) < spec.password_chars_min or account.password == account.name:
            raise sender_fault(
                prohibited, "ter:PasswordTooWeak", reason=f"{spec.password_chars_min} characters at least"
            )

    def _require_known(self, name: str) -> None:
        if name not in self._accounts:
            raise sender_fault("ter:InvalidArgVal", "ter:UsernameMissing", reason="no such user")

    def _require_administrator(self, accounts: dict[str, Account]) -> None:
        if not any(account.level is UserLevel.ADMINISTRATOR for account in accounts.values()):
            raise sender_fault("ter:InvalidArgVal", "ter:FixedUser", reason="the last administrator stays")
