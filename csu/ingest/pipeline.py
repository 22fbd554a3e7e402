"""What a camera's thread does: connect, work, tell why it ended, wait, again. Until it is asked to stop."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from csu.hal.camera import CameraId
from csu.hal.chance import Chance
from csu.hal.clock import Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.frames import ClearPictureRefused
from csu.hal.media import Assignment, CameraEvent, CameraEventKind, GapCause, NodeId
from csu.hal.place import PoseReading
from csu.hal.words import Words
from csu.ingest.admission import Admission
from csu.ingest.backoff import BackOff
from csu.ingest.connection import Connection, Directions, Outlets
from csu.ingest.edge_trust import EdgeTrust
from csu.ingest.errors import IngestError, LoginRefused
from csu.ingest.line import StopSignal
from csu.ingest.ports import EventSink
from csu.ingest.session import OpenStream, open_session
from csu.ingest.tally import Account, Tally

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _End:
    """How a connection ended."""

    event: CameraEventKind
    cause: GapCause
    detail: Words
    is_final: bool = False
    is_login: bool = False
    """The device refused the login: another try is a step towards a locked account."""


class CameraPipeline:
    """One camera on this node. `run` it in a thread of its own; everything else may be called from any other.

    The assignment may change while it runs, except for the stream's address.
    """

    def __init__(
        self,
        node: NodeId,
        assignment: Assignment,
        outlets: Outlets,
        *,
        clock: Clock,
        chance: Chance,
        tell: EventSink,
        lock: AbstractContextManager[bool],
        lost_since_ns: Nanoseconds | None = None,
        open_stream: OpenStream = open_session,
    ) -> None:
        """`lost_since_ns`: nobody has accounted for the camera since then, because its node was lost.

        `open_stream`: how its stream is opened, at each connection.
        """
        self.camera: CameraId = assignment.record.camera
        self._node = node
        self._directions = Directions(assignment)
        self._outlets = outlets
        self._clock = clock
        self._open = open_stream
        self._tell_node = tell
        self._stop = StopSignal()
        self._back_off = BackOff(chance.stream(f"retry/{self.camera}"))
        begun_at_ns = clock.now_ns()
        self._tally = Tally(self.camera, begun_at_ns, lock)
        if lost_since_ns is not None:
            self._tally.hole(lost_since_ns, begun_at_ns, GapCause.NODE_LOST)
        self.edge_trust = EdgeTrust(lock)
        """What is known of the camera's own masks: for the node's auditors."""
        self._sequence = 0

    @property
    def assignment(self) -> Assignment:
        """The newest assignment."""
        return self._directions.assignment

    def run(self) -> None:
        """Serve the camera until asked to stop. Never raises: a camera's trouble is told, and tried again."""
        for wait_s in self.steps():
            if wait_s:
                self._stop.wait(wait_s)

    def steps(self) -> Generator[float, None, None]:
        """What `run` does, for whoever has no thread to give: a step for each connection made, each arrival and each
        end, with the seconds to wait before the next one. 0: go on when the stream has something."""
        while not self._stop.is_set():
            began_ns = self._clock.monotonic_ns()
            end = yield from self._connect_and_work()
            if end is None or self._stop.is_set():
                return
            self._tell(end.event, end.detail)
            if end.is_final:
                return
            lived_ns = self._clock.monotonic_ns() - began_ns
            yield self._back_off.after(end.cause, lived_ns, is_login=end.is_login)

    def reassign(self, assignment: Assignment) -> None:
        """New pose, buildings or epoch for the same stream: the next picture is masked by them, in a new segment."""
        self._directions.assignment = assignment

    def pose(self, reading: PoseReading | None) -> None:
        """Where the camera looks now; None: it cannot say."""
        self._directions.look(reading)

    def ask_to_stop(self) -> None:
        """Return at once; the thread ends within the read timeout, its segment closed."""
        self._stop.set()

    def take_account(self, until_ns: Nanoseconds) -> Account:
        """Gaps and counts since the last call."""
        return self._tally.take(until_ns)

    def _connect_and_work(self) -> Generator[float, None, _End | None]:
        """Returns None when asked to stop. Nothing of one camera's trouble leaves this function: the others go on."""
        end: _End | None = None
        connection = Connection(
            self._directions, self._outlets, self._clock, self._tally, self._tell, self._sequence, self.edge_trust
        )
        try:
            yield from self._work(connection)
        except ClearPictureRefused as error:
            self._tally.count("clear_refused")
            why = error.trouble.words
            told = Words(f"arrêtée pour de bon : {why.fr}", f"stopped for good: {why.en}")
            end = _End(CameraEventKind.LOST, GapCause.STOPPED, told, is_final=True)
        except IngestError as error:
            is_login = isinstance(error, LoginRefused)
            end = _End(error.event, error.cause, error.trouble.beside(self.camera), is_login=is_login)
        except CsuError as error:  # the mask or its encoder refused: no picture, never a clear one
            told = error.trouble.beside(self.camera)
            end = _End(CameraEventKind.UNSUPPORTED, GapCause.STREAM_UNSUPPORTED, told)
        except Exception as error:  # noqa: BLE001 - a defect of ours: told, logged, and this camera alone suffers
            _log.exception("camera %s: a defect ended the connection", self.camera)
            told = Words(
                f"un défaut du logiciel a mis fin à la connexion : {error!r}",
                f"a defect ended the connection: {error!r}",
            )
            end = _End(CameraEventKind.LOST, GapCause.CAMERA_LOST, told)
        self._sequence = connection.sequence
        ended_ns = connection.recorded_until_ns
        self._tally.interrupted(
            ended_ns if ended_ns is not None else self._clock.now_ns(), end.cause if end else GapCause.STOPPED
        )
        return end

    def _work(self, connection: Connection) -> Generator[float, None, None]:
        admission = Admission(self.camera)
        address = self._directions.assignment.address
        session = self._open(self.camera, address, admission, self._clock, self._stop, self._count_audio)
        try:
            yield 0.0
            for _ in connection.steps(session, admission):
                yield 0.0
        finally:
            session.close()

    def _count_audio(self, tracks: int) -> None:
        if tracks:
            self._tally.count("audio_offered", tracks)
            self._tell(
                CameraEventKind.AUDIO_OFFERED,
                Words(
                    f"pistes son offertes : {tracks}, aucune n'a été ouverte ; coupez le son de l'appareil",
                    f"audio tracks offered: {tracks}, none was set up; switch the device's sound off",
                ),
            )

    def _tell(self, kind: CameraEventKind, detail: Words) -> None:
        self._tell_node(CameraEvent(self._node, self.camera, kind, self._clock.now_ns(), detail))
