"""The change of a camera's account: a pure core, whose state is the vault's entry and nothing else.

A password is in the vault before the device has it, and leaves it after the device has proved to refuse it. So a crash
at any instant loses no camera: whoever comes back reads the entry and goes on. Each act may be done twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from hardware.vault.login import Login


class Act(StrEnum):
    """What is to be done next at the device."""

    PUT_COMING = "put_coming"
    """Make the second account, or give it the password that is in the vault, with the first."""
    TRY_COMING = "try_coming"
    """It must be taken."""
    REMOVE_GOING = "remove_going"
    """With the account that is now the centre's."""
    TRY_GOING = "try_going"
    """It must be refused: the proof that the old password is worth nothing."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One camera's place in the vault."""

    account: Login
    """The one the centre uses."""
    coming: Login | None = None
    """Will replace it; perhaps on the device already."""
    going: Login | None = None
    """Was replaced; perhaps on the device still."""


USERS = ("csu-a", "csu-b")
"""The centre's accounts by turns: two exist while one replaces the other."""


def next_user(entry: Entry) -> str:
    """What the coming account is called: the one of the two that is not in use."""
    return USERS[1] if entry.account.user == USERS[0] else USERS[0]


def begin(entry: Entry, password: str) -> Entry:
    """A rotation begins; one that is under way goes on as it is."""
    if entry.coming is not None or entry.going is not None:
        return entry
    return replace(entry, coming=Login(next_user(entry), password))


def acts(entry: Entry) -> tuple[Act, ...]:
    """What is to be done, in this order, before the entry changes again (`advanced`); empty when nothing is."""
    if entry.coming is not None:
        return (Act.PUT_COMING, Act.TRY_COMING)
    if entry.going is not None:
        return (Act.REMOVE_GOING, Act.TRY_GOING)
    return ()


def advanced(entry: Entry) -> Entry:
    """The entry once all of `acts` were done. Raises ValueError when there were none."""
    if entry.coming is not None:
        return Entry(account=entry.coming, going=entry.account)
    if entry.going is not None:
        return Entry(account=entry.account)
    raise ValueError("no rotation is under way")
