"""Simulated cameras on the network: real RTSP over real sockets of the loopback, one process for all.

In: `EndpointSpec`s (what each camera shows and how it misbehaves). Out: H.264 with RTCP reports, DIGEST logins, an
audio track that nobody should take, counters.

For a test::

    specs = [EndpointSpec("cam-01", number=1), EndpointSpec("cam-02", number=2, fault=Fault(FaultKind.FREEZE))]
    with RtspFarm(specs) as farm:                 # returns when it listens, on an ephemeral port of 127.0.0.1
        address = farm.address("cam-01")          # StreamAddress: url, user "csu", password "street-0000"
        ...                                       # av.open("rtsp://csu:street-0000@127.0.0.1:PORT/cam-01/main", ...)
        farm.misbehave("cam-01", Fault(FaultKind.CLOSE))   # at run time; None heals
        assert farm.counts()["cam-01"].audio_setups == 0

`TestCard` (the default picture) costs almost nothing; `StreetView(pose)` is the street. `canned=True` serves loops
encoded once, for hundreds of clients. Wrong codecs are a matter of the spec (`codec=Codec.HEVC`), not of a fault.
A path that is not there answers 404; UDP transport answers 461.

A camera burns masks in by itself, on its main stream, its sub stream (`sub=True`) and its snapshot, and can be made to
betray them (`MaskFault`), or to see badly (`ViewFault`)::

        farm.set_masks("cam-01", [OnboardMask("door", ((0.1, 0.2), (0.3, 0.2), (0.3, 0.6), (0.1, 0.6)))])
        farm.read_masks("cam-01")                          # what the camera says, which may not be what it does
        farm.address("cam-01", SUB_PROFILE), farm.snapshot_address("cam-01")
        farm.set_mask_fault("cam-01", MaskFault.SUB_ONLY)  # the recorded stream is clear from now on
        farm.set_view_fault("cam-01", ViewFault(ViewFaultKind.KNOCKED), after_s=5)

`RtspFarm(specs, tls=context)` serves RTSPS and HTTPS stills; its addresses are then these.
"""

from sim.endpoints.farm import FarmError, RtspFarm
from sim.endpoints.spec import (
    PROFILE,
    SUB_PROFILE,
    Codec,
    EndpointCounts,
    EndpointSpec,
    Fault,
    FaultKind,
    MaskFault,
    Picture,
    Speaker,
    StreetView,
    TestCard,
    ViewFault,
    ViewFaultKind,
)

__all__ = [
    "PROFILE",
    "SUB_PROFILE",
    "Codec",
    "EndpointCounts",
    "EndpointSpec",
    "FarmError",
    "Fault",
    "FaultKind",
    "MaskFault",
    "Picture",
    "RtspFarm",
    "Speaker",
    "StreetView",
    "TestCard",
    "ViewFault",
    "ViewFaultKind",
]
