"""The programs that run for each corner and each pixel of the wall (GLSL 1.30, what every desktop GL has).

Age, and from it the state of a tile, is computed here, in the last step before the screen: no message to the wall can
keep an old picture looking live. The patterns of the states are exact, so that `read_back` can tell them from video.
"""

from __future__ import annotations

from csu.wall.drawing.patterns import (
    CHECKER_DARK,
    CHECKER_LIGHT,
    CHECKER_PX,
    HATCH,
    HATCH_EVERY_PX,
    HATCH_MIX,
    HATCH_WIDE_PX,
)

_STATE_OF_AGE = """
uniform float u_now_s;         // seconds since the renderer's own epoch
uniform float u_stale_s;
uniform float u_no_signal_s;
float state_of(float stamp_s) {
    float age_s = u_now_s - stamp_s;
    return age_s >= u_no_signal_s ? 2.0 : (age_s >= u_stale_s ? 1.0 : 0.0);
}
"""

_PLACE = """
uniform vec2 u_wall_px;
vec4 place(vec2 px) { return vec4(px.x / u_wall_px.x * 2.0 - 1.0, 1.0 - px.y / u_wall_px.y * 2.0, 0.0, 1.0); }
"""


def _rgb(levels: tuple[int, int, int]) -> str:
    return f"vec3({levels[0]}.0, {levels[1]}.0, {levels[2]}.0) / 255.0"


TILE_VERTEX = f"""#version 130
attribute vec2 a_position_px;
attribute vec2 a_luma_at;      // 0 to 1 across the picture
attribute vec2 a_chroma_at;    // the same place in the chroma planes, which may be half a pixel wider
attribute float a_layer;
attribute vec2 a_colour;       // 1: BT.709 (else BT.601); 1: full range
attribute float a_stamp_s;
varying vec2 v_luma_at;
varying vec2 v_chroma_at;
varying vec4 v_tile;           // layer, matrix, range, state
{_STATE_OF_AGE}
{_PLACE}
void main() {{
    v_luma_at = a_luma_at;
    v_chroma_at = a_chroma_at;
    v_tile = vec4(a_layer, a_colour, state_of(a_stamp_s));
    gl_Position = place(a_position_px);
}}
"""

TILE_FRAGMENT = f"""#version 130
#extension GL_EXT_texture_array : enable
uniform sampler2DArray u_luma;     // layer k: the luma of picture k
uniform sampler2DArray u_chroma;   // layers 2k and 2k + 1: its U and V
uniform vec2 u_wall_px;
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
    vec2 px = vec2(gl_FragCoord.x, u_wall_px.y - gl_FragCoord.y);
    if (v_tile.w > 1.5) {{   // no signal: the picture is not even read
        vec2 square = floor(px / {CHECKER_PX}.0);
        float light = mod(square.x + square.y, 2.0);
        gl_FragColor = vec4(mix({_rgb(CHECKER_DARK)}, {_rgb(CHECKER_LIGHT)}, light), 1.0);
        return;
    }}
    float layer = floor(v_tile.x + 0.5);
    float y = texture2DArray(u_luma, vec3(v_luma_at, layer)).r;
    float u = texture2DArray(u_chroma, vec3(v_chroma_at, 2.0 * layer)).r;
    float v = texture2DArray(u_chroma, vec3(v_chroma_at, 2.0 * layer + 1.0)).r;
    vec3 rgb = rgb_of(y, u, v, v_tile.y, v_tile.z);
    if (v_tile.w > 0.5) {{   // stale: grey, darker, hatched
        rgb = vec3(dot(rgb, vec3(0.299, 0.587, 0.114)) * 0.6);
        if (mod(floor(px.x) + floor(px.y), {HATCH_EVERY_PX}.0) < {HATCH_WIDE_PX}.0)
            rgb = mix(rgb, {_rgb(HATCH)}, {HATCH_MIX});
    }}
    gl_FragColor = vec4(rgb, 1.0);
}}
"""

OVERLAY_VERTEX = f"""#version 130
attribute vec2 a_position_px;
attribute vec2 a_at;           // letters: pixel of the atlas; shapes: pixels from the centre
attribute vec4 a_colour;
attribute vec4 a_shape;        // half width, half height, corner radius (px); 1 for a letter
attribute float a_when;        // drawn in this state only; below 0: always
attribute float a_stamp_s;
varying vec2 v_at;
varying vec4 v_colour;
varying vec4 v_shape;
{_STATE_OF_AGE}
{_PLACE}
void main() {{
    v_at = a_at;
    v_colour = a_colour;
    v_shape = a_shape;
    bool hidden = a_when > -0.5 && abs(state_of(a_stamp_s) - a_when) > 0.5;
    gl_Position = hidden ? vec4(2.0, 2.0, 2.0, 1.0) : place(a_position_px);
}}
"""

OVERLAY_FRAGMENT = """#version 130
uniform sampler2D u_atlas;
uniform vec2 u_atlas_px;
varying vec2 v_at;
varying vec4 v_colour;
varying vec4 v_shape;
void main() {
    float ink;
    if (v_shape.w > 0.5) {
        ink = texture2D(u_atlas, v_at / u_atlas_px).r;
    } else {   // distance to the edge of a rectangle with round corners
        vec2 corner = abs(v_at) - v_shape.xy + v_shape.z;
        float distance_px = length(max(corner, 0.0)) + min(max(corner.x, corner.y), 0.0) - v_shape.z;
        ink = clamp(0.5 - distance_px, 0.0, 1.0);
    }
    gl_FragColor = vec4(v_colour.rgb, v_colour.a * ink);
}
"""
