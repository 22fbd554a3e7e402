"""Simulated alarm panels that dial a DC-09 receiver over real sockets of the loopback.

In: `DiallerSpec`s (account, format, key, paths, faults). Out: frames, repeats and polls as panels send them; outcomes.

    path = DialledPath("main", "127.0.0.1", port)
    async with open_diallers([DiallerSpec("1234", (path,), key=key)]) as panels:
        outcome = await panels["1234"].raise_event("BA", zone=3)     # returns once it is acknowledged
        assert outcome == Outcome("ACK", tries=1, path="main")
"""

from sim.endpoints.dc09.dialler import Dialler, DiallerCounts, Outcome, open_diallers
from sim.endpoints.dc09.spec import FLOOD_POLLS, DialledPath, DiallerFault, DiallerSpec

__all__ = [
    "FLOOD_POLLS",
    "DialledPath",
    "Dialler",
    "DiallerCounts",
    "DiallerFault",
    "DiallerSpec",
    "Outcome",
    "open_diallers",
]
