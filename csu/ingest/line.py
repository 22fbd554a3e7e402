"""A line to a camera: a socket, over TLS where its address says so, and what cuts it short. Shell.

FFmpeg is not left to verify. Its TLS in PyAV's wheels is GnuTLS, which cannot be held to TLS 1.2 from outside and asks
a pinned certificate for a name that many cameras' do not bear (decision 0058). So TLS ends here, in the process, and
FFmpeg speaks RTSP to a socket of the loopback.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Iterator

from csu.hal.camera import CameraId
from csu.hal.words import Words
from csu.ingest.describe import TRY_AGAIN, Door
from csu.ingest.errors import CameraLost, IngestError
from csu.ingest.gate import Gate
from csu.ingest.trust import context_for, tls_trouble

ANSWER_TIMEOUT_S = 3.0
"""How long a device may take to accept a connection, and for each piece of its answer."""
_PIECE_BYTES_MAX = 64 * 1024
_END_S_MAX = 2.0


class StopSignal:
    """Asks a camera's thread to stop: set once, for ever. Wakes whoever waits on it or reads from a guarded socket."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._guarded: socket.socket | None = None

    def set(self) -> None:
        """Ask to stop. A read on the guarded socket ends at once."""
        self._event.set()
        with self._lock:
            if self._guarded is not None:
                _hang_up(self._guarded)

    def is_set(self) -> bool:
        return self._event.is_set()

    def wait(self, timeout_s: float) -> bool:
        """Sleep at most `timeout_s`; True when asked to stop."""
        return self._event.wait(timeout_s)

    @contextlib.contextmanager
    def guarding(self, connection: socket.socket) -> Iterator[None]:
        """While inside, `set` also shuts `connection` down."""
        with self._lock:
            self._guarded = connection
        try:
            yield
        finally:
            with self._lock:
                self._guarded = None


@contextlib.contextmanager
def dialled(
    door: Door, camera: CameraId, stop: StopSignal, timeout_s: float = ANSWER_TIMEOUT_S
) -> Iterator[socket.socket]:
    """A connection to `door`; over TLS the one who must be there is there. Closed on the way out of a failed block.

    Whatever the socket suffers inside becomes CameraLost or CameraRefused. `stop` cuts the block short.
    """
    place = f"{door.host}:{door.port}"
    try:
        connection = _connection(door, camera, timeout_s)
        try:
            with stop.guarding(connection):
                if isinstance(connection, ssl.SSLSocket):
                    connection.do_handshake()
                yield connection
        except BaseException:
            connection.close()
            raise
        return
    except TimeoutError:
        why = Words(f"pas de réponse de {place} en {timeout_s:g} s", f"no answer from {place} within {timeout_s:g} s")
    except ConnectionRefusedError:
        why = Words(f"connexion refusée par {place}", f"connection refused by {place}")
    except ssl.SSLError as error:
        raise tls_trouble(error, place, camera) from None
    except OSError as error:
        said = error.strerror or error
        why = Words(f"pas de connexion à {place} ({said})", f"no connection to {place} ({said})")
    raise CameraLost(why, where=camera, what_to_do=TRY_AGAIN)


def _connection(door: Door, camera: CameraId, timeout_s: float) -> socket.socket:
    context = None if door.trust is None else context_for(door.trust, camera)
    plain = socket.create_connection((door.host, door.port), timeout_s)
    if context is None:
        return plain
    return context.wrap_socket(plain, server_hostname=door.host, do_handshake_on_connect=False)


def _hang_up(connection: socket.socket) -> None:
    """From another thread. Not `SSLSocket.shutdown`: what its user writes next would go out in clear."""
    with contextlib.suppress(OSError):  # already closed by the other side: nothing left to wake
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


class Tunnel:
    """Plain RTSP on a port of the loopback, for FFmpeg; verified TLS to the camera. Call `close`.

    It serves the first that comes, once, and holds its port to the end, so that nobody else can listen there. What the
    camera answers goes through a `Gate`. Raises CameraLost, CameraRefused.
    """

    def __init__(self, door: Door, camera: CameraId, stop: StopSignal) -> None:
        with dialled(door, camera, stop) as connection:
            if not isinstance(connection, ssl.SSLSocket):
                raise TypeError("a tunnel is for TLS")
            self._camera_end = connection
        try:
            self._listener = socket.create_server(("127.0.0.1", 0), backlog=1)
        except BaseException:
            self._camera_end.close()
            raise
        self._ffmpeg_end: socket.socket | None = None
        self._gate = Gate(f"{door.host}:{door.port}", camera)
        self.trouble: IngestError | None = None
        """Why it hung up on the camera; told before FFmpeg learns that it did."""
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._carry, name=f"tls/{camera}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hang up at both ends. Idempotent."""
        for end in (self._listener, self._camera_end, self._ffmpeg_end):
            if end is not None:
                _hang_up(end)
        self._thread.join(_END_S_MAX)
        self._listener.close()

    def _carry(self) -> None:
        try:
            self._listener.settimeout(ANSWER_TIMEOUT_S)
            self._ffmpeg_end, _ = self._listener.accept()
            self._camera_end.setblocking(False)
            self._both_ways(self._camera_end, self._ffmpeg_end)
        except IngestError as error:
            self.trouble = error
        except OSError:
            return  # one end hung up or never came: the other learns it as an end of stream, which is told as such
        finally:
            for end in (self._camera_end, self._ffmpeg_end):
                if end is not None:
                    end.close()

    def _both_ways(self, camera: ssl.SSLSocket, ffmpeg: socket.socket) -> None:
        poll = select.poll()
        poll.register(camera, select.POLLIN)
        poll.register(ffmpeg, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll()}
            if ffmpeg.fileno() in ready:
                asked = ffmpeg.recv(_PIECE_BYTES_MAX)
                if not asked:
                    return
                self._gate.asked(asked)
                _send(camera, asked)
            if camera.fileno() in ready:
                is_over, came = _received(camera)
                ffmpeg.sendall(self._gate.answered(came))
                if is_over:
                    return


def _received(camera: ssl.SSLSocket) -> tuple[bool, bytes]:
    """(is it the end, what came): all that is there, for each TLS record would else cost FFmpeg a wake-up."""
    pieces: list[bytes] = []
    while sum(map(len, pieces)) < _PIECE_BYTES_MAX or camera.pending():
        try:
            piece = camera.recv(_PIECE_BYTES_MAX)
        except ssl.SSLWantReadError:
            return False, b"".join(pieces)
        if not piece:
            return True, b"".join(pieces)
        pieces.append(piece)
    return False, b"".join(pieces)


def _send(camera: ssl.SSLSocket, data: bytes) -> None:
    """All of it. Requests are small: a camera that takes none for so long has gone. Raises OSError."""
    left, poll = memoryview(data), select.poll()
    poll.register(camera, select.POLLOUT)
    while left:
        try:
            left = left[camera.send(left) :]
        except ssl.SSLWantWriteError:
            if not poll.poll(ANSWER_TIMEOUT_S * 1000):
                raise TimeoutError from None
