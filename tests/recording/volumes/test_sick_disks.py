"""A disk that fails while it is written to costs a fragment: what is sealed stays, the rest goes to the next volume."""

from __future__ import annotations

import errno

import pytest

from csu.hal.clock import NS_PER_S
from csu.hal.disk import DiskError
from csu.hal.media import CameraEventKind
from csu.hal.words import NO_WORDS, Words
from csu.machine import _sync_directory

LOST_S_MAX = 1.0


def lost_s(rig) -> float:
    """The longest stretch of pictures that were taken and can no longer be read."""
    readable, worst, since = set(rig.readable()), 0, None
    for at_ns in rig.taken:
        if at_ns in readable:
            since = None
        else:
            since = at_ns if since is None else since
            worst = max(worst, at_ns - since + NS_PER_S // 5)
    return worst / NS_PER_S


def survive(rig, sick, fault, packets, seconds) -> None:
    """Half a minute on `a`, whose disk then fails in one way; recording goes on for a minute and a half."""
    rig.film(packets(seconds(0, 32)))
    for name, value in fault.items():
        setattr(sick, name, value)
    rig.film(packets(seconds(32, 90)))
    before = rig.on("a")
    sick.heal()
    rig.end()
    rig.settle()
    assert set(before) <= set(rig.disk.names()), "what was sealed is there"
    assert rig.on("b"), "the next segments went to the other volume"
    assert lost_s(rig) <= LOST_S_MAX


def test_recording_goes_on_elsewhere_and_what_was_written_is_recovered(rig, sick, fault, packets, seconds):
    survive(rig, sick, fault, packets, seconds)
    assert [kind for kind, _ in rig.told] == [CameraEventKind.DISK_TROUBLE]
    assert len(rig.gaps()) == 1


def test_a_disk_that_fails_is_left_alone(rig, sick, packets, seconds):
    sick.create = errno.EIO
    rig.film(packets(seconds(0, 5)))
    sick.heal()
    rig.film(packets(seconds(5, 130)))
    rig.end()
    rig.settle()
    assert rig.on("a") == [], "it is not asked again before half a minute of ours has passed"
    assert lost_s(rig) == 0
    assert (rig.told, rig.gaps()) == ([], []), "a volume that refuses a name costs nothing where there is another"


@pytest.mark.usefixtures("impatient")
def test_without_another_volume_it_is_a_gap_and_ends_when_the_disk_works(rig, sick, packets, seconds):
    rig.admit("a")
    rig.film(packets(seconds(0, 32)))
    sick.write, sick.create = errno.ENOSPC, errno.ENOSPC
    rig.film(packets(seconds(32, 60)))
    sick.heal()
    rig.film(packets(seconds(92, 60)))
    rig.end()
    rig.settle()
    assert rig.on("b") == []
    (gap,) = rig.gaps()
    lost = sorted(set(rig.taken) - set(rig.readable()))
    assert (lost[-1] - lost[0]) / NS_PER_S <= 60 + 5 + 1, "no longer than the disk failed, and a retry"
    assert gap.start_ns <= lost[0]
    assert lost[-1] < gap.end_ns
    assert [kind for kind, _ in rig.told] == [CameraEventKind.DISK_TROUBLE]


def test_a_disk_that_fails_for_good_keeps_what_it_has_and_harms_nothing(rig, sick, packets, seconds):
    rig.film(packets(seconds(0, 70)))
    sealed = rig.on("a")
    sick.write = sick.sync = sick.rename = sick.create = sick.settle = errno.EIO
    rig.film(packets(seconds(70, 130)))
    rig.end()
    rig.settle(left_behind=1)
    assert sealed == rig.on("a")
    assert len(rig.on("b")) >= 2
    assert len(rig.gaps()) == 1
    lost = sorted(set(rig.taken) - set(rig.readable()))
    assert (lost[-1] - lost[0]) / NS_PER_S < 60, "the segment that was open, which waits there for its disk to work"


def _commit_and_forget(file) -> None:
    file.sync()
    file._file.close()
    file._partial.rename(file._path)
    try:
        _sync_directory(file._path.parent)
    except OSError as error:
        raise DiskError(Words.same(str(error)), where=file.name, what_to_do=NO_WORDS) from error


MUTANTS = {
    "what a disk refused is thrown away": (
        "csu.cluster.node_disk.NodeFile.abandon",
        lambda file: (file._inner.abandon(), file._file.close()),
        {"write": errno.EIO},
    ),
    "a name that is not durable stays": ("csu.machine.LocalFile.commit", _commit_and_forget, {"settle": errno.EIO}),
    "a failed recording waits as a refused one does": (
        "csu.ingest.recording_run.DISK_RETRY_NS",
        60 * NS_PER_S,
        {"write": errno.EIO},
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_each_planted_mistake_is_found(rig, sick, packets, seconds, monkeypatch, name):
    place, mutant, fault = MUTANTS[name]
    monkeypatch.setattr(place, mutant)
    rig.patience_s = 1.0
    monkeypatch.setattr("csu.cluster.left_over._sync", lambda directory: None)
    with pytest.raises(AssertionError):
        survive(rig, sick, fault, packets, seconds)
