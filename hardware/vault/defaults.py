"""Vendors' default passwords: looked for on the centre's own cameras only, two tries at most, never told.

Three or more wrong passwords lock the account on many cameras, and trying them on somebody else's camera is an offence
(Code pénal, art. 323-1).
"""

from __future__ import annotations

from collections.abc import Container

from csu.hal.camera import CameraId
from csu.hal.errors import BadInput
from csu.hal.words import Words
from hardware.vault.accounts import DeviceAccounts
from hardware.vault.login import Login

TRIES_MAX = 2
_ANY = (Login("admin", "admin"), Login("root", "root"))
_DEFAULTS = {
    "axis": (Login("root", "pass"),),
    "bosch": (Login("service", "service"),),
    "dahua": (Login("admin", "admin"),),
    "hanwha": (Login("admin", "4321"),),
    "hikvision": (Login("admin", "12345"),),
    "samsung": (Login("admin", "4321"),),
    "vivotek": (Login("root", "root"),),
}
"""Of firmware that still had one; newer asks for a password at first use."""


def default_logins(manufacturer: str) -> tuple[Login, ...]:
    """What to try on a camera of this maker: TRIES_MAX at most."""
    name = manufacturer.casefold()
    return next((logins for maker, logins in _DEFAULTS.items() if maker in name), _ANY)[:TRIES_MAX]


async def default_login_taken(
    camera: CameraId, inventory: Container[CameraId], manufacturer: str, device: DeviceAccounts
) -> str | None:
    """The user whose default password opens the camera; None when none does.

    Raises BadInput for a camera that is not of the inventory, before anything is tried; CameraError.
    """
    if camera not in inventory:
        raise BadInput(
            Words("cette caméra n'est pas de l'inventaire du centre", "this camera is not of the centre's inventory"),
            where=camera,
            what_to_do=Words("Inscrivez-la d'abord, si elle est au centre", "Enter it first, if it is the centre's"),
        )
    for login in default_logins(manufacturer):
        if await device.takes(login):
            return login.user
    return None
