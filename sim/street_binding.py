"""The binding `street`: a simulated site with real pictures over real sockets (entry point of `csu.bindings`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.site import Signatory, SignRole, Site, SiteRequest
from csu.hal.wall_panel import WallPanel, WallPanelId
from sim.accounts import POLICE, accounts_text
from sim.endpoints import EndpointSpec, RtspFarm, StreetView, ViewFault
from sim.endpoints.panels import DisplayPanel, PanelSpec
from sim.papers import PaperCamera, PapersOf, PaperTerms, Suspension, papers_text
from sim.street import Post, build_street, canary_share, posts, zones_of
from sim.street_alarms import SITES_M, street_panel, street_police
from sim.street_analysis import street_law, street_zones
from sim.street_camera import StreetCamera, camera_id, commune_id
from sim.street_options import StreetOptions, read_options

CAMERA_WITH_MICROPHONE = 3
"""The one that offers an audio track, as real cameras do."""

SIGNATORIES = (Signatory("Camille Roth", SignRole.TECHNICAL), Signatory("Dominique Weber", SignRole.DPO))
"""Simulated people: they sign for simulated dwellings only."""

AGENTS = ("Sacha Muller", "Alix Klein")
"""Simulated people too: two at the wall, so that it shows its base scene and tours may turn cameras (OPS-1). They stay
there when people sign in and take posts beside them: nobody has to be two for a demonstration."""

_ODD_COMMUNE = commune_id("Saint-Éloi-lès-Valmont")
"""The one of which options speak: cameras 6 to 8."""

_PASSWORD = "street-0000"  # noqa: S105 - guards simulated cameras on the loopback, and makes DIGEST real


@asynccontextmanager
async def open_street(request: SiteRequest) -> AsyncIterator[Site]:
    """A street with `request.cameras` cameras. Raises BadInput for a wrong option; FarmError when it cannot serve."""
    options = read_options(request)
    street = build_street(options.seed)
    places = posts(street, request.cameras, options.width, options.height)
    specs = [_spec(post, options) for post in places]
    communes = list(dict.fromkeys(commune_id(post.commune) for post in places))
    farm = RtspFarm(specs)
    await asyncio.to_thread(farm.start)
    try:
        cameras = tuple(StreetCamera(post, spec, farm) for post, spec in zip(places, specs, strict=True))
        analysed = places[: options.analysed] if request.analysis_model else places[:0]
        witness, rings = canary_share if options.canary else None, options.alarm_every_s > 0
        yield Site(
            name="street",
            cameras=cameras,
            buildings=street.buildings,
            witness=witness,
            zones=zones_of(street),
            signatories=SIGNATORIES,
            agents=AGENTS[: options.agents],
            papers=_papers(places, options, request.at_ns),
            analysis=street_law(analysed, request.at_ns, request.analysis_model) if analysed else "",
            analysis_zones=street_zones(analysed),
            people=accounts_text(communes, request.at_ns),
            wall_panels=_panels(options),
            alarm_panels=(street_panel(farm.clock, request.at_ns, options.alarm_every_s, communes),) if rings else (),
            dispatch=street_police(farm.clock, options.seed) if rings else None,
            alarm_sites_m=SITES_M if rings else {},
        )
    finally:
        await asyncio.to_thread(farm.stop)


def _papers(places: Sequence[Post], options: StreetOptions, at_ns: Nanoseconds) -> str:
    """What simulated prefects, councils and landlords of the street have signed."""
    cameras = [
        PaperCamera(camera_id(p), commune_id(p.commune), p.pose.x_m, p.pose.y_m, tickets=p.number % 2 == 1)
        for p in places
    ]
    everyone = PaperTerms(retention_days=options.retention_days)
    terms = dict.fromkeys((each.commune for each in cameras), everyone)
    if options.storage_only:
        terms[_ODD_COMMUNE] = replace(everyone, watched=False)
    stop_ns = at_ns + round(options.suspended_after_s * NS_PER_S)
    suspensions = [Suspension(_ODD_COMMUNE, stop_ns)] if options.suspended_after_s else []
    return papers_text(PapersOf(cameras, at_ns, terms, suspensions, recipients=(POLICE,)))


def _spec(post: Post, options: StreetOptions) -> EndpointSpec:
    masks_betrayed = options.mask_fault if post.number == options.mask_fault_camera else None
    view_kind = options.view_fault if post.number == options.view_fault_camera else None
    return EndpointSpec(
        camera=camera_id(post),
        number=post.number,
        picture=StreetView(post.pose, options.seed, options.night, options.canary),
        width_px=options.width,
        height_px=options.height,
        frames_per_s=options.fps,
        password=_PASSWORD,
        audio=post.number == CAMERA_WITH_MICROPHONE,
        sub=True,
        onboard_masks=options.onboard_masks,
        mask_fault=masks_betrayed,
        mask_fault_after_s=options.mask_fault_after_s if masks_betrayed else 0.0,
        view_fault=ViewFault(view_kind) if view_kind else None,
        view_fault_after_s=options.view_fault_after_s if view_kind else 0.0,
    )


def _panels(options: StreetOptions) -> tuple[tuple[WallPanel, str], ...]:
    """The display panels of the wall, and the input each should be on."""
    spec = PanelSpec()
    panels = [DisplayPanel(WallPanelId(f"panel-{number}"), spec) for number in (1, 2)]
    if options.panel_fault is not None:
        panels[0].device.misbehave(options.panel_fault)
    return tuple((panel, spec.input) for panel in panels)
