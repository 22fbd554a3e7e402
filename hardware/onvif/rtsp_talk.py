"""A talk of RTSP that sets up one line of what a camera describes, over the connection itself, and no other line.

Who needs a stream that FFmpeg must not open says which line it is and what may come on it. Pure: bytes in, bytes out.
"""

from __future__ import annotations

import re
import struct
from typing import ClassVar
from urllib.parse import urlsplit

from csu.hal.camera import CameraError, StreamAddress
from csu.hal.rtsp import ANSWER_BYTES_MAX, NotRtsp, RtspAnswer, RtspLogin, authorisation, read_answer, request
from csu.hal.words import Words
from hardware.onvif.addresses import Enrolled
from hardware.onvif.errors import answer_refused, device_fault, login_refused

OURS = 0
"""The channel that is asked for; reports come on the next one."""
_SESSION = re.compile(r"([!-:<-~]{1,128})(?:;timeout=(\d{1,5}))?(?:;.*)?", re.ASCII)
_INTERLEAVED = re.compile(r"interleaved=(\d{1,3})(?:-(\d{1,3}))?(?:;|$)", re.ASCII)
_TIMEOUT_S, _TIMEOUT_S_MIN = 60, 10
_DOLLAR = 0x24
_UNREAD_BYTES_MAX = max(ANSWER_BYTES_MAX, 4 + 0xFFFF)
"""An answer, or a frame, that is not whole yet."""


