"""What rotation and the search for default passwords ask of a device."""

from __future__ import annotations

from typing import Protocol

from hardware.vault.login import Login


class DeviceAccounts(Protocol):
    """The accounts on one device. All calls may raise CameraError, when nobody knows what became of them."""

    async def put(self, by: Login, account: Login) -> None:
        """An administrator of this name with this password: made, or given the password when there is one."""
        ...

    async def remove(self, by: Login, user: str) -> None:
        """No such account any more, or none that anybody knows the password of. Harmless when it is gone."""
        ...

    async def takes(self, login: Login) -> bool:
        """Does the device let this account do what only an administrator may? False only when it said no."""
        ...
