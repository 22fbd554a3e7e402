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
NEEDS = {"csu": ["fastapi==1", "pytest==9", "Num_Py==2"], "fastapi==1": ["starlette==1"], "pytest==9": ["pluggy==1"]}


def bom() -> dict:
    refs = ["fastapi==1", "starlette==1", "pytest==9", "pluggy==1", "Num_Py==2", "glfw==2"]
    return {
        "metadata": {"component": {"bom-ref": "csu"}},
        "components": [{"bom-ref": ref, "name": ref.split("==")[0]} for ref in refs],
        "dependencies": [{"ref": ref, "dependsOn": NEEDS.get(ref, [])} for ref in ["csu", *refs]],
    }


PROJECT = {"dependencies": ["fastapi>=1", "num-py[x]==2.*"], "optional-dependencies": {"wall": ["glfw>=2"]}}


def test_what_ships_is_in_the_list_with_what_it_needs_and_developers_tools_are_not() -> None:
    told = sbom_shipped.shipped(bom(), PROJECT)
    assert {each["name"] for each in told["components"]} == {"fastapi", "starlette", "Num_Py", "glfw"}
    (root,) = [each for each in told["dependencies"] if each["ref"] == "csu"]
    assert root["dependsOn"] == ["Num_Py==2", "fastapi==1", "glfw==2"]
    assert all(need in {each["bom-ref"] for each in told["components"]} for need in root["dependsOn"])


def test_a_part_that_is_not_installed_is_told() -> None:
    with pytest.raises(KeyError, match="absent"):
        sbom_shipped.shipped(bom(), PROJECT | {"dependencies": ["absent"]})
