"""Other ways to draw 48 pictures with GL, on the same context: a program per tile, a scene node per tile, moderngl.

Each takes new planes for every tile and draws all of them, without labels, states and clock: they are favoured.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.frames import YuvPlanes
from csu.hal.wall import NodeScene
from csu.wall.drawing.surface import Surface
from csu.wall.model.layout import Rectangle

VERTEX = """#version 130
attribute vec2 a_place;
attribute vec2 a_at;
varying vec2 v_at;
void main() { v_at = a_at; gl_Position = vec4(a_place, 0.0, 1.0); }
"""
FRAGMENT = """#version 130
uniform sampler2D u_y;
uniform sampler2D u_u;
uniform sampler2D u_v;
varying vec2 v_at;
void main() {
    float y = (texture2D(u_y, v_at).r - 16.0 / 255.0) * 255.0 / 219.0;
    float u = (texture2D(u_u, v_at).r - 128.0 / 255.0) * 255.0 / 224.0;
    float v = (texture2D(u_v, v_at).r - 128.0 / 255.0) * 255.0 / 224.0;
    gl_FragColor = vec4(y + 1.402 * v, y - 0.344136 * u - 0.714136 * v, y + 1.772 * u, 1.0);
}
"""


class Peer(Protocol):
    """Takes a new picture for each tile and draws them all; returns once the last pixel is there."""

    def frame(self, planes: Sequence[YuvPlanes]) -> None: ...

    def limit(self) -> None:
        """From now on one pixel only is drawn."""
        ...

    def pixels(self) -> NDArray[np.uint8]:
        """(height, width, 3), RGB."""
        ...


_SCISSOR_TEST = 0x0C11


def one_pixel(gloo: Any, *, on: bool) -> None:
    """On the context that is current."""
    gloo.gl.glScissor(0, 0, 1, 1)
    (gloo.gl.glEnable if on else gloo.gl.glDisable)(_SCISSOR_TEST)


class ProgramPerTile:
    """vispy gloo, three textures and a draw call a tile."""

    def __init__(self, surface: Surface, tiles: Sequence[Rectangle], size_px: tuple[int, int]) -> None:
        from vispy import gloo

        self._surface, self._gloo = surface, gloo
        self._tiles = []
        surface.begin()
        for tile in tiles:
            program = gloo.Program(VERTEX, FRAGMENT, count=4)
            program["a_place"] = _corners(tile, surface.width_px, surface.height_px)
            program["a_at"] = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float32)
            textures = [_texture(gloo, size_px, half) for half in (False, True, True)]
            program["u_y"], program["u_u"], program["u_v"] = textures
            self._tiles.append((program, textures))

    def frame(self, planes: Sequence[YuvPlanes]) -> None:
        self._surface.begin()
        self._gloo.clear(color=(0, 0, 0))
        for (program, textures), picture in zip(self._tiles, planes, strict=True):
            for texture, plane in zip(textures, (picture.y, picture.u, picture.v), strict=True):
                texture.set_data(plane[..., None])
            program.draw("triangle_strip")
        self._surface.end()

    def limit(self) -> None:
        self._surface.begin()
        one_pixel(self._gloo, on=True)

    def pixels(self) -> NDArray[np.uint8]:
        return self._surface.read_rgb()


class SceneImages:
    """vispy's scene graph, an `Image` a tile; pictures become RGB on the processor, as it wants them."""

    def __init__(self, surface: Surface, tiles: Sequence[Rectangle], size_px: tuple[int, int]) -> None:
        from vispy import gloo, scene

        self._surface, self._gloo = surface, gloo
        surface.begin()
        self._canvas = scene.SceneCanvas(size=(surface.width_px, surface.height_px), show=False)
        self._canvas.set_current()
        size = surface.height_px, surface.width_px
        self._framebuffer = gloo.FrameBuffer(color=gloo.RenderBuffer(size), depth=gloo.RenderBuffer(size))
        self._images = []
        for tile in tiles:
            image = scene.visuals.Image(np.zeros((size_px[1], size_px[0], 3), np.uint8), parent=self._canvas.scene)
            image.transform = scene.transforms.STTransform(
                scale=(tile.width_px / size_px[0], tile.height_px / size_px[1]), translate=(tile.left_px, tile.top_px)
            )
            self._images.append(image)

    def frame(self, planes: Sequence[YuvPlanes]) -> None:
        for image, picture in zip(self._images, planes, strict=True):
            i420 = np.concatenate([plane.reshape(-1) for plane in (picture.y, picture.u, picture.v)])
            rows = picture.height_px * 3 // 2
            image.set_data(cv2.cvtColor(i420.reshape(rows, picture.width_px), cv2.COLOR_YUV2RGB_I420))
        self._canvas.set_current()
        self._canvas.push_fbo(self._framebuffer, (0, 0), (self._surface.width_px, self._surface.height_px))
        self._canvas._draw_scene()
        self._canvas.pop_fbo()
        self._canvas.context.finish()

    def limit(self) -> None:
        self._canvas.set_current()
        one_pixel(self._gloo, on=True)

    def pixels(self) -> NDArray[np.uint8]:
        return np.asarray(self._canvas.render()[..., :3], np.uint8)


