"""Letters: accents are there, a text fits, an unknown letter is a question mark."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from csu.wall.drawing.lettering import ALPHABET, GlyphAtlas, TextStyle
from csu.wall.drawing.overlay import UTC, clock_words, wall_zone

STYLE = TextStyle(14, 500)


@pytest.fixture(scope="module")
def atlas() -> GlyphAtlas:
    return GlyphAtlas([STYLE, TextStyle(24, 600)])


def _ink(atlas: GlyphAtlas, letter: str) -> bytes:
    (glyph, _x, _y), *_ = atlas.place(STYLE, letter, 0, 0)
    rows = slice(glyph.atlas_y, glyph.atlas_y + glyph.height_px)
    return atlas.pixels[rows, glyph.atlas_x : glyph.atlas_x + glyph.width_px].tobytes()


@pytest.mark.parametrize("letter", "éèêëàâçùûîïôœæÉÈÀÇŒ·–…€")
def test_french_letters_have_ink_of_their_own(atlas: GlyphAtlas, letter: str) -> None:
    ink = _ink(atlas, letter)
    assert any(ink)
    plain = unicodedata.normalize("NFD", letter)[0]
    assert ink != _ink(atlas, "?")
    if plain != letter:
        assert ink != _ink(atlas, plain), "the accent is missing"


def test_all_letters_but_the_space_have_ink_and_move_the_pen(atlas: GlyphAtlas) -> None:
    for letter in ALPHABET:
        assert atlas.measure(STYLE, letter) > 0
        assert bool(atlas.place(STYLE, letter, 0, 0)) == (letter != " ")


def test_an_accent_that_comes_apart_from_its_letter_is_put_back(atlas: GlyphAtlas) -> None:
    assert atlas.place(STYLE, "e\u0301", 0, 0) == atlas.place(STYLE, "é", 0, 0)


def test_a_letter_the_atlas_lacks_is_a_question_mark(atlas: GlyphAtlas) -> None:
    assert atlas.place(STYLE, "日", 3, 4) == atlas.place(STYLE, "?", 3, 4)


@pytest.mark.parametrize("width", [0, 5, 12, 40, 80, 200, 1000])
def test_a_shortened_text_fits_and_says_that_it_is_shortened(atlas: GlyphAtlas, width: int) -> None:
    text = "008 · Parking Saint-Thiébault, entrée sud"
    short = atlas.shorten(STYLE, text, width)
    assert atlas.measure(STYLE, short) <= width
    assert short in ("", text) or (short.endswith("…") and text.startswith(short[:-1]))


def test_no_letter_lies_over_another(atlas: GlyphAtlas) -> None:
    taken = np.zeros(atlas.pixels.shape, np.uint8)
    for letter in ALPHABET:
        for glyph, _x, _y in atlas.place(STYLE, letter, 0, 0):
            rows = slice(glyph.atlas_y, glyph.atlas_y + glyph.height_px)
            taken[rows, glyph.atlas_x : glyph.atlas_x + glyph.width_px] += 1
    assert taken.max() == 1


def test_the_clock_is_that_of_the_wall_in_summer_and_in_winter() -> None:
    zone = wall_zone()
    if zone is UTC:
        assert clock_words(1_795_528_800_000_000_000, zone) == ("14:00:00 UTC", "mardi 24 novembre 2026")
    else:
        assert clock_words(1_795_528_800_000_000_000, zone) == ("15:00:00", "mardi 24 novembre 2026")
        assert clock_words(1_785_535_199_999_999_999, zone) == ("23:59:59", "vendredi 31 juillet 2026")
    assert wall_zone("Mars/Olympus") is UTC
