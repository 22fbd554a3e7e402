"""What an event loop on virtual time refuses: threads, sockets, pipes, signals, processes. They live behind ports.

The loop's own methods refuse; and so that no library can go around them, an audit hook of the interpreter (PEP 578)
refuses what is opened in the thread of a running loop. Python 3.11 audits no thread: `Thread.start` is guarded too.
A refusal ends the run: code that swallows it hides nothing.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import Any, NoReturn

_AUDITED = {
    "_thread.start_new_thread": "a thread",
    "socket.__new__": "a socket",
    "subprocess.Popen": "a process",
    "os.fork": "a process (fork)",
    "os.forkpty": "a process (forkpty)",
    "os.posix_spawn": "a process (posix_spawn)",
    "os.system": "a process (system)",
}


class RealWorldRefused(NotImplementedError):
    """Code on virtual time asked for a thread, a socket, a pipe, a signal or a process."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: nothing on virtual time may touch the real world; put it behind a port")


def _refused(name: str) -> Any:
    def refuse(self: NoRealWorld, *args: object, **kwargs: object) -> object:
        self.refuse(name)

    return refuse


def _unsupported(name: str) -> Any:
    """As loops without signals do: portable code asks, hears NotImplementedError, and goes on without."""

    def refuse(self: object, *args: object, **kwargs: object) -> object:
        raise RealWorldRefused(name)

    return refuse


class NoRealWorld(asyncio.AbstractEventLoop):
    """An event loop without its input and output half."""

    def fail(self, verdict: BaseException) -> None:
        """End the run with `verdict`."""
        raise NotImplementedError

    def refuse(self, name: str) -> NoReturn:
        """Refuse `name` to whoever asks, and end the run. Raises RealWorldRefused."""
        error = RealWorldRefused(name)
        self.fail(error)
        raise error

    add_signal_handler = _unsupported("add_signal_handler")
    remove_signal_handler = _unsupported("remove_signal_handler")
    add_reader = _refused("add_reader")
    remove_reader = _refused("remove_reader")
    add_writer = _refused("add_writer")
    remove_writer = _refused("remove_writer")
    sock_recv = _refused("sock_recv")
    sock_recv_into = _refused("sock_recv_into")
    sock_recvfrom = _refused("sock_recvfrom")
    sock_recvfrom_into = _refused("sock_recvfrom_into")
    sock_sendall = _refused("sock_sendall")
    sock_sendto = _refused("sock_sendto")
    sock_connect = _refused("sock_connect")
    sock_accept = _refused("sock_accept")
    sock_sendfile = _refused("sock_sendfile")
    getaddrinfo = _refused("getaddrinfo")
    getnameinfo = _refused("getnameinfo")
    create_connection = _refused("create_connection")
    create_server = _refused("create_server")
    create_unix_connection = _refused("create_unix_connection")
    create_unix_server = _refused("create_unix_server")
    create_datagram_endpoint = _refused("create_datagram_endpoint")
    connect_accepted_socket = _refused("connect_accepted_socket")
    connect_read_pipe = _refused("connect_read_pipe")
    connect_write_pipe = _refused("connect_write_pipe")
    sendfile = _refused("sendfile")
    start_tls = _refused("start_tls")
    subprocess_shell = _refused("subprocess_shell")
    subprocess_exec = _refused("subprocess_exec")


def _audit(event: str, args: object) -> None:
    if event in _AUDITED:
        loop = asyncio._get_running_loop()
        if isinstance(loop, NoRealWorld):
            loop.refuse(_AUDITED[event])


_start_thread = threading.Thread.start


def _start_off_the_loop(thread: threading.Thread) -> None:
    _audit("_thread.start_new_thread", ())
    _start_thread(thread)


sys.addaudithook(_audit)
threading.Thread.start = _start_off_the_loop  # type: ignore[assignment, method-assign]
