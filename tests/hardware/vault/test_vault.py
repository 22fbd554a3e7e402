"""The vault: sealed, whole after any crash, and silent about what it holds."""

from __future__ import annotations

import logging
import pickle

import pytest

from csu.hal.disk import DiskError
from csu.machine import LocalDisk
from hardware.vault import Entry, Login, Vault, VaultError, new_password, vault_secret
from hardware.vault.rotation import begin
from sim.disk import MemoryDisk

SECRET = b"0123456789abcdef0123456789abcdef"
ENTRY = Entry(Login("admin", "Zebra-Crossing-9"))


@pytest.fixture
def disk() -> MemoryDisk:
    return MemoryDisk()


def test_what_is_kept_is_there_when_it_is_opened_again(disk):
    vault = Vault(disk, SECRET)
    under_way = begin(ENTRY, "coming-password")
    vault.keep("cam-1", ENTRY)
    vault.keep("cam-2", under_way)
    again = Vault(disk, SECRET)
    assert again.cameras() == ("cam-1", "cam-2")
    assert (again.entry("cam-1"), again.entry("cam-2")) == (ENTRY, under_way)
    again.keep("cam-1", None)
    with pytest.raises(VaultError):
        Vault(disk, SECRET).entry("cam-1")


def test_there_is_one_version_on_disk_and_no_plaintext(tmp_path):
    vault = Vault(LocalDisk(tmp_path), SECRET)
    for number in range(3):
        vault.keep(f"cam-{number}", ENTRY)
    (file,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    content = file.read_bytes()
    for word in (b"Zebra", b"admin", b"cam-", SECRET):
        assert word not in content


def test_another_key_opens_nothing(disk):
    Vault(disk, SECRET).keep("cam-1", ENTRY)
    with pytest.raises(VaultError):
        Vault(disk, SECRET[::-1])


@pytest.mark.parametrize("change", ["flip", "cut", "empty", "rename"])
def test_a_version_that_was_changed_is_refused_and_never_read_as_an_empty_vault(disk, change):
    vault = Vault(disk, SECRET)
    vault.keep("cam-1", ENTRY)
    (name,) = disk.names()
    content = disk.open(name).read()
    disk.remove(name)
    changed = {
        "flip": content[:-1] + bytes([content[-1] ^ 1]),
        "cut": content[:20],
        "empty": b"",
        "rename": content,
    }[change]
    file = disk.create("vault-0000000009" if change == "rename" else name)
    file.write(changed)
    file.commit()
    with pytest.raises(VaultError):
        Vault(disk, SECRET)


def test_a_power_cut_while_it_is_written_leaves_the_version_before(disk):
    vault = Vault(disk, SECRET)
    vault.keep("cam-1", ENTRY)
    disk.writes_until_error = 0
    with pytest.raises(VaultError):
        vault.keep("cam-2", ENTRY)
    assert vault.cameras() == ("cam-1",)
    disk.writes_until_error = None
    disk.power_cut()
    assert Vault(disk, SECRET).cameras() == ("cam-1",)
    vault.keep("cam-2", ENTRY)
    assert Vault(disk, SECRET).cameras() == ("cam-1", "cam-2")


def test_an_old_version_that_could_not_be_removed_is_not_read(disk):
    vault = Vault(disk, SECRET)
    vault.keep("cam-1", ENTRY)
    real, disk.remove = disk.remove, lambda name: (_ for _ in ()).throw(_disk_error())
    vault.keep("cam-1", Entry(Login("csu-a", "new")))
    disk.remove = real
    assert len(disk.names()) == 2
    again = Vault(disk, SECRET)
    assert again.entry("cam-1").account.user == "csu-a"
    again.keep("cam-2", ENTRY)
    assert len(disk.names()) == 1


def test_two_writers_do_not_overwrite_each_other(disk):
    first, second = Vault(disk, SECRET), Vault(disk, SECRET)
    first.keep("cam-1", ENTRY)
    with pytest.raises(VaultError):
        second.keep("cam-2", ENTRY)
    assert Vault(disk, SECRET).cameras() == ("cam-1",)


def test_no_secret_shows(disk, caplog):
    caplog.set_level(logging.DEBUG)
    vault = Vault(disk, SECRET)
    vault.keep("cam-1", ENTRY)
    with pytest.raises(VaultError) as caught:
        Vault(disk, SECRET[::-1])
    shown = f"{vault!r}{ENTRY!r}{ENTRY.account}{caught.value!r}{caught.value.trouble}{caplog.text}"
    assert "Zebra" not in shown
    assert SECRET.decode() not in shown
    with pytest.raises(TypeError):
        pickle.dumps(vault)


def test_the_key_is_a_credential_before_it_is_a_variable(tmp_path):
    given = {"CSU_VAULT_KEY": "from the environment, 32 bytes long", "CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert vault_secret(given) == b"from the environment, 32 bytes long"
    (tmp_path / "csu_vault_key").write_bytes(SECRET + b"\n")
    assert vault_secret(given) == SECRET
    with pytest.raises(VaultError):
        vault_secret({})
    with pytest.raises(VaultError):
        Vault(MemoryDisk(), b"short")


def test_passwords_are_long_mixed_and_never_the_same():
    drawn = {new_password() for _ in range(200)}
    assert len(drawn) == 200
    for password in drawn:
        assert len(password) == 16
        assert not set(password) & set("0O1lI")
        assert any(map(str.islower, password))
        assert any(map(str.isupper, password))
        assert any(map(str.isdigit, password))


def _disk_error() -> DiskError:
    from csu.hal.words import Words

    return DiskError(Words("non", "no"), where="disk", what_to_do=Words("", ""))


def test_other_secrets_are_kept_beside_logins_and_neither_touches_the_other(disk):
    vault = Vault(disk, SECRET)
    vault.keep("cam-1", ENTRY)
    vault.keep_secret("dc09/1234", bytes(range(16)))
    vault.keep_secret("dispatch/key", b"-----BEGIN")
    vault.keep("cam-1", None)
    again = Vault(disk, SECRET)
    assert (again.cameras(), again.secrets()) == ((), ("dc09/1234", "dispatch/key"))
    assert again.secret("dc09/1234") == bytes(range(16))
    again.keep_secret("dc09/1234", None)
    with pytest.raises(VaultError):
        Vault(disk, SECRET).secret("dc09/1234")


@pytest.mark.parametrize(("name", "secret"), [("../x y", b"1"), ("", b"1"), ("a", b""), ("a", bytes(16_385))])
def test_what_is_no_name_or_no_secret_is_not_kept(disk, name, secret):
    vault = Vault(disk, SECRET)
    with pytest.raises(VaultError):
        vault.keep_secret(name, secret)
    assert vault.secrets() == ()
