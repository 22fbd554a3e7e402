"""The page by which a commune tells everybody of its cameras: HTML with a style sheet and no script."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import chain, count

import jinja2

from csu.governance import InterruptionKind, Purpose, ServiceLevel, purpose_words
from csu.hal.camera import CommuneId
from csu.hal.words import Language, Words
from csu.operations.transparency import PublicCommune

STYLE_NAME = "transparency.css"
_TEMPLATES = "templates"
_LEVELS = {
    ServiceLevel.STORAGE_ONLY: Words(
        "les images sont enregistrées et ne sont regardées par personne, sauf sur réquisition judiciaire",
        "pictures are recorded and watched by nobody, except on a judicial requisition",
    ),
    ServiceLevel.STORAGE_AND_WATCH: Words(
        "les images sont enregistrées, et regardées en direct par les agents désignés du centre",
        "pictures are recorded, and watched live by the designated agents of the centre",
    ),
}
_STOPS = {
    InterruptionKind.SUSPENDED: Words("suspendu", "suspended"),
    InterruptionKind.WITHDRAWN: Words("retiré", "withdrawn"),
}


def public_page(told: PublicCommune, language: Language) -> str:
    """That commune's page, in one language."""
    return _render("public_commune.html.j2", language, told=told)


def public_index(all_told: Sequence[PublicCommune], names: Mapping[CommuneId, str], language: Language) -> str:
    """The list of the communes' pages. `names`: of their files (`file_names`)."""
    return _render("public_index.html.j2", language, all_told=all_told, names=names)


def page_style() -> str:
    """The style sheet of both."""
    return (files("csu.centre") / _TEMPLATES / STYLE_NAME).read_text(encoding="utf-8")


def file_names(communes: Sequence[CommuneId]) -> dict[CommuneId, str]:
    """The file of each commune's page, without language and ending: letters without accents, digits, hyphens; no two
    communes have the same."""
    names: dict[CommuneId, str] = {}
    for commune in communes:
        plain = unicodedata.normalize("NFKD", commune).encode("ascii", "ignore").decode().lower()
        name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "commune"
        taken = {"index", *names.values()}
        names[commune] = next(each for each in chain((name,), (f"{name}-{n}" for n in count(2))) if each not in taken)
    return names


def _render(template: str, language: Language, **values: object) -> str:
    def say(french: str, english: str) -> str:
        return french if language is Language.FRENCH else english

    def day(told: date) -> str:
        return f"{told:%d/%m/%Y}" if language is Language.FRENCH else f"{told:%d %B %Y}"

    def purpose(told: Purpose) -> str:
        return purpose_words(told).in_language(language)

    return (
        _environment()
        .get_template(template)
        .render(
            **values,
            language=language.value,
            other="en" if language is Language.FRENCH else "fr",
            say=say,
            day=day,
            purpose=purpose,
            level=lambda told: _LEVELS[told].in_language(language),
            stop=lambda told: _STOPS[told].in_language(language),
            style=STYLE_NAME,
        )
    )


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("csu.centre", _TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
