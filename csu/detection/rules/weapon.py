"""Weapons (décret 2023-828, art. 3, 2o): a place for attested weights, and nothing until there are any.

No model that could be used was found (study of 2026-11-23), and none is pretended: there is no rule here to run.
"""

from csu.hal.words import Words

UNAVAILABLE = Words(
    "indisponible : il n'existe aucun modèle attesté pour les armes",
    "unavailable: there is no attested model for weapons",
)
