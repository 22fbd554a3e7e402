"""Which profiles of a device are its main and its sub stream. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from hardware.onvif.reading import MediaProfile, VideoEncoder
from hardware.onvif.settings import StreamFloors


def main_and_sub(profiles: Sequence[MediaProfile], floors: StreamFloors) -> tuple[MediaProfile, ...]:
    """The stream to record, then a smaller one if there is one; empty when nothing is H.264.

    The main stream is the largest that keeps the floors (TEC-1, TEC-2). Where none does it is the largest of all, and
    commissioning refuses it with its figures. The sub stream is the smallest of the same view, for walls and browsers.
    """
    usable = [(profile, profile.encoder) for profile in profiles if profile.encoder and profile.encoder.codec == "h264"]
    if not usable:
        return ()
    keeping = [pair for pair in usable if _keeps(pair[1], floors)]
    main, encoder = max(keeping or usable, key=lambda pair: (_area(pair[1]), pair[1].frames_per_s))
    smaller = [
        pair
        for pair in usable
        if _area(pair[1]) < _area(encoder) and pair[0].video_source == main.video_source and pair[0].token != main.token
    ]
    return (main, min(smaller, key=lambda pair: _area(pair[1]))[0]) if smaller else (main,)


def _keeps(encoder: VideoEncoder, floors: StreamFloors) -> bool:
    large = encoder.width_px >= floors.width_px and encoder.height_px >= floors.height_px
    return large and encoder.frames_per_s >= floors.frames_per_s


def _area(encoder: VideoEncoder) -> int:
    return encoder.width_px * encoder.height_px
