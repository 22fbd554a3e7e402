"""What a simulated ONVIF camera is, and how it may misbehave. Frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from sim.endpoints.spec import EndpointSpec


class UserLevel(StrEnum):
    """ONVIF's levels (Core 5.9.4), and whoever did not log in."""

    ANONYMOUS = "Anonymous"
    USER = "User"
    OPERATOR = "Operator"
    ADMINISTRATOR = "Administrator"

    @property
    def rank(self) -> int:
        """More may do more."""
        return list(UserLevel).index(self)


class OnvifQuirk(StrEnum):
    """What cameras in the field were seen or reported to do (project notes on hardware). Switches: any set of them."""

    CLOCK_SKEWED = "clock_skewed"
    """Its clock is `clock_skew_s` ahead: digests made by a right clock are refused (cameras tolerate 5 to 10 s)."""
    CLOCK_DRIFTS = "clock_drifts"
    """Its clock gains `DRIFT_S_A_DAY` a day from the moment this is switched on: nobody set up its NTP."""
    LOCAL_TIME_AS_UTC = "local_time_as_utc"
    """The UTC field carries local time (reported of OpenIPC): who corrects by it fails; its real clock is right."""
    XADDR_ELSEWHERE = "xaddr_elsewhere"
    """Service addresses name `ELSEWHERE`: behind NAT a camera tells its Ethernet address; a hostile one, any host."""
    STREAM_ELSEWHERE = "stream_elsewhere"
    """Stream and snapshot addresses name `ELSEWHERE`: whoever dials them hands a password to another host."""
    XML_BOMB = "xml_bomb"
    """Answers carry entities that grow a billion times when a parser resolves them."""
    GARBAGE = "garbage"
    """Answers are bytes that are no XML: a firmware that crashed, or another program on its port."""
    ENDLESS = "endless"
    """Answers never end: one byte after the other, for ever."""
    SLOW = "slow"
    """Each answer comes `slow_s` late."""
    IGNORES_TIMEOUT = "ignores_timeout"
    """ContinuousMove goes on whatever its Timeout: 84 s and more were measured after PT1S. A runaway."""
    REFUSES_TIMEOUT = "refuses_timeout"
    """ContinuousMove with a Timeout is a fault (Bosch: unsupported field)."""
    IGNORES_SINGLE_AXIS = "ignores_single_axis"
    """ContinuousMove without both PanTilt and Zoom does nothing, and says it did (Reolink)."""
    STATUS_SLOW = "status_slow"
    """GetStatus alone comes `slow_s` late (30 s were reported)."""
    STATUS_MISSING = "status_missing"
    """GetStatus answers ter:NoStatus: the camera turns and cannot say where it looks."""
    SPACES_ODD = "spaces_odd"
    """Generic spaces are hundredths of a degree, zoom factors and percent, not -1..1; no spherical space."""
    GENERIC_SPACES_ONLY = "generic_spaces_only"
    """No spherical space: what -1..1 is in degrees, only a calibration knows."""
    MASK_ADAPTED = "mask_adapted"
    """Polygons become smaller boxes without a fault, and GetMasks tells so (allowed by the specification)."""
    MASK_ADAPTED_UNSAID = "mask_adapted_unsaid"
    """The same, but GetMasks tells what was asked: only a look at the picture finds it."""
    MASKS_ONLY_ON_MAIN = "masks_only_on_main"
    """The sub stream is clear (ACTi says that masks cover one stream only)."""
    MASKS_GONE_AFTER_REBOOT = "masks_gone_after_reboot"
    """A reboot, and there are no masks: it kept them in memory only."""
    AUDIO_BACK_AFTER_REMOVAL = "audio_back_after_removal"
    """Audio taken out of a profile is back `audio_back_s` later."""
    AUDIO_BACK_AFTER_REBOOT = "audio_back_after_reboot"
    """A reboot puts audio back into every profile: the removal was never written to flash."""
    RESOLUTION_CHANGES_AFTER_REBOOT = "resolution_changes_after_reboot"
    """A reboot halves the main stream: factory settings are back."""
    ADDRESS_CHANGES_AFTER_REBOOT = "address_changes_after_reboot"
    """A reboot moves its web server to another port: on one loopback, what another DHCP lease is to a network."""
    DEFAULT_PASSWORD = "default_password"  # noqa: S105 - the name of a quirk
    """The vendor's account is still there, as an administrator, and is not listed by GetUsers."""
    ONLY_HTTP_DIGEST = "only_http_digest"
    """A WS-Security token is not looked at: 401 until the client logs in by HTTP DIGEST."""
    PASSWORD_TEXT_REQUIRED = "password_text_required"  # noqa: S105 - the name of a quirk
    """Takes passwords in clear text only. Nobody may give it one."""
    PLAIN_HTTP_ONLY = "plain_http_only"
    """Has no TLS, whatever the site has."""
    PLAIN_RTSP_ONLY = "plain_rtsp_only"
    """Its web server has TLS, its streams have not: RtspsUnicast is a fault (common before Profile T)."""
    PULL_POINT_DIES = "pull_point_dies"
    """A pull point is forgotten after its first answer, without a word: the next pull is a fault."""
    SPEAKER_LISTENS = "speaker_listens"
    """It has a loudspeaker that is described as one way, and sends its microphone's sound back while it speaks."""
    SPEAKER_DUPLEX = "speaker_duplex"
    """It has a loudspeaker that goes both ways only: an intercom."""
    NO_MEDIA2 = "no_media2"
    """Profile S only: no Media2, so no masks of its own either."""


DRIFT_S_A_DAY = 3.0
ELSEWHERE = "192.0.2.66"
"""An address of documentation (RFC 5737): nothing is there."""

LOCAL_TIME_AHEAD_S = 3600
"""Paris in winter."""


@dataclass(frozen=True, slots=True)
class OnvifSpec:
    """One simulated ONVIF camera: the camera of the farm that it is the face of, and what its vendor made of it."""

    endpoint: EndpointSpec
    """Its streams, its picture, its masks, its first account (an administrator)."""
    ptz: bool = False
    quirks: frozenset[OnvifQuirk] = frozenset()
    manufacturer: str = "Simulated Optics"
    model: str = "Dome 1"
    firmware: str = "1.0.0"
    pan_zero_deg: float = 0.0
    """Where its pan of 0 looks, clockwise from north: how it was screwed to its pole."""
    sensor_width_mm: float = 5.37
    """Of a 1/2.8 inch sensor: makes focal lengths in millimetres."""
    clock_skew_s: float = 120.0
    """Of CLOCK_SKEWED."""
    slow_s: float = 3.0
    """Of SLOW and STATUS_SLOW."""
    audio_back_s: float = 0.0
    """Of AUDIO_BACK_AFTER_REMOVAL; 0: at once."""
    default_user: str = "admin"
    default_password: str = field(default="admin", repr=False)
    """Of DEFAULT_PASSWORD."""
    users_max: int = 5
    user_name_chars_max: int = 32
    password_chars_min: int = 8
    password_chars_max: int = 32
    clock_tolerance_s: float = 5.0
    """How far from its clock the Created of a WS-Security token may be."""
    reboot_s: float = 0.5
    """How long it is away when it starts again."""
    presets_max: int = 16
    pull_points_max: int = 4

    def __post_init__(self) -> None:
        if self.ptz and self.endpoint.canned:
            raise ValueError(f"camera {self.endpoint.camera}: a canned loop cannot be turned")
