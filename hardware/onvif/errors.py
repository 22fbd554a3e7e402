"""What can go wrong with an ONVIF device, told without a word of what it sent: SOAP bodies and secrets stay out."""

from __future__ import annotations

from csu.hal.camera import CameraError
from csu.hal.words import Words


class DeviceSilent(CameraError):
    """Nobody answers there, the connection broke, or TLS does not prove that it is the camera."""


class DeviceTooSlow(CameraError):
    """The whole answer was not there within its time, however fast its bytes came."""


class AnswerRefused(CameraError):
    """What came cannot be trusted: too large, packed, with a DTD (XML bombs, external entities), or not SOAP."""


class OtherHost(CameraError):
    """The device names an address that is not its own: whoever follows it connects where an intruder wants."""


class LoginRefused(CameraError):
    """The device does not take this account. Nothing is asked for a while, so that it does not lock the account."""


class ClockSkewed(CameraError):
    """Its clock is so wrong that it refuses logins, and without TLS nobody knows that it is the camera who says so."""


class NotOffered(CameraError):
    """The device has no such service, or answers that it does not do this."""


class DeviceFault(CameraError):
    """The device answered with a fault. `codes`: its ONVIF codes (`ter:...`), nothing of its text."""

    codes: tuple[str, ...] = ()


NOT_OFFERED_CODES = frozenset({"ActionNotSupported", "OptionalActionNotImplemented", "NotSupported", "NoSuchService"})
LOGIN_CODES = frozenset(
    {"NotAuthorized", "FailedAuthentication", "FailedCheck", "InvalidSecurity", "SenderNotAuthorized"}
)


def device_silent(camera: str, why: str) -> DeviceSilent:
    """`why`: the name of the transport's error, never its text."""
    return DeviceSilent(
        Words(f"elle ne répond pas ({why})", f"it does not answer ({why})"),
        where=camera,
        what_to_do=Words(
            "Vérifiez l'alimentation, le réseau et le certificat enregistré",
            "Check power, network and the certificate on record",
        ),
    )


def device_too_slow(camera: str, limit_s: float) -> DeviceTooSlow:
    return DeviceTooSlow(
        Words(f"pas de réponse entière en {limit_s:g} s", f"no whole answer within {limit_s:g} s"),
        where=camera,
        what_to_do=Words(
            "Vérifiez la charge de la caméra et du réseau", "Check the load of the camera and the network"
        ),
    )


def answer_refused(camera: str, why: Words) -> AnswerRefused:
    return AnswerRefused(
        Words(f"réponse refusée : {why.fr}", f"answer refused: {why.en}"),
        where=camera,
        what_to_do=Words(
            "Isolez cette adresse jusqu'à savoir qui répond ainsi", "Isolate this address until it is known who answers"
        ),
    )


def other_host(camera: str, what: str, host: str) -> OtherHost:
    """`what`: a service or a stream; `host`: what it names, cut to what can be shown."""
    return OtherHost(
        Words(f"{what} : elle renvoie vers {host}", f"{what}: it points at {host}"),
        where=camera,
        what_to_do=Words(
            "Si la caméra est derrière un NAT, déclarez cette adresse dans `advertised_hosts` ; sinon isolez-la",
            "If the camera is behind NAT, declare this address in `advertised_hosts`; else isolate it",
        ),
    )


def login_refused(camera: str) -> LoginRefused:
    return LoginRefused(
        Words("elle refuse le compte du centre", "it refuses the centre's account"),
        where=camera,
        what_to_do=Words(
            "Vérifiez son compte au coffre, et que personne ne l'a changé",
            "Check its account in the vault, and who changed it",
        ),
    )


def clock_skewed(camera: str, offset_ms: int) -> ClockSkewed:
    return ClockSkewed(
        Words(
            f"elle refuse les connexions et son horloge est fausse de {offset_ms / 1000:+.0f} s",
            f"it refuses logins and its clock is wrong by {offset_ms / 1000:+.0f} s",
        ),
        where=camera,
        what_to_do=Words(
            "Réglez son NTP sur place, ou enregistrez son certificat : l'écart n'est compensé que sous TLS vérifié",
            "Set its NTP by hand, or put its certificate on record: a skew is made up for over verified TLS only",
        ),
    )


def not_offered(camera: str, what: str) -> NotOffered:
    return NotOffered(
        Words(f"elle n'offre pas {what}", f"it does not offer {what}"),
        where=camera,
        what_to_do=Words(
            "Voyez ce que dit sa fiche, ou choisissez un autre modèle", "See its data sheet, or choose a model"
        ),
    )


def device_fault(camera: str, codes: tuple[str, ...]) -> CameraError:
    """The error for these codes: LoginRefused and NotOffered have types of their own."""
    if LOGIN_CODES & set(codes):
        return login_refused(camera)
    if NOT_OFFERED_CODES & set(codes):
        return not_offered(camera, "/".join(codes))
    shown = ", ".join(codes) or "?"
    error = DeviceFault(
        Words(f"elle a refusé l'ordre ({shown})", f"it refused the order ({shown})"),
        where=camera,
        what_to_do=Words("Demandez ce qu'elle sait faire", "Ask for what it can do"),
    )
    error.codes = codes
    return error