class ModernGl:
    """moderngl with csu's own fragment shader, one array a plane, one draw call: is anything lost to vispy?"""

    def __init__(self, width_px: int, height_px: int, tiles: Sequence[Rectangle], size_px: tuple[int, int]) -> None:
        import moderngl

        from csu.wall.drawing.shaders import TILE_FRAGMENT, TILE_VERTEX

        self._gl: Any = cast("Any", moderngl).create_context(standalone=True, backend="egl")
        count, (width, height) = len(tiles), size_px
        self._luma: Any = self._gl.texture_array((width, height, count), 1, dtype="f1")
        self._chroma: Any = self._gl.texture_array((width // 2, height // 2, 2 * count), 1, dtype="f1")
        told = self._gl.texture((count, 1), 4, np.tile(np.array([0, 1e9, 0, 0], "f4"), count).tobytes(), dtype="f4")
        self._target = self._gl.framebuffer([self._gl.texture((width_px, height_px), 4)])
        self._program: Any = self._gl.program(vertex_shader=TILE_VERTEX, fragment_shader=TILE_FRAGMENT)
        textures: list[tuple[str, Any]] = [("u_luma", self._luma), ("u_chroma", self._chroma), ("u_told", told)]
        for index, (name, texture) in enumerate(textures):
            texture.use(index)
            self._program[name].value = index
        for name, value in (
            ("u_wall_px", (width_px, height_px)), ("u_now_s", 0.0), ("u_stale_s", 2.0), ("u_no_signal_s", 10.0),
            ("u_cover", (1.0, 1.0)), ("u_background", (0.0, 0.0, 0.0)),
        ):  # fmt: skip
            if name in self._program:
                self._program[name].value = value
        corners = np.zeros((count, 6, 12), "f4")
        for index, tile in enumerate(tiles):
            for vertex, (right, down) in enumerate(((0, 0), (1, 0), (0, 1), (0, 1), (1, 0), (1, 1))):
                place = (tile.left_px + right * tile.width_px, tile.top_px + down * tile.height_px)
                corners[index, vertex] = (*place, right, down, right, down, index, 0, 0, 0, index, 0)
        buffer = self._gl.buffer(corners.tobytes())
        names = ("a_position_px", "a_luma_at", "a_chroma_at", "a_picture", "a_piece")
        self._draws = self._gl.vertex_array(self._program, [(buffer, "2f 2f 2f 4f 2f", *names)])

    def frame(self, planes: Sequence[YuvPlanes]) -> None:
        with self._gl:  # vispy's context may be current
            self._frame(planes)

    def _frame(self, planes: Sequence[YuvPlanes]) -> None:
        for index, picture in enumerate(planes):
            height, width = picture.y.shape
            self._luma.write(picture.y, (0, 0, index, width, height, 1), alignment=1)
            for step, plane in enumerate((picture.u, picture.v)):
                size = plane.shape[1], plane.shape[0], 1
                self._chroma.write(plane, (0, 0, 2 * index + step, *size), alignment=1)
        self._target.use()
        self._target.clear()
        self._draws.render()
        self._gl.finish()

    def limit(self) -> None:
        self._target.scissor = (0, 0, 1, 1)

    def pixels(self) -> NDArray[np.uint8]:
        with self._gl:
            data = self._target.read(components=3, alignment=1)
        return np.frombuffer(data, np.uint8).reshape(self._target.height, self._target.width, 3)[::-1]


def _texture(gloo: Any, size_px: tuple[int, int], half: bool) -> Any:
    width, height = (size_px[0] // 2, size_px[1] // 2) if half else size_px
    return gloo.Texture2D(
        shape=(height, width, 1), format="red", internalformat="r8", interpolation="linear", wrapping="clamp_to_edge"
    )


def rectangles(scene: NodeScene) -> list[Rectangle]:
    """Of a scene of one upright panel: where its tiles lie."""
    corners = [(piece.corners_px[0], piece.corners_px[3]) for piece in scene.pieces]
    return [
        Rectangle(int(left), int(top), int(right - left), int(bottom - top)) for (left, top), (right, bottom) in corners
    ]


def _corners(tile: Rectangle, width_px: int, height_px: int) -> Any:
    xs = [2 * tile.left_px / width_px - 1, 2 * (tile.left_px + tile.width_px) / width_px - 1]
    ys = [1 - 2 * tile.top_px / height_px, 1 - 2 * (tile.top_px + tile.height_px) / height_px]
    return np.array([[xs[0], ys[0]], [xs[1], ys[0]], [xs[0], ys[1]], [xs[1], ys[1]]], np.float32)
