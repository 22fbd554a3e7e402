"""When was a camera to be recorded? Its papers, asked over a stretch of time. Pure."""

from __future__ import annotations

from csu.governance.authorisation_register import AuthorisationRegister
from csu.governance.spans import Span, overlap
from csu.hal.camera import CameraId


def recorded_spans(register: AuthorisationRegister, camera: CameraId, span: Span) -> tuple[Span, ...]:
    """What of `span` its papers let the camera be recorded in: in order, not touching each other (AUT-1)."""
    pieces: list[Span] = []
    start_ns = span.from_ns
    while start_ns < span.to_ns:
        change_ns = register.next_change_ns(camera, start_ns)
        end_ns = span.to_ns if change_ns is None else min(change_ns, span.to_ns)
        if register.may_record(camera, start_ns).permitted:
            pieces.append(Span(start_ns, end_ns))
        start_ns = end_ns
    return overlap(span, pieces)
