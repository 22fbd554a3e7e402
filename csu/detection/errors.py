"""What an analysis refuses, and why."""

from __future__ import annotations

from csu.hal.analysis import EventType
from csu.hal.camera import CameraId
from csu.hal.errors import CsuError
from csu.hal.words import Words


class NotAttested(CsuError):
    """An order's rules would be applied with weights that its attestation does not name (VSA-8)."""

    def __init__(self, camera: CameraId, found: str, attested: str) -> None:
        super().__init__(
            Words(
                f"le modèle {found[:12] or '?'} n'est pas celui que nomme l'attestation ({attested[:12] or 'aucun'})",
                f"model {found[:12] or '?'} is not the one that the attestation names ({attested[:12] or 'none'})",
            ),
            where=camera,
            what_to_do=Words(
                "Rien n'est analysé : chargez le modèle attesté, ou faites inscrire celui-ci à l'arrêté",
                "Nothing is analysed: load the attested model, or have this one entered in the order",
            ),
        )


class ForeignPicture(CsuError):
    """Another camera's picture was handed to an analysis."""

    def __init__(self, camera: CameraId, offered: CameraId) -> None:
        super().__init__(
            Words(f"une image de {offered} s'est présentée", f"a picture of {offered} was offered"),
            where=camera,
            what_to_do=Words(
                "Elle n'a pas été regardée : chaque caméra a sa propre analyse",
                "It was not looked at: each camera has an analysis of its own",
            ),
        )


class OutsideAssignment(CsuError):
    """A rule found what nobody asked for: no signal comes of it."""

    def __init__(self, camera: CameraId, type_: EventType, zone: str) -> None:
        super().__init__(
            Words(
                f"une règle a trouvé {type_.value} dans {zone}, que rien n'autorise",
                f"a rule found {type_.value} in {zone}, which nothing permits",
            ),
            where=camera,
            what_to_do=Words(
                "Aucun signal n'en est sorti ; c'est un défaut du logiciel",
                "No signal came of it; it is a defect of the software",
            ),
        )
