"""A scenario as text with places: YAML read so that every key and value knows its line and column.

Every scalar stays text until its field reads it: YAML alone would take `14:40` for 880 and `no` for false. A scalar
`$name` is the value of the parameter `name`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from csu.hal.errors import BadInput
from csu.hal.words import Words

FILE_BYTES_MAX = 1 << 18
DEPTH_MAX = 16
"""Lists within lists deeper than that are no scenario; the YAML reader would run out of stack."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML has it: ten times faster, the same places."""
KeyPath: TypeAlias = tuple[str | int, ...]
_PARAMETER = re.compile(r"\$([^\W\d]\w*)")
_CORRECT = Words("Corrigez le fichier", "Correct the file")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where in a file, both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with the file: where, what, and what to do."""

    place: Place
    what: Words
    what_to_do: Words = _CORRECT


@dataclass(slots=True)
class ScenarioText:
    """The file's content as dicts, lists and texts, with the place of each."""

    data: dict[str, object] = field(default_factory=dict)
    keys: dict[KeyPath, Place] = field(default_factory=dict)
    """Where each key (or item) begins."""
    values: dict[KeyPath, Place] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def place(self, at: KeyPath, *, of_key: bool = False) -> Place:
        """The place of what is at this path, or of the nearest thing around it."""
        for end in range(len(at), -1, -1):
            found = (self.keys if of_key or end < len(at) else self.values).get(at[:end])
            if found is not None:
                return found
        return Place(1, 1)

    def refuse(self, at: KeyPath, what: Words, what_to_do: Words = _CORRECT, *, of_key: bool = False) -> None:
        """Note one more thing that is wrong."""
        self.faults.append(Fault(self.place(at, of_key=of_key), what, what_to_do))


def read_text(path: Path) -> tuple[bytes, ScenarioText]:
    """The file's bytes and its content with what is wrong with it as YAML. Raises BadInput when it cannot be read."""
    content = _content(path)
    text = ScenarioText()
    try:
        _check_events(content, text)
        if text.faults:
            return content, text
        root = yaml.compose(content, Loader=_LOADER)
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:  # PyYAML lets some of its own escape
        text.faults.append(_no_yaml(error))
        return content, text
    if not isinstance(root, yaml.MappingNode):
        text.faults.append(Fault(Place(1, 1), _NO_KEYS))
        return content, text
    plain = _plain(root, (), text)
    text.data = plain if isinstance(plain, dict) else {}
    return content, text


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInput(
            Words(f"le scénario est illisible ({reason})", f"the scenario cannot be read ({reason})"),
            where=str(path),
            what_to_do=Words("Donnez un fichier lisible", "Give a file that can be read"),
        ) from error
    if len(content) > FILE_BYTES_MAX:
        raise BadInput(
            Words("le scénario dépasse 256 Kio", "the scenario is larger than 256 KiB"),
            where=str(path),
            what_to_do=Words("Donnez un scénario", "Give a scenario"),
        )
    return content


_NO_KEYS = Words(
    "un scénario est une liste de clés (title, start...)", "a scenario is a list of keys (title, start...)"
)


def _check_events(content: bytes, text: ScenarioText) -> None:
    """Refuse what a scenario may not use of YAML. Raises yaml.YAMLError."""
    depth = 0
    for event in yaml.parse(content, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEPTH_MAX:
                what = Words(f"plus de {DEPTH_MAX} listes l'une dans l'autre", f"more than {DEPTH_MAX} nested lists")
                text.faults.append(Fault(_place(event.start_mark), what))
                return
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            what = Words("les renvois YAML (*nom) ne sont pas admis", "YAML aliases (*name) are not taken")
            text.faults.append(Fault(_place(event.start_mark), what))
        if isinstance(event, (yaml.CollectionStartEvent, yaml.ScalarEvent)) and event.tag is not None:
            what = Words("les types YAML (!nom) ne sont pas admis", "YAML tags (!name) are not taken")
            text.faults.append(Fault(_place(event.start_mark), what))


def _no_yaml(error: Exception) -> Fault:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
    what = Words(f"ce n'est pas du YAML ({problem})", f"this is no YAML ({problem})")
    return Fault(_place(mark), what)


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1) if mark is not None else Place(1, 1)


def _plain(node: yaml.Node, at: KeyPath, text: ScenarioText) -> object:
    """The node as dict, list or str; `text` learns where each key and value begins."""
    text.values[at] = _place(node.start_mark)
    text.keys.setdefault(at, text.values[at])
    if isinstance(node, yaml.MappingNode):
        data: dict[str, object] = {}
        for key, value in node.value:
            place = _place(key.start_mark)
            if not isinstance(key, yaml.ScalarNode):
                text.faults.append(Fault(place, Words("une clé est un mot", "a key is a word")))
                continue
            name = str(key.value)
            if name in data:
                what = Words(f"clé {name!r} écrite deux fois", f"key {name!r} is written twice")
                text.faults.append(Fault(place, what))
                continue
            text.keys[(*at, name)] = place
            data[name] = _plain(value, (*at, name), text)
        return data
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*at, index), text) for index, item in enumerate(node.value)]
    return node.value


# -- parameters and other values --------------------------------------------------------------------------------------


def used_parameters(data: object, at: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Every place where a scalar is `$name`."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from used_parameters(value, (*at, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from used_parameters(value, (*at, index))
    elif isinstance(data, str) and (found := _PARAMETER.fullmatch(data)):
        yield at, found[1]


def filled(data: object, values: Mapping[str, str]) -> object:
    """The data with each `$name` replaced, where `values` has it."""
    if isinstance(data, dict):
        return {key: filled(value, values) for key, value in data.items()}
    if isinstance(data, list):
        return [filled(value, values) for value in data]
    if isinstance(data, str) and (found := _PARAMETER.fullmatch(data)):
        return values.get(found[1], data)
    return data


def set_value(data: object, key: str, value: str) -> None:
    """Replace the scalar at `people.operators` or `story.0.lasts`. Raises BadInput when there is none."""
    *around, last = key.split(".")
    for part in around:
        data = _below(data, part)
    if isinstance(data, dict) and isinstance(data.get(last), str):
        data[last] = value
    elif isinstance(data, list) and last.isdecimal() and int(last) < len(data) and isinstance(data[int(last)], str):
        data[int(last)] = value
    else:
        raise BadInput(
            Words("le scénario n'a ni ce paramètre ni cette clé", "the scenario has no such parameter or key"),
            where=key,
            what_to_do=Words(
                "Nommez un paramètre, ou une clé écrite dans le fichier (people.operators)",
                "Name a parameter, or a key written in the file (people.operators)",
            ),
        )


def _below(data: object, part: str) -> object:
    if isinstance(data, dict):
        return data.get(part)
    if isinstance(data, list) and part.isdecimal() and int(part) < len(data):
        return data[int(part)]
    return None
