"""A rotation is cut short at each of its steps, and no camera is ever lost, no old password ever left."""

from __future__ import annotations

import asyncio

import hypothesis
import pytest
from hypothesis import strategies as st

from csu.hal.camera import CameraError
from csu.hal.errors import BadInput, CsuError
from csu.hal.words import Words
from hardware.vault import Entry, Login, RotationHeld, Rotator, Vault, VaultError, default_login_taken, rotating
from hardware.vault.defaults import TRIES_MAX, default_logins
from hardware.vault.rotation import acts, advanced, begin
from sim.disk import MemoryDisk

CAMERA = "cam-0001"
SECRET = b"0123456789abcdef0123456789abcdef"
FIRST = Login("installer", "first-password")


class Cut(BaseException):
    """The power, or the process."""


class Power:
    """Goes after so many steps: a step is a request at the device, its answer, or a write of the vault."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def step(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise Cut


class Device:
    """Accounts of a camera. A cut strikes before a request, or after it when nobody hears the answer."""

    def __init__(self) -> None:
        self.users = {FIRST.user: FIRST.password}
        self.power = Power(10**6)
        self.keeps_old = False
        self.asked: list[str] = []

    def _login(self, by: Login) -> None:
        if self.users.get(by.user) != by.password:
            raise CameraError(Words("non", "no"), where=CAMERA, what_to_do=Words("", ""))

    async def put(self, by: Login, account: Login) -> None:
        self.power.step()
        self._login(by)
        self.users[account.user] = account.password
        self.power.step()

    async def remove(self, by: Login, user: str) -> None:
        self.power.step()
        self._login(by)
        if not self.keeps_old:
            self.users.pop(user, None)
        self.power.step()

    async def takes(self, login: Login) -> bool:
        self.asked.append(login.password)
        self.power.step()
        return self.users.get(login.user) == login.password


class FailingDisk(MemoryDisk):
    """Writes are steps too."""

    power = Power(10**6)

    def create(self, name: str):
        self.power.step()
        file = super().create(name)
        commit = file.commit

        def committed() -> None:
            self.power.step()
            commit()
            self.power.step()

        file.commit = committed
        return file


def passwords():
    numbers = iter(range(10**6))
    return lambda: f"drawn-{next(numbers)}"


def rotate(disk: MemoryDisk, device: Device, draw) -> None:
    asyncio.run(Rotator(Vault(disk, SECRET), draw).rotate(CAMERA, device))


def begun() -> tuple[FailingDisk, Device]:
    disk = FailingDisk()
    Vault(disk, SECRET).keep(CAMERA, Entry(FIRST))
    return disk, Device()


def steps_of_a_rotation() -> int:
    disk, device = begun()
    power = disk.power = device.power = Power(10**6)
    rotate(disk, device, passwords())
    return 10**6 - power.steps


STEPS = steps_of_a_rotation()


def test_a_rotation_leaves_one_account_and_the_old_password_worth_nothing():
    disk, device = begun()
    rotate(disk, device, passwords())
    entry = Vault(disk, SECRET).entry(CAMERA)
    assert entry == Entry(Login("csu-a", "drawn-0"))
    assert device.users == {"csu-a": "drawn-0"}
    assert device.asked == ["drawn-0", FIRST.password], "the new one is tried, then the old one"


@pytest.mark.parametrize("cut_at", range(STEPS))
def test_cut_short_at_any_step_the_vault_knows_a_login_that_works_and_the_rotation_goes_on(cut_at):
    disk, device = begun()
    disk.power = device.power = Power(cut_at)
    draw = passwords()
    with pytest.raises((Cut, VaultError)):
        rotate(disk, device, draw)
    disk.power_cut()
    disk.power = device.power = Power(10**6)
    entry = Vault(disk, SECRET).entry(CAMERA)
    known = [login for login in (entry.account, entry.coming, entry.going) if login is not None]
    assert device.users.get(entry.account.user) == entry.account.password
    assert set(device.users.items()) <= {(login.user, login.password) for login in known}, "an account nobody knows"
    rotate(disk, device, draw)
    entry = Vault(disk, SECRET).entry(CAMERA)
    assert entry == Entry(entry.account)
    assert device.users == {entry.account.user: entry.account.password}
    if cut_at < STEPS - 1:  # nothing was begun twice
        assert entry.account.password == "drawn-0" or cut_at <= 3


@hypothesis.settings(max_examples=40)
@hypothesis.given(st.lists(st.integers(0, STEPS + 3), max_size=8))
def test_cut_short_again_and_again_it_ends(cuts):
    disk, device = begun()
    draw = passwords()
    for cut_at in cuts:
        disk.power = device.power = Power(cut_at)
        try:
            rotate(disk, device, draw)
        except (Cut, VaultError):
            disk.power_cut()
        disk.power = device.power = Power(10**6)
        account = Vault(disk, SECRET).entry(CAMERA).account
        assert device.users.get(account.user) == account.password
    rotate(disk, device, draw)
    assert len(device.users) == 1


def test_an_old_password_that_still_opens_is_told_and_kept_in_mind():
    disk, device = begun()
    device.keeps_old = True
    for _ in range(2):
        with pytest.raises(RotationHeld) as caught:
            rotate(disk, device, passwords())
        assert FIRST.password not in str(caught.value)
        entry = Vault(disk, SECRET).entry(CAMERA)
        assert (entry.account.user, entry.going) == ("csu-a", FIRST)
    device.keeps_old = False
    rotate(disk, device, passwords())
    assert device.users == {"csu-a": "drawn-0"}


def test_a_new_account_that_is_not_taken_leaves_the_old_one_in_use():
    disk, device = begun()

    async def deaf(by: Login, account: Login) -> None:
        return None

    device.put = deaf  # says yes and does nothing
    with pytest.raises(CsuError):
        rotate(disk, device, passwords())
    assert Vault(disk, SECRET).entry(CAMERA).account == FIRST
    assert device.users == {FIRST.user: FIRST.password}


def test_the_two_accounts_take_turns():
    entry = Entry(FIRST)
    seen = []
    for number in range(4):
        entry = begin(entry, f"p{number}")
        while acts(entry):
            entry = advanced(entry)
        seen.append(entry.account.user)
    assert seen == ["csu-a", "csu-b", "csu-a", "csu-b"]
    with pytest.raises(ValueError):
        advanced(entry)


@pytest.mark.parametrize(
    ("defect", "caught_by", "given"),
    [
        ("the old one is not tried", "test_an_old_password_that_still_opens_is_told_and_kept_in_mind", {}),
        ("the new one is not tried", "test_a_new_account_that_is_not_taken_leaves_the_old_one_in_use", {}),
        (
            "the device before the vault",
            "test_cut_short_at_any_step_the_vault_knows_a_login_that_works_and_the_rotation_goes_on",
            {"cut_at": 1},
        ),
    ],
)
def test_the_tests_find_a_planted_defect(defect, caught_by, given, monkeypatch, must_fail):
    if defect == "the device before the vault":
        keep = Rotator.keep

        async def late(self, camera, entry) -> None:
            if entry.coming is None:
                await keep(self, camera, entry)

        monkeypatch.setattr(Rotator, "keep", late)
    else:
        skipped, do = "try_going" if "old" in defect else "try_coming", rotating._do

        async def blind(act, *rest) -> None:
            if act != skipped:
                await do(act, *rest)

        monkeypatch.setattr(rotating, "_do", blind)
    must_fail("test_rotation", caught_by, **given)


def test_default_passwords_are_tried_on_the_own_inventory_only_and_twice_at_most():
    device = Device()
    with pytest.raises(BadInput):
        asyncio.run(default_login_taken("somebody-s", {CAMERA}, "Axis", device))
    assert device.asked == []
    for maker in ("AXIS", "Dahua Technology", "Hikvision", "Nobody", ""):
        assert 1 <= len(default_logins(maker)) <= TRIES_MAX
    assert asyncio.run(default_login_taken(CAMERA, {CAMERA}, "", device)) is None
    assert len(device.asked) == 2
    device.users["root"] = "pass"
    assert asyncio.run(default_login_taken(CAMERA, {CAMERA}, "Axis Communications", device)) == "root"
