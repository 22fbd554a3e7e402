"""The programs that run for each corner and each pixel of the wall (GLSL 1.30, what every desktop GL has).

Age, and from it the state of a tile, is computed here, in the last step before the screen: no message to the wall can
keep an old picture looking live. The patterns of the states are exact, so that `read_back` can tell them from video.
What a piece is judged by lies in one small texture, a texel a piece: stamp, end of its right, 1 if wholly masked.
"""

from __future__ import annotations

from csu.hal.wall import TileState
from csu.wall.drawing.patterns import (
    CHECKER_DARK,
    CHECKER_LIGHT,
    CHECKER_PX,
    GREY,
    HATCH_EVERY_PX,
    HATCH_MIX,
    HATCH_WIDE_PX,
    HATCHES,
    STATE_COLOURS,
    STRIPE_DARK,
    STRIPE_LIGHT,
    STRIPE_PX,
)

_STATE = """
uniform float u_now_s;         // seconds since the renderer's own epoch
uniform float u_stale_s;
uniform float u_no_signal_s;
uniform sampler2D u_told;      // one texel a piece: stamp, end of the right to show it, 1: wholly masked
float state_of(float piece) {
    vec4 told = texelFetch(u_told, ivec2(int(piece + 0.5), 0), 0);
    if (u_now_s >= told.y) return 4.0;
    float age_s = u_now_s - told.x;
    if (age_s >= u_no_signal_s) return 2.0;
    return age_s >= u_stale_s ? 1.0 : (told.z > 0.5 ? 3.0 : 0.0);
}
"""

_PLACE = """
uniform vec2 u_wall_px;
vec4 place(vec2 px, float depth) {
    return vec4(px.x / u_wall_px.x * 2.0 - 1.0, 1.0 - px.y / u_wall_px.y * 2.0, depth, 1.0);
}
"""


def _rgb(levels: tuple[int, int, int]) -> str:
    return f"vec3({levels[0]}.0, {levels[1]}.0, {levels[2]}.0) / 255.0"


TILE_VERTEX = f"""#version 130
attribute vec2 a_position_px;
attribute vec2 a_luma_at;      // 0 to 1 across the picture
attribute vec2 a_chroma_at;    // the same place in the chroma planes, which may be half a pixel wider
attribute vec4 a_picture;      // layer; 1: BT.709 (else BT.601); 1: full range; 1: the ground under a piece
attribute vec2 a_piece;        // its texel, its depth
varying vec2 v_luma_at;
varying vec2 v_chroma_at;
varying vec4 v_tile;           // layer, matrix, range, state (5: ground)
{_STATE}
{_PLACE}
void main() {{
    v_luma_at = a_luma_at;
    v_chroma_at = a_chroma_at;
    v_tile = vec4(a_picture.xyz, a_picture.w > 0.5 ? 5.0 : state_of(a_piece.x));
    gl_Position = place(a_position_px, a_piece.y);
}}
"""


def _under_hatch(state: TileState) -> str:
    hatch = HATCHES[state]
    along = "px.x - px.y" if hatch.falls else "px.x + px.y"
    return f"""
        if (mod({along}, {HATCH_EVERY_PX}.0) < {HATCH_WIDE_PX}.0) rgb = mix(rgb, {_rgb(hatch.colour)}, {HATCH_MIX});"""


TILE_FRAGMENT = f"""#version 130
#extension GL_EXT_texture_array : enable
uniform sampler2DArray u_luma;     // layer k: the luma of picture k
uniform sampler2DArray u_chroma;   // layers 2k and 2k + 1: its U and V
uniform vec2 u_wall_px;
uniform vec3 u_background;
uniform vec2 u_cover;              // of live pictures, of all else: less than 1 while a scene gives way to another
varying vec2 v_luma_at;
varying vec2 v_chroma_at;
varying vec4 v_tile;

vec3 rgb_of(float y, float u, float v, float bt709, float full) {{
    float luma = full > 0.5 ? y : (y - 16.0 / 255.0) * 255.0 / 219.0;
    float chroma_gain = full > 0.5 ? 1.0 : 255.0 / 224.0;
    float cb = (u - 128.0 / 255.0) * chroma_gain;
    float cr = (v - 128.0 / 255.0) * chroma_gain;
    // Luma weights of red and blue: ITU-R BT.709-6 and BT.601-7.
    float kr = bt709 > 0.5 ? 0.2126 : 0.299;
    float kb = bt709 > 0.5 ? 0.0722 : 0.114;
    float kg = 1.0 - kr - kb;
    float red = luma + 2.0 * (1.0 - kr) * cr;
    float blue = luma + 2.0 * (1.0 - kb) * cb;
    float green = luma - 2.0 * kb * (1.0 - kb) / kg * cb - 2.0 * kr * (1.0 - kr) / kg * cr;
    return clamp(vec3(red, green, blue), 0.0, 1.0);
}}

void main() {{
    vec2 px = floor(vec2(gl_FragCoord.x, u_wall_px.y - gl_FragCoord.y));
    float state = v_tile.w;
    float cover = state < 0.5 ? u_cover.x : u_cover.y;
    if (state > 4.5) {{        // ground: what a piece above others leaves free
        gl_FragColor = vec4(u_background, cover);
        return;
    }}
    if (state > 3.5) {{        // forbidden: the picture is not even read
        float light = mod(floor((px.x + px.y) / {STRIPE_PX}.0), 2.0);
        gl_FragColor = vec4(mix({_rgb(STRIPE_DARK)}, {_rgb(STRIPE_LIGHT)}, light), cover);
        return;
    }}
    if (state > 1.5 && state < 2.5) {{   // no signal: nor is it here
        vec2 square = floor(px / {CHECKER_PX}.0);
        float light = mod(square.x + square.y, 2.0);
        gl_FragColor = vec4(mix({_rgb(CHECKER_DARK)}, {_rgb(CHECKER_LIGHT)}, light), cover);
        return;
    }}
    float layer = floor(v_tile.x + 0.5);
    float y = texture2DArray(u_luma, vec3(v_luma_at, layer)).r;
    float u = texture2DArray(u_chroma, vec3(v_chroma_at, 2.0 * layer)).r;
    float v = texture2DArray(u_chroma, vec3(v_chroma_at, 2.0 * layer + 1.0)).r;
    vec3 rgb = rgb_of(y, u, v, v_tile.y, v_tile.z);
    if (state > 0.5) {{        // stale or wholly masked: grey, darker, hatched
        rgb = vec3(dot(rgb, vec3(0.299, 0.587, 0.114)) * {GREY});
        if (state < 1.5) {{{_under_hatch(TileState.STALE)}
        }} else {{{_under_hatch(TileState.MASKED)}
        }}
    }}
    gl_FragColor = vec4(rgb, cover);
}}
"""

