"""SOAP 1.2 as ONVIF uses it: a request out of hostile bytes, faults, envelopes. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

REQUEST_BYTES_MAX = 256 * 1024
_DEPTH_MAX = 32

SOAP = "http://www.w3.org/2003/05/soap-envelope"
DEVICE = "http://www.onvif.org/ver10/device/wsdl"
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
MEDIA2 = "http://www.onvif.org/ver20/media/wsdl"
PTZ = "http://www.onvif.org/ver20/ptz/wsdl"
IMAGING = "http://www.onvif.org/ver20/imaging/wsdl"
EVENTS = "http://www.onvif.org/ver10/events/wsdl"
NOTIFICATION = "http://docs.oasis-open.org/wsn/b-2"
SCHEMA = "http://www.onvif.org/ver10/schema"
ADDRESSING = "http://www.w3.org/2005/08/addressing"


class Fault(Exception):
    """A SOAP fault. `codes`: from env:Sender or env:Receiver down to what ONVIF calls the trouble."""

    def __init__(self, *codes: str, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.codes = codes
        self.reason = reason
        self.status = status


def sender_fault(*codes: str, reason: str) -> Fault:
    """The client's mistake: `ter:InvalidArgVal`, and what exactly."""
    return Fault("env:Sender", *codes, reason=reason)


def receiver_fault(*codes: str, reason: str) -> Fault:
    """The device cannot: `ter:Action`, and why."""
    return Fault("env:Receiver", *codes, reason=reason, status=500)


NOT_AUTHORIZED = ("env:Sender", "ter:NotAuthorized")


@dataclass(frozen=True, slots=True)
class SoapRequest:
    """One request: which operation of which service, with what, and who says he is asking."""

    namespace: str
    operation: str
    node: Element
    header: Element | None
    message_id: str = ""


def read_envelope(data: bytes) -> SoapRequest:
    """The request of these bytes. Raises Fault for what is no SOAP, declares a document type, or is too deep."""
    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise sender_fault("ter:WellFormed", reason=f"no XML that is taken here: {type(error).__name__}") from error
    body = root.find(f"{{{SOAP}}}Body")
    if root.tag != f"{{{SOAP}}}Envelope" or body is None or len(body) != 1:
        raise sender_fault("ter:WellFormed", reason="no SOAP 1.2 envelope with one request")
    if _depth(root) > _DEPTH_MAX:
        raise sender_fault("ter:WellFormed", reason="too deep")
    namespace, _, operation = body[0].tag.lstrip("{").rpartition("}")
    header = root.find(f"{{{SOAP}}}Header")
    message_id = header.findtext(f"{{{ADDRESSING}}}MessageID", "") if header is not None else ""
    return SoapRequest(namespace, operation, body[0], header, message_id.strip())


def _depth(root: Element) -> int:
    """Levels of elements, counted level by level: what is too deep must not exhaust the stack here."""
    level, depth = [root], 0
    while level and depth <= _DEPTH_MAX:
        level, depth = [child for node in level for child in node], depth + 1
    return depth


def found(node: Element, path: str) -> Element | None:
    """The element at a path of local names, whatever their namespace: `Mask/Polygon`."""
    return node.find("/".join(f"{{*}}{name}" for name in path.split("/")))


def found_all(node: Element, path: str) -> list[Element]:
    """All elements at such a path."""
    return node.findall("/".join(f"{{*}}{name}" for name in path.split("/")))


def text_of(node: Element, path: str, default: str | None = None) -> str:
    """The text at such a path. Raises Fault when it is missing and there is no default."""
    at = found(node, path)
    if at is not None and at.text is not None and at.text.strip():
        return at.text.strip()
    if default is None:
        raise sender_fault("ter:InvalidArgVal", reason=f"{path} is missing")
    return default


def texts_of(nodes: Iterable[Element]) -> list[str]:
    """The texts of these elements."""
    return [(node.text or "").strip() for node in nodes]


def number_in(node: Element, attribute: str) -> float:
    """A finite number in an attribute. Raises Fault."""
    return finite(node.get(attribute, ""), attribute)


def finite(text: str, what: str) -> float:
    """A finite number. Raises Fault."""
    try:
        number = float(text)
    except ValueError as error:
        raise sender_fault("ter:InvalidArgVal", reason=f"{what} is no number") from error
    if not abs(number) < 1e9:  # NaN is not below anything
        raise sender_fault("ter:InvalidArgVal", reason=f"{what} is no number a camera can use")
    return number


def is_true(text: str) -> bool:
    """An xs:boolean."""
    return text in ("true", "1")


def render(template: str, macro: str, **values: object) -> Markup:
    """The XML that a macro of `templates/<template>.xml.j2` makes of these values, escaped."""
    made: Markup = getattr(_macros(template), macro)(**values)
    return made


@cache
def _macros(template: str) -> object:
    # Autoescape is on: what came from outside stays text, whatever is written in it.
    environment = Environment(
        loader=PackageLoader("sim.endpoints.onvif"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(f"{template}.xml.j2").module


def envelope(body: Markup, *, relates_to: str = "", action: str = "") -> bytes:
    """A SOAP answer. With `relates_to`, it carries the WS-Addressing headers of that request's answer."""
    return str(render("envelope", "envelope", body=body, relates_to=relates_to, action=action)).encode()


def fault_envelope(fault: Fault, relates_to: str = "") -> bytes:
    """A SOAP answer that says what is wrong."""
    return envelope(render("envelope", "fault", codes=fault.codes, reason=fault.reason), relates_to=relates_to)
