"""Rotation at work: the vault and a device, one camera at a time each. Shell around `rotation`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from csu.hal.camera import CameraId
from csu.hal.words import Words
from hardware.vault.accounts import DeviceAccounts
from hardware.vault.errors import rotation_held
from hardware.vault.rotation import Act, Entry, acts, advanced, begin
from hardware.vault.store import Vault


class Rotator:
    """Changes the accounts of cameras. One for a vault."""

    def __init__(self, vault: Vault, draw: Callable[[], str]) -> None:
        """`draw`: a new password (`passwords.new_password`)."""
        self._vault = vault
        self._draw = draw
        self._writing = asyncio.Lock()

    async def rotate(self, camera: CameraId, device: DeviceAccounts) -> None:
        """Begin a rotation, or go on with the one that was cut short, to its end.

        Raises VaultError, CameraError, RotationHeld: the account that worked still works, and the same call goes on.
        """
        entry = begin(self._vault.entry(camera), self._draw())
        await self.keep(camera, entry)
        while steps := acts(entry):
            for act in steps:
                await _do(act, camera, entry, device)
            entry = advanced(entry)
            await self.keep(camera, entry)

    async def keep(self, camera: CameraId, entry: Entry) -> None:
        """Keep an entry; one at a time of all that is written through this rotator. Raises VaultError."""
        async with self._writing:
            if camera not in self._vault.cameras() or self._vault.entry(camera) != entry:
                await asyncio.to_thread(self._vault.keep, camera, entry)


async def _do(act: Act, camera: CameraId, entry: Entry, device: DeviceAccounts) -> None:
    if act is Act.PUT_COMING and entry.coming is not None:
        await device.put(entry.account, entry.coming)
    elif act is Act.TRY_COMING and entry.coming is not None:
        if not await device.takes(entry.coming):
            raise rotation_held(camera, _NOT_TAKEN)
    elif act is Act.REMOVE_GOING and entry.going is not None:
        await device.remove(entry.account, entry.going.user)
    elif act is Act.TRY_GOING and entry.going is not None and await device.takes(entry.going):
        raise rotation_held(camera, _STILL_TAKEN)


_NOT_TAKEN = Words("elle refuse le compte qu'elle vient de créer", "it refuses the account that it has just made")
_STILL_TAKEN = Words("l'ancien mot de passe ouvre toujours la caméra", "the old password still opens the camera")
