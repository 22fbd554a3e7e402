"""A tone in G.711 A-law: what a camera's microphone track carries here, for whoever is wrong enough to ask for it."""

from __future__ import annotations

from functools import cache

import numpy as np

SAMPLE_HZ = 8_000
PACKET_MS = 40
TONE_HZ = 400
"""A whole number of periods fits one packet, so the same packet repeated is one steady tone."""


@cache
def tone_packet() -> bytes:
    """40 ms of tone, 320 A-law samples."""
    count = SAMPLE_HZ * PACKET_MS // 1000
    samples = 8000 * np.sin(2 * np.pi * TONE_HZ * np.arange(count) / SAMPLE_HZ)
    return bytes(_a_law(int(sample)) for sample in samples)


def _a_law(sample: int) -> int:
    """One 16-bit sample to A-law (ITU-T G.711): sign, 3 bits of segment, 4 bits of step, even bits inverted."""
    sign, magnitude = (0xD5, sample >> 3) if sample >= 0 else (0x55, -(sample >> 3) - 1)
    magnitude = min(magnitude, 0xFFF)
    segment = max(magnitude.bit_length() - 5, 0)
    step = (magnitude >> max(segment, 1)) & 0x0F
    return ((segment << 4) | step) ^ sign
