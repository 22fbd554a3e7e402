"""The city: communes, cameras unevenly spread over them, one media node each, and what will happen to each of them.

Pure: a scenario and a seed in, a plan out. Nothing runs here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from csu.hal.alarms import AlarmKind, PanelId, PanelMessage
from csu.hal.camera import CameraId, CameraRecord, CommuneId, StreamAddress, ViewType
from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_MS, Clock
from csu.hal.media import Assignment, NodeId
from sim.cohort import GOP_NS, CohortCamera, disjoint
from sim.communes import ALARMED_SITES, COMMUNES, PLACES
from sim.consequences import clock_errors_of, node_plan, of_kind, outages_of
from sim.draws import arrivals
from sim.fault_words import FaultKind
from sim.faults import Fault, plan_faults
from sim.intervals import Interval, union
from sim.levels.cast import PixelPlan, acting, dressed, pixel_plans, with_faults
from sim.media_node import NodePlan
from sim.order_words import JOINS, AuthorisationSpec, OfCommune
from sim.orders import Prefecture
from sim.papers import PaperCamera
from sim.scenario import Scenario
from sim.turning import DYNAMICS

MASK_EPOCH = 3
"""Of every camera. There were two before it, so that a node that is told an older one can be found out."""
_KINDS_OF_ALARM = (AlarmKind.INTRUSION,) * 6 + (AlarmKind.FIRE,) * 2 + (AlarmKind.TECHNICAL, AlarmKind.TEST)


@dataclass(frozen=True, slots=True)
class Commune:
    """One commune with all that stands in it."""

    name: str
    commune: CommuneId
    node: NodeId
    """What records its cameras; other communes may have the same."""
    panel: PanelId
    cameras: tuple[CohortCamera, ...]
    node_plan: NodePlan
    """What happens to its node, whoever else has it."""
    receipts_lost: tuple[Interval, ...]
    alarms: tuple[PanelMessage, ...]
    """What its panel will raise, by time."""


@dataclass(frozen=True, slots=True)
class CityNode:
    """A media node and the cameras it records, of one commune or of several."""

    node: NodeId
    cameras: tuple[CohortCamera, ...]
    plan: NodePlan

    @property
    def assignments(self) -> tuple[Assignment, ...]:
        return tuple(camera.assignment for camera in self.cameras)


@dataclass(frozen=True, slots=True)
class City:
    """All communes, and every fault declared for this run."""

    communes: tuple[Commune, ...]
    faults: tuple[Fault, ...]
    pixels: Mapping[CameraId, PixelPlan] = field(default_factory=dict)
    """The cameras of level L1, and what they film."""
    left_out: tuple[Fault, ...] = ()
    """What chance dealt to cameras and nodes of a level at which it does not act."""

    @property
    def cameras(self) -> tuple[CohortCamera, ...]:
        return tuple(camera for commune in self.communes for camera in commune.cameras)

    @property
    def nodes(self) -> tuple[CityNode, ...]:
        """The nodes, each with the cameras of all communes that it serves."""
        served: dict[NodeId, list[Commune]] = {}
        for commune in self.communes:
            served.setdefault(commune.node, []).append(commune)
        return tuple(
            CityNode(node, tuple(camera for commune in communes for camera in commune.cameras), communes[0].node_plan)
            for node, communes in served.items()
        )

    def prefecture(self, scenario: Scenario, clock: Clock) -> Prefecture:
        """Orders and agreements of all communes at the beginning, as the scenario has them."""
        said = {c.name: spec for spec in scenario.authorisations for c in self.communes if c.name in spec.communes}
        said = {c.name: spec for spec in scenario.authorisations if not spec.communes for c in self.communes} | said
        cameras = [
            _paper_camera(camera.camera, commune.commune, place, said.get(commune.name))
            for commune in self.communes
            for place, camera in enumerate(commune.cameras)
        ]
        terms = {c.commune: said[c.name].terms for c in self.communes if c.name in said}
        comes = [line for line in scenario.story if isinstance(line, OfCommune) and line.kind == JOINS]
        joining = frozenset(CommuneId(slug(line.commune)) for line in comes)
        return Prefecture(cameras, clock, scenario.epoch_ns, terms, joining)


def build_city(scenario: Scenario, chance: Chance) -> City:
    """The city of this scenario and seed."""
    names = COMMUNES[: scenario.city.communes]
    numbers = iter(range(1, scenario.city.cameras + 1))
    counts = spread(scenario.city.cameras, len(names), scenario.city.node_cameras_max)
    plain = [
        [_camera(next(numbers), name, place, scenario, chance) for place in range(count)]
        for name, count in zip(names, counts, strict=True)
    ]
    for cameras in plain[: scenario.city.ptz]:
        cameras[0] = _turning(cameras[0])
    pixels = pixel_plans(scenario, dict(zip(names, plain, strict=True)))
    plain = [[dressed(camera, pixels) for camera in cameras] for cameras in plain]
    ids = [[camera.camera for camera in cameras] for cameras in plain]
    drawn = plan_faults(scenario, ids, chance)
    faults, left_out = acting(drawn, pixels, ids, shared_nodes=scenario.city.shared_nodes)
    deaf_not = chance.stream("microphones")
    everyone = [camera.camera for cameras in plain for camera in cameras]
    microphones = {everyone[deaf_not.integer(0, len(everyone) - 1)] for _ in range(scenario.media.microphones)}
    everywhere = [fault for fault in faults if fault.kind is FaultKind.RECEIPTS_LOST]
    of_commune = [list(everywhere) for _ in names]
    for fault in faults:
        if fault.kind is not FaultKind.RECEIPTS_LOST and fault.commune is not None:
            of_commune[fault.commune].append(fault)
    communes: dict[int, Commune] = {}
    for members in shares(counts, scenario.city.node_cameras_max if scenario.city.shared_nodes else 0):
        node = NodeId(f"node-{slug(names[members[0]])}")
        deaf_not_here = frozenset(c.camera for index in members for c in plain[index] if c.camera in microphones)
        delay_ns = chance.stream(f"delay/{node}").integer(50, 900) * NS_PER_MS
        plan = node_plan([fault for index in members for fault in of_commune[index]], delay_ns, deaf_not_here)
        for index in members:
            alarms = _alarms(index, scenario, chance)
            communes[index] = _commune(names[index], plain[index], of_commune[index], node, plan, alarms)
    commune_of = {camera: index for index, cameras in enumerate(ids) for camera in cameras}
    everything = tuple(communes[index] for index in range(len(names)))
    return City(everything, faults, with_faults(pixels, commune_of, faults), left_out)


def shares(counts: Sequence[int], cameras_max: int) -> list[list[int]]:
    """Which communes share a node: each goes to the first that has room for all its cameras."""
    members: list[list[int]] = []
    room: list[int] = []
    for index, count in enumerate(counts):
        place = next((place for place, left in enumerate(room) if left >= count), len(room))
        if place == len(room):
            members.append([])
            room.append(cameras_max)
        members[place].append(index)
        room[place] -= count
    return members


def _paper_camera(camera: CameraId, commune: CommuneId, place: int, said: AuthorisationSpec | None) -> PaperCamera:
    third = said.third_party if said is not None else None
    if third is None or place >= third.cameras:
        return PaperCamera(camera, commune)
    return PaperCamera(camera, commune, third_party=third.who, third_party_until=third.until)


def spread(cameras: int, communes: int, most: int) -> list[int]:
    """How many cameras each commune has: few have many (weight 1/rank), each at least one and at most `most`."""
    counts = [1] * communes
    left = cameras - communes
    while left > 0:
        open_ranks = [rank for rank in range(communes) if counts[rank] < most]
        total = sum(1 / (rank + 4) for rank in open_ranks)
        before = left
        for rank in open_ranks:
            more = min(int(before / (rank + 4) / total), most - counts[rank], left)
            counts[rank] += more
            left -= more
        if left == before:  # what rounding left over: one each, the largest first
            for rank in open_ranks[:left]:
                counts[rank] += 1
                left -= 1
    return counts


def slug(name: str) -> str:
    """`Pont-Aurelin` as `pont-aurelin`: letters a to z, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", name.replace("'", "-").replace(" ", "-"))
    return "".join(letter for letter in plain.lower() if letter.isascii() and (letter.isalnum() or letter == "-"))


