"""A file as text with places: YAML read so that every key and value knows its line and column.

Every scalar stays text until its field reads it: YAML alone would take `14:40` for 880 and `no` for false.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from csu.hal.errors import BadInput
from csu.hal.words import Words

FILE_BYTES_MAX = 1 << 18
DEPTH_MAX = 16
"""Lists within lists deeper than that are no file of ours; the YAML reader would run out of stack."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML has it: ten times faster, the same places."""
KeyPath: TypeAlias = tuple[str | int, ...]
CORRECT = Words("Corrigez le fichier", "Correct the file")


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
    what_to_do: Words = CORRECT


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a file is for, as its errors call it: with the article and without, and what it begins with."""

    the: Words
    a: Words
    first_keys: str


@dataclass(slots=True)
class WrittenText:
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

    def refuse(self, at: KeyPath, what: Words, what_to_do: Words = CORRECT, *, of_key: bool = False) -> None:
        """Note one more thing that is wrong."""
        self.faults.append(Fault(self.place(at, of_key=of_key), what, what_to_do))


def read_text(path: Path, kind: FileKind) -> tuple[bytes, WrittenText]:
    """The file's bytes and its content with what is wrong with it as YAML. Raises BadInput when it cannot be read."""
    content = _content(path, kind)
    text = WrittenText()
    try:
        _check_events(content, text)
        if text.faults:
            return content, text
        root = yaml.compose(content, Loader=_LOADER)
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:  # PyYAML lets some of its own escape
        text.faults.append(_no_yaml(error))
        return content, text
    if not isinstance(root, yaml.MappingNode):
        text.faults.append(Fault(Place(1, 1), _no_keys(kind)))
        return content, text
    plain = _plain(root, (), text)
    text.data = plain if isinstance(plain, dict) else {}
    return content, text


def _content(path: Path, kind: FileKind) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInput(
            Words(f"{kind.the.fr} est illisible ({reason})", f"{kind.the.en} cannot be read ({reason})"),
            where=str(path),
            what_to_do=Words("Donnez un fichier lisible", "Give a file that can be read"),
        ) from error
    if len(content) > FILE_BYTES_MAX:
        raise BadInput(
            Words(f"{kind.the.fr} dépasse 256 Kio", f"{kind.the.en} is larger than 256 KiB"),
            where=str(path),
            what_to_do=Words(f"Donnez {kind.a.fr}", f"Give {kind.a.en}"),
        )
    return content


def _no_keys(kind: FileKind) -> Words:
    keys = kind.first_keys
    return Words(f"{kind.a.fr} est une liste de clés ({keys}...)", f"{kind.a.en} is a list of keys ({keys}...)")


def _check_events(content: bytes, text: WrittenText) -> None:
    """Refuse what no file of ours may use of YAML. Raises yaml.YAMLError."""
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


def _plain(node: yaml.Node, at: KeyPath, text: WrittenText) -> object:
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
