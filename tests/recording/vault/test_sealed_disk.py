"""Nothing readable lies on the disk; what was killed reads up to its last whole record; what was changed does not."""

from __future__ import annotations

import io
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.cluster.node_disk import NodeDisk
from csu.hal.disk import DiskError
from csu.hal.keys import KeyName, KeyShredded
from csu.recording.key_store import LocalKeyStore
from csu.recording.sealed_disk import SealedDisk
from csu.recording.sealed_records import index_of, whole_records

NAME = "2027-01-15/cam-0042/20270115T080000.000Z.mp4"
OWNER = KeyName("metz", date(2027, 1, 15))


def write(disk, *pieces, name=NAME):
    file = disk.create(name)
    for piece in pieces:
        file.write(piece)
    file.commit()
    return file


def test_no_plaintext_touches_the_disk_not_even_while_it_is_written(sealed, media):
    file = sealed.create(NAME)
    for _ in range(3):
        file.write(b"a face in a window " * 1000)
    (partial,) = media.rglob("*.partial")
    assert b"window" not in partial.read_bytes()
    file.commit()
    assert b"window" not in (media / NAME).read_bytes()


def test_the_key_is_that_of_the_commune_and_the_day_of_the_name(sealed, stored, keys):
    write(sealed, b"x")
    with stored.open(NAME) as file:
        assert index_of(file, NAME).key == OWNER
    assert keys.kept() == [OWNER]


def test_after_the_key_is_destroyed_nothing_opens_and_nothing_is_written(sealed, keys):
    write(sealed, b"x")
    keys.shred("metz", OWNER.day)
    with pytest.raises(KeyShredded):
        sealed.open(NAME)
    with pytest.raises(KeyShredded):
        sealed.create(NAME.replace("000Z", "001Z"))
    assert sealed.names() == [NAME]


def test_a_refused_key_leaves_no_file(sealed, keys, media):
    keys.shred("metz", OWNER.day)
    with pytest.raises(KeyShredded):
        sealed.create(NAME)
    assert list(media.rglob("*.*")) == []


def test_a_file_under_another_name_does_not_open(sealed, media):
    write(sealed, b"x")
    other = NAME.replace("000Z", "001Z")
    (media / NAME).rename(media / other)
    with pytest.raises(DiskError, match="changed, moved or cut"):
        sealed.open(other)


def test_records_cannot_be_cut_off_swapped_or_repeated(sealed, stored, media):
    write(sealed, b"first" * 9, b"other" * 9, b"third" * 9)
    path = media / NAME
    content = path.read_bytes()
    with stored.open(NAME) as file:
        places = index_of(file, NAME).places
    head = content[: places[0][0] - 4]
    parts = [content[at - 4 : at + length] for at, length in places]
    for order in ([0, 1, 2], [0, 1, 3], [1, 0, 2, 3], [0, 1, 1, 2, 3], [3], [1, 2, 3]):
        path.write_bytes(head + b"".join(parts[index] for index in order))
        with pytest.raises(DiskError):
            sealed.open(NAME).read()
    path.write_bytes(content)
    assert sealed.open(NAME).read() == b"first" * 9 + b"other" * 9 + b"third" * 9


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 700), min_size=1, max_size=6),
    reads=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 2000)), max_size=6),
)
def test_reading_anywhere_gives_what_was_written_there(tmp_path_factory, sizes, reads):
    root = tmp_path_factory.mktemp("disk")
    disk = SealedDisk(NodeDisk(root / "media"), LocalKeyStore(root / "keys"), lambda _: OWNER)
    pieces = [bytes([65 + index]) * size for index, size in enumerate(sizes)]
    write(disk, *pieces)
    plain = io.BytesIO(b"".join(pieces))
    with disk.open(NAME) as file:
        assert disk.size_bytes(NAME) == len(plain.getvalue())
        for at, count in reads:
            assert (file.seek(at), file.read(count)) == (plain.seek(at), plain.read(count))
        assert file.seek(0, 2) == len(plain.getvalue())


@settings(max_examples=60, deadline=None)
@given(sizes=st.lists(st.integers(1, 300), min_size=1, max_size=5), cut=st.integers(0, 2000))
def test_a_killed_file_gives_every_whole_record_and_not_one_byte_that_is_not(tmp_path_factory, sizes, cut):
    root = tmp_path_factory.mktemp("disk")
    keys = LocalKeyStore(root / "keys")
    disk = SealedDisk(NodeDisk(root / "media"), keys, lambda _: OWNER)
    pieces = [bytes([65 + index]) * size for index, size in enumerate(sizes)]
    file, ends = disk.create(NAME), []
    for piece in pieces:
        file.write(piece)
        ends.append(file.stored_bytes)
    (partial,) = (root / "media").rglob("*.partial")
    left = partial.read_bytes()
    start = ends[0] - len(pieces[0]) - 60
    cut = min(len(left), start + cut)
    whole = [piece for piece, end in zip(pieces, ends, strict=True) if end <= cut]
    assert list(whole_records(io.BytesIO(left[:cut]), NAME, keys)) == whole
    file.abandon()


def test_a_large_write_is_several_records(sealed):
    content = bytes(range(256)) * 12_000
    write(sealed, content)
    with sealed.open(NAME) as file:
        assert file.read() == content


def test_what_write_returned_for_is_with_the_system(sealed, media):
    file = sealed.create(NAME)
    file.write(b"x" * 100)
    (partial,) = media.rglob("*.partial")
    assert partial.stat().st_size == file.stored_bytes
