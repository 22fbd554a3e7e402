"""The runtime seal: a test fails when a core of csu or sim touches clock, chance, a thread, a process or a socket.

Ruff's TID251 reads the source; the seal watches what runs, so that a clock handed in by a default argument, an alias or
`getattr` is caught too. One list says who is a shell: `[tool.ruff.lint.per-file-ignores]` of pyproject.toml.

How: before a core is imported, the functions below are replaced by guards which look at their direct caller, one frame
up, and refuse when it is a core. Nothing is traced, so a test costs what it cost before. A refusal raises, and is also
remembered: a core that swallows the exception, or runs in a thread, still fails the test.

Left to the lint alone: `datetime.now` and its kin (methods of a C type, whose attributes cannot be replaced), and what
child processes do (the seal lives in pytest's process). Compiled modules leave no frame, so what they call looks as if
their caller had: those that read the clock by themselves (PyAV's time-outs) keep the real functions.
"""

from __future__ import annotations

import fnmatch
import functools
import importlib
import importlib.util
import inspect
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parents[1]
SEALED_PACKAGES = ("csu.", "sim.")
SEALED = {
    "time": (
        *("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"),
        *("process_time", "process_time_ns", "sleep"),
    ),
    "random": (
        *("random", "uniform", "randint", "randrange", "choice", "choices", "sample", "shuffle", "gauss"),
        *("betavariate", "expovariate", "getrandbits", "normalvariate", "randbytes", "triangular", "seed"),
        "Random.__init__",
    ),
    "numpy.random": ("default_rng", "rand", "randn", "randint", "random", "normal", "uniform", "seed"),
    "uuid": ("uuid1", "uuid4"),
    "os": ("urandom", "getrandom", "fork", "system", "popen"),
    "secrets": ("token_bytes", "token_hex", "token_urlsafe", "randbelow", "randbits", "choice"),
    "threading": ("Thread.__init__", "Timer.__init__"),
    "multiprocessing.process": ("BaseProcess.__init__",),
    "subprocess": ("Popen.__init__", "run"),
    "socket": ("socket.__init__", "create_connection"),
}
COMPILED = {"av.container.core": "time"}
"""Compiled modules that read the clock, and under which name they hold it."""


class SealBroken(AssertionError):
    """A core touched what only a shell may touch."""


class Seal:
    """Which modules are cores, and what they did. `broken` grows with each refusal."""

    def __init__(self, shells: list[str]) -> None:
        self.shells = shells
        self.broken: list[str] = []
        self._is_core: dict[str, bool] = {}

    def is_core(self, module: str) -> bool:
        """True for a module of a sealed package that no pattern of the list names."""
        if not module.startswith(SEALED_PACKAGES):
            return False
        if module not in self._is_core:
            path = module.replace(".", "/")
            files = (f"{path}.py", f"{path}/__init__.py")
            self._is_core[module] = not any(fnmatch.fnmatch(file, shell) for shell in self.shells for file in files)
        return self._is_core[module]

    def guard(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        """`real`, refused to cores."""

        @functools.wraps(real)
        def sealed(*args: Any, **kwargs: Any) -> Any:
            caller = sys._getframe(1).f_globals.get("__name__") or ""
            if self.is_core(caller):
                self.broken.append(f"{caller} called {name}")
                raise SealBroken(f"{caller} is a core and called {name}: take the port (csu.hal), or become a shell")
            return real(*args, **kwargs)

        return sealed

    def close(self) -> None:
        """Put every guard in place, for the life of this process."""
        for module_name, held in COMPILED.items():
            module = importlib.import_module(module_name)
            setattr(module, held, SimpleNamespace(**vars(getattr(module, held))))
        for module_name, names in SEALED.items():
            for name in names:
                owner: Any = importlib.import_module(module_name)
                *path, attribute = name.split(".")
                for part in path:
                    owner = getattr(owner, part)
                setattr(owner, attribute, self.guard(f"{module_name}.{name}", getattr(owner, attribute)))


def declared_shells() -> list[str]:
    """Patterns of the files that may touch clock and chance: those of pyproject.toml that are free of TID251."""
    ruff = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]
    return [pattern for pattern, free_of in ruff["lint"]["per-file-ignores"].items() if "TID251" in free_of]


hypothesis.settings.register_profile("csu", deadline=None)
"""No test fails because a machine is slow."""
hypothesis.settings.load_profile("csu")
hypothesis.settings.register_profile("planted", phases=[hypothesis.Phase.generate], database=None, deadline=None)
"""To find a planted defect is enough: its smallest example is of no interest."""

ALONE = (
    *("e2e", "cluster", "hardware", "contract", "sim/endpoints", "recording/vault", "ingest"),
    *("sim/test_watch.py", "sim/test_levels_live.py", "compliance/test_aud_every_artefact.py"),
    *("console/test_following.py", "console/test_live.py", "console/test_wall_live.py", "console/sign_in"),
    *("wall/test_preview_live.py", "wall/test_surface.py", "wall/test_wall_process.py", "wall/test_wall_screens.py"),
    *("wall/test_windows.py", "wall/test_renderer.py", "wall/test_drawing_mutants.py"),
    "compliance/doors/test_aud_loudspeaker.py",
)
"""Folders and files of tests that live by real time: they share the machine with no other test."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is marked `alone` is said in one place."""
    for item in items:
        where = item.path.relative_to(ROOT / "tests").as_posix() if item.path.is_relative_to(ROOT / "tests") else ""
        if any(where == each or where.startswith(f"{each}/") for each in ALONE):
            item.add_marker("alone")


_SEAL = Seal(declared_shells())
_SEAL.close()


@pytest.fixture(scope="session")
def seal() -> Seal:
    """The seal of this run, for the tests of the seal itself."""
    return _SEAL


@pytest.fixture(autouse=True)
def _sealed_cores() -> Iterator[None]:
    before = len(_SEAL.broken)
    yield
    broken = _SEAL.broken[before:]
    assert not broken, "the seal on clock and chance was broken: " + "; ".join(broken)


@pytest.fixture
def must_fail(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Who tests the tester: `must_fail(module, test, **given)` runs a test of a module beside the one that asks.

    It holds only if that test fails by what it asserts, `(one,) = told` included; what it takes and is not `given` are
    fixtures. A test that hangs over a planted defect has found nothing.
    """

    def run(module: str, test: str, **given: Any) -> None:
        path = request.path.with_name(f"{module}.py")
        spec = importlib.util.spec_from_file_location(f"mutated_{module}", path)
        assert spec is not None
        assert spec.loader is not None
        loaded = importlib.util.module_from_spec(spec)
        profile = hypothesis.settings.get_current_profile_name()
        hypothesis.settings.load_profile("planted")
        try:
            spec.loader.exec_module(loaded)
        finally:
            hypothesis.settings.load_profile(profile)
        found_by = getattr(loaded, test)
        wanted = [name for name in inspect.signature(found_by).parameters if name not in given]
        fixtures = {name: request.getfixturevalue(name) for name in wanted}
        with pytest.raises((AssertionError, pytest.fail.Exception, ValueError)) as caught:
            found_by(**given, **fixtures)
        assert "Timeout" not in str(caught.value)
        assert not isinstance(caught.value, ValueError) or "values to unpack" in str(caught.value)

    return run


def pytest_sessionfinish(session: pytest.Session) -> None:
    """What a stray thread broke after the last test must not pass either."""
    if _SEAL.broken and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for broken in dict.fromkeys(_SEAL.broken):
        terminalreporter.write_line(f"seal broken: {broken}", red=True)
