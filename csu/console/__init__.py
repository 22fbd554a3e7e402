"""The operators' console: a web application that shows live masked pictures and camera states, and nothing of the past.

In: a `RoomView` (what the centre lets the console see), a clock, and an `Access` (who decides, who asks, what writes it
down, the requisition desk). Out: an ASGI application of which every route is behind one gate, and pages for a browser.
No decision about cameras or law is taken here; a line that knows a device or a disk belongs to another room.
"""

from csu.console.access import Access, RightsDesk
from csu.console.app import ConsoleSettings, create_app
from csu.console.demonstration import demonstration_access, demonstration_operator, invented_papers
from csu.console.desks import Desks
from csu.console.dpo import DpoDesks
from csu.console.evidence_desk import EvidenceDesk
from csu.console.identity import (
    Accounts,
    AnyOf,
    Claims,
    IdentitySource,
    IssuedTokens,
    LocalOperator,
    NodeClaims,
    SignedTokens,
    TokenElse,
    WallNodeTokens,
    make_token,
)
from csu.console.refusals import ConsoleError
from csu.console.room import RoomCounters, RoomHealth, RoomView
from csu.console.serving import ServedCertificate, serve_console
from csu.console.wall_node_door import NodeLine, WallNodeDesk

__all__ = [
    "Access",
    "Accounts",
    "AnyOf",
    "Claims",
    "ConsoleError",
    "ConsoleSettings",
    "Desks",
    "DpoDesks",
    "EvidenceDesk",
    "IdentitySource",
    "IssuedTokens",
    "LocalOperator",
    "NodeClaims",
    "NodeLine",
    "RightsDesk",
    "RoomCounters",
    "RoomHealth",
    "RoomView",
    "ServedCertificate",
    "SignedTokens",
    "TokenElse",
    "WallNodeDesk",
    "WallNodeTokens",
    "create_app",
    "demonstration_access",
    "demonstration_operator",
    "invented_papers",
    "make_token",
    "serve_console",
]
