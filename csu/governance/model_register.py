"""The register of models: which weights are known, with which parameters and figures, attested by whom (VSA-8).

Weights that are not in it are not run at all. What a model was not tested for, it is not used for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from math import isfinite
from pathlib import Path
from typing import TypeAlias

from pydantic import TypeAdapter, ValidationError

from csu.governance.centre_key import CentreKey
from csu.governance.chain_guards import ChainForm
from csu.governance.chained_file import ChainTroubles, sha256_hex
from csu.governance.errors import ModelRefused, ModelsBroken, ModelsNotKept
from csu.governance.event_ledger import EventKind, EventLedger
from csu.governance.legal_calendar import day_in_paris
from csu.hal.analysis import EventType
from csu.hal.clock import Nanoseconds
from csu.hal.personal_data import personal_data_in
from csu.hal.words import Words

SIGNS_MAX = 200
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class TypeResult:
    """What a model came to for one type of event, on pictures whose truth was known. Shares are 0 to 1."""

    type: EventType
    events: int
    """Of the truth: of none, no figure is one."""
    precision: float
    recall: float
    false_per_camera_hour: float
    delay_s: float
    dataset: str
    """On which pictures: a name and its version."""
    bias_corrections: str = ""
    """What was found and corrected (décret, art. 4)."""


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """One model. Raises ModelRefused without weights, figures or attestation."""

    sha256: str
    """Of the weights: what is run is told by this and nothing else."""
    name: str
    version: str
    parameters: tuple[tuple[str, float], ...]
    """Thresholds with which it was tested; their names carry units."""
    results: tuple[TypeResult, ...]
    attestation: str
    """Reference of the attestation of conformity."""
    attested_by: str
    attested_on: date

    def __post_init__(self) -> None:
        for name, wrong, fr, en in self._faults():
            if wrong:
                raise _refused(f"{self.name or '?'}/{name}", Words(fr, en))

    def result(self, type: EventType) -> TypeResult | None:
        """Its figures for a type; None: it was not tested for it."""
        return next((each for each in self.results if each.type is type), None)

    def _faults(self) -> Iterator[tuple[str, bool, str, str]]:
        yield (
            "sha256",
            not _SHA256.fullmatch(self.sha256),
            "les poids n'ont pas d'empreinte",
            "no digest of the weights",
        )
        named = all(1 <= len(text.strip()) <= SIGNS_MAX for text in (self.name, self.version))
        yield "name", not named, "il n'a ni nom ni version", "it has no name or version"
        attested = all(1 <= len(text.strip()) <= SIGNS_MAX for text in (self.attestation, self.attested_by))
        yield "attestation", not attested, "personne ne l'a attesté", "nobody attested it"
        names = [name for name, _ in self.parameters]
        numbers = all(isfinite(value) for _, value in self.parameters)
        bad = not numbers or len(set(names)) != len(names) or not all(names)
        yield "parameters", bad, "un paramètre est impossible", "a parameter cannot be"
        types = [each.type for each in self.results]
        twice = not types or len(set(types)) != len(types)
        yield "results", twice, "aucun résultat d'essai, ou deux fois un type", "no test results, or a type twice"
        yield "results", not all(map(_is_figure, self.results)), "un résultat est impossible", "a result cannot be"


@dataclass(frozen=True, slots=True)
class ModelRegistered:
    """These weights may be named by orders from now on."""

    model: RegisteredModel
    by: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class ModelWithdrawn:
    """They may not be run any more, whatever an order names: the attestation fell, or the model proved wrong."""

    sha256: str
    reason: str
    by: str
    at_ns: Nanoseconds


ModelEvent: TypeAlias = ModelRegistered | ModelWithdrawn


@dataclass(frozen=True, slots=True)
class ModelRegister:
    """The models that may be run, by the digest of their weights; and the digests of those that may no more."""

    known: Mapping[str, RegisteredModel] = field(default_factory=dict)
    withdrawn: frozenset[str] = frozenset()

    def with_event(self, event: ModelEvent) -> ModelRegister:
        """And one more. Raises ModelRefused: nobody answers for it, weights that were withdrawn, or are there."""
        if not event.by.strip():
            raise _refused("by", Words("il manque qui le déclare", "who declares it is missing"))
        if isinstance(event, ModelWithdrawn):
            return self._without(event)
        model = event.model
        if model.sha256 in self.known or model.sha256 in self.withdrawn:
            raise _refused(
                model.sha256, Words("ces poids ont déjà été inscrits", "these weights were registered before")
            )
        if model.attested_on > day_in_paris(event.at_ns):
            raise _refused(model.sha256, Words("l'attestation n'est pas encore signée", "it is not attested yet"))
        return ModelRegister({**self.known, model.sha256: model}, self.withdrawn)

    def require(self, sha256: str) -> RegisteredModel:
        """The model of these weights. Raises ModelRefused for weights that nobody registered: they are not run."""
        if sha256 not in self.known:
            raise _refused(sha256[:16], Words("poids inconnus du registre", "weights unknown to the register"))
        return self.known[sha256]

    def _without(self, event: ModelWithdrawn) -> ModelRegister:
        if event.sha256 not in self.known:
            raise _refused(
                event.sha256[:16], Words("ce modèle n'existe pas, ou plus", "there is no such model, or no more")
            )
        if not 3 <= len(event.reason.strip()) <= SIGNS_MAX or personal_data_in(event.reason):
            raise _refused(event.sha256[:16], Words("pourquoi est-il retiré ?", "why is it withdrawn?"))
        left = {sha256: model for sha256, model in self.known.items() if sha256 != event.sha256}
        return ModelRegister(left, self.withdrawn | {event.sha256})


FORM = ChainForm("model_event", first_link=sha256_hex("csu models, 1"), sealed=True)
_MODEL = TypeAdapter(RegisteredModel)


class ModelLedger(EventLedger[ModelRegister, ModelEvent]):
    """The models of one centre, durable. Several processes may share the file. Calls block."""

    def __init__(self, path: Path, key: CentreKey) -> None:
        """Open or begin the file and read it whole. Raises ModelsBroken, ModelsNotKept."""
        super().__init__(path, key, _KIND)


def model_from(text: str) -> RegisteredModel:
    """A model from JSON, fields as in `RegisteredModel`. Raises ModelRefused."""
    try:
        return _MODEL.validate_json(text, extra="forbid")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = "/".join(str(part) for part in first["loc"]) or "?"
        raise _refused(where, Words.same(str(first["msg"]))) from error


def model_text(model: RegisteredModel) -> str:
    """The JSON that `model_from` reads."""
    return _MODEL.dump_json(model).decode()


def _is_figure(result: TypeResult) -> bool:
    shares = all(0 <= share <= 1 for share in (result.precision, result.recall))
    amounts = all(isfinite(value) and value >= 0 for value in (result.false_per_camera_hour, result.delay_s))
    return result.events >= 1 and shares and amounts and bool(result.dataset.strip())


def _refused(where: str, what: Words) -> ModelRefused:
    return ModelRefused(
        what,
        where=f"models/{where}",
        what_to_do=Words(
            "Inscrivez le modèle avec son empreinte, ses essais et son attestation ; d'ici là il ne tourne pas",
            "Register the model with its digest, tests and attestation; until then it does not run",
        ),
    )


def _broken(where: str) -> ModelsBroken:
    return ModelsBroken(
        Words("le registre des modèles a été modifié hors de csu", "the register of models was changed outside csu"),
        where=where,
        what_to_do=Words(
            "Reprenez le fichier d'une sauvegarde et cherchez qui l'a modifié ; d'ici là toute analyse est éteinte",
            "Restore the file from a backup and find out who changed it; until then all analysis is off",
        ),
    )


def _not_kept(where: str, error: Exception) -> ModelsNotKept:
    why = type(error).__name__
    return ModelsNotKept(
        Words(f"le registre des modèles ne peut être lu ou écrit ({why})", f"the models cannot be kept ({why})"),
        where=where,
        what_to_do=Words("Vérifiez son volume ; rien n'a changé", "Check its volume; nothing changed"),
    )


_KIND: EventKind[ModelRegister, ModelEvent] = EventKind(
    FORM, (ModelRegistered, ModelWithdrawn), ModelRegister(), ChainTroubles(_broken, _not_kept)
)
