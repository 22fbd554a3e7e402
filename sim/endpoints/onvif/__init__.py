"""Simulated ONVIF cameras over real HTTP, each the face of a camera of the farm: same mount, same masks, same sound.

In: `OnvifSpec`s (the farm's endpoint, PTZ or not, limits, quirks). Out: Device, Media, Media2, PTZ, Imaging and Event
services on a port each of the loopback, WS-Discovery for all, and devices that a test misleads at run time::

    spec = OnvifSpec(EndpointSpec("cam-01", number=1, sub=True), ptz=True)
    async with open_onvif([spec]) as site:           # starts a farm too; or hand in one that runs: farm=...
        camera = site.device("cam-01")
        camera.url                                    # http://127.0.0.1:PORT/onvif/device_service
        ...                                           # user "csu", password "street-0000", as on its streams
        await camera.switch(OnvifQuirk.IGNORES_TIMEOUT)   # these quirks and no others; none: honest again
        camera.tell(OnvifEvent.TAMPER)                # to every pull point
        await camera.reboot()                         # away, and back after `reboot_s`

`heard` sees each request and answer. `tls` makes it HTTPS, with RTSPS and HTTPS stills beside plain RTSP. Probes go to
UDP 127.0.0.1:`site.discovery_port`.
"""

from sim.endpoints.onvif.device import OnvifDevice
from sim.endpoints.onvif.events import OnvifEvent
from sim.endpoints.onvif.site import OnvifSite, open_onvif
from sim.endpoints.onvif.spec import DRIFT_S_A_DAY, ELSEWHERE, OnvifQuirk, OnvifSpec, UserLevel

__all__ = [
    "DRIFT_S_A_DAY",
    "ELSEWHERE",
    "OnvifDevice",
    "OnvifEvent",
    "OnvifQuirk",
    "OnvifSite",
    "OnvifSpec",
    "UserLevel",
    "open_onvif",
]
