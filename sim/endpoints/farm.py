"""A farm of simulated cameras, as tests and the street binding use it: synchronous, in a process of its own."""

from __future__ import annotations

import atexit
import os
import socket
import ssl
import subprocess
import sys
import threading
import weakref
from collections.abc import Sequence
from multiprocessing.connection import Connection
from types import TracebackType

from csu.hal.camera import OnboardMask, StreamAddress
from csu.hal.clock import Clock
from csu.hal.errors import CsuError
from csu.hal.words import Words
from csu.machine import SystemClock
from sim.endpoints.digest import Login
from sim.endpoints.orders import (
    Answer,
    BetrayMasks,
    Count,
    FitSpeaker,
    Misbehave,
    OfferAudio,
    Open,
    Order,
    PoseTeller,
    ReadMasks,
    Reboot,
    SetLogins,
    SetMasks,
    SpoilView,
    Stop,
    SwitchAudio,
    TellHeard,
    TellPositions,
    Turn,
)
from sim.endpoints.server import DOWN_S, HOST
from sim.endpoints.spec import (
    PROFILE,
    EndpointCounts,
    EndpointSpec,
    Fault,
    MaskFault,
    Speaker,
    ViewFault,
    streams_of,
)
from sim.endpoints.stills import STILL
from sim.endpoints.tls_doors import TlsDoorsThread
from sim.street.mount import Motion

_START_S_MAX = 60.0
_ANSWER_S_MAX = 10.0
_END_S_MAX = 5.0


class FarmError(CsuError):
    """The serving process could not start, refused an order, or is gone."""


