"""What of an answer, or of what a camera tells, may be read: XML without DTD, not deep, not long. Pure.

`onveef` reads a bomb as an empty answer, and an empty list of microphones would be good news: so it is refused here,
before, and told.
"""

from __future__ import annotations

import io
import re
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from csu.hal.words import Words
from hardware.onvif.errors import answer_refused

DEPTH_MAX = 48
ELEMENTS_MAX = 20_000
CODES_MAX = 4

_CODE = re.compile(r"(?:[A-Za-z_][\w.-]{0,15}:)?([A-Za-z]{1,48})")


def envelope(camera: str, body: bytes) -> Element:
    """The SOAP envelope in `body`. Raises AnswerRefused for everything else."""
    root = document(camera, body)
    if local(root) != "Envelope" or not any(local(child) == "Body" for child in root):
        raise answer_refused(camera, _NO_SOAP)
    return root


def document(camera: str, body: bytes) -> Element:
    """The document in `body`. Raises AnswerRefused for a DTD, for too much, and for what is no XML."""
    depth = elements = 0
    root: Element | None = None
    try:
        for event, element in iterparse(io.BytesIO(body), events=("start", "end"), forbid_dtd=True):
            depth += 1 if event == "start" else -1
            elements += event == "start"
            root = element if root is None else root
            if depth > DEPTH_MAX or elements > ELEMENTS_MAX:
                raise answer_refused(camera, _TOO_DEEP)
    except DefusedXmlException:
        raise answer_refused(camera, _DTD) from None
    except (ParseError, ValueError, LookupError):
        raise answer_refused(camera, _NO_XML) from None
    if root is None:
        raise answer_refused(camera, _NO_XML)
    return root


def fault_codes(root: Element) -> tuple[str, ...] | None:
    """The codes of a fault, the general before the particular, without their prefixes; None when there is no fault."""
    body = next((child for child in root if local(child) == "Body"), None)
    fault = next((child for child in body if local(child) == "Fault"), None) if body is not None else None
    if fault is None:
        return None
    told = [(each.text or "").strip() for each in fault.iter() if local(each) in ("Value", "faultcode")]
    return tuple(match[1] for text in told[:CODES_MAX] if (match := _CODE.fullmatch(text)))


def local(element: Element) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


_TOO_DEEP = Words("trop profonde ou trop longue", "too deep or too long")
_DTD = Words("elle porte une DTD ou des entités", "it carries a DTD or entities")
_NO_XML = Words("ce n'est pas du XML", "it is not XML")
_NO_SOAP = Words("ce n'est pas du SOAP", "it is not SOAP")
