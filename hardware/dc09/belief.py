"""Whether a frame is believed: whose it says it is, by which path it came, and what it opens into. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from hardware.dc09.codes import CodeTable
from hardware.dc09.frames import POLLS, Content, Header, Unreadable, inner_accounts, open_frame
from hardware.dc09.reasons import Reason
from hardware.dc09.settings import AccountSettings, PathSettings


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a frame came in, and from where."""

    door: str
    transport: str
    address: str


@dataclass(frozen=True, slots=True)
class Account:
    """An account as its frames are judged."""

    settings: AccountSettings
    table: CodeTable
    key: bytes | None

    def __repr__(self) -> str:
        return f"account {self.settings.account}"


def path_of(account: AccountSettings, header: Header, origin: Origin) -> PathSettings | None:
    """The first declared path that this frame came by."""
    for path in account.paths:
        asked = ((path.transport, origin.transport), (path.receiver, header.receiver), (path.line, header.line or 0))
        if path.door == origin.door and all(wanted is None or wanted == had for wanted, had in asked):
            if path.allowed is None or ip_address(origin.address) in path.allowed:
                return path
    return None


def opened(frame: bytes, header: Header, account: Account) -> Content | Reason:
    """What a frame says, or why it is not believed.

    AES-CBC proves nothing: a wrong key opens one frame in eight into something without time and data, as measured. So
    an enciphered frame must bear its time and what it is for, and name its own account inside.
    """
    if account.key is not None and not header.is_encrypted:
        return Reason.DOWNGRADE
    if account.key is None and header.is_encrypted:
        return Reason.WRONG_KEY
    content = open_frame(frame, header, account.key)
    if isinstance(content, Unreadable):
        return Reason.WRONG_KEY if header.is_encrypted else Reason.UNREADABLE
    is_poll = header.id in POLLS
    if header.is_encrypted and (content.stamped_at_ns is None or not (is_poll or content.data)):
        return Reason.WRONG_KEY
    if is_poll:
        return Reason.MISMATCH if content.data else content
    return content if inner_accounts(content.data) == {header.account} else Reason.MISMATCH
