"""What pydantic found wrong with a file, as places and words: what a person reads, in both languages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from csu.hal.words import NO_WORDS, Words
from csu.notation.quantities import BadQuantity
from csu.notation.text import CORRECT, KeyPath, WrittenText


@dataclass(frozen=True, slots=True)
class Kinds:
    """Lists at the top of a file whose items are of several kinds: pydantic puts the kind behind the index, the file
    does not."""

    lists: frozenset[str]
    model_of: Callable[[str, Mapping[str, object]], type[BaseModel] | None]
    """Of an item of this list."""
    refuse: Callable[[object, KeyPath, WrittenText], None]
    """Note what is wrong with the kind of what was given there."""


def explain(
    error: ValidationError, root: type[BaseModel], text: WrittenText, at: KeyPath = (), kinds: Kinds | None = None
) -> None:
    """Note in `text` each fault that pydantic found in what stands at `at`, a `root`."""
    for detail in error.errors():
        _explain_one(dict(detail), root, text, at, kinds)


def _explain_one(
    detail: Mapping[str, Any], root: type[BaseModel], text: WrittenText, at: KeyPath, kinds: Kinds | None
) -> None:
    reason = detail.get("ctx", {}).get("error")
    found = _in_file((*at, *detail["loc"]), kinds)
    if isinstance(reason, BadQuantity):
        text.refuse((*found, *reason.at), Words(reason.french, reason.english))
        return
    name = str(found[-1]) if found else ""
    kind = detail["type"]
    if kind == "extra_forbidden":
        _refuse_key(name, found, root, text, kinds)
    elif kind == "missing":
        where = f" ({found[-2]})" if len(found) > 1 and isinstance(found[-2], str) else ""
        what = Words(f"clé manquante {name!r}{where}", f"missing key {name!r}{where}")
        text.refuse(found[:-1], what, of_key=True)
    elif kinds is not None and kind in ("union_tag_invalid", "union_tag_not_found"):
        kinds.refuse(detail.get("input"), found, text)
    else:
        what, what_to_do = _wrong_value(detail, name)
        text.refuse(found, what, what_to_do)


def _in_file(at: KeyPath, kinds: Kinds | None) -> KeyPath:
    """The path without the kinds that pydantic put into it."""
    if kinds is not None and len(at) > 2 and at[0] in kinds.lists and isinstance(at[1], int):
        return (*at[:2], *at[3:])
    return at


def _refuse_key(name: str, at: KeyPath, root: type[BaseModel], text: WrittenText, kinds: Kinds | None) -> None:
    model = _model_at(at[:-1], root, text.data, kinds)
    valid = sorted(field.alias or key for key, field in model.model_fields.items()) if model is not None else []
    hint = did_you_mean(name, valid)
    listed = ", ".join(valid)
    text.refuse(
        at,
        Words(f"clé inconnue {name!r}{hint.fr}", f"unknown key {name!r}{hint.en}"),
        Words(f"Clés valides : {listed}", f"Valid keys: {listed}"),
        of_key=True,
    )


def _model_at(at: KeyPath, root: type[BaseModel], data: object, kinds: Kinds | None) -> type[BaseModel] | None:
    """The model that holds the keys at this place."""
    if kinds is not None and len(at) >= 2 and at[0] in kinds.lists and isinstance(at[1], int):
        item = data[str(at[0])][at[1]] if isinstance(data, dict) else {}
        return kinds.model_of(str(at[0]), item)
    model: type[BaseModel] | None = root
    for part in at:
        if isinstance(part, str) and model is not None and part in model.model_fields:
            model = next(_models_in(model.model_fields[part].annotation), None)
    return model


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _wrong_value(detail: Mapping[str, Any], name: str) -> tuple[Words, Words]:
    kind, given, context = detail["type"], detail.get("input"), detail.get("ctx", {})
    if kind in ("literal_error", "enum"):
        listed = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ")
        return (
            Words(f"{name} : {given!r} est inconnu", f"{name}: {given!r} is unknown"),
            Words(f"Valeurs possibles : {listed}", f"Possible values: {listed}"),
        )
    for key, french, english in _LIMITS:
        if key in context:
            return Words(f"{name} {french} {context[key]}", f"{name} {english} {context[key]}"), CORRECT
    if kind in _SHAPES:
        shape = _SHAPES[kind]
        return Words(f"{name} : il faut {shape.fr}", f"{name}: this must be {shape.en}"), CORRECT
    if kind in ("string_too_short", "too_short"):
        return Words(f"{name} est vide", f"{name} is empty"), Words("Écrivez quelque chose", "Write something")
    return Words(f"{name} : valeur refusée ({detail['msg']})", f"{name}: refused ({detail['msg']})"), CORRECT


_LIMITS = (
    ("ge", "doit valoir au moins", "must be at least"),
    ("gt", "doit valoir plus de", "must be more than"),
    ("le", "doit valoir au plus", "must be at most"),
    ("lt", "doit valoir moins de", "must be less than"),
)
_SHAPES = {
    "model_type": Words("une liste de clés", "a list of keys"),
    "model_attributes_type": Words("une liste de clés", "a list of keys"),
    "dict_type": Words("une liste de clés", "a list of keys"),
    "tuple_type": Words("une liste (- ...)", "a list (- ...)"),
    "int_parsing": Words("un nombre entier", "a whole number"),
    "float_parsing": Words("un nombre", "a number"),
    "finite_number": Words("un nombre", "a number"),
    "bool_parsing": Words("true ou false", "true or false"),
    "string_type": Words("un texte", "a text"),
    "string_unicode": Words("un texte lisible", "a text that can be read"),
}


def did_you_mean(given: str, known: Iterable[str]) -> Words:
    """The nearest of the known names, in brackets behind a space; no words when none is near."""
    near = get_close_matches(given, sorted(known), n=1)
    return Words(f" (vouliez-vous dire {near[0]!r} ?)", f" (did you mean {near[0]!r}?)") if near else NO_WORDS


def unknown(
    what: tuple[str, str], given: str, known: Mapping[str, object] | tuple[str, ...], at: KeyPath = ()
) -> BadQuantity:
    """A name that is not among those known, with the nearest. `what`: the noun, French and English."""
    hint = did_you_mean(given, known)
    listed = ", ".join(known)
    return BadQuantity(
        f"{what[0]} {given!r} est inconnu{hint.fr} ; il y a : {listed}",
        f"{what[1]} {given!r} is unknown{hint.en}; there are: {listed}",
        at,
    )
