"""Of the parts list of a whole environment, what the program itself needs: tools of its developers are left out.

Runs in that environment: what a part needs is asked of its own metadata, optional needs of others left out.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Callable, Sequence
from importlib.metadata import requires
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

Needs = Callable[[str], Sequence[str] | None]


def shipped(bom: dict[str, Any], project: dict[str, Any], needs: Needs = requires) -> dict[str, Any]:
    """`bom` (CycloneDX) cut to what `project.dependencies` and the extra `wall` bring. Raises KeyError for a part that
    is not in it."""
    parts = {canonicalize_name(each["name"]): each for each in bom["components"]}
    asked = [Requirement(each) for each in (*project["dependencies"], *project["optional-dependencies"]["wall"])]
    direct, edges, waiting = {canonicalize_name(each.name) for each in asked}, {}, asked
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        one = waiting.pop()
        name, extras = canonicalize_name(one.name), frozenset(one.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found = [Requirement(each) for each in needs(name) or ()]
        found = [each for each in found if _counts(each, extras)]
        edges.setdefault(name, set()).update(canonicalize_name(each.name) for each in found)
        waiting += found
    refs = {name: parts[name]["bom-ref"] for name in edges}
    told = [{"ref": bom["metadata"]["component"]["bom-ref"], "dependsOn": sorted(refs[name] for name in direct)}]
    told += [{"ref": refs[name], "dependsOn": sorted(refs[each] for each in edges[name])} for name in sorted(edges)]
    return bom | {"components": [parts[name] for name in sorted(edges)], "dependencies": told}


def _counts(need: Requirement, extras: frozenset[str]) -> bool:
    return need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in {"", *extras})


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    told = shipped(json.loads(source.read_text(encoding="utf-8")), project)
    target.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(f"{target}: {len(told['components'])} parts")
