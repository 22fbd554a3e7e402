"""The kinds of lines in a scenario: what a person reads when one is wrong, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel

from csu.hal.words import Words
from csu.notation import CORRECT, KeyPath, Kinds, WrittenText, did_you_mean
from sim.dictionary import FAULTS, STORY
from sim.expectations import VERBS, AtMost, Finally, Never, Sometimes, Whenever

_OF_VERB: dict[str, type[BaseModel]] = {
    "whenever": Whenever,
    "never": Never,
    "sometimes": Sometimes,
    "at_most": AtMost,
    "finally": Finally,
}


def _refuse_kind(given: object, at: KeyPath, text: WrittenText) -> None:
    kinds = {"story": list(STORY.models), "faults": list(FAULTS.models)}.get(str(at[0]), list(VERBS))
    listed = ", ".join(kinds)
    possible = Words(f"Valeurs possibles : {listed}", f"Possible values: {listed}")
    if not isinstance(given, dict):
        what = Words("ce n'est pas une liste de clés", "this is no list of keys")
        text.refuse(at, what, CORRECT, of_key=True)
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


def _model_of(line: str, item: Mapping[str, object]) -> type[BaseModel] | None:
    if line == "expect":
        verbs = ("finally", *VERBS)
        return next((_OF_VERB[verb] for verb in verbs if verb in item), None)
    return (STORY if line == "story" else FAULTS).models.get(str(item.get("kind")))


KINDS = Kinds(frozenset({"story", "faults", "expect"}), _model_of, _refuse_kind)
