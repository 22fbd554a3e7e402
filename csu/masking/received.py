"""The one door by which a picture is masked without this process having masked it: it came over the masked relay.

A media node's relay (`csu.cluster.live_muxer.LiveOutlet`) takes `MaskedPacket`s and nothing else, so what a centre
sends to its wall nodes was masked by a room like this one. Whoever calls this states that the fragment came over the
connection to that centre, which proved who it is. One module may (import-linter, contract `received`; decision 0076).
"""

from __future__ import annotations

from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.frames import CaptureTime, MaskedFrame, YuvPlanes
from csu.masking._seal import SEAL


def received_masked(
    camera: CameraId,
    sequence: int,
    captured_at_ns: Nanoseconds,
    planes: YuvPlanes,
    *,
    mask_epoch: int,
    wholly_masked: bool,
) -> MaskedFrame:
    """The picture as the relay said it is. How much of it is covered is not told but for all: 1.0, else 0.0.

    Raises ValueError for planes that are not 8-bit 4:2:0.
    """
    return MaskedFrame(
        camera,
        sequence,
        CaptureTime(captured_at_ns, from_camera=True),
        planes,
        mask_epoch=mask_epoch,
        covered_share=1.0 if wholly_masked else 0.0,
        seal=SEAL,
    )