class RtspTalk:
    """Send `begin`, `feed` what comes and send what that returns, until `is_open`; `keep_alive` in time; then `end`,
    and `feed` until `is_over`. Raises CameraError from `feed`: hang up then."""

    what: ClassVar[str]
    """Of which service a strange address is told."""
    require: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Fields of DESCRIBE, SETUP and PLAY."""
    heard: ClassVar[tuple[int, ...]] = (0, 1)
    """On which of its two channels something may come."""

    def __init__(
        self, camera: str, address: StreamAddress, client_nonce: str, enrolled: Enrolled | None = None
    ) -> None:
        """`enrolled`: where the camera is; the host of `address` where it is not given."""
        self.is_open, self.is_over = False, False
        self.keep_alive_s = _TIMEOUT_S / 2
        self._camera, self._enrolled = camera, enrolled or Enrolled(camera, address.url)
        self._url = self._base = address.url
        self._is_tls = urlsplit(address.url).scheme == "rtsps"
        self._login = RtspLogin(address.user, address.password, client_nonce)
        self._received = b""
        self._asked: tuple[str, str, tuple[tuple[str, str], ...]] = ("", "", ())
        self._challenges: tuple[str, ...] = ()
        self._quoted, self._logins, self._asked_times = 0, 0, 0
        self._session, self._channel = "", OURS

    @property
    def has_session(self) -> bool:
        """The camera holds something for us until TEARDOWN."""
        return bool(self._session) and not self.is_over

    def begin(self) -> bytes:
        """What to send first."""
        return self._ask("DESCRIBE", self._url, ("Accept", "application/sdp"), *self.require)

    def keep_alive(self) -> bytes:
        """What to send each `keep_alive_s`, so that the camera does not end the session."""
        return self._ask("OPTIONS", self._base, ("Session", self._session))

    def end(self) -> bytes:
        """Ask the camera to forget the talk; empty where it holds nothing for us."""
        self.is_open = False
        return self._ask("TEARDOWN", self._base, ("Session", self._session)) if self.has_session else b""

    def feed(self, data: bytes) -> bytes:
        """Take what came; what is to be sent now, empty for nothing. Raises CameraError."""
        self._received += data
        told = b""
        while self._received:
            if self._received[0] == _DOLLAR:
                if not self._take_frame():
                    break
                continue
            answer = self._answer()
            if answer is None:
                break
            told += self._hear(answer)
        if len(self._received) > _UNREAD_BYTES_MAX:
            raise answer_refused(self._camera, Words("elle est trop longue", "it is too large"))
        return told

    # -- of each kind of talk -----------------------------------------------------------------------------------------

    def _control(self, sdp: str) -> str:
        """Where its line is set up. Raises CameraError when none of the description will do."""
        raise NotImplementedError

    def _take(self, frame: bytes, *, is_report: bool) -> None:
        """What came on one of the channels of `heard`. Raises CameraError for what may not come."""
        raise NotImplementedError

    def _unasked(self) -> CameraError:
        """Something came on another channel, or before anything was set up."""
        raise NotImplementedError

    def _refused(self, answer: RtspAnswer) -> CameraError:
        return device_fault(self._camera, (f"RTSP {answer.status}",))

    # -- inside -------------------------------------------------------------------------------------------------------

    def _ask(self, method: str, url: str, *fields: tuple[str, str], again: bool = False) -> bytes:
        self._asked = method, url, fields
        self._asked_times += 1
        self._logins = self._logins + 1 if again else 0
        if self._challenges:
            self._quoted += 1
            told = authorisation(self._challenges, self._login, method, url, self._quoted)
            if told is None:
                raise login_refused(self._camera)
            fields = (*fields, ("Authorization", told))
        return request(method, url, self._asked_times, fields)

    def _answer(self) -> RtspAnswer | None:
        try:
            read = read_answer(self._received)
        except NotRtsp:
            raise answer_refused(self._camera, Words("ce n'est pas du RTSP", "it is no RTSP")) from None
        if read is None:
            return None
        answer, self._received = read
        if answer.first("cseq") != str(self._asked_times):
            raise answer_refused(self._camera, Words("à une autre demande", "to another request"))
        return answer

    def _hear(self, answer: RtspAnswer) -> bytes:
        method, url, fields = self._asked
        if method == "TEARDOWN":
            self.is_over = True
            return b""
        if answer.status == 401 and self._login.user and not self._logins:
            # Basic is a password in clear: answered over TLS only.
            told = answer.all("www-authenticate")
            self._challenges = tuple(each for each in told if self._is_tls or each.lower().startswith("digest"))
            self._quoted = 0
            if not self._challenges:
                raise login_refused(self._camera)
            return self._ask(method, url, *fields, again=True)
        if answer.status == 401:
            raise login_refused(self._camera)
        if method == "OPTIONS":
            return b""
        if answer.status != 200:
            raise self._refused(answer)
        if method == "DESCRIBE":
            return self._set_up(answer)
        if method == "SETUP":
            self._be_set_up(answer)
            return self._ask("PLAY", self._base, ("Session", self._session), *self.require)
        self.is_open = True
        return b""

    def _set_up(self, answer: RtspAnswer) -> bytes:
        control = self._control(answer.body)
        base = answer.first("content-base") or answer.first("content-location")
        self._base = self._here(base) if base else self._url
        if not control.lower().startswith(("rtsp://", "rtsps://")):
            control = f"{self._base.rstrip('/')}/{control.lstrip('/')}"
        transport = ("Transport", f"RTP/AVP/TCP;unicast;interleaved={OURS}-{OURS + 1}")
        return self._ask("SETUP", self._here(control), transport, *self.require)

    def _here(self, told: str) -> str:
        """A URL that the camera tells, if it is its own. Raises OtherHost, AnswerRefused."""
        return self._enrolled.stream(told, self.what, secure=self._is_tls)

    def _be_set_up(self, answer: RtspAnswer) -> None:
        session = _SESSION.fullmatch(answer.first("session").replace(" ;", ";").replace("; ", ";").strip())
        transport = answer.first("transport")
        channels = _INTERLEAVED.search(transport)
        if session is None or channels is None or not transport.upper().startswith("RTP/AVP/TCP"):
            raise answer_refused(self._camera, _TRANSPORT)
        first = int(channels[1])
        if not (first < 255 and int(channels[2] or first + 1) == first + 1):
            raise answer_refused(self._camera, _TRANSPORT)
        self._session, self._channel = session[1], first
        self.keep_alive_s = max(_TIMEOUT_S_MIN, int(session[2] or _TIMEOUT_S)) / 2

    def _take_frame(self) -> bool:
        """False: it is not whole yet."""
        if len(self._received) < 4:
            return False
        _, channel, size = struct.unpack_from(">BBH", self._received)
        place = channel - self._channel
        if not self._session or place not in self.heard:
            raise self._unasked()
        if len(self._received) < 4 + size:
            return False
        frame, self._received = self._received[4 : 4 + size], self._received[4 + size :]
        self._take(frame, is_report=place == 1)
        return True


_TRANSPORT = Words("transport refusé", "transport refused")
