"""The moving head of a simulated camera: its mount in the farm, its presets, its tours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from csu.hal.clock import Clock, Nanoseconds
from csu.hal.place import Pose, PoseReading
from sim.endpoints.farm import RtspFarm
from sim.endpoints.onvif.moves import FULL_SPEED, Axes, absolute
from sim.endpoints.onvif.soap import receiver_fault, sender_fault
from sim.endpoints.onvif.spaces import limits_of
from sim.endpoints.onvif.spec import OnvifSpec
from sim.endpoints.view import home_of
from sim.street.mount import Motion, Steering, at_rest, zoom_of

TOURS_MAX = 4
SPOTS_MAX = 32
HOLD_S = 10.0
"""How long a continuous move goes on that names no time."""
HOLD_S_MAX = 60.0
BESIDE_DEG = 20.0
STAY_S = 5.0
"""At a spot that names no time of its own."""

Plan = Callable[[Motion, Nanoseconds], Motion]
"""From the motion of now and the instant the motors follow, the motion to take."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A pose with a name."""

    token: str
    name: str
    pose: Pose


@dataclass(frozen=True, slots=True)
class Spot:
    """One stop of a tour: a preset, or home (None), and for how long."""

    preset: str | None
    stay_s: float


@dataclass(frozen=True, slots=True)
class Tour:
    """A tour of presets."""

    token: str
    name: str
    spots: tuple[Spot, ...]
    auto_start: bool = False


class Head:
    """Where the camera looks and how it is told to. Orders come one at a time; each is given to the farm's mount."""

    def __init__(self, spec: OnvifSpec, farm: RtspFarm, clock: Clock) -> None:
        self.limits = limits_of(spec)
        self._spec = spec
        self._farm = farm
        self._clock = clock
        self._home = home_of(spec.endpoint)
        self._steering = Steering(at_rest(self._home, 0))
        self._turning = asyncio.Lock()
        self.presets: dict[str, Preset] = {}
        self.tours: dict[str, Tour] = {}
        self.touring: str | None = None
        """The tour on its way."""
        self._tour: asyncio.Task[None] | None = None
        self._made = 0

    def reading(self) -> PoseReading:
        """Where it looks now, by the host's clock."""
        return self._steering.reading_at(self._clock.now_ns())

    @property
    def motion(self) -> Motion:
        """The last order it took."""
        return self._steering.motion

    async def order(self, plan: Plan, *, seeking: bool = False) -> None:
        """Do what somebody asked: it ends a tour. `seeking`: to a place, rather than driven by hand."""
        self.end_tour()
        await self._turn(plan, seeking=seeking)

    async def go_to(self, pose: Pose, speed: Axes = FULL_SPEED) -> None:
        """Go to a pose that somebody asked for."""
        self.end_tour()
        await self._go(pose, speed)

    async def go_home(self, speed: Axes = FULL_SPEED) -> None:
        """Go to the home position."""
        await self.go_to(self._home, speed)

    def set_home(self) -> None:
        """Home is here."""
        self._home = self.reading().pose

    def set_preset(self, name: str, token: str | None) -> Preset:
        """Keep where it looks now, under a new token or one that is there. Raises Fault."""
        if token is not None:
            self.preset(token)
        elif len(self.presets) >= self._spec.presets_max:
            raise receiver_fault("ter:Action", "ter:TooManyPresets", reason=f"{self._spec.presets_max} presets are all")
        if self.reading().moving:
            raise receiver_fault("ter:Action", "ter:MovingPTZ", reason="it moves")
        preset = Preset(token or self._new("preset"), name, self.reading().pose)
        self.presets[preset.token] = preset
        return preset

    def preset(self, token: str) -> Preset:
        """Raises Fault when there is none of this token."""
        if token not in self.presets:
            raise sender_fault("ter:InvalidArgVal", "ter:NoToken", reason="no such preset")
        return self.presets[token]

    def new_tour(self) -> Tour:
        """An empty tour. Raises Fault when there are too many."""
        if len(self.tours) >= TOURS_MAX:
            raise receiver_fault("ter:Action", "ter:TooManyPresetTours", reason=f"{TOURS_MAX} tours are all")
        tour = Tour(self._new("tour"), "", ())
        self.tours[tour.token] = tour
        return tour

    def tour(self, token: str) -> Tour:
        """Raises Fault when there is none of this token."""
        if token not in self.tours:
            raise sender_fault("ter:InvalidArgVal", "ter:NoToken", reason="no such tour")
        return self.tours[token]

    def start_tour(self, token: str) -> None:
        """Go from spot to spot, for ever, until somebody gives another order. Raises Fault for a tour without spots."""
        tour = self.tour(token)
        if not tour.spots:
            raise receiver_fault("ter:Action", "ter:ActivationFailed", reason="the tour has no spot")
        self.end_tour()
        self.touring = token
        self._tour = asyncio.create_task(self._run(tour))

    def keep_tour(self) -> None:
        """A tour of home and a place beside it, that begins by itself."""
        beside = replace(self._home, pan_deg=(self._home.pan_deg + BESIDE_DEG) % 360.0)
        preset = Preset(self._new("preset"), "beside", beside)
        self.presets[preset.token] = preset
        tour = self.new_tour()
        spots = (Spot(preset.token, 1.0), Spot(None, 1.0))
        self.tours[tour.token] = replace(tour, name="watch", spots=spots, auto_start=True)

    def start_by_itself(self) -> None:
        """Begin the first tour that is to begin by itself, unless one is on its way."""
        waiting = next((tour.token for tour in self.tours.values() if tour.auto_start), None)
        if waiting is not None and self.touring is None:
            self.start_tour(waiting)

    def end_tour(self) -> None:
        """Stay on the way it is. Idempotent."""
        self.touring = None
        task, self._tour = self._tour, None
        if task is not None:
            task.cancel()

    async def _run(self, tour: Tour) -> None:
        while True:
            for spot in tour.spots:
                preset = self.presets.get(spot.preset) if spot.preset else None
                if spot.preset and preset is None:
                    await asyncio.sleep(spot.stay_s)  # taken away meanwhile: the tour leaves it out
                    continue
                await self._go(preset.pose if preset else self._home, FULL_SPEED)
                while self.reading().moving:
                    await asyncio.sleep(0.1)
                await asyncio.sleep(spot.stay_s)

    async def _go(self, pose: Pose, speed: Axes) -> None:
        goal = Axes(pose.pan_deg, pose.tilt_deg, zoom_of(pose))
        await self._turn(lambda now, start_ns: absolute(now, start_ns, goal, self.limits, speed), seeking=True)

    async def _turn(self, plan: Plan, *, seeking: bool) -> None:
        async with self._turning:
            start_ns = self._steering.from_ns(self._clock.now_ns())
            motion = plan(self._steering.motion, start_ns)
            camera = self._spec.endpoint.camera
            await asyncio.to_thread(self._farm.turn, camera, motion, seeking=seeking)
            self._steering.take(motion)

    def _new(self, kind: str) -> str:
        self._made += 1
        return f"{kind}-{self._made}"


def renamed(tour: Tour, name: str, spots: tuple[Spot, ...], *, auto_start: bool) -> Tour:
    """The tour with what a client gave it. Raises Fault for too many spots, or stays no camera takes."""
    if len(spots) > SPOTS_MAX or not all(0 < spot.stay_s <= 3600 for spot in spots):
        raise sender_fault("ter:InvalidArgVal", "ter:InvalidPresetTour", reason=f"{SPOTS_MAX} spots of 1 h at most")
    return replace(tour, name=name, spots=spots, auto_start=auto_start)
