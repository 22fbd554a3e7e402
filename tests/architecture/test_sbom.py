"""`make sbom` leaves out what only developers need, and nothing that ships (the tool itself runs in no test)."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_spec = importlib.util.spec_from_file_location("sbom_shipped", ROOT / ".ci" / "sbom_shipped.py")
assert _spec is not None
assert _spec.loader is not None
sbom_shipped = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sbom_shipped)
NEEDS = {
    "fastapi": ["starlette>=1", 'orjson; extra == "all"'],
    "num-py": ['pytest; extra == "test"', 'tzdata; extra == "x"'],
    "starlette": ['colorama; sys_platform == "win32"'],
}
NAMES = ["fastapi", "starlette", "pytest", "Num_Py", "glfw", "tzdata"]
PROJECT = {"dependencies": ["fastapi>=1", "num-py[x]==2.*"], "optional-dependencies": {"wall": ["glfw>=2"]}}


def bom() -> dict:
    return {
        "metadata": {"component": {"bom-ref": "csu"}},
        "components": [{"bom-ref": f"{name}==1", "name": name} for name in NAMES],
        "dependencies": [],
    }


def test_what_ships_is_in_the_list_with_what_it_needs_and_developers_tools_are_not() -> None:
    told = sbom_shipped.shipped(bom(), PROJECT, NEEDS.get)
    assert {each["name"] for each in told["components"]} == {"fastapi", "starlette", "Num_Py", "glfw", "tzdata"}
    needs = {each["ref"]: each["dependsOn"] for each in told["dependencies"]}
    assert needs["csu"] == ["Num_Py==1", "fastapi==1", "glfw==1"]
    assert (needs["fastapi==1"], needs["Num_Py==1"]) == (["starlette==1"], ["tzdata==1"])


def test_a_part_that_is_not_installed_is_told() -> None:
    with pytest.raises(KeyError, match="absent"):
        sbom_shipped.shipped(bom(), PROJECT | {"dependencies": ["absent"]}, NEEDS.get)