LETTER, HEAT, BLINKING = 1.0, 2.0, 3.0
"""What a quad of the overlay is, in the last number of its shape; 0: a rectangle."""
TONED = -2.0
"""In the place of the only state a quad is drawn in: in all, its own colour while live, else the state's."""


def _tone(state: TileState) -> str:
    red, green, blue, _ = STATE_COLOURS[state]
    return f"vec3({red}, {green}, {blue})"


OVERLAY_VERTEX = f"""#version 130
attribute vec2 a_position_px;
attribute vec2 a_at;           // letters: pixel of the atlas; rectangles: pixels from the centre; heat: 0 to 1
attribute vec4 a_colour;
attribute vec4 a_shape;        // half width, half height, corner radius (px), kind; of heat the first is its layer
attribute vec3 a_piece;        // its texel, its depth, the only state it is drawn in (-1: any, -2: any, in its colour)
uniform float u_blink;         // how much is seen of what blinks
varying vec2 v_at;
varying vec4 v_colour;
varying vec4 v_shape;
{_STATE}
{_PLACE}
void main() {{
    v_at = a_at;
    v_colour = a_colour;
    v_shape = a_shape;
    float state = state_of(a_piece.x);
    bool hidden = a_piece.z > -0.5 && abs(state - a_piece.z) > 0.5;
    if (a_piece.z < -1.5 && state > 0.5) {{
        vec3 lost = state < 2.5 ? {_tone(TileState.NO_SIGNAL)} : {_tone(TileState.FORBIDDEN)};
        vec3 there = state < 1.5 ? {_tone(TileState.STALE)} : {_tone(TileState.MASKED)};
        v_colour.rgb = state < 1.5 || (state > 2.5 && state < 3.5) ? there : lost;
    }}
    if (abs(a_shape.w - {BLINKING}) < 0.5) v_colour.a *= u_blink;
    gl_Position = hidden ? vec4(2.0, 2.0, 2.0, 1.0) : place(a_position_px, a_piece.y);
}}
"""

OVERLAY_FRAGMENT = f"""#version 130
#extension GL_EXT_texture_array : enable
uniform sampler2D u_atlas;
uniform vec2 u_atlas_px;
uniform sampler2DArray u_heat;
varying vec2 v_at;
varying vec4 v_colour;
varying vec4 v_shape;
void main() {{
    if (abs(v_shape.w - {LETTER}) < 0.5) {{
        gl_FragColor = vec4(v_colour.rgb, v_colour.a * texture2D(u_atlas, v_at / u_atlas_px).r);
        return;
    }}
    if (abs(v_shape.w - {HEAT}) < 0.5) {{   // blue, by green and yellow, to red; nothing where there is none
        float heat = texture2DArray(u_heat, vec3(v_at, floor(v_shape.x + 0.5))).r;
        vec3 rgb = clamp(vec3(heat * 4.0 - 2.0, 2.0 - abs(heat * 4.0 - 2.0), 2.0 - heat * 4.0), 0.0, 1.0);
        gl_FragColor = vec4(rgb, v_colour.a * min(1.0, heat * 2.0));
        return;
    }}
    // The distance to the edge of a rectangle with round corners.
    vec2 corner = abs(v_at) - v_shape.xy + v_shape.z;
    float distance_px = length(max(corner, 0.0)) + min(max(corner.x, corner.y), 0.0) - v_shape.z;
    gl_FragColor = vec4(v_colour.rgb, v_colour.a * clamp(0.5 - distance_px, 0.0, 1.0));
}}
"""