class RtspFarm:
    """Serves `cameras` over RTSP, and stills over HTTP, each on an ephemeral port of the loopback. With `tls` over
    RTSPS and HTTPS too, by that certificate, on two more: its addresses are then these.

    Use as a context manager, or call `start` and `stop`. The process cannot outlive its parent: it ends on `stop`, at
    exit, when the control socket closes and when the parent is gone. Thread-safe. Raises FarmError.
    """

    def __init__(self, cameras: Sequence[EndpointSpec], *, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._doors: TlsDoorsThread | None = None
        self._secure_ports: tuple[int, ...] = ()
        self._specs = {spec.camera: spec for spec in cameras}
        if len(self._specs) != len(cameras):
            raise ValueError("two endpoints have the same name")
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self.port = 0
        self.stills_port = 0
        self.clock: Clock = SystemClock()
        """The clock the cameras live by."""

    def start(self) -> None:
        """Start the process; returns when it listens."""
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "sim.endpoints.process", str(theirs.fileno()), str(os.getpid())]
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own module
                command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
            )
        self._connection = Connection(ours.detach())
        _running.add(self)
        answer = self._order(Open(tuple(self._specs.values())), _START_S_MAX)
        self.port, self.stills_port = answer.port, answer.stills_port
        if self._tls is not None:
            doors = TlsDoorsThread(self._tls, (self.port, self.stills_port))
            self._secure_ports = doors.start()
            self._doors = doors

    def stop(self) -> None:
        """End the process, gently and then surely. Idempotent."""
        process, self._process = self._process, None
        if process is None:
            return
        _running.discard(self)
        if self._doors is not None:
            self._doors.stop()
            self._doors = None
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.send(Stop())
            except OSError:
                process.kill()  # it is gone or going: make sure
            connection.close()
        try:
            process.wait(_END_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def __enter__(self) -> RtspFarm:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The serving process. Raises FarmError when there is none."""
        if self._process is None:
            raise _gone(Words("il n'a pas été démarré", "it was not started"))
        return self._process.pid

    def is_alive(self) -> bool:
        """Is the process running?"""
        return self._process is not None and self._process.poll() is None

    def url(self, camera: str, profile: str = PROFILE) -> str:
        """rtsp[s]://127.0.0.1:PORT/<camera>/<profile>, without user and password. Raises KeyError."""
        if profile not in [stream.profile for stream in streams_of(self._specs[camera])]:
            raise KeyError(profile)
        where = f"rtsps://{HOST}:{self._secure_ports[0]}" if self._secure_ports else f"rtsp://{HOST}:{self.port}"
        return f"{where}/{camera}/{profile}"

    def address(self, camera: str, profile: str = PROFILE) -> StreamAddress:
        """URL, user and password; whom to trust over TLS is for the caller to add. Raises KeyError."""
        spec = self._specs[camera]
        return StreamAddress(self.url(camera, profile), spec.user, spec.password)

    def snapshot_address(self, camera: str) -> StreamAddress:
        """Where a GET with a DIGEST login gives a JPEG of now. Raises KeyError."""
        spec = self._specs[camera]
        ports = self._secure_ports
        where = f"https://{HOST}:{ports[1]}" if ports else f"http://{HOST}:{self.stills_port}"
        return StreamAddress(f"{where}/{camera}/{STILL}", spec.user, spec.password)

    def misbehave(self, camera: str, fault: Fault | None) -> None:
        """Make one camera misbehave from now on; None heals it. FREEZE and CLOSE also strike those who watch now."""
        self._order(Misbehave(camera, fault), _ANSWER_S_MAX)

    def turn(self, camera: str, motion: Motion, *, seeking: bool = False) -> None:
        """Make a camera look where `motion` says. `seeking`: to a preset or home, rather than driven by hand."""
        self._order(Turn(camera, motion, seeking), _ANSWER_S_MAX)

    def set_masks(self, camera: str, masks: Sequence[OnboardMask]) -> None:
        """Have a camera burn these masks in, and no others. An honest one refuses more than it has places for."""
        self._order(SetMasks(camera, tuple(masks)), _ANSWER_S_MAX)

    def read_masks(self, camera: str) -> tuple[OnboardMask, ...]:
        """What masks a camera says it burns in."""
        return self._order(ReadMasks(camera), _ANSWER_S_MAX).masks

    def set_mask_fault(self, camera: str, fault: MaskFault | None, after_s: float = 0.0) -> None:
        """Make a camera betray its masks; None heals it. See `MaskFault` for `after_s`."""
        self._order(BetrayMasks(camera, fault, after_s), _ANSWER_S_MAX)

    def set_view_fault(self, camera: str, fault: ViewFault | None, after_s: float = 0.0) -> None:
        """Cover, knock or defocus a camera `after_s` from now; None puts it right."""
        self._order(SpoilView(camera, fault, after_s), _ANSWER_S_MAX)

    def switch_audio(self, camera: str, on: bool) -> None:
        """Make a camera offer an audio track, or no longer. As real ones do, it sets its streams up anew for it."""
        self._order(SwitchAudio(camera, on), _ANSWER_S_MAX)

    def reboot(self, camera: str, down_s: float = DOWN_S) -> None:
        """Restart a camera: all connections drop and none is taken for `down_s`. An honest one keeps its masks."""
        self._order(Reboot(camera, down_s), _ANSWER_S_MAX)

    def set_logins(self, camera: str, logins: Sequence[Login]) -> None:
        """Let these watch a camera, and nobody else: accounts that its own web server keeps."""
        self._order(SetLogins(camera, tuple(logins)), _ANSWER_S_MAX)

    def offer_audio(self, camera: str, profile: str, *, offered: bool) -> None:
        """Have one stream offer its microphone, or not, to those who come from now on."""
        self._order(OfferAudio(camera, profile, offered), _ANSWER_S_MAX)

    def tell_positions(self, camera: str, profile: str, teller: PoseTeller | None) -> None:
        """Have one stream tell where the camera looks, in a track of its own, to those who come from now on."""
        self._order(TellPositions(camera, profile, teller), _ANSWER_S_MAX)

    def fit_speaker(self, camera: str, speaker: Speaker) -> None:
        """Have a camera's loudspeaker be this one, for those who come from now on."""
        self._order(FitSpeaker(camera, speaker), _ANSWER_S_MAX)

    def heard(self, camera: str) -> bytes:
        """What a camera's loudspeaker was sent since this was last asked: mu-law samples."""
        return self._order(TellHeard(camera), _ANSWER_S_MAX).heard

    def counts(self) -> dict[str, EndpointCounts]:
        """What each endpoint did so far."""
        return dict(self._order(Count(), _ANSWER_S_MAX).counts)

    def _order(self, order: Order, limit_s: float) -> Answer:
        name = type(order).__name__
        with self._lock:
            connection = self._connection
            if connection is None:
                raise _gone(Words("il est arrêté ou n'a pas été démarré", "it was stopped or not started"))
            try:
                connection.send(order)
                if not connection.poll(limit_s):
                    raise _gone(
                        Words(
                            f"pas de réponse à {name} en {limit_s:.0f} s", f"no answer to {name} within {limit_s:.0f} s"
                        )
                    )
                answer: Answer = connection.recv()
            except (EOFError, OSError) as error:
                said = str(error) or type(error).__name__
                raise _gone(Words(f"il s'est arrêté ({said})", f"the process ended ({said})")) from error
        if answer.refused:
            raise FarmError(
                Words(f"{name} refusé : {answer.refused}", f"{name} was refused: {answer.refused}"),
                where="farm",
                what_to_do=Words(
                    "Vérifiez la description des caméras simulées et le nom de la caméra",
                    "Check the endpoint specs and the camera's name",
                ),
            )
        return answer


_running: weakref.WeakSet[RtspFarm] = weakref.WeakSet()


def _stop_all() -> None:
    for farm in list(_running):
        farm.stop()


atexit.register(_stop_all)


def _gone(why: Words) -> FarmError:
    return FarmError(
        Words(
            f"le processus des caméras simulées ne répond pas : {why.fr}",
            f"the process of the simulated cameras does not answer: {why.en}",
        ),
        where="farm",
        what_to_do=Words(
            "Lisez ses messages sur stderr et relancez-le", "Look at its messages on stderr and start the farm again"
        ),
    )
