"""All services of a simulated camera."""

from __future__ import annotations

from markupsafe import Markup

from sim.endpoints.onvif import device_service, event_service, imaging, media, media2, ptz
from sim.endpoints.onvif.device import OnvifDevice
from sim.endpoints.onvif.service import Call, Operation, Service
from sim.endpoints.onvif.soap import SoapRequest, sender_fault
from sim.endpoints.onvif.spec import OnvifQuirk, UserLevel

_TOLD = (
    device_service.SERVICE,
    media.SERVICE,
    media2.SERVICE,
    ptz.SERVICE,
    imaging.SERVICE,
    event_service.SERVICE,
)
_ALL = (*_TOLD, event_service.SUBSCRIPTION)


def operation_of(device: OnvifDevice, request: SoapRequest) -> Operation:
    """What a request asks this camera to do. Raises Fault when it cannot."""
    service = next((one for one in _ALL if one.namespace == request.namespace and _has(device, one)), None)
    operation = service.operations.get(request.operation) if service is not None else None
    if operation is None:
        raise sender_fault("ter:ActionNotSupported", reason="this camera has no such operation")
    return operation


@device_service.SERVICE.operation(UserLevel.ANONYMOUS)
async def get_services(device: OnvifDevice, call: Call) -> Markup:
    """Here, because it tells of them all."""
    told = [(service, device.service_address(service.path)) for service in _TOLD if _has(device, service)]
    return device_service.SERVICE.answer("GetServices", services=told)


def _has(device: OnvifDevice, service: Service) -> bool:
    if service is media2.SERVICE:
        return not device.has(OnvifQuirk.NO_MEDIA2)
    return device.spec.ptz if service is ptz.SERVICE else True
