"""What pydantic found wrong with a scenario, as places and words: what a person reads, in both languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from csu.hal.words import Words
from sim.dictionary import FAULTS, STORY
from sim.expectations import VERBS, AtMost, Finally, Never, Sometimes, Whenever
from sim.language import did_you_mean
from sim.quantities import BadQuantity
from sim.scenario_text import KeyPath, ScenarioText

_TOLD_APART = {"story", "faults", "expect"}
"""Lists whose items are of several kinds: pydantic puts the kind behind the index, the file does not."""
_OF_VERB: dict[str, type[BaseModel]] = {
    "whenever": Whenever,
    "never": Never,
    "sometimes": Sometimes,
    "at_most": AtMost,
    "finally": Finally,
}


def explain(error: ValidationError, root: type[BaseModel], text: ScenarioText, at: KeyPath = ()) -> None:
    """Note in `text` each fault that pydantic found in what stands at `at`, a `root`."""
    for detail in error.errors():
        _explain_one(dict(detail), root, text, at)


def _explain_one(detail: Mapping[str, Any], root: type[BaseModel], text: ScenarioText, at: KeyPath) -> None:
    reason = detail.get("ctx", {}).get("error")
    found = _in_file((*at, *detail["loc"]))
    if isinstance(reason, BadQuantity):
        text.refuse((*found, *reason.at), Words(reason.french, reason.english))
        return
    name = str(found[-1]) if found else ""
    kind = detail["type"]
    if kind == "extra_forbidden":
        _refuse_key(name, found, root, text)
    elif kind == "missing":
        where = f" ({found[-2]})" if len(found) > 1 and isinstance(found[-2], str) else ""
        what = Words(f"clé manquante {name!r}{where}", f"missing key {name!r}{where}")
        text.refuse(found[:-1], what, of_key=True)
    elif kind in ("union_tag_invalid", "union_tag_not_found"):
        _refuse_kind(detail, found, text)
    else:
        what, what_to_do = _wrong_value(detail, name)
        text.refuse(found, what, what_to_do)


def _in_file(at: KeyPath) -> KeyPath:
    """The path without the kinds that pydantic put into it."""
    if len(at) > 2 and at[0] in _TOLD_APART and isinstance(at[1], int):
        return (*at[:2], *at[3:])
    return at


_CORRECT = Words("Corrigez le fichier", "Correct the file")


def _refuse_kind(detail: Mapping[str, Any], at: KeyPath, text: ScenarioText) -> None:
    given = detail.get("input")
    kinds = {"story": list(STORY.models), "faults": list(FAULTS.models)}.get(str(at[0]), list(VERBS))
    listed = ", ".join(kinds)
    possible = Words(f"Valeurs possibles : {listed}", f"Possible values: {listed}")
    if not isinstance(given, dict):
        what = Words("ce n'est pas une liste de clés", "this is no list of keys")
        text.refuse(at, what, _CORRECT, of_key=True)
    elif at[0] == "expect":
        what = Words(f"une attente commence par {listed}", f"an expectation begins with {listed}")
        text.refuse(at, what, of_key=True)
    elif "kind" not in given:
        text.refuse(at, Words("clé manquante 'kind'", "missing key 'kind'"), possible, of_key=True)
    else:
        hint = did_you_mean(str(given["kind"]), kinds)
        kind = given["kind"]
        what = Words(f"kind : {kind!r} est inconnu{hint.fr}", f"kind: {kind!r} is unknown{hint.en}")
        text.refuse((*at, "kind"), what, possible)


def _refuse_key(name: str, at: KeyPath, root: type[BaseModel], text: ScenarioText) -> None:
    model = _model_at(at[:-1], root, text.data)
    valid = sorted(field.alias or key for key, field in model.model_fields.items()) if model is not None else []
    hint = did_you_mean(name, valid)
    listed = ", ".join(valid)
    text.refuse(
        at,
        Words(f"clé inconnue {name!r}{hint.fr}", f"unknown key {name!r}{hint.en}"),
        Words(f"Clés valides : {listed}", f"Valid keys: {listed}"),
        of_key=True,
    )


def _model_at(at: KeyPath, root: type[BaseModel], data: object) -> type[BaseModel] | None:
    """The model that holds the keys at this place."""
    if len(at) >= 2 and at[0] in _TOLD_APART and isinstance(at[1], int):
        item = data[str(at[0])][at[1]] if isinstance(data, dict) else {}
        if at[0] == "expect":
            verbs = ("finally", *VERBS)
            return next((_OF_VERB[verb] for verb in verbs if verb in item), None)
        return (STORY if at[0] == "story" else FAULTS).models.get(str(item.get("kind")))
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
    if kind == "literal_error":
        listed = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ")
        return (
            Words(f"{name} : {given!r} est inconnu", f"{name}: {given!r} is unknown"),
            Words(f"Valeurs possibles : {listed}", f"Possible values: {listed}"),
        )
    for key, french, english in _LIMITS:
        if key in context:
            return Words(f"{name} {french} {context[key]}", f"{name} {english} {context[key]}"), _CORRECT
    if kind in _SHAPES:
        shape = _SHAPES[kind]
        return Words(f"{name} : il faut {shape.fr}", f"{name}: this must be {shape.en}"), _CORRECT
    if kind in ("string_too_short", "too_short"):
        return Words(f"{name} est vide", f"{name} is empty"), Words("Écrivez quelque chose", "Write something")
    return Words(f"{name} : valeur refusée ({detail['msg']})", f"{name}: refused ({detail['msg']})"), _CORRECT


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
    "string_type": Words("un texte", "a text"),
    "string_unicode": Words("un texte lisible", "a text that can be read"),
}
