"""What a text that leaves the room or stays in a register may not hold: a plate, a picture (LOG-5, OPS-3)."""

from __future__ import annotations

import re

from csu.hal.words import Words

PLACE_SIGNS_MAX = 120


def unfit_for_a_place(text: str) -> Words | None:
    """Why `text` is no name of a place that may be told outside the room; None: it is one, or empty."""
    if len(text) > PLACE_SIGNS_MAX:
        return Words(f"plus de {PLACE_SIGNS_MAX} signes", f"more than {PLACE_SIGNS_MAX} signs")
    if not text.isprintable():
        return Words("des signes invisibles", "signs that cannot be seen")
    if found := personal_data_in(text):
        return Words.same(found)
    return next((told for pattern, told in _NO_PLACE if pattern.search(text)), None)


def personal_data_in(text: str) -> str | None:
    """What in `text` looks like a plate or a picture; None: nothing. Digests and numbers are let through."""
    rest = _UUID.sub("", text)
    for name, pattern in _FORBIDDEN.items():
        if pattern.search(rest):
            return name
    return None


_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_ALONE = r"(?<![A-Za-z0-9]){}(?![A-Za-z0-9])"
_BETWEEN = r"[ ._:/@-]?"
_FORBIDDEN = {
    # Since 2009: AB-123-CD. Before: 1234 ABC 57, and 57 behind a Corsican letter. Letters I, O, U are let in: a person
    # who types a plate may mistype it.
    "plate": re.compile(_ALONE.format(rf"[A-Z]{{2}}{_BETWEEN}\d{{3}}{_BETWEEN}[A-Z]{{2}}"), re.IGNORECASE | re.ASCII),
    "plate before 2009": re.compile(
        _ALONE.format(rf"\d{{2,4}}{_BETWEEN}[A-Z]{{2,3}}{_BETWEEN}(?:\d{{2}}|2[AB]|97\d)"), re.IGNORECASE | re.ASCII
    ),
    "picture": re.compile(r"data:image|/9j/|iVBORw0KGgo|UklGR|R0lGOD|\xff\xd8\xff|\x89PNG|ftyp", re.ASCII),
    # A digest is 64 hexadecimal digits; anything longer without a break may be a picture in base64.
    "long run": re.compile(r"[A-Za-z0-9+/=_-]{65,}", re.ASCII),
}
_NO_PLACE = (
    (
        re.compile(r"://|\bwww\.|@|\.(?:jpe?g|png|gif|webp|heic|mp4|mkv|avi|pdf)\b", re.IGNORECASE),
        Words("une adresse ou un fichier", "an address or a file"),
    ),
    (
        re.compile(r"(?<!\d)(?:\+33[ .-]?|0)[1-9](?:[ .-]?\d\d){4}(?!\d)"),
        Words("un numéro de téléphone", "a telephone number"),
    ),
)
