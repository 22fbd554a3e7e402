"""A settings file of devices: YAML, or a table in CSV, into a strict model; each fault with its file and line, in both
languages."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from csu.hal.errors import BadInput
from csu.hal.words import Words

FILE_BYTES_MAX = 1 << 18
DEPTH_MAX = 12
TABLE_BYTES_MAX = 1 << 20


class BadSetting(ValueError):
    """Raised by a model's own validators: what is wrong, in both languages."""

    def __init__(self, what: Words) -> None:
        super().__init__(what.en)
        self.what = what


_Model = TypeVar("_Model", bound=BaseModel)


def read_settings(path: Path, model: type[_Model]) -> _Model:
    """The file as `model`. Raises BadInput: unreadable, no plain YAML, or not what the model takes, with the line.

    Aliases, tags and keys written twice are refused: a settings file says each thing once, where it is read.
    A model's validators find the file's directory in their context, as `folder`.
    """
    data, lines = _read(path)
    return _checked(path, model, data, lines)


def read_table(path: Path, model: type[_Model], rows: str) -> _Model:
    """The same of a table: its lines are the list `rows` of the model, its heading says what each column is; an empty
    cell says nothing. Separated by commas or, as spreadsheets write it in France, by semicolons. Raises BadInput."""
    try:
        content = _content(path, TABLE_BYTES_MAX).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused(path, None, Words("ce n'est pas de l'UTF-8", "this is no UTF-8")) from None
    separator = ";" if ";" in content.partition("\n")[0] else ","
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=separator, strict=True, skipinitialspace=True)
    lines: dict[tuple[str | int, ...], int] = {(): 1}
    told: list[dict[str, str]] = []
    try:
        names = [name.strip() for name in next(reader, [])]
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(names):
                what = Words("plus de cases que la première ligne", "more cells than the first line")
                raise _refused(path, reader.line_num, what)
            lines[(rows, len(told))] = reader.line_num
            told.append({name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()})
    except csv.Error:
        raise _refused(path, reader.line_num, Words("ce n'est pas du CSV", "this is no CSV")) from None
    return _checked(path, model, {rows: told}, lines)


def _checked(path: Path, model: type[_Model], data: object, lines: Mapping[tuple[str | int, ...], int]) -> _Model:
    try:
        return model.model_validate(data, context={"folder": path.parent})
    except ValidationError as error:
        # The input is not told: a person may have written a password where it does not belong.
        first = error.errors(include_input=False, include_url=False)[0]
        cause = first.get("ctx", {}).get("error")
        what = cause.what if isinstance(cause, BadSetting) else Words.same(first["msg"])
        at = ".".join(str(part) for part in first["loc"])
        raise _refused(path, _line(lines, first["loc"]), what.at(at) if at else what) from None


def place_of(path: Path, *at: str | int) -> str:
    """`file:line` of what stands there in a settings file that was read before, for a trouble that came up later."""
    return f"{path}:{_line(_read(path)[1], at)}"


def _read(path: Path) -> tuple[object, dict[tuple[str | int, ...], int]]:
    """What the file says, and the line of each thing in it."""
    lines: dict[tuple[str | int, ...], int] = {}
    content = _content(path, FILE_BYTES_MAX)
    try:
        _require_plain(path, content)
        root = yaml.compose(content, Loader=yaml.SafeLoader)
        data = _data(path, root, (), lines) if root is not None else None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        line = error.problem_mark.line + 1 if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark else 1
        raise _refused(path, line, Words("ce n'est pas du YAML", "this is no YAML")) from error
    if root is None:
        raise _refused(path, 1, Words("le fichier est vide", "the file is empty"))
    return data, lines


def _content(path: Path, bytes_max: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(bytes_max + 1)
    except OSError as error:
        raise _refused(path, None, Words.same(error.strerror or type(error).__name__)) from error
    if len(content) > bytes_max:
        raise _refused(path, None, Words(f"plus de {bytes_max >> 10} Kio", f"more than {bytes_max >> 10} KiB"))
    return content


def _require_plain(path: Path, content: bytes) -> None:
    depth = 0
    for event in yaml.parse(content, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        is_tagged = isinstance(event, yaml.CollectionStartEvent | yaml.ScalarEvent) and event.tag is not None
        if isinstance(event, yaml.AliasEvent) or is_tagged or depth > DEPTH_MAX:
            what = Words("ni renvoi, ni type, ni listes trop profondes", "no alias, no tag, no lists that deep")
            raise _refused(path, event.start_mark.line + 1 if event.start_mark else None, what)


def _data(path: Path, node: yaml.Node, at: tuple[str | int, ...], lines: dict[tuple[str | int, ...], int]) -> object:
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        data: dict[str, object] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode) or name in data:
                raise _refused(path, line, Words("une clé est un mot, écrit une fois", "a key is a word, written once"))
            lines[(*at, name)] = line
            data[name] = _data(path, value, (*at, name), lines)
        return data
    if isinstance(node, yaml.SequenceNode):
        return [_data(path, each, (*at, number), lines) for number, each in enumerate(node.value)]
    loaded: object = yaml.SafeLoader("").construct_object(node) if isinstance(node, yaml.ScalarNode) else None
    return loaded


def _line(lines: Mapping[tuple[str | int, ...], int], at: tuple[str | int, ...]) -> int:
    """The line of what is at this path, or of the nearest thing around it."""
    return next(lines[at[:end]] for end in range(len(at), -1, -1) if at[:end] in lines)


def _refused(path: Path, line: int | None, what: Words) -> BadInput:
    where = str(path) if line is None else f"{path}:{line}"
    return BadInput(what, where=where, what_to_do=Words("Corrigez le fichier", "Correct the file"))
