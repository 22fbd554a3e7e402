"""What a piece of work costs: CPU time of a process with its children, and resident memory.

CPU time and not wall time: these benchmarks run beside other work, on machines of any speed.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import resource
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

LIMIT_S = 120.0
"""No peer and no child of ours is given longer."""
SAMPLE_EVERY_S = 0.004


def cpu_s() -> float:
    """User and system time of this process and of every child it has waited for."""
    uses = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in uses)


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one process or of several together."""

    resident_mib: float
    """All pages, those shared with other processes too (what `ps` shows)."""
    own_mib: float
    """Anonymous pages only: what one more process costs when the libraries are there already."""

    def __add__(self, other: Memory) -> Memory:
        return Memory(self.resident_mib + other.resident_mib, self.own_mib + other.own_mib)

    def __sub__(self, other: Memory) -> Memory:
        return Memory(self.resident_mib - other.resident_mib, self.own_mib - other.own_mib)


def memory_of(process: int | str = "self") -> Memory:
    """Memory of a process now. Raises OSError when it is gone, ValueError when it is ending."""
    status = Path(f"/proc/{process}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines())
    if "VmRSS" not in fields:
        raise ValueError(f"process {process} holds no memory any more")
    resident, own = (int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon"))
    return Memory(resident, own)


def run_peers(commands: Sequence[Sequence[str]]) -> None:
    """Run programs side by side and wait for all. Raises AssertionError with what a program said when it failed."""
    started = [_start(command) for command in commands]
    for process in started:
        _require_success(process)


def memory_of_peers(commands: Sequence[Sequence[str]]) -> Memory:
    """As `run_peers`; the sum of each program's own highest memory, sampled."""
    started = [_start(command) for command in commands]
    highest: dict[int, Memory] = {}
    deadline_s = time.monotonic() + LIMIT_S
    while any(process.poll() is None for process in started) and time.monotonic() < deadline_s:
        for process in started:
            try:
                now = memory_of(process.pid)
            except (OSError, ValueError):
                continue  # it has ended
            before = highest.get(process.pid, now)
            highest[process.pid] = Memory(max(before.resident_mib, now.resident_mib), max(before.own_mib, now.own_mib))
        time.sleep(SAMPLE_EVERY_S)
    for process in started:
        _require_success(process)
    return sum(highest.values(), Memory(0.0, 0.0))


def in_child(work: Callable[[], T]) -> T:
    """`work` in a forked copy of this process: it sees all that was made ready here, what it allocates dies with it.

    Forked and not started afresh, because masked packets cannot be handed to another process: they are not picklable
    and only csu.masking makes them. Raises AssertionError when the child failed or took too long.
    """
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_answer, args=(sender, work))
    child.start()
    sender.close()
    try:
        assert receiver.poll(LIMIT_S), f"the child took longer than {LIMIT_S:.0f} s"
        answer: T = receiver.recv()
    except EOFError:
        raise AssertionError("the child failed; its error stands above") from None
    finally:
        receiver.close()
        child.join(5.0)
        if child.is_alive():
            child.kill()
            child.join()
    return answer


def return_free_memory() -> None:
    """Give the C library's free pages back, so that what is allocated from now on shows as growth."""
    ctypes.CDLL(None).malloc_trim(0)


def _answer(sender: Connection, work: Callable[[], T]) -> None:
    sender.send(work())
    sender.close()
    os._exit(0)  # nothing of the parent's that waits for the end of a process may run here (pytest, coverage)


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def _require_success(process: subprocess.Popen[bytes]) -> None:
    try:
        _, said = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise AssertionError(f"{process.args!r} took longer than {LIMIT_S:.0f} s") from None
    assert process.returncode == 0, f"{process.args!r} failed: {said.decode(errors='replace')[-2000:]}"
