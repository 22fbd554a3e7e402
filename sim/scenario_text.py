"""Parameters of a scenario and other values for its keys. A scalar `$name` is the value of the parameter `name`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.notation import FileKind, KeyPath

SCENARIO = FileKind(Words("le scénario", "the scenario"), Words("un scénario", "a scenario"), "title, start")
_PARAMETER = re.compile(r"\$([^\W\d]\w*)")


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
