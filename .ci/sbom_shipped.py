"""Of the parts list of a whole environment, what the program itself needs: tools of its developers are left out."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any


def shipped(bom: dict[str, Any], project: dict[str, Any]) -> dict[str, Any]:
    """`bom` (CycloneDX) cut to what `project.dependencies` and the extra `wall` bring. Raises KeyError for a part that
    is not installed."""
    refs = {_name(each["name"]): each["bom-ref"] for each in bom["components"]}
    needs = {each["ref"]: each.get("dependsOn", []) for each in bom["dependencies"]}
    root = bom["metadata"]["component"]["bom-ref"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["wall"]]
    direct = sorted({refs[_name(re.split(r"[^\w.-]", each, maxsplit=1)[0])] for each in asked})
    reached, waiting = set(), list(direct)
    while waiting:
        ref = waiting.pop()
        if ref not in reached:
            reached.add(ref)
            waiting += needs.get(ref, [])
    kept = [each for each in bom["dependencies"] if each["ref"] in reached]
    return bom | {
        "components": [each for each in bom["components"] if each["bom-ref"] in reached],
        "dependencies": [{"ref": root, "dependsOn": direct}, *kept],
    }


def _name(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    told = shipped(json.loads(source.read_text(encoding="utf-8")), project)
    target.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(f"{target}: {len(told['components'])} parts")
