"""Simulated display panels on real sockets of the loopback: Samsung MDC and PJLink, and how they misbehave.

In: a `PanelSpec`. Out: a `SimulatedPanel` that can be told to misbehave, and says what was done to it. Frames are built
and read here byte by byte, from the protocols' texts: no client library is asked what a frame looks like.

For a test::

    async with serve_mdc(PanelSpec()) as panel:        # listens on an ephemeral port of 127.0.0.1
        panel.port, panel.url                          # "mdc://127.0.0.1:PORT/1"
        panel.misbehave(PanelQuirk.STUCK_INPUT)        # until panel.heal(PanelQuirk.STUCK_INPUT)
        panel.use_remote(power=PanelPower.OFF)              # somebody in the room has the remote control
        assert panel.asked > 0
"""

from sim.endpoints.panels.direct import DisplayPanel
from sim.endpoints.panels.mdc import serve_mdc
from sim.endpoints.panels.panel import PanelQuirk, PanelSpec, SimulatedPanel
from sim.endpoints.panels.pjlink import serve_pjlink

__all__ = ["DisplayPanel", "PanelQuirk", "PanelSpec", "SimulatedPanel", "serve_mdc", "serve_pjlink"]
