"""One audit of a camera that masks by itself: a key frame of each other stream, and the snapshot. Nothing is kept.

Whatever cannot be looked at counts as not masked.
"""

from __future__ import annotations

from csu.hal.camera import CameraId, StreamAddress
from csu.hal.clock import NS_PER_S, Clock
from csu.hal.errors import CsuError
from csu.hal.words import Words
from csu.ingest.admission import Admission
from csu.ingest.decoder import Decoder
from csu.ingest.edge_trust import AuditOrder
from csu.ingest.line import StopSignal
from csu.ingest.session import open_session
from csu.ingest.snapshot import fetch_snapshot

FIRST_PICTURE_NS_MAX = 12 * NS_PER_S
"""How long a stream may take to its first key frame: the longest usual wait between two, and a connection."""


def audit(order: AuditOrder, camera: CameraId, clock: Clock, stop: StopSignal) -> Words | None:
    """None when every other stream and the snapshot show the masks; else the first that does not, and why.

    Blocks for seconds. `stop` cuts it short: the result is then a no.
    """
    for number, address in enumerate(order.plan.other_streams, 2):
        why = _stream_misses(order, camera, address, clock, stop)
        if why is not None:
            return Words(f"flux {number} : {why.fr}", f"stream {number}: {why.en}")
    if order.plan.snapshot is None:
        return None
    try:
        why = order.missing(fetch_snapshot(camera, order.plan.snapshot, clock))
    except CsuError as error:
        why = error.trouble.beside(camera)
    return None if why is None else Words(f"image fixe : {why.fr}", f"snapshot: {why.en}")


def _stream_misses(
    order: AuditOrder, camera: CameraId, address: StreamAddress, clock: Clock, stop: StopSignal
) -> Words | None:
    admission = Admission(camera)
    until_ns = clock.monotonic_ns() + FIRST_PICTURE_NS_MAX
    try:
        # Its microphones are the recorded stream's to report: none is set up here either.
        session = open_session(camera, address, admission, clock, stop, lambda _: None)
        try:
            decoder = Decoder(camera, session.decoder, admission, is_annex_b=session.is_annex_b)
            for arrival in session.arrivals():
                pictures = decoder.drain() if arrival is None else decoder.decode(arrival.packet)
                if pictures:
                    return order.missing(pictures[0].planes)
                if clock.monotonic_ns() > until_ns:
                    break
        finally:
            session.close()
    except CsuError as error:
        return error.trouble.beside(camera)
    return _NO_PICTURE


_NO_PICTURE = Words("aucune image n'est venue à temps", "no picture came in time")
