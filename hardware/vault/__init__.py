"""The accounts of devices: kept sealed, changed without losing a camera, defaults found.

In: a disk, a key from systemd or the environment, devices that say which logins they take. Out: the `Login` of each
camera, for its adapter alone; troubles that name no password (decision 0056).
"""

from hardware.vault.accounts import DeviceAccounts
from hardware.vault.defaults import default_login_taken
from hardware.vault.errors import RotationHeld, VaultError
from hardware.vault.login import Login
from hardware.vault.passwords import new_password
from hardware.vault.rotating import Rotator
from hardware.vault.rotation import Entry
from hardware.vault.store import SECRET_NAME, Vault, vault_secret

__all__ = [
    "SECRET_NAME",
    "DeviceAccounts",
    "Entry",
    "Login",
    "RotationHeld",
    "Rotator",
    "Vault",
    "VaultError",
    "default_login_taken",
    "new_password",
    "vault_secret",
]
