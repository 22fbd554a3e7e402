"""Who may import whom: each planted import must break the contract that forbids it, and no other."""

from __future__ import annotations

import pytest

PLANTED = {
    "the engine imports a world": ("worlds", "csu/alarms/planted.py", "import sim"),
    "the engine imports a world inside a function": ("worlds", "csu/alarms/planted.py", "def f():\n  import sim.loop"),
    "a room imports another room": ("layers", "csu/alarms/planted.py", "import csu.masking"),
    "a room imports the host's clock": ("layers", "csu/alarms/planted.py", "import csu.machine"),
    "a port imports a room": ("layers", "csu/hal/planted.py", "import csu.alarms"),
    "a new module has no place in the house": ("layers", "csu/planted.py", ""),
    "a room reaches for the mask seal": ("seal", "csu/alarms/planted.py", "from csu.hal._mask_seal import take_seal"),
    "the centre borrows the room's seal": ("seal", "csu/centre/planted.py", "from csu.masking._seal import SEAL"),
    "another than the wall node takes in what was masked elsewhere": (
        *("received", "csu/cluster/planted.py", "from csu.masking.received import received_masked"),
    ),
    "hardware knows more than the ports": ("hardware", "hardware/planted.py", "import csu.masking"),
    "the simulation reaches into a room": ("sim", "sim/planted.py", "import csu.masking"),
    "a port does I/O": ("ports", "csu/hal/planted.py", "import httpx"),
    "the engine knows virtual time": ("virtual-time", "csu/alarms/planted.py", "import simpy"),
}


def test_the_tree_as_it_is_keeps_every_contract(tree):
    done = tree.run("lint-imports", "--no-logo")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("what", PLANTED)
def test_a_forbidden_import_is_caught(tree, what):
    contract, path, source = PLANTED[what]
    tree.plant(path, f'"""Planted."""\n{source}\n')
    done = tree.run("lint-imports", "--no-logo", "--contract", contract)
    assert done.returncode == 1, done.stdout
    assert "1 broken" in done.stdout
    assert "planted" in done.stdout
