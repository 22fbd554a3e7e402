"""A key is made once, kept apart, and destroyed once and for all."""

from __future__ import annotations

import pickle
import stat
import threading
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.hal.errors import BadInput
from csu.hal.keys import DayKey, KeyAbsent, KeyName, KeyShredded, KeyStore, KeyStoreUnavailable, SealBroken
from csu.recording.key_store import LocalKeyStore, key_secret

DAY = date(2026, 11, 23)
SECRET = b"a secret of thirty-two bytes!!!!"


def test_it_is_a_key_store_with_keys(keys):
    assert isinstance(keys, KeyStore)
    assert isinstance(keys.key("metz", DAY), DayKey)


def test_a_key_is_the_same_after_a_restart(keys, tmp_path):
    sealed = keys.key("metz", DAY).seal(b"street", b"name")
    assert LocalKeyStore(tmp_path / "keys").existing("metz", DAY).unseal(sealed, b"name") == b"street"


def test_each_commune_and_each_day_has_a_key_of_its_own(keys):
    sealed = keys.key("metz", DAY).seal(b"street", b"name")
    for other in (keys.key("woippy", DAY), keys.key("metz", date(2026, 11, 24))):
        with pytest.raises(SealBroken):
            other.unseal(sealed, b"name")
    assert [str(name) for name in keys.kept()] == ["metz/2026-11-23", "metz/2026-11-24", "woippy/2026-11-23"]