def _camera(number: int, commune: str, place: int, scenario: Scenario, chance: Chance) -> CohortCamera:
    stream = chance.stream(f"camera/{number}")
    record = CameraRecord(
        CameraId(f"cam-{number:04d}"),
        number,
        f"{commune} {place + 1:02d}, {PLACES[place % len(PLACES)]}",
        CommuneId(slug(commune)),
        ViewType.WIDE if stream.uniform(0, 1) < 0.7 else ViewType.NARROW,
    )
    assignment = Assignment(
        record,
        StreamAddress(f"sim://{record.camera}"),
        pose=None,
        follows_pose=False,
        buildings=(),
        mask_above_m=scenario.doctrine.mask_above,
        mask_epoch=MASK_EPOCH,
    )
    bits_per_s = round(scenario.media.bit_rate * stream.uniform(0.6, 1.4))
    gop_phase_ns = stream.integer(0, GOP_NS // NS_PER_MS - 1) * NS_PER_MS
    return CohortCamera(assignment, gop_phase_ns, bits_per_s, clock_offset_ms=stream.integer(-80, 80))


def _turning(camera: CohortCamera) -> CohortCamera:
    """The same, on a mount: wholly masked until somebody says where it looks (PRV-5)."""
    return replace(camera, assignment=replace(camera.assignment, follows_pose=True, dynamics=DYNAMICS))


def _commune(
    name: str,
    cameras: Sequence[CohortCamera],
    faults: Sequence[Fault],
    node: NodeId,
    plan: NodePlan,
    alarms: tuple[PanelMessage, ...],
) -> Commune:
    return Commune(
        name,
        CommuneId(slug(name)),
        node,
        _panel_of(name),
        tuple(map(_with_faults, cameras, _by_camera(cameras, faults))),
        plan,
        union(of_kind(faults, FaultKind.RECEIPTS_LOST)),
        alarms,
    )


def _by_camera(cameras: Sequence[CohortCamera], faults: Sequence[Fault]) -> list[list[Fault]]:
    """The faults that each camera has its part in, in their order."""
    of_camera: dict[CameraId, list[Fault]] = {camera.camera: [] for camera in cameras}
    for fault in faults:
        for mine in of_camera.values() if fault.camera is None else (of_camera.get(fault.camera, []),):
            mine.append(fault)
    return list(of_camera.values())


def _with_faults(camera: CohortCamera, mine: Sequence[Fault]) -> CohortCamera:
    return CohortCamera(
        camera.assignment,
        camera.gop_phase_ns,
        camera.mean_bits_per_s,
        camera.clock_offset_ms,
        disjoint(outages_of(mine)),
        clock_errors_of(mine),
    )


def _alarms(index: int, scenario: Scenario, chance: Chance) -> tuple[PanelMessage, ...]:
    """The alarms of one commune: its share of the city's. None in the final quiet."""
    name = COMMUNES[index]
    stream = chance.stream(f"alarms/{slug(name)}")
    rate = scenario.city.alarms
    mine = type(rate)(rate.per_s / scenario.city.communes)
    instants = arrivals(mine, scenario.duration - scenario.options.quiet, stream)
    return tuple(
        PanelMessage(
            _panel_of(name),
            sequence,
            CommuneId(slug(name)),
            ALARMED_SITES[stream.integer(0, len(ALARMED_SITES) - 1)],
            _KINDS_OF_ALARM[stream.integer(0, len(_KINDS_OF_ALARM) - 1)],
            scenario.epoch_ns + after_ns,
        )
        for sequence, after_ns in enumerate(instants, start=1)
    )


def _panel_of(name: str) -> PanelId:
    return PanelId(f"panel-{slug(name)}")
