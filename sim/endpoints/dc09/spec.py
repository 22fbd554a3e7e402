"""What a simulated panel is, and how it may misbehave."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class DiallerFault(StrEnum):
    """How a panel, or somebody between it and the centre, may misbehave. Each is independent of the others."""

    REPLAYED = "replayed"
    """Each event that was acknowledged is sent again, bit for bit."""
    REHEADED = "reheaded"
    """Each event that was acknowledged is sent again under the next number, the cipher text unchanged."""
    DOWNGRADED = "downgraded"
    """It speaks in clear though it has a key."""
    WRONG_KEY = "wrong_key"
    STALE_CLOCK = "stale_clock"
    """Its clock is an hour behind, and what a NAK says of the time is not heard."""
    SLOW_CLOCK = "slow_clock"
    """Its clock is an hour behind until a NAK sets it right."""
    MISMATCHED_ACCOUNT = "mismatched_account"
    """Inside, the frame names another account."""
    FLOOD = "flood"
    """FLOOD_POLLS polls before each event, without waiting for an answer."""
    SPLIT_FRAMES = "split_frames"
    """A few bytes at a time (TCP)."""
    JOINED_FRAMES = "joined_frames"
    """A poll and the event in one write."""
    BAD_CRC = "bad_crc"
    NEVER_POLLS = "never_polls"
    UNKNOWN_CODE = "unknown_code"
    """A code that no table has, whatever happens."""
    LISTEN_IN = "listen_in"
    """It reports that a microphone was opened."""
    OVERSIZED = "oversized"
    """8 KiB of text with each event."""
    NO_LINE = "no_line"
    """Leaves `L` out of its frames, as some do."""


FLOOD_POLLS = 300


@dataclass(frozen=True, slots=True)
class DialledPath:
    """One way to a receiver."""

    name: str
    host: str
    port: int
    transport: str = "tcp"
    receiver: int | None = None
    line: int = 0

    def __post_init__(self) -> None:
        if self.transport not in ("tcp", "udp"):
            raise ValueError(f"path {self.name}: {self.transport} is neither tcp nor udp")


@dataclass(frozen=True, slots=True)
class DiallerSpec:
    """One simulated panel. Raises ValueError for one that could not be built."""

    account: str
    paths: tuple[DialledPath, ...]
    format: str = "SIA-DCS"
    key: bytes | None = field(default=None, repr=False)
    poll_every_s: float | None = None
    answer_within_s: float = 5.0
    """Then it repeats."""
    tries_max: int = 20
    both_paths: bool = False
    """Each event on all paths at once; else on the first, and on the next when that does not answer."""
    repeats_as_sent: bool = False
    """A repeat is the same bytes; else it is enciphered and dated anew."""
    is_dated: bool = True
    """Frames in clear bear a time."""
    faults: frozenset[DiallerFault] = frozenset()

    def __post_init__(self) -> None:
        if not self.paths or self.format not in ("SIA-DCS", "ADM-CID"):
            raise ValueError(f"account {self.account}: no path, or no format {self.format!r}")
        if self.key is not None and len(self.key) not in (16, 24, 32):
            raise ValueError(f"account {self.account}: AES keys have 16, 24 or 32 bytes")
