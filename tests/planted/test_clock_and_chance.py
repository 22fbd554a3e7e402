"""Clock and chance in a core: the lint reads them, the runtime seal sees them run."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

BANNED_LINES = """\
import time; now = time.time()
from time import monotonic; now = monotonic()
import datetime; now = datetime.datetime.now(datetime.UTC)
from datetime import datetime; now = datetime.now
import random; draw = random.random()
import numpy as np; draw = np.random.default_rng()
from numpy.random import default_rng; draw = default_rng()
import uuid; name = uuid.uuid4()
from uuid import uuid4
import os; key = os.urandom(16)
import secrets; key = secrets.token_hex()
import threading; lock = threading.Lock()
import socket; end = socket.socket()
import subprocess; done = subprocess.run(["true"])
import multiprocessing
from concurrent.futures import ThreadPoolExecutor
""".splitlines()


def _banned(tree, path: str) -> set[str]:
    """The lines of `path` that TID251 refuses."""
    done = tree.run("ruff", "check", "--no-cache", "--select", "TID251", "--output-format", "json", path)
    lines = (tree.root / path).read_text(encoding="utf-8").splitlines()
    return {lines[finding["location"]["row"] - 1] for finding in json.loads(done.stdout)}


@pytest.mark.parametrize("where", ["csu/alarms/planted.py", "csu/centre/planted.py", "sim/planted.py"])
def test_the_lint_refuses_clock_chance_threads_and_sockets_in_a_core(tree, where):
    tree.plant(where, "\n".join(BANNED_LINES))
    assert set(BANNED_LINES) - _banned(tree, where) == set()


def test_the_lint_lets_a_declared_shell_be(tree):
    tree.plant("csu/cluster/planted.py", "\n".join(BANNED_LINES))
    assert _banned(tree, "csu/cluster/planted.py") == set()


PLANTED_CORE = '''
"""A core that touches what it must not, each time in another way."""
import os, random, threading, time, uuid
from time import monotonic

import numpy as np

def reads_the_clock():
    return time.time()

def reads_it_by_another_name():
    return monotonic()

def reads_it_by_a_default(clock=time.time_ns):
    return clock()

def reads_it_and_hides_the_refusal():
    try:
        return time.time()
    except BaseException:
        return 0

def sleeps():
    time.sleep(0)

def draws():
    return random.random()

def seeds_its_own_chance():
    return random.Random(1)

def draws_an_array():
    return np.random.default_rng(1)

def names_things():
    return uuid.uuid4()

def makes_keys():
    return os.urandom(1)

def starts_a_thread():
    return threading.Thread(target=print)

def keeps_to_its_ports(now_ns, chance):
    return now_ns + chance()
'''

PLANTED_TEST = """
import threading, time, random, pytest
from csu import planted

GUILTY = [name for name in vars(planted) if getattr(vars(planted)[name], "__module__", "") == "csu.planted"]
GUILTY.remove("keeps_to_its_ports")

@pytest.mark.parametrize("name", GUILTY)
def test_guilty(name):
    getattr(planted, name)()

def test_guilty_in_a_thread():
    thread = threading.Thread(target=planted.reads_it_and_hides_the_refusal)
    thread.start()
    thread.join()

def test_innocent():
    time.sleep(0)
    assert planted.keeps_to_its_ports(time.time_ns(), lambda: random.random()) > 0
"""


def test_the_seal_fails_every_test_in_which_a_core_touches_clock_or_chance(tree):
    tree.plant("csu/planted.py", PLANTED_CORE)
    tree.plant("tests/test_planted.py", PLANTED_TEST)
    report = tree.root / "report.xml"
    done = tree.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml", str(report), "tests")
    assert done.returncode == 1, done.stdout + done.stderr
    cases = ElementTree.parse(report).getroot().iter("testcase")
    verdicts = {case.get("name"): bool(case.findall("failure") + case.findall("error")) for case in cases}
    assert verdicts.pop("test_innocent") is False
    assert len(verdicts) == PLANTED_CORE.count("\ndef ")
    assert [name for name, failed in verdicts.items() if not failed] == []
    assert "csu.planted called time.time" in done.stdout
