"""The accounts on an ONVIF device: what rotation and the search for default passwords need. Shell."""

from __future__ import annotations

from collections.abc import Callable

from onveef import envelopes

from csu.hal.clock import Clock
from hardware.onvif.errors import DeviceFault, LoginRefused
from hardware.onvif.reading import users
from hardware.onvif.session import Session
from hardware.onvif.settings import OnvifSettings
from hardware.vault.login import Login

_LEVEL = "Administrator"
"""Masks, users and profiles can be changed by no lower level on most devices."""


class OnvifAccounts:
    """A `hardware.vault.DeviceAccounts`. Every call logs in afresh."""

    def __init__(self, settings: OnvifSettings, clock: Clock, draw: Callable[[], str]) -> None:
        """`draw`: a password that nobody keeps, for accounts that a device does not let go."""
        self._settings = settings
        self._clock = clock
        self._draw = draw

    async def put(self, by: Login, account: Login) -> None:
        async with Session(self._settings, by, self._clock) as session:
            told = users(await session.call("device", "GetUsers", "<tds:GetUsers/>"))
            there = account.user in told
            operation, build = ("SetUser", envelopes.device_set_user) if there else _CREATE
            body = build(username=account.user, password=account.password, user_level=_LEVEL)
            await session.call("device", operation, body)

    async def remove(self, by: Login, user: str) -> None:
        async with Session(self._settings, by, self._clock) as session:
            try:
                await session.call("device", "DeleteUsers", envelopes.device_delete_users(usernames=[user]))
            except DeviceFault as fault:
                if "UsernameMissing" in fault.codes:
                    return
                if "FixedUser" not in fault.codes:
                    raise
                body = envelopes.device_set_user(username=user, password=self._draw(), user_level=_LEVEL)
                await session.call("device", "SetUser", body)

    async def takes(self, login: Login) -> bool:
        async with Session(self._settings, login, self._clock) as session:
            try:
                await session.call("device", "GetUsers", "<tds:GetUsers/>")
            except LoginRefused:
                return False
            return True


_CREATE = ("CreateUsers", envelopes.device_create_users)
