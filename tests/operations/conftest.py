"""What the tests of the operations room share."""

from __future__ import annotations

import pytest

from csu.operations import OperationsLog


@pytest.fixture
def log(tmp_path):
    opened = OperationsLog(tmp_path / "log.sqlite")
    yield opened
    opened.close()
