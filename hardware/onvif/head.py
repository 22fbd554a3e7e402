"""The head of a PTZ camera: orders, and the dead man who stops it. Shell around `dead_man` and `spaces`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from onveef import envelopes

from csu.hal.camera import CameraError, PtzVelocity
from csu.hal.clock import NS_PER_MS, NS_PER_S, Nanoseconds
from csu.hal.place import Pose, PoseReading
from csu.hal.words import Words
from hardware.onvif import bodies
from hardware.onvif.camera_clock import CameraClock
from hardware.onvif.dead_man import RENEW_EVERY_NS, Act, DeadMan, Look, Phase, near
from hardware.onvif.errors import DeviceFault, DeviceSilent, DeviceTooSlow, LoginRefused, NotOffered, not_offered
from hardware.onvif.reading import MediaProfile, PtzStatus, default_spaces, ptz_spaces, ptz_status
from hardware.onvif.session import Session
from hardware.onvif.spaces import Place, Spaces, with_defaults
from hardware.onvif.tours import Tours

DEVICE_TIMEOUT = f"PT{3 * RENEW_EVERY_NS // NS_PER_S}S"
"""What an honest device is asked to stop after by itself, should the centre vanish. Nobody relies on it."""
ROUND_TRIP_NS_MAX = 100 * NS_PER_MS
"""A turning camera was somewhere during the round trip: beyond this its reading dates too badly (CAPTURE_JITTER_NS)."""

RENEW_WITHIN_S = 0.5
TAKE_OVER_WITHIN_S = 0.5
TAKEN_OVER_NS = 10 * NS_PER_S
"""Nobody ordered anything for so long: whoever does now begins anew. A lease that is not used ends after 15 s."""
MOMENT_NS = 400 * NS_PER_MS
"""Two readings so near to each other say whether it moves; the engine asks each 50 to 100 ms."""


class Head:
    """Pan, tilt and zoom of one camera. `close` stops it. All calls may raise CameraError."""

    def __init__(self, session: Session, profile: MediaProfile, tell_runaway: Callable[[bool], None]) -> None:
        """`profile`: one with a PTZ configuration. `tell_runaway`: that nobody could end a move; that it ended."""
        self._session = session
        self._clock = session.clock
        self._mount = session.settings.mount
        self.profile = profile
        self._tell_runaway = tell_runaway
        self._dead_man = DeadMan(round(session.settings.move_s_max * NS_PER_S))
        self._orders = asyncio.Lock()
        self._woken = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._velocity = PtzVelocity(0.0, 0.0, 0.0)
        self._takes_timeout = True
        self._spaces: Spaces | None = None
        self._default_spaces = ("", "")
        self._last: tuple[Nanoseconds, Place | None] = (0, None)
        self._its_clock = CameraClock()
        self._tours = Tours(session, profile.token)
        self._ordered_ns: Nanoseconds | None = None
        self.is_runaway = False

    async def close(self) -> None:
        """Stop what moves, as well as it can be, and look no longer."""
        at_work = [task for task in (self._keeper, self._looking) if task is not None]
        self._keeper = self._looking = None
        for task in at_work:
            task.cancel()
        await asyncio.gather(*at_work, return_exceptions=True)
        if self._dead_man.is_moving:
            await _as_well_as_it_can(self._send_stop())

    async def end_tours(self, *, for_good: bool = False) -> int:
        """See `Tours.end`."""
        return await self._tours.end(for_good=for_good)

    async def _take_over(self) -> None:
        """Whoever begins to turn it ends what it does by itself: a tour would take it away from under his hand."""
        now_ns, last_ns = self._clock.monotonic_ns(), self._ordered_ns
        self._ordered_ns = now_ns
        if last_ns is None or now_ns - last_ns > TAKEN_OVER_NS:
            try:
                async with asyncio.timeout(TAKE_OVER_WITHIN_S):
                    await self._tours.end()
            except (TimeoutError, CameraError):
                return  # no order waits for it: most cameras leave their tour at the first one anyway

    async def move(self, velocity: PtzVelocity) -> None:
        """See Camera.move."""
        await self._take_over()
        spaces = await self._known_spaces()
        if not spaces.can_drive:
            raise not_offered(self._session.camera, "ContinuousMove")
        async with self._orders:
            self._begin(self._dead_man.driven)
            self._velocity = velocity
            await self._order(self._drive(spaces))

    async def go_to(self, pose: Pose) -> None:
        """See Camera.go_to."""
        await self._take_over()
        spaces = await self._known_spaces()
        where = self._mount.position(pose, spaces) if self._mount is not None else None
        if where is None:
            raise CameraError(
                Words("cette position est hors de sa portée", "this pose is out of its reach"),
                where=self._session.camera,
                what_to_do=Words(
                    "Demandez une position dans ses limites, et vérifiez son étalonnage",
                    "Ask for a pose within its limits, and check its calibration",
                ),
            )
        body = bodies.absolute_move(self.profile.token, where)
        async with self._orders:
            self._begin(self._dead_man.sent_to)
            await self._order(self._session.call("ptz", "AbsoluteMove", body))

    async def stop(self) -> None:
        """See Camera.stop. It is sent again, and looked after, until the camera rests."""
        async with self._orders:
            self._begin(self._dead_man.stop)
            await self._send_stop()

    async def pose(self) -> PoseReading | None:
        """See Camera.pose. None too while it turns and answers late."""
        if self._mount is None:
            return None
        moving, asked_at_ns, sent_ns = self._dead_man.is_moving, self._clock.now_ns(), self._clock.monotonic_ns()
        status = await self._status()
        took_ns = self._clock.monotonic_ns() - sent_ns
        if status.utc_ns is not None:
            self._its_clock.asked(asked_at_ns, status.utc_ns, asked_at_ns + took_ns)
        pose = self._mount.pose(status.position) if status.position is not None else None
        moving = self._has_moved(status, sent_ns) or moving or self._dead_man.is_moving or status.says_moving is True
        if pose is None or (moving and took_ns > ROUND_TRIP_NS_MAX):
            return None
        return PoseReading(pose, _instant(asked_at_ns, took_ns, status.utc_ns), moving)

    async def told(self, status: PtzStatus, arrived_ns: Nanoseconds) -> PoseReading | None:
        """What its metadata stream says, dated by our clock; None for what cannot be dated, or is nowhere."""
        if self._mount is None or status.position is None or status.utc_ns is None:
            return None
        dated = self._its_clock.dated(status.utc_ns, arrived_ns)
        pose = self._mount.pose((await self._placed(status)).position or status.position)
        if pose is None or dated is None:
            return None
        return PoseReading(pose, dated[0], self._dead_man.is_moving or status.says_moving is True, dated[1])

    def _has_moved(self, status: PtzStatus, now_ns: Nanoseconds) -> bool:
        """Is it elsewhere than a moment ago? It may be turned by others, and say that it is idle."""
        before, self._last = self._last, (now_ns, self._place_of(status))
        place = self._last[1]
        if before[1] is None or place is None or now_ns - before[0] > MOMENT_NS:
            return False
        return not near(before[1], place)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _begin(self, enter: Callable[[Nanoseconds], None]) -> None:
        """The dead man knows before the device does."""
        enter(self._clock.monotonic_ns())
        self._woken.set()
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._keep(), name=f"head {self._session.camera}")
            self._keeper.add_done_callback(self._keeper_ended)

    def _keeper_ended(self, keeper: asyncio.Task[None]) -> None:
        """A dead man that died of a defect of ours is told as what it risks."""
        if not keeper.cancelled() and keeper.exception() is not None:
            self.is_runaway = True
            self._tell_runaway(True)

    async def _order(self, sent: Awaitable[object]) -> None:
        """An order that failed may have been taken all the same: then it is stopped."""
        try:
            await sent
        except BaseException as error:
            refused = isinstance(error, (DeviceFault, NotOffered, LoginRefused))
            self._dead_man.failed(self._clock.monotonic_ns(), refused=refused)
            self._woken.set()
            raise

    async def _keep(self) -> None:
        """The dead man's hand: until the camera rests."""
        while (due_at_ns := self._dead_man.due_at_ns()) is not None:
            self._woken.clear()
            wait_s = (due_at_ns - self._clock.monotonic_ns()) / NS_PER_S
            if wait_s > 0:
                try:
                    async with asyncio.timeout(wait_s):
                        await self._woken.wait()
                except TimeoutError:
                    pass
                continue
            for act in self._dead_man.due(self._clock.monotonic_ns()):
                await _as_well_as_it_can(self._carry_out(act))
        if self.is_runaway:
            self.is_runaway = False
            self._tell_runaway(False)

    async def _carry_out(self, act: Act) -> None:
        if act is Act.TELL_RUNAWAY:
            self.is_runaway = True
            self._tell_runaway(True)
        elif act is Act.LOOK:
            if self._looking is None or self._looking.done():  # no Stop waits for a slow status
                self._looking = asyncio.create_task(_as_well_as_it_can(self._look()))
        else:
            async with self._orders:
                if act is Act.STOP and self._dead_man.phase is Phase.STOPPING:
                    await self._send_stop()
                elif act is Act.RENEW and self._dead_man.phase is Phase.DRIVEN and self._takes_timeout:
                    await self._renew()

    async def _look(self) -> None:
        asked_at_ns = self._clock.monotonic_ns()
        status = await self._status()
        self._dead_man.saw(Look(asked_at_ns, status.says_moving, self._place_of(status)))
        self._woken.set()

    async def _renew(self) -> None:
        """The same move again; given up soon, since a Stop may wait for its turn."""
        try:
            async with asyncio.timeout(RENEW_WITHIN_S):
                await self._drive(await self._known_spaces())
        except (TimeoutError, DeviceSilent, DeviceTooSlow):
            self._dead_man.given_up(self._clock.monotonic_ns())

    def _place_of(self, status: PtzStatus) -> Place | None:
        if status.position is None:
            return None
        return (self._spaces or Spaces()).place(status.position)

    async def _drive(self, spaces: Spaces) -> None:
        turn, zoom = spaces.speeds(self._velocity)
        try:
            await self._continuous(turn, zoom, DEVICE_TIMEOUT if self._takes_timeout else "")
        except (DeviceFault, NotOffered):
            if not self._takes_timeout:
                raise
            self._takes_timeout = False  # Bosch: "unsupported field"
            await self._continuous(turn, zoom, "")

    async def _continuous(self, turn: tuple[float, float] | None, zoom: float | None, timeout: str) -> None:
        pan, tilt = turn if turn is not None else (None, None)
        body = envelopes.ptz_continuous_move(
            profile_token=self.profile.token, pan=pan, tilt=tilt, zoom=zoom, timeout=timeout
        )
        await self._session.call("ptz", "ContinuousMove", body)

    async def _send_stop(self) -> None:
        body = envelopes.ptz_stop(profile_token=self.profile.token, pan_tilt=True, zoom=True)
        await self._session.call("ptz", "Stop", body, urgent=True)

    async def _status(self) -> PtzStatus:
        body = envelopes.ptz_get_status(profile_token=self.profile.token)
        return await self._placed(ptz_status(await self._session.call("ptz", "GetStatus", body)))

    async def _placed(self, status: PtzStatus) -> PtzStatus:
        """With the spaces its numbers are of."""
        if status.position is None or (status.position.pan_tilt_uri and status.position.zoom_uri):
            return status
        await self._known_spaces()
        return PtzStatus(with_defaults(status.position, *self._default_spaces), status.says_moving, status.utc_ns)

    async def _known_spaces(self) -> Spaces:
        if self._spaces is None:
            node = await self._session.call("ptz", "GetNode", bodies.get_node(self.profile.ptz_node))
            spaces = ptz_spaces(node)
            told = await self._session.call("ptz", "GetConfigurations", envelopes.ptz_get_configurations())
            self._default_spaces = default_spaces(told, self.profile.ptz_configuration)
            self._spaces = spaces
        return self._spaces


async def _as_well_as_it_can(what: Awaitable[object]) -> None:
    """A Stop or a look that fails is due again soon, and after a while told as a runaway."""
    try:
        await what
    except CameraError:
        return


def _instant(asked_at_ns: Nanoseconds, took_ns: Nanoseconds, told_ns: Nanoseconds | None) -> Nanoseconds:
    """When a status held: by the device where that is possible, else half-way between question and answer."""
    if told_ns is not None and asked_at_ns <= told_ns <= asked_at_ns + took_ns:
        return told_ns
    return asked_at_ns + took_ns // 2
