"""One simulated ONVIF camera: what it knows, what it has in the farm, and what its vendor made of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit, urlunsplit

from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from sim.endpoints.farm import FarmError, RtspFarm
from sim.endpoints.onvif.events import EventHub, OnvifEvent
from sim.endpoints.onvif.head import Head
from sim.endpoints.onvif.masks import HeldMask, MaskBook, burnt
from sim.endpoints.onvif.positions import PositionTeller
from sim.endpoints.onvif.security import TokenGate
from sim.endpoints.onvif.soap import Fault, receiver_fault, sender_fault
from sim.endpoints.onvif.spaces import Spaces, spaces_of
from sim.endpoints.onvif.spec import DRIFT_S_A_DAY, ELSEWHERE, OnvifQuirk, OnvifSpec, UserLevel
from sim.endpoints.onvif.times import DeviceClock
from sim.endpoints.onvif.users import Account, Users
from sim.endpoints.spec import Fault as StreamFault
from sim.endpoints.spec import FaultKind, MaskFault, Speaker, StreamSpec, size_after, streams_of

_P = ParamSpec("_P")
_T = TypeVar("_T")

_MASK_FAULTS = {
    OnvifQuirk.MASK_ADAPTED: MaskFault.POLYGON_ADAPTED,
    OnvifQuirk.MASK_ADAPTED_UNSAID: MaskFault.ADAPTED_UNSAID,
    OnvifQuirk.MASKS_ONLY_ON_MAIN: MaskFault.MAIN_ONLY,
    OnvifQuirk.MASKS_GONE_AFTER_REBOOT: MaskFault.GONE_AFTER_REBOOT,
}
_NEVER_BY_ITSELF_S = 1e6
"""GONE_AFTER_REBOOT would otherwise start the camera again when it strikes."""

_SPEAKERS = {OnvifQuirk.SPEAKER_LISTENS: Speaker.LISTENS, OnvifQuirk.SPEAKER_DUPLEX: Speaker.DUPLEX}

AUDIO_PARTS = frozenset({"AudioSource", "AudioEncoder"})
_SMALLER = StreamFault(FaultKind.SIZE_CHANGE, after_frames=0)


@dataclass(slots=True)
class MediaProfile:
    """One media profile: a stream, and the kinds of configuration that are in it."""

    token: str
    stream: StreamSpec
    parts: set[str] = field(default_factory=set)


class OnvifDevice:
    """State and deeds of one camera, on one event loop. Its services (`media2`, `ptz`, ...) speak for it.

    A test switches quirks, makes it tell events, and starts it again.
    """

    def __init__(self, spec: OnvifSpec, farm: RtspFarm, clock: Clock) -> None:
        self.spec = spec
        self.name = spec.endpoint.camera
        self.farm = farm
        self.clock = clock
        self.quirks = spec.quirks
        self.base = ""
        """`http://127.0.0.1:PORT`, as soon as it is served."""
        self.secure_ports: tuple[int, int] | None = None
        """Of RTSPS and of HTTPS stills; None: it has no TLS."""
        self.is_down = False
        self.on_restart: Callable[[], Awaitable[None]] = _nobody_serves
        """Awaited when it goes down: whoever serves it cuts everybody off, and moves it when its address changes."""
        self.reboots = 0
        self._set_ahead_ns: Nanoseconds = 0
        self._drift_from_ns = clock.now_ns()
        self.users = Users(spec)
        self.gate = TokenGate(self.find_account, spec.clock_tolerance_s)
        self.head = Head(spec, farm, clock)
        self.masks = MaskBook()
        self.masking = asyncio.Lock()
        self.events = EventHub(spec.pull_points_max, self.now_ns())
        self.imaging = dict.fromkeys(("Brightness", "Contrast", "ColorSaturation", "Sharpness"), "50")
        self.imaging["IrCutFilter"] = "AUTO"
        self.profiles = {profile.token: profile for profile in _profiles(spec)}
        self._is_smaller = False
        self._later: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where its device service is: what a person types in, what discovery finds."""
        return f"{self.base}/onvif/device_service"

    def find_account(self, name: str) -> Account | None:
        """The account of this name, the vendor's own too while it is there."""
        if self.has(OnvifQuirk.DEFAULT_PASSWORD) and name == self.spec.default_user:
            return Account(name, self.spec.default_password, UserLevel.ADMINISTRATOR)
        return self.users.find(name)

    def accounts(self) -> tuple[Account, ...]:
        """All accounts, that one too."""
        vendors = self.find_account(self.spec.default_user)
        known = self.users.all()
        return known if vendors is None or vendors in known else (*known, vendors)

    def has(self, quirk: OnvifQuirk) -> bool:
        """Does it misbehave so now?"""
        return quirk in self.quirks

    async def switch(self, *quirks: OnvifQuirk) -> None:
        """Have these quirks and no others from now on. Raises ValueError for two that say the same mask twice."""
        masks = [_MASK_FAULTS[quirk] for quirk in quirks if quirk in _MASK_FAULTS]
        if len(masks) > 1:
            raise ValueError("one quirk of masks at a time: the camera has one fault of that kind")
        if OnvifQuirk.CLOCK_DRIFTS not in self.quirks:
            self._drift_from_ns = self.clock.now_ns()
        had = [_MASK_FAULTS[quirk] for quirk in self.quirks if quirk in _MASK_FAULTS]
        spoke = self._speaker
        self.quirks = frozenset(quirks)
        if self._speaker is not spoke:
            await asyncio.to_thread(self.farm.fit_speaker, self.name, self._speaker)
        if masks != had:
            await self._betray_masks(masks[0] if masks else None)
        await self._tell_all_positions()

    async def begin(self) -> None:
        """Take up its spec in the farm. Once, when the farm runs."""
        masks = [_MASK_FAULTS[quirk] for quirk in self.quirks if quirk in _MASK_FAULTS]
        if masks:
            await self._betray_masks(masks[0])
        if self._speaker is not self.spec.endpoint.speaker:
            await asyncio.to_thread(self.farm.fit_speaker, self.name, self._speaker)
        await self._tell_all_positions()

    def tell(self, event: OnvifEvent, *, holds: bool = True) -> None:
        """Tell an event to all its pull points; `holds`: the new state of a property."""
        self.events.tell(event, self.now_ns(), holds=holds)

    def now_ns(self) -> Nanoseconds:
        """The instant by the camera's own clock."""
        skew_ns = round(self.spec.clock_skew_s * NS_PER_S) if self.has(OnvifQuirk.CLOCK_SKEWED) else 0
        drifts = self.has(OnvifQuirk.CLOCK_DRIFTS)
        clock = DeviceClock(
            self._set_ahead_ns + skew_ns + self.spec.endpoint.clock_offset_ms * (NS_PER_S // 1000),
            self._drift_from_ns if drifts else None,
            DRIFT_S_A_DAY,
        )
        return clock.now_ns(self.clock.now_ns())

    async def set_clock(self, at_ns: Nanoseconds) -> None:
        """Show this instant from now on."""
        self._drift_from_ns = self.clock.now_ns()
        self._set_ahead_ns += at_ns - self.now_ns()
        await self._tell_all_positions()

    def spaces(self) -> Spaces:
        """The PTZ spaces it advertises."""
        return spaces_of(self.spec, self.head.limits, self.quirks)

    def service_address(self, path: str) -> str:
        """Where it says a service is."""
        return f"{self._told_base(OnvifQuirk.XADDR_ELSEWHERE)}/onvif/{path}"

    @property
    def has_rtsps(self) -> bool:
        """Are its streams offered over TLS?"""
        return self.secure_ports is not None and not self.has(OnvifQuirk.PLAIN_RTSP_ONLY)

    def stream_address(self, profile: MediaProfile, *, secure: bool = False) -> str:
        """Where it says a stream is. Raises Fault when it has none over TLS and is asked for one."""
        url = self.farm.url(self.name, profile.stream.profile)
        if secure:
            if self.secure_ports is None or not self.has_rtsps:
                raise sender_fault("ter:InvalidArgVal", "ter:InvalidStreamSetup", reason="no streams over TLS here")
            url = _over_tls(url, self.secure_ports[0])
        return self._elsewhere(url)

    def snapshot_address(self) -> str:
        """Where it says a still is: over TLS when it has it."""
        url = self.farm.snapshot_address(self.name).url
        return self._elsewhere(_over_tls(url, self.secure_ports[1]) if self.secure_ports is not None else url)

    def size_px(self, stream: StreamSpec) -> tuple[int, int]:
        """How large the pictures of a stream are."""
        return size_after(stream, _SMALLER if self._is_smaller else None)

    def profile(self, token: str) -> MediaProfile:
        """Raises Fault when there is none of this token."""
        if token not in self.profiles:
            raise sender_fault("ter:InvalidArgVal", "ter:NoProfile", reason="no such profile")
        return self.profiles[token]

    async def set_parts(self, profile: MediaProfile, parts: set[str]) -> None:
        """These kinds of configuration are in a profile from now on. Its stream is deaf unless both of audio are."""
        was, profile.parts = profile.parts, parts
        heard = was & AUDIO_PARTS != parts & AUDIO_PARTS
        if "Metadata" in was ^ parts:
            await self._tell_positions(profile)
        if heard:
            await self._offer_audio(profile)
            self.tell(OnvifEvent.AUDIO_CHANGED)
        if was & AUDIO_PARTS > parts & AUDIO_PARTS and self.has(OnvifQuirk.AUDIO_BACK_AFTER_REMOVAL):
            self.do_later(self.spec.audio_back_s, lambda: self.set_parts(profile, set(profile.parts | AUDIO_PARTS)))

    async def told_masks(self) -> tuple[HeldMask, ...]:
        """The masks it says there are. Hold `masking`."""
        return self.masks.look(await self._ask_farm(self.farm.read_masks, self.name))

    async def put_masks(self, masks: dict[str, HeldMask]) -> None:
        """Have the camera burn these and no others. Hold `masking`. Raises Fault when it cannot."""
        await self._ask_farm(self.farm.set_masks, self.name, burnt(masks))
        self.masks.keep(masks)
        self.tell(OnvifEvent.MASKS_CHANGED)

    async def put_users(self) -> None:
        """Let the accounts of now watch its streams."""
        logins = [account.login for account in self.users.all()]
        await self._ask_farm(self.farm.set_logins, self.name, logins)

    async def reboot(self) -> None:
        """Start again: away at once, back after `reboot_s`. Returns when it is back."""
        self.is_down = True
        self.reboots += 1
        self.head.end_tour()
        self.events.end_all()
        await self.on_restart()
        await asyncio.to_thread(self.farm.reboot, self.name, self.spec.reboot_s)
        await self._come_up_changed()
        await asyncio.sleep(self.spec.reboot_s)
        self.events.started_at_ns = self.now_ns()
        self.is_down = False

    def do_later(self, after_s: float, what: Callable[[], object]) -> None:
        """Do something soon, on the event loop. A coroutine that `what` gives is awaited."""

        async def wait() -> None:
            if after_s > 0:
                await asyncio.sleep(after_s)
            given = what()
            if asyncio.iscoroutine(given):
                await given

        task = asyncio.create_task(wait())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def end(self) -> None:
        """Stop everything it was about to do."""
        self.head.end_tour()
        self.events.end_all()
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)

    @property
    def _speaker(self) -> Speaker:
        fitted = self.spec.endpoint.speaker
        return next((speaker for quirk, speaker in _SPEAKERS.items() if self.has(quirk)), fitted)

    async def _come_up_changed(self) -> None:
        if self.has(OnvifQuirk.MASKS_GONE_AFTER_REBOOT):
            self.masks.clear()
        if self.has(OnvifQuirk.AUDIO_BACK_AFTER_REBOOT):
            for profile in self.profiles.values():
                profile.parts |= AUDIO_PARTS if self.spec.endpoint.audio else set()
                await self._offer_audio(profile)
        if self.has(OnvifQuirk.RESOLUTION_CHANGES_AFTER_REBOOT):
            self._is_smaller = True
            await asyncio.to_thread(self.farm.misbehave, self.name, _SMALLER)

    async def _offer_audio(self, profile: MediaProfile) -> None:
        offered = profile.parts >= AUDIO_PARTS
        await asyncio.to_thread(self.farm.offer_audio, self.name, profile.stream.profile, offered=offered)

    async def _tell_all_positions(self) -> None:
        """Its metadata streams tell positions in the spaces and the time of now."""
        for profile in self.profiles.values():
            if "Metadata" in profile.parts:
                await self._tell_positions(profile)

    async def _tell_positions(self, profile: MediaProfile) -> None:
        ahead_ns = self.now_ns() - self.clock.now_ns()
        teller = PositionTeller(self.spec, self.spaces(), ahead_ns) if "Metadata" in profile.parts else None
        await asyncio.to_thread(self.farm.tell_positions, self.name, profile.stream.profile, teller)

    async def _betray_masks(self, fault: MaskFault | None) -> None:
        after_s = _NEVER_BY_ITSELF_S if fault is MaskFault.GONE_AFTER_REBOOT else 0.0
        await asyncio.to_thread(self.farm.set_mask_fault, self.name, fault, after_s)

    async def _ask_farm(self, ask: Callable[_P, _T], *what: _P.args, **how: _P.kwargs) -> _T:
        try:
            return await asyncio.to_thread(ask, *what, **how)
        except FarmError as error:
            raise _cannot(error) from error

    def _told_base(self, quirk: OnvifQuirk) -> str:
        if not self.has(quirk):
            return self.base
        scheme, _, rest = self.base.partition("://")
        return f"{scheme}://{ELSEWHERE}:{rest.rpartition(':')[2]}"

    def _elsewhere(self, url: str) -> str:
        if not self.has(OnvifQuirk.STREAM_ELSEWHERE):
            return url
        scheme, _, rest = url.partition("://")
        authority, slash, path = rest.partition("/")
        return f"{scheme}://{ELSEWHERE}:{authority.rpartition(':')[2]}{slash}{path}"


def _over_tls(url: str, port: int) -> str:
    """`rtsp://host:1/x` as `rtsps://host:port/x`; the same of http."""
    parts = urlsplit(url)
    scheme = parts.scheme.removesuffix("s") + "s"
    return urlunsplit(parts._replace(scheme=scheme, netloc=f"{parts.hostname}:{port}"))


async def _nobody_serves() -> None:
    """Of a device that is not on the network yet."""


def _cannot(error: FarmError) -> Fault:
    return receiver_fault("ter:Action", reason=error.trouble.what.en)


def _profiles(spec: OnvifSpec) -> list[MediaProfile]:
    parts = {"VideoSource", "VideoEncoder"}
    parts |= AUDIO_PARTS if spec.endpoint.audio else set()
    parts |= {"PTZ", "Metadata"} if spec.ptz else set()
    return [MediaProfile(f"profile-{stream.profile}", stream, set(parts)) for stream in streams_of(spec.endpoint)]
