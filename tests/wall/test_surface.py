"""Which surface: the graphics card first, software only on request, one kind per process, a clear word when none."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

from csu.hal.wall import WallError
from csu.wall.drawing import egl_display
from csu.wall.drawing.surface import Surface, is_software, open_surface


@pytest.mark.parametrize(
    ("renderer", "software"),
    [
        ("llvmpipe (LLVM 15.0.6, 256 bits)", True),
        ("softpipe", True),
        ("Google SwiftShader", True),
        ("NVIDIA RTX A4000/PCIe/SSE2", False),
        ("AMD Radeon RX 7600 (radeonsi, navi33)", False),
        ("Mesa Intel(R) UHD Graphics 770 (ADL-S GT1)", False),
    ],
)
def test_software_renderers_are_known_by_name(renderer: str, software: bool) -> None:
    assert is_software(renderer) is software


def test_software_is_refused_unless_asked_for(surface: Surface) -> None:
    if not is_software(surface.renderer):
        pytest.fail("this test wants a machine without a graphics card: run it in the continuous integration")
    with pytest.raises(WallError, match="drawn by the processor"):
        open_surface("offscreen", 64, 36)


def test_a_second_kind_of_surface_in_one_process_is_refused(surface: Surface) -> None:
    with pytest.raises(WallError, match="already draws offscreen"):
        open_surface("window", 64, 36, allow_software=True)


@pytest.mark.parametrize(
    ("before", "backend", "words"),
    [
        ("", "window", "no OpenGL for this kind of wall.*DISPLAY"),
        ("import OpenGL;", "offscreen", "imported before the kind"),
        ("import sys; sys.modules['vispy'] = None;", "offscreen", r"csu\[wall\]"),
    ],
)
def test_what_is_missing_is_said_in_one_line(before: str, backend: str, words: str) -> None:
    code = (
        f"{before}\nfrom csu.hal.wall import WallError\nfrom csu.wall.drawing.surface import open_surface\n"
        f"try:\n    open_surface({backend!r}, 64, 36, allow_software=True)\n"
        "except WallError as error:\n    print(error)\n"
    )
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "PYOPENGL_PLATFORM")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment, check=True
    )
    (line,) = done.stdout.splitlines()
    assert re.search(words, line), line


def _library(devices: dict[int, bytes]) -> SimpleNamespace:
    """An EGL library with these devices: handle -> extensions."""

    def query(_most: int, handles: ctypes.Array[ctypes.c_void_p], count: SimpleNamespace) -> bool:
        for index, handle in enumerate(devices):
            handles[index] = handle
        count._obj.value = len(devices)
        return True

    functions = {
        b"eglQueryDevicesEXT": query,
        b"eglQueryDeviceStringEXT": lambda handle, _name: devices[handle],
        b"eglGetPlatformDisplayEXT": lambda platform, handle, _attributes: 1000 + handle if handle else 999,
    }
    return SimpleNamespace(functions=functions)


NVIDIA = b"EGL_NV_device_cuda EGL_EXT_device_drm EGL_EXT_device_query_name"
INTEL = b"EGL_EXT_device_drm EGL_EXT_device_drm_render_node"
SOFTWARE = b"EGL_MESA_device_software"


@pytest.mark.parametrize(
    ("devices", "allowed", "displays"),
    [
        ({1: SOFTWARE, 2: INTEL, 3: NVIDIA}, True, [1003, 1002, 1001, 999]),
        ({1: SOFTWARE, 2: INTEL, 3: NVIDIA}, False, [1003, 1002]),
        ({1: SOFTWARE}, False, []),
        ({}, True, [999]),
    ],
)
def test_a_graphics_card_comes_before_the_processor(
    monkeypatch: pytest.MonkeyPatch, devices: dict[int, bytes], allowed: bool, displays: list[int]
) -> None:
    monkeypatch.setattr(egl_display, "_function", lambda egl, name, *_types: egl.functions[name])
    assert list(egl_display._displays(_library(devices), allowed)) == displays
