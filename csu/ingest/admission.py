"""Which streams are taken. A pure core: facts in; nothing, or a StreamUnsupported that names camera and reason.

Taken: H.264, 8 or 10 bit, 4:2:0 or 4:2:2 (either range), progressive, of a bounded size. Everything else is refused
whole: a picture that the mask cannot be laid on is a clear picture (PRV-5).
"""

from __future__ import annotations

from dataclasses import dataclass

from csu.hal.camera import CameraId
from csu.hal.words import Words
from csu.ingest.errors import StreamUnsupported
from csu.ingest.offer import Offer
from csu.ingest.parameter_sets import SequenceParameters, find_sps, parse_sps

SIDE_PX_MIN = 32
PICTURE_PX_MAX = 4096 * 2304
"""Largest picture in luma pixels: "4K" of either kind. A header may ask for 16 times more, and for its memory."""
PACKETS_BEFORE_PICTURE_MAX = 250
"""A picture must appear within so many packets: 10 s at 25 frames/s, the longest usual wait for a key frame."""


@dataclass(frozen=True, slots=True)
class SampleFormat:
    """How the samples of a decoded picture lie in its planes. The chroma is told by their shapes."""

    depth_bits: int
    full_range: bool


_TAKEN_DEPTHS = {"yuv420p": 8, "yuvj420p": 8, "yuv422p": 8, "yuvj422p": 8, "yuv420p10le": 10, "yuv422p10le": 10}
"""Bits a sample of FFmpeg's planar formats; those with a j are full range by name. No big-endian one: x86 and ARM."""
_TAKEN_CHROMA = (1, 2)
_CHROMA_NAMES = {
    0: Words("monochrome", "monochrome"),
    1: Words.same("4:2:0"),
    2: Words.same("4:2:2"),
    3: Words.same("4:4:4"),
}
_NAMES = {"H265": "HEVC (H.265)", "HEVC": "HEVC (H.265)", "JPEG": "MJPEG", "MJPEG": "MJPEG"}

SET_H264 = Words(
    "Réglez le flux de cette caméra en H.264, 8 ou 10 bits, 4:2:0 ou 4:2:2, progressif",
    "Set this camera's stream to H.264, 8 or 10 bit, 4:2:0 or 4:2:2, progressive",
)


_NO_PICTURE_WITH_SPS = Words("bien que les paramètres (SPS) soient venus", "although parameter sets came")
_NO_SPS = Words("faute de paramètres de séquence (SPS)", "because no sequence parameter set (SPS) came")


class Admission:
    """The gate of one camera."""

    def __init__(self, camera: CameraId) -> None:
        self._camera = camera
        self._packets = 0
        self._saw_sps = False
        self._saw_picture = False

    def offer(self, offer: Offer) -> None:
        """Judge what the device offers, before anything is set up."""
        video = offer.video
        if video is None:
            raise self._refusal(Words("l'appareil n'offre aucune piste vidéo", "the device offers no video track"))
        self.codec(video.codec)
        for unit in video.parameter_sets:
            if unit and unit[0] & 0x1F == 7:
                self._sps(unit)

    def codec(self, name: str) -> None:
        """Judge a codec by name (SDP or FFmpeg)."""
        if name.upper() != "H264":
            known = _NAMES.get(name.upper(), name)
            raise self._refusal(
                Words(
                    f"le flux est {'en ' + known if known else 'dans un codec sans nom'}, pas en H.264",
                    f"the stream is {known or 'of an unnamed codec'}, not H.264",
                )
            )

    def parameters(self, sequence: SequenceParameters) -> None:
        """Judge a sequence parameter set."""
        luma, chroma = sequence.luma_depth_bits, sequence.chroma_depth_bits
        if sequence.chroma not in _TAKEN_CHROMA:
            name = _CHROMA_NAMES[sequence.chroma]
            raise self._refusal(
                Words(f"le flux est {name.fr}, ni 4:2:0 ni 4:2:2", f"the stream is {name.en}, not 4:2:0 or 4:2:2")
            )
        if luma != chroma:
            raise self._refusal(
                Words(
                    f"le flux a {luma} bits par échantillon en luma et {chroma} en chroma",
                    f"the stream has {luma} bits a sample in luma and {chroma} in chroma",
                )
            )
        if luma not in (8, 10):
            raise self._refusal(
                Words(
                    f"le flux a {luma} bits par échantillon, ni 8 ni 10",
                    f"the stream has {luma} bits a sample, not 8 or 10",
                )
            )
        if sequence.may_interlace:
            # Some progressive pictures are sent so too; but a field that its messages call a frame would pass for one.
            raise self._refusal(Words("le flux permet des images entrelacées", "the stream allows interlaced pictures"))
        self._size(sequence.width_px, sequence.height_px)

    @property
    def saw_picture(self) -> bool:
        """True once a picture was admitted."""
        return self._saw_picture

    def packet(self, annex_b: bytes) -> None:
        """Judge a packet before it is decoded: each one until the first picture, then each key packet.

        `annex_b` is empty where the stream carries its parameter sets elsewhere (a clip).
        """
        unit = find_sps(annex_b)
        if unit is not None:
            self._sps(unit)
        if self._saw_picture:
            return
        self._packets += 1
        if self._packets > PACKETS_BEFORE_PICTURE_MAX:
            why = _NO_PICTURE_WITH_SPS if self._saw_sps else _NO_SPS
            count = PACKETS_BEFORE_PICTURE_MAX
            raise self._refusal(
                Words(
                    f"aucune image décodable en {count} paquets, {why.fr}",
                    f"no picture could be decoded from {count} packets, {why.en}",
                )
            )

    def picture(
        self, pixel_format: str, width_px: int, height_px: int, *, is_interlaced: bool, is_full_range: bool = False
    ) -> SampleFormat:
        """Judge a decoded picture by FFmpeg's name of its format; `is_full_range`: as its colour range says."""
        depth_bits = _TAKEN_DEPTHS.get(pixel_format)
        if depth_bits is None:
            raise self._refusal(
                Words(
                    f"les images sont en {pixel_format}, ni en yuv420p ni en yuv422p de 8 ou 10 bits",
                    f"the pictures are {pixel_format}, not yuv420p or yuv422p of 8 or 10 bits",
                )
            )
        if is_interlaced:
            raise self._refusal(Words("les images sont entrelacées", "the pictures are interlaced"))
        self._size(width_px, height_px)
        self._saw_picture = True
        return SampleFormat(depth_bits, is_full_range or pixel_format.startswith("yuvj"))

    def _sps(self, unit: bytes) -> None:
        try:
            sequence = parse_sps(unit)
        except ValueError:
            return  # the decoder has the last word, and the count of packets runs
        self._saw_sps = True
        self.parameters(sequence)

    def _size(self, width_px: int, height_px: int) -> None:
        size = f"{width_px}x{height_px}"
        if width_px * height_px > PICTURE_PX_MAX:
            raise self._refusal(
                Words(
                    f"les images font {size}, plus de {PICTURE_PX_MAX} pixels",
                    f"the pictures are {size}, more than {PICTURE_PX_MAX} pixels",
                )
            )
        if min(width_px, height_px) < SIDE_PX_MIN:
            raise self._refusal(
                Words(
                    f"les images font {size} : il faut des côtés d'au moins {SIDE_PX_MIN}",
                    f"the pictures are {size}: sides must be at least {SIDE_PX_MIN}",
                )
            )

    def _refusal(self, what: Words) -> StreamUnsupported:
        return StreamUnsupported(what, where=self._camera, what_to_do=SET_H264)
