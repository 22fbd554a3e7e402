"""What a person decides about a centre on one machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from csu.centre.added import AddedStream
from csu.centre.desk.signing import EvidenceSettings
from csu.centre.registers.settings import RegisterSettings
from csu.centre.rooms.map_room import MapSettings
from csu.centre.wall_hung import WallSettings
from csu.console import ServedCertificate
from csu.console.sign_in import OidcSettings
from csu.governance import LocalDoctrine
from csu.hal.site import OpenSite, Option


@dataclass(frozen=True, slots=True)
class CentreSettings:
    """What a person decides about a centre on one machine. Everything has a default."""

    data_directory: Path
    binding: str = "street"
    site: OpenSite | None = None
    """What opens the site, for whoever brings one; None: the binding of that name."""
    cameras: int = 8
    options: Mapping[str, Option] = field(default_factory=dict)
    added: tuple[AddedStream, ...] = ()
    doctrine: LocalDoctrine = LocalDoctrine()
    registers: RegisterSettings = RegisterSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    media_directories: tuple[Path, ...] = ()
    """Where segments go, each a volume of its own; none: `media` in the data directory."""
    database_url: str | None = None
    """PostgreSQL for the catalogue (`CSU_DATABASE_URL`); None: SQLite files, one a day."""
    wall: WallSettings = WallSettings()
    map: MapSettings = MapSettings()
    console_host: str = "127.0.0.1"
    console_port: int = 0
    """0: any free port; the address is told."""
    console_names: frozenset[str] = frozenset()
    """Names it is called by from other machines, beside those of this one."""
    console_tls: ServedCertificate | None = None
    """What it proves itself with; without, only this very machine may speak to it."""
    oidc: OidcSettings | None = None
    """An identity provider that vouches for its people; None: they prove themselves here."""

    @property
    def media(self) -> tuple[Path, ...]:
        """The directories of media."""
        return self.media_directories or (self.data_directory / "media",)