def test_many_threads_that_ask_first_get_one_key(tmp_path):
    stores = [LocalKeyStore(tmp_path / "keys") for _ in range(8)]
    sealed: list[bytes] = []
    threads = [threading.Thread(target=lambda s=s: sealed.append(s.key("metz", DAY).seal(b"x", b""))) for s in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [stores[0].key("metz", DAY).unseal(one, b"") for one in sealed] == [b"x"] * 8


def test_a_destroyed_key_is_never_made_again_and_nothing_it_sealed_opens(keys, tmp_path):
    keys.key("metz", DAY)
    other_process = LocalKeyStore(tmp_path / "keys")
    other_process.key("metz", DAY)
    keys.shred("metz", DAY)
    keys.shred("metz", DAY)
    for store in (keys, other_process, LocalKeyStore(tmp_path / "keys")):
        for ask in (store.key, store.existing):
            with pytest.raises(KeyShredded):
                ask("metz", DAY)
        assert store.kept() == []
        assert store.is_shredded("metz", DAY)
    assert list((tmp_path / "keys").rglob("*.key*")) == []


def test_a_day_that_never_had_a_key_can_be_closed_for_good(keys):
    keys.shred("metz", DAY)
    with pytest.raises(KeyShredded):
        keys.key("metz", DAY)


def test_a_key_file_that_a_backup_brings_back_stays_dead_and_is_named(keys, tmp_path):
    keys.key("metz", DAY)
    path = tmp_path / "keys" / "metz" / "2026-11-23.key"
    backup = path.read_bytes()
    keys.shred("metz", DAY)
    path.write_bytes(backup)
    with pytest.raises(KeyShredded):
        LocalKeyStore(tmp_path / "keys").existing("metz", DAY)
    assert keys.kept() == []
    assert keys.came_back() == [KeyName("metz", DAY)]
    keys.shred("metz", DAY)
    assert keys.came_back() == []


def test_a_crash_between_the_word_and_the_deed_leaves_a_key_nobody_uses(keys, monkeypatch):
    keys.key("metz", DAY)

    def power_cut(_path):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as cut:
        cut.setattr("csu.recording.key_store.erase", power_cut)
        with pytest.raises(KeyStoreUnavailable):
            keys.shred("metz", DAY)
    with pytest.raises(KeyShredded):
        keys.key("metz", DAY)
    keys.shred("metz", DAY)
    assert keys.came_back() == []


def test_reading_never_makes_a_key(keys):
    with pytest.raises(KeyAbsent):
        keys.existing("metz", DAY)
    assert keys.kept() == []


def test_only_this_user_may_look(keys, tmp_path):
    keys.key("metz", DAY)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").rglob("*")}
    assert set(modes.values()) == {0o700, 0o600}
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


@pytest.mark.parametrize("place", ["media/keys", "media", "."])
def test_keys_beside_what_they_seal_are_refused(tmp_path, place):
    with pytest.raises(BadInput):
        LocalKeyStore(tmp_path / place, away_from=(tmp_path / "media", tmp_path / "catalogue"))


def test_a_store_that_is_gone_makes_no_key(keys, tmp_path):
    keys.key("metz", DAY)
    (tmp_path / "keys").rename(tmp_path / "elsewhere")
    for ask in (keys.key, keys.existing):
        with pytest.raises(KeyStoreUnavailable):
            ask("metz", DAY)
    with pytest.raises(KeyStoreUnavailable):
        keys.kept()


def test_a_damaged_key_is_told_without_its_bytes(keys, tmp_path):
    keys.key("metz", DAY)
    path = tmp_path / "keys" / "metz" / "2026-11-23.key"
    content = path.read_bytes()
    for damaged in (b"", content[:40], b"csu-key-1\n" + b"\xff" * 90, b"\0" * 100):
        path.write_bytes(damaged)
        with pytest.raises(KeyStoreUnavailable) as caught:
            LocalKeyStore(tmp_path / "keys").existing("metz", DAY)
        assert "xff" not in repr(caught.value)


class TestSecret:
    def test_a_wrapped_key_needs_its_secret(self, tmp_path):
        sealed = LocalKeyStore(tmp_path / "keys", secret=SECRET).key("metz", DAY).seal(b"street", b"")
        again = LocalKeyStore(tmp_path / "keys", secret=SECRET)
        assert again.existing("metz", DAY).unseal(sealed, b"") == b"street"
        for secret in (None, b"another secret of 32 bytes......"):
            with pytest.raises(KeyStoreUnavailable):
                LocalKeyStore(tmp_path / "keys", secret=secret).existing("metz", DAY)

    def test_a_wrapped_key_of_another_day_does_not_fit(self, tmp_path):
        store = LocalKeyStore(tmp_path / "keys", secret=SECRET)
        store.key("metz", DAY)
        folder = tmp_path / "keys" / "metz"
        (folder / "2026-11-24.key").write_bytes((folder / "2026-11-23.key").read_bytes())
        with pytest.raises(KeyStoreUnavailable):
            store.existing("metz", date(2026, 11, 24))

    def test_a_short_secret_is_refused(self, tmp_path):
        with pytest.raises(BadInput):
            LocalKeyStore(tmp_path / "keys", secret=b"metz")

    def test_a_credential_comes_before_the_environment(self, tmp_path):
        (tmp_path / "CSU_KEY_SECRET").write_bytes(SECRET + b"\n")
        environment = {"CREDENTIALS_DIRECTORY": str(tmp_path), "CSU_KEY_SECRET": "other"}
        assert key_secret(environment) == SECRET
        assert key_secret({"CSU_KEY_SECRET": "other"}) == b"other"
        assert key_secret({}) is None


def test_a_key_shows_and_sends_nothing(keys):
    key = keys.key("metz", DAY)
    assert repr(key) == "<key of metz/2026-11-23>"
    for secret in (key, keys):
        with pytest.raises(TypeError):
            pickle.dumps(secret)


@settings(max_examples=30, deadline=None)
@given(content=st.binary(max_size=3000), at=st.integers(0, 10_000))
def test_a_flipped_bit_anywhere_is_found(tmp_path_factory, content, at):
    key = LocalKeyStore(tmp_path_factory.mktemp("k") / "keys").key("metz", DAY)
    sealed = bytearray(key.seal(content, b"about"))
    assert key.unseal(bytes(sealed), b"about") == content
    sealed[at % len(sealed)] ^= 1
    with pytest.raises(SealBroken):
        key.unseal(bytes(sealed), b"about")
