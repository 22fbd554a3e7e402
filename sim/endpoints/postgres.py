"""A real PostgreSQL of one's own, for tests: Debian's server on a Unix socket in a temporary directory, no network.

PostgreSQL refuses to run as root: started by root it becomes `nobody`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_S = 60


class PostgresMissing(Exception):
    """The server's programs are not on this machine."""


@contextmanager
def postgres_server(*, durable: bool = False) -> Iterator[str]:
    """The URL of a new, empty database, there until the block ends. `durable`: it syncs, for measuring."""
    programs = _programs()
    home = Path(tempfile.mkdtemp(prefix="csu-pg-"))
    try:
        run_as = _unprivileged(home)
        _call([*run_as, str(programs / "initdb"), "-D", str(home / "data"), "-U", "csu", "-A", "trust"], home)
        options = f"-k {home} -c listen_addresses= -c shared_buffers=64MB -c fsync={'on' if durable else 'off'}"
        control = [*run_as, str(programs / "pg_ctl"), "-D", str(home / "data"), "-w", "-t", str(START_S)]
        _call([*control, "-l", str(home / "log"), "-o", options, "start"], home)
        try:
            yield f"postgresql://csu@/postgres?host={home}"
        finally:
            _call([*control, "-m", "immediate", "stop"], home)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _programs() -> Path:
    """The folder of initdb and pg_ctl: PATH, or where Debian keeps them, the newest version."""
    found = shutil.which("pg_ctl")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    raise PostgresMissing("no initdb and pg_ctl here: sudo apt-get install --no-install-recommends postgresql")


def _unprivileged(home: Path) -> list[str]:
    """What to put before a command so that it does not run as root; `home` becomes its user's."""
    if os.geteuid() != 0:
        return []
    nobody = pwd.getpwnam("nobody")
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    return ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]


def _call(command: list[str], home: Path) -> None:
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "HOME": str(home)}
    with (home / "said").open("w+", encoding="utf-8") as said:  # a file: the server would hold a pipe open for ever
        done = subprocess.run(  # noqa: S603 - our own command
            command, stdout=said, stderr=said, cwd=home, env=environment, timeout=2 * START_S, check=False
        )
        if done.returncode:
            said.seek(0)
            log = home / "log"
            reason = said.read() + (log.read_text(encoding="utf-8") if log.exists() else "")
            raise RuntimeError(f"{' '.join(command)} failed: {reason}")
