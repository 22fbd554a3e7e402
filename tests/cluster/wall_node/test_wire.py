"""What goes between a centre and a wall node: it comes out as it went in, or not at all."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.cluster.wall_node_wire import (
    PIECE,
    PIECE_BYTES_MAX,
    Ask,
    Beat,
    Failed,
    Hello,
    ShowScene,
    Told,
    from_node,
    pack,
    pack_fragment,
    pack_reading,
    pieces_of_answer,
    to_node,
    unpack_fragment,
    unpack_piece,
    unpack_reading,
)
from csu.console.serving import MESSAGE_BYTES_MAX
from csu.hal.camera import CameraId
from csu.hal.media import LiveFragment
from csu.hal.wall import (
    NodeScene,
    OverlayKind,
    SceneOverlay,
    ScenePiece,
    TileReading,
    TileState,
    WallNodeId,
    WallReading,
)
from csu.hal.wall_panel import WallPanelId
from csu.wall.drawing.windows import NodeScreens
from csu.wall.model import Panel, Rect
from csu.wall.model.wall import Rotation

CORNERS = ((0.0, 0.0), (10.0, 0.0), (0.0, 6.0), (10.0, 6.0))
SCENE = NodeScene(
    640,
    360,
    (
        ScenePiece(
            "t", WallPanelId("p"), CameraId("cam-1"), 1, CORNERS, CORNERS, 1.78, label="12 · Île", shown_until_ns=9
        ),
    ),
    (
        SceneOverlay(OverlayKind.HEAT, "t", heat=bytes(range(256)) * 9, until_ns=1 << 61),
        SceneOverlay(OverlayKind.CLOCK),
    ),
    fade_ns=500,
)
HELLO = Hello(
    node=WallNodeId("mur-b"), width_px=640, height_px=360, cameras=(CameraId("c"),), picture_px_max=(320, 180)
)
SCREENS = NodeScreens(
    ":0.1",
    (Panel(WallPanelId("p"), Rect(0, 0, 640, 360), (360, 640), WallNodeId("mur-b"), rotation=Rotation.RIGHT),),
)
READING = WallReading(5, "llvmpipe", 7, (TileReading(CameraId("cam-1"), TileState.STALE, 3, None, "t"),), (1.5, 2.25))


@pytest.mark.parametrize(
    "message",
    [
        HELLO,
        HELLO.model_copy(update={"screens": SCREENS}),
        ShowScene(scene=SCENE),
        Ask(number=3, what="png"),
        Told(asked_at_ns=1, now_ns=2),
    ],
)
def test_what_a_centre_says_comes_out_as_it_went_in(message) -> None:
    assert to_node(pack(message)) == message


@pytest.mark.parametrize(
    "message", [Beat(asked_at_ns=1), Beat(asked_at_ns=1, offset_ns=-5, error_ns=3), Failed(fr="é", en="e")]
)
def test_what_a_node_says_comes_out_as_it_went_in(message) -> None:
    assert from_node(pack(message)) == message


def test_neither_side_takes_the_others_words_nor_anything_else() -> None:
    for read, foreign in ((to_node, Beat(asked_at_ns=1)), (from_node, Told(asked_at_ns=1, now_ns=2))):
        with pytest.raises(ValueError, match="kind"):
            read(pack(foreign))
    scene = json.loads(pack(ShowScene(scene=SCENE)))
    scene["scene"]["pieces"][0]["tile_aspect"] = "1.7"
    for junk in ("", "[]", "{}", '{"kind":"hello"}', json.dumps(scene), '{"kind":"told","asked_at_ns":1,"now_ns":NaN}'):
        with pytest.raises(ValueError, match=r"."):
            to_node(junk)
    with pytest.raises(ValueError, match="extra"):
        from_node('{"kind":"beat","asked_at_ns":1,"seek":-30}')


@settings(max_examples=30)
@given(st.text("abc-19", min_size=1, max_size=40), st.binary(max_size=300), st.booleans(), st.booleans(), st.booleans())
def test_a_fragment_comes_out_as_it_went_in(camera, data, init, key, whole) -> None:
    sent = LiveFragment(data, init, key, 1 << 60, "", 7, whole)
    assert unpack_fragment(pack_fragment(CameraId(camera), sent)) == (camera, sent)


@given(st.binary(max_size=60))
def test_any_other_bytes_are_refused_or_are_a_fragment_and_nothing_worse(data) -> None:
    try:
        unpack_fragment(data)
    except ValueError:
        pass


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES_MAX, PIECE_BYTES_MAX + 1, 3 * PIECE_BYTES_MAX])
def test_an_answer_goes_in_pieces_that_the_console_reads(size) -> None:
    answer = bytes(size)
    pieces = [unpack_piece(piece) for piece in pieces_of_answer(4, answer)]
    assert b"".join(data for _, _, data in pieces) == answer
    assert [is_last for _, is_last, _ in pieces] == [False] * (len(pieces) - 1) + [True]
    assert PIECE.size + PIECE_BYTES_MAX <= MESSAGE_BYTES_MAX
    with pytest.raises(ValueError, match="a piece of 2 bytes"):
        unpack_piece(b"ab")


def test_a_reading_comes_out_as_it_went_in() -> None:
    assert unpack_reading(pack_reading(READING)) == READING
    with pytest.raises(ValueError, match="reading"):
        unpack_reading(b"{}")
