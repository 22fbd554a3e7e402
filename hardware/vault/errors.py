"""What can go wrong with secrets, told without one."""

from __future__ import annotations

from csu.hal.errors import CsuError
from csu.hal.words import Words


class VaultError(CsuError):
    """The vault cannot be read, opened or written."""


class RotationHeld(CsuError):
    """A rotation could not go on. What is in the vault says where it stands; the same call goes on from there."""


def vault_error(what: Words, where: str) -> VaultError:
    return VaultError(
        what,
        where=where,
        what_to_do=Words(
            "Vérifiez le volume et la clé CSU_VAULT_KEY de ce centre (systemd : LoadCredential)",
            "Check the volume and this centre's key CSU_VAULT_KEY (systemd: LoadCredential)",
        ),
    )


def rotation_held(camera: str, what: Words) -> RotationHeld:
    return RotationHeld(
        what,
        where=camera,
        what_to_do=Words(
            "Corrigez la caméra, puis reprenez la rotation : le coffre sait où elle en est",
            "Correct the camera, then rotate again: the vault knows where it stands",
        ),
    )
