"""From a YAML file to a `Scenario`, or to one line that says which line of the file is wrong and how.

Every scalar stays text until its field reads it: YAML alone would take `14:40` for 880 and `no` for false.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from csu.hal.errors import BadInput
from csu.hal.words import Words
from sim.quantities import BadQuantity
from sim.scenario import Scenario

FILE_BYTES_MAX = 1 << 20
_Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class ScenarioFile:
    """A scenario with where it came from."""

    path: Path
    scenario: Scenario
    sha256: str


@dataclass(frozen=True, slots=True)
class _Said:
    """One trouble in both languages: what is wrong, and what to do."""

    what: Words
    what_to_do: Words

    def at(self, where: str) -> BadInput:
        return BadInput(self.what, where=where, what_to_do=self.what_to_do)


def read_scenario(path: Path) -> ScenarioFile:
    """Read and check a scenario. Raises BadInput naming file and line."""
    content = _content(path)
    lines: dict[_Path, int] = {}
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(content, Loader=yaml.SafeLoader)):
            raise _said("les renvois YAML (*nom) ne sont pas admis", "YAML aliases (*name) are not taken").at(str(path))
        root = yaml.compose(content, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "unreadable"
        where = f"{path}:{mark.line + 1}" if mark is not None else str(path)
        raise _said(f"ce n'est pas du YAML ({problem})", f"this is no YAML ({problem})").at(where) from error
    if not isinstance(root, yaml.MappingNode):
        raise _said("un scénario est une liste de clés", "a scenario is a list of keys").at(f"{path}:1")
    data = _plain(root, (), lines, path)
    try:
        scenario = Scenario.model_validate(data)
    except ValidationError as error:
        raise _first_trouble(error, lines, path) from error
    return ScenarioFile(path, scenario, sha256(content).hexdigest())


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise _said(f"le scénario est illisible ({reason})", f"the scenario cannot be read ({reason})").at(
            str(path)
        ) from error
    if len(content) > FILE_BYTES_MAX:
        raise _said("le scénario dépasse 1 Mio", "the scenario is larger than 1 MiB").at(str(path))
    return content


_CORRECT = Words("Corrigez le fichier", "Correct the file")


def _said(french: str, english: str, *, what_to_do: Words = _CORRECT) -> _Said:
    return _Said(Words(french, english), what_to_do)


def _plain(node: yaml.Node, at: _Path, lines: dict[_Path, int], path: Path) -> object:
    """The node as dict, list or str; `lines` learns where each key and item begins (from 1)."""
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        data: dict[str, object] = {}
        for key, value in node.value:
            name = str(key.value)
            line = key.start_mark.line + 1
            if name in data:
                raise _said(f"clé {name!r} écrite deux fois", f"key {name!r} is written twice").at(f"{path}:{line}")
            lines[(*at, name)] = line
            data[name] = _plain(value, (*at, name), lines, path)
        return data
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*at, index), lines, path) for index, item in enumerate(node.value)]
    return node.value


def _first_trouble(error: ValidationError, lines: Mapping[_Path, int], path: Path) -> BadInput:
    """The trouble nearest to the top of the file; unknown keys first, as they often explain missing ones."""
    found = []
    for detail in error.errors():
        reason = detail.get("ctx", {}).get("error")
        at = (*detail["loc"], *(reason.at if isinstance(reason, BadQuantity) else ()))
        line = next(lines[at[:end]] for end in range(len(at), -1, -1) if at[:end] in lines)
        found.append((detail["type"] != "extra_forbidden", line, at, detail))
    _, line, at, detail = min(found, key=lambda trouble: trouble[:2])
    return _explain(dict(detail), at).at(f"{path}:{line}")


def _explain(detail: Mapping[str, Any], at: _Path) -> _Said:
    kind, name = detail["type"], str(at[-1]) if at else ""
    context = detail.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(name, at)
    if kind == "missing":
        return _said(f"clé manquante {name!r}", f"missing key {name!r}")
    if isinstance(context.get("error"), BadQuantity):
        reason: BadQuantity = context["error"]
        return _said(reason.french, reason.english)
    given = detail.get("input")
    if kind == "enum":
        expected = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ")
        return _said(
            f"{name} : {given!r} est inconnu",
            f"{name}: {given!r} is unknown",
            what_to_do=Words(f"Valeurs possibles : {expected}", f"Possible values: {expected}"),
        )
    limit = context.get("ge", context.get("le"))
    if limit is not None:
        word = ("au moins", "at least") if "ge" in context else ("au plus", "at most")
        return _said(f"{name} doit valoir {word[0]} {limit}", f"{name} must be {word[1]} {limit}")
    if kind.startswith("int_"):
        return _said(f"{name} : {given!r} n'est pas un nombre entier", f"{name}: {given!r} is no whole number")
    return _said(f"{name} : valeur refusée ({detail['msg']})", f"{name}: refused ({detail['msg']})")


def _unknown_key(name: str, at: _Path) -> _Said:
    valid = sorted(_model_at(at[:-1]).model_fields)
    near = get_close_matches(name, valid, n=1)
    hint = (f" (vouliez-vous dire {near[0]!r} ?)", f" (did you mean {near[0]!r}?)") if near else ("", "")
    listed = ", ".join(valid)
    return _said(
        f"clé inconnue {name!r}{hint[0]}",
        f"unknown key {name!r}{hint[1]}",
        what_to_do=Words(f"Clés valides : {listed}", f"Valid keys: {listed}"),
    )


def _model_at(at: _Path) -> type[BaseModel]:
    """The model that holds the key at this place."""
    model: type[BaseModel] = Scenario
    for part in at:
        if isinstance(part, str):
            annotation = model.model_fields[part].annotation
            inner = [kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type)]
            model = next(kind for kind in inner if issubclass(kind, BaseModel))
    return model
