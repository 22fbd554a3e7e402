"""A simulated police station on a real socket of the loopback: it takes calls over mTLS, and a person there answers.

In: a `StationSpec`, a `PrivateAuthority` that both sides believe. Out: a `PoliceStation` that says what it received,
and can be told to misbehave. It checks signature, time, schema and key itself, from the texts of Standard Webhooks and
CloudEvents: no client library is asked what a right message looks like.

For a test::

    authority = PrivateAuthority("csu rehearsal", clock)
    async with serve_police(StationSpec(taken_after_s=0.2), authority, clock) as station:
        station.url                                        # "https://localhost:PORT/calls"
        station.secret                                     # b"whsec_..." for this contact
        authority.certificate_pem, authority.client("csu") # what the centre needs
        station.misbehave(StationQuirk.SILENT)             # until station.heal()
        assert list(station.received) == ["call-1"]
"""

from sim.endpoints.police.authority import PrivateAuthority
from sim.endpoints.police.serving import serve_police
from sim.endpoints.police.station import PoliceStation, StationQuirk, StationSpec

__all__ = ["PoliceStation", "PrivateAuthority", "StationQuirk", "StationSpec", "serve_police"]
