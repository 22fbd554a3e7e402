"""Ask a device what it offers before anything is set up: an RTSP DESCRIBE, on a connection of its own. A pure core.

FFmpeg, told to take video only, does not say that there was sound; and its errors hold the URL with the password. This
asks first, so that offered audio is counted without ever being set up (AUD-1), a refusal is told in the device's own
terms, and an unsuitable codec is known before the stream is opened. Bytes in, bytes out: the socket is
`csu.ingest.line`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from csu.hal.camera import CameraId, StreamAddress
from csu.hal.rtsp import ANSWER_BYTES_MAX, PORTS, NotRtsp, RtspAnswer, RtspLogin, authorisation, read_answer, request
from csu.hal.tls import TlsTrust
from csu.hal.words import Words
from csu.ingest.errors import CameraLost, CameraRefused, IngestError
from csu.ingest.offer import Offer, parse_sdp
from csu.ingest.trust import no_trust

TRY_AGAIN = Words(
    "La connexion se refait d'elle-même ; vérifiez la caméra, son alimentation et son réseau",
    "The connection is made again by itself; check the camera, its power and its network",
)


@dataclass(frozen=True, slots=True)
class Door:
    """Where to knock: a URL without secrets, and the secrets apart."""

    url: str
    host: str
    port: int
    user: str
    password: str
    trust: TlsTrust | None = None
    """Who must be there; None: it is asked without TLS."""

    def __repr__(self) -> str:
        return f"<Door {self.url}>"

    def url_with_secrets(self, local_port: int | None = None) -> str:
        """For FFmpeg alone. Never log it, never let it into an error. `local_port`: of a tunnel on the loopback."""
        parts = urlsplit(self.url)
        if local_port is not None:
            parts = parts._replace(scheme="rtsp", netloc=f"127.0.0.1:{local_port}")
        if self.user:
            parts = parts._replace(netloc=f"{quote(self.user, safe='')}:{quote(self.password, safe='')}@{parts.netloc}")
        return urlunsplit(parts)


def door_of(address: StreamAddress, camera: CameraId) -> Door:
    """Take a stream address apart. Raises CameraRefused when it is no RTSP URL, or nobody says whom to trust there."""
    try:
        parts = urlsplit(address.url)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), 0
    if parts.scheme not in PORTS or not parts.hostname:
        raise CameraRefused(
            Words(
                "l'adresse du flux n'est pas une URL rtsp:// ou rtsps:// avec un hôte",
                "the stream address is not an rtsp:// or rtsps:// URL with a host",
            ),
            where=camera,
            what_to_do=Words(
                "Donnez rtsp://hôte:port/chemin, ou rtsps:// sous TLS",
                "Give rtsp://host:port/path, or rtsps:// over TLS",
            ),
        )
    is_tls = parts.scheme == "rtsps"
    if is_tls and address.trust is None:
        raise no_trust(camera)
    bare_netloc = parts.netloc.rpartition("@")[2]
    user = address.user or unquote(parts.username or "")
    password = address.password if address.user else unquote(parts.password or "")
    url = urlunsplit(parts._replace(netloc=bare_netloc))
    return Door(url, parts.hostname, port, user, password, address.trust if is_tls else None)


class Describing:
    """The conversation: send `request`, then `feed` what comes; send what it returns, until `offer` is there.

    Raises CameraLost, CameraRefused. One or two requests: the second with the login the device asked for.
    """

    def __init__(self, door: Door, camera: CameraId, client_nonce: str) -> None:
        self.offer: Offer | None = None
        """What the device offers; None until it has answered."""
        self._door = door
        self._camera = camera
        self._login = RtspLogin(door.user, door.password, client_nonce)
        self._sequence = 0
        self._received = b""
        self._logged_in = False

    def request(self) -> bytes:
        """The first bytes to send."""
        return self._request()

    def feed(self, data: bytes) -> bytes:
        """Take what came (empty: the device closed); returns what to send now, empty for nothing."""
        if not data:
            raise self._lost(
                Words(
                    f"{self._place} a fermé la connexion sans répondre",
                    f"{self._place} closed the connection without an answer",
                )
            )
        self._received += data
        if len(self._received) > ANSWER_BYTES_MAX:
            raise self._lost(
                Words(
                    f"{self._place} a envoyé plus de {ANSWER_BYTES_MAX} octets",
                    f"{self._place} sent more than {ANSWER_BYTES_MAX} bytes",
                )
            )
        answer = self._answer()
        if answer is None:
            return b""
        if answer.status == 401 and self._door.user and not self._logged_in:
            self._logged_in = True
            challenges = answer.all("www-authenticate")
            return self._request(("Authorization", self._authorisation(challenges)))
        if answer.status != 200:
            raise self._refusal(answer)
        try:
            self.offer = parse_sdp(answer.body)
        except ValueError:
            raise self._lost(
                Words(
                    f"{self._door.url} a répondu sans description de flux",
                    f"{self._door.url} answered without a stream description",
                )
            ) from None
        return b""

    @property
    def _place(self) -> str:
        return f"{self._door.host}:{self._door.port}"

    def _request(self, *fields: tuple[str, str]) -> bytes:
        self._sequence += 1
        return request("DESCRIBE", self._door.url, self._sequence, (("Accept", "application/sdp"), *fields))

    def _answer(self) -> RtspAnswer | None:
        try:
            read = read_answer(self._received)
        except NotRtsp:
            raise self._lost(Words(f"{self._place} ne parle pas RTSP", f"{self._place} does not speak RTSP")) from None
        if read is None:
            return None
        answer, self._received = read
        return answer

    def _authorisation(self, challenges: tuple[str, ...]) -> str:
        told = authorisation(challenges, self._login, "DESCRIBE", self._door.url)
        if told is not None:
            return told
        raise CameraRefused(
            Words(
                f"{self._door.url} demande une authentification que ce moteur ne connaît pas",
                f"{self._door.url} asks for a login this engine does not know",
            ),
            where=self._camera,
            what_to_do=Words(
                "Réglez l'authentification RTSP de la caméra sur digest (MD5)",
                "Set the camera's RTSP login to digest (MD5)",
            ),
        )

    def _refusal(self, answer: RtspAnswer) -> IngestError:
        url, status = self._door.url, answer.status
        if status == 401:
            what = _WRONG_LOGIN if self._door.user else _NO_LOGIN
            return self._refused(
                Words(f"{what.fr} (401 de {url})", f"{what.en} (401 from {url})"),
                Words("Corrigez l'identifiant et le mot de passe de cette caméra", "Correct the login of this camera"),
            )
        if status in (404, 454):
            return self._refused(
                Words(f"chemin inconnu ({status} de {url})", f"unknown path ({status} from {url})"),
                Words("Corrigez l'URL du flux", "Correct the stream's URL"),
            )
        told = f"{status} {answer.reason}"
        if status >= 500:
            return self._lost(Words(f"{url} a répondu {told}", f"{url} answered {told}"))
        return self._refused(
            Words(f"refusé ({told} de {url})", f"refused ({told} from {url})"),
            Words(
                "Corrigez l'URL du flux ou les réglages de la caméra",
                "Correct the stream's URL or the camera's settings",
            ),
        )

    def _refused(self, what: Words, what_to_do: Words) -> CameraRefused:
        return CameraRefused(what, where=self._camera, what_to_do=what_to_do)

    def _lost(self, what: Words) -> CameraLost:
        return CameraLost(what, where=self._camera, what_to_do=TRY_AGAIN)


_WRONG_LOGIN = Words("identifiant ou mot de passe incorrect", "wrong user or password")
_NO_LOGIN = Words("un identifiant et un mot de passe sont demandés", "a user and a password are needed")
