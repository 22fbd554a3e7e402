"""Defects planted on purpose in the formats: for each, the check that must see it does see it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

import csu.ingest.decoder as decoder_module
import csu.masking.fill as fill_module
from csu.hal.frames import Chroma, YuvPlanes

TRUE_FILL, TRUE_COPY = fill_module._fill_plane, fill_module._copied


def test_the_judge_finds_nothing_without_a_defect(wrong_in, every_format):
    assert [wrong_in(sent, *size) for sent in every_format for size in ((64, 48), (49, 33))] == [[]] * 16


def test_chroma_forgotten(wrong_in, sent, monkeypatch):
    def luma_only(plane, top, left, where, texture):
        if texture.flat[0] >> (sent.depth_bits - 8) == fill_module.fill_yuv(sent.full_range)[0]:
            TRUE_FILL(plane, top, left, where, texture)

    monkeypatch.setattr(fill_module, "_fill_plane", luma_only)
    assert "u tells what was hidden" in wrong_in(sent, 64, 48)


def test_422_chroma_taken_for_420(wrong_in, format_of, monkeypatch):
    monkeypatch.setattr(fill_module, "_chroma_stencil", lambda stencil, _: (stencil.chroma, stencil.top_px // 2))
    for depth_bits in (8, 10):
        found = wrong_in(format_of(depth_bits, Chroma.C422, False), 64, 64)
        assert {"u tells what was hidden", "v tells what was hidden"} <= set(found)
        assert wrong_in(format_of(depth_bits, Chroma.C420, False), 64, 64) == []


def test_an_8_bit_value_written_into_10_bit_planes(wrong_in, sent, monkeypatch):
    """Nearly black, and no leak: only looking at what is there finds it."""
    true_texture = fill_module._make_texture

    def shallow(planes, *rest):
        made = true_texture(replace(planes, y=planes.y[:1, :1].astype(np.uint8), depth_bits=8), *rest)
        return made.astype(planes.y.dtype)

    monkeypatch.setattr(fill_module, "_textures", {})
    monkeypatch.setattr(fill_module, "_make_texture", shallow)
    found = wrong_in(sent, 64, 48)
    assert ("y is not the fill under the cover" in found) is (sent.depth_bits == 10)


def test_an_odd_last_row_and_column_left(wrong_in, sent, monkeypatch):
    def even_only(plane, top, left, where, texture):
        height, width = (side & ~1 for side in where.shape)
        TRUE_FILL(plane, top, left, np.ascontiguousarray(where[:height, :width]), texture)

    monkeypatch.setattr(fill_module, "_fill_plane", even_only)
    assert wrong_in(sent, 64, 48) == []
    assert "y tells what was hidden" in wrong_in(sent, 49, 33)


def test_the_last_of_an_odd_number_of_rows_forgotten_in_the_conversion(wrong_in, format_of, monkeypatch):
    true_stack = np.vstack

    class WithoutLast:
        def __getattr__(self, name):
            return getattr(np, name)

        @staticmethod
        def vstack(rows):
            return true_stack((*rows[:-1], np.zeros_like(rows[-1])))

    monkeypatch.setattr(fill_module, "np", WithoutLast())
    assert wrong_in(format_of(8, Chroma.C422, False), 48, 32) == []
    assert wrong_in(format_of(8, Chroma.C422, False), 48, 33) != []


def test_a_gaussian_instead_of_the_fill(wrong_in, sent, monkeypatch):
    def blur(plane, top, left, where, texture):
        window = plane[top : top + where.shape[0], left : left + where.shape[1]]
        cv2.copyTo(cv2.GaussianBlur(window, (31, 31), 8), where, window)

    monkeypatch.setattr(fill_module, "_fill_plane", blur)
    assert "y tells what was hidden" in wrong_in(sent, 64, 48)


def _mixed_rows(planes: YuvPlanes) -> YuvPlanes:
    """Chroma as a scaler with a longer filter makes it: each row has something of its neighbours."""
    kernel = np.array([[1], [2], [2], [2], [1]], np.float32) / 8
    u, v = (cv2.filter2D(plane, -1, kernel) for plane in (planes.u, planes.v))
    return replace(planes, u=u, v=v)


def test_converted_before_the_fill(wrong_in, format_of, monkeypatch):
    """A scaler before the mask carries hidden rows out of the cover."""
    true_convert = fill_module._as_8_bit_420
    monkeypatch.setattr(fill_module, "_copied", lambda planes: true_convert(_mixed_rows(TRUE_COPY(planes))))
    assert "u tells what was hidden" in wrong_in(format_of(8, Chroma.C422, False), 96, 96)


def test_rows_mixed_across_cells_after_the_fill(wrong_in, format_of, monkeypatch):
    """No leak, but clear colour smears under the cover: not the fill any more."""
    true_convert = fill_module._as_8_bit_420
    monkeypatch.setattr(fill_module, "_as_8_bit_420", lambda planes: true_convert(_mixed_rows(planes)))
    found = wrong_in(format_of(8, Chroma.C422, False), 96, 96)
    assert "u is not the fill under the cover" in found
    assert "u tells what was hidden" not in found


def test_the_full_range_forgotten(colour_distance, monkeypatch):
    monkeypatch.setattr(fill_module, "_textures", {})
    monkeypatch.setattr(fill_module, "fill_yuv", lambda _: fill_module.FILL_YUV)
    assert colour_distance(True) > 2


def test_the_range_of_the_stream_not_told_on(wrong_in, format_of, monkeypatch):
    monkeypatch.setattr(fill_module, "_copied", lambda planes: replace(TRUE_COPY(planes), full_range=False))
    assert "its colours are not told" in wrong_in(format_of(8, Chroma.C420, True), 64, 48)


def test_writing_in_the_decoders_reference(wrong_in, sent, monkeypatch):
    monkeypatch.setattr(fill_module, "_copied", lambda planes: planes)
    assert "y was written to where it was lent" in wrong_in(sent, 64, 48)


def test_padding_ignored(encoded_as, decode_each, sent, monkeypatch):
    """Rows read one after the other as if nothing lay between them."""

    def packed(plane, depth_bits):
        samples = np.frombuffer(plane, np.uint8 if depth_bits == 8 else np.uint16)
        return samples[: plane.height * plane.width].reshape(plane.height, plane.width)

    def pictures() -> list[np.ndarray]:
        seen: list[np.ndarray] = []
        decode_each(encoded_as(sent, 160, 96, 1), lambda picture: seen.append(picture.planes.y.copy()))
        return seen

    true = pictures()
    monkeypatch.setattr(decoder_module, "_view", packed)
    assert not np.array_equal(true[0], pictures()[0])
