"""What an event loop on virtual time refuses: sockets, pipes, signals, processes. They live behind ports."""

from __future__ import annotations

import asyncio
from typing import Any


class RealWorldRefused(NotImplementedError):
    """Code on virtual time asked for a socket, a pipe, a signal or a process."""


def _refused(name: str) -> Any:
    def refuse(self: object, *args: object, **kwargs: object) -> object:
        raise RealWorldRefused(f"{name}: nothing on virtual time may touch the real world; put it behind a port")

    return refuse


class NoRealWorld(asyncio.AbstractEventLoop):
    """An event loop without its input and output half."""

    add_reader = _refused("add_reader")
    remove_reader = _refused("remove_reader")
    add_writer = _refused("add_writer")
    remove_writer = _refused("remove_writer")
    add_signal_handler = _refused("add_signal_handler")
    remove_signal_handler = _refused("remove_signal_handler")
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
