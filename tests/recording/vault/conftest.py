"""Keys, a sealed disk, and packets of one camera as a media node records them."""

from __future__ import annotations

from pathlib import Path

import pytest

from csu.cluster.node_disk import NodeDisk
from csu.cluster.volumes import VolumesDisk
from csu.recording import CameraRecorder
from csu.recording.key_store import LocalKeyStore
from csu.recording.sealed_disk import SealedDisk, segments_of_commune


@pytest.fixture
def media(tmp_path) -> Path:
    return tmp_path / "media"


@pytest.fixture
def keys(tmp_path, media) -> LocalKeyStore:
    return LocalKeyStore(tmp_path / "keys", away_from=(media,))


@pytest.fixture
def stored(media) -> NodeDisk:
    return NodeDisk(media)


@pytest.fixture
def volumes(media) -> VolumesDisk:
    """The same directory, as the one volume of a bench."""
    return VolumesDisk.of(media)


@pytest.fixture
def sealed(stored, keys, record) -> SealedDisk:
    return SealedDisk(stored, keys, segments_of_commune(record.commune))


@pytest.fixture
def recorder(record, sealed, encoder) -> CameraRecorder:
    recorder = CameraRecorder(record, sealed)
    recorder.start(encoder.format)
    return recorder
