"""Certificates of destruction: a signed statement as JSON, and the same as a page that a person reads and prints.

One for each line of destruction of the legal register; and one for a person filmed who asks for footage that has
expired (DPO-2). The signature is of the canonical text of `statement`, by the centre's Ed25519 key.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from typing import Any

from csu.governance.centre_key import CentreKey, PublicKey
from csu.governance.legal_calendar import in_paris
from csu.governance.register_lines import Destroyed
from csu.governance.spans import Span
from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.words import Words


@dataclass(frozen=True, slots=True)
class _Signed:
    """A statement, and what it is signed with."""

    statement: str
    """Canonical JSON: what is signed."""
    signature: str
    public_key: str
    """Hexadecimal; whoever checks compares it with the key he got from the centre by another way."""

    def is_signed(self, key: PublicKey) -> bool:
        """Whether the centre made it."""
        return key.signed(self.statement, self.signature)

    @property
    def told(self) -> dict[str, Any]:
        """What it states."""
        found: dict[str, Any] = json.loads(self.statement)
        return found

    def to_json(self) -> str:
        """The whole document."""
        held = {"statement": self.statement, "signature": self.signature, "public_key": self.public_key}
        return json.dumps(held, ensure_ascii=False, indent=2)


class DestructionCertificate(_Signed):
    """Of one line of destruction."""

    @classmethod
    def make(cls, line: Destroyed, number: int, digest: str, key: CentreKey) -> DestructionCertificate:
        """`number` and `digest`: the line's in the register."""
        held = {
            "document": "csu certificate of destruction, 1",
            "certificate": line.certificate,
            "commune": line.commune,
            "day": line.day.isoformat(),
            "cameras": list(line.cameras),
            "segments": line.segments,
            "size_bytes": line.size_bytes,
            "tiers": list(line.tiers),
            "destroyed_at_ns": line.destroyed_at_ns,
            "key_shredded_at_ns": line.key_shredded_at_ns,
            "rule": line.rule.value,
            "kept": [[each.camera, each.span.from_ns, each.span.to_ns] for each in line.kept],
            "register_line": number,
            "register_digest": digest,
        }
        return cls(*_sign(held, key))

    @property
    def number(self) -> str:
        return str(self.told["certificate"])

    def to_html(self) -> str:
        """A page without script, style sheet or picture from elsewhere."""
        told = self.told
        shredded = told["key_shredded_at_ns"]
        rows = [
            (Words("Commune", "Commune"), told["commune"]),
            (Words("Jour filmé (heure de Paris)", "Day filmed (Paris time)"), told["day"]),
            (Words("Caméras", "Cameras"), ", ".join(told["cameras"])),
            (Words("Détruit le", "Destroyed at"), in_paris(told["destroyed_at_ns"])),
            (Words("Clé détruite le", "Key shredded at"), in_paris(shredded) if shredded else "-"),
            (Words("En vertu de", "By rule"), told["rule"]),
            (Words("Copies détruites", "Copies destroyed"), ", ".join(told["tiers"])),
            (Words("Segments, octets", "Segments, bytes"), f"{told['segments']}, {told['size_bytes']}"),
            (Words("Reste sous verrou", "Kept under a lock"), _spans(told["kept"])),
            (Words("Ligne du registre légal", "Line of the legal register"), str(told["register_line"])),
        ]
        return _page(Words("Certificat de destruction", "Certificate of destruction"), self.number, rows, self)


class AccessCertificate(_Signed):
    """For a request of access to footage that no longer exists. It names the request, never the person."""

    @classmethod
    def make(
        cls,
        request: str,
        camera: CameraId,
        span: Span,
        now_ns: Nanoseconds,
        proofs: tuple[str, ...],
        head: tuple[int, str],
        key: CentreKey,
    ) -> AccessCertificate:
        """`proofs`: `day:certificate` for each day; `day:-` where the camera had recorded nothing of it."""
        held = {
            "document": "csu certificate for an access request, 1",
            "request": request,
            "camera": camera,
            "from_ns": span.from_ns,
            "to_ns": span.to_ns,
            "stated_at_ns": now_ns,
            "days": list(proofs),
            "register_line": head[0],
            "register_digest": head[1],
        }
        return cls(*_sign(held, key))

    def to_html(self) -> str:
        """A page without script, style sheet or picture from elsewhere."""
        told = self.told
        gone = [day.replace(":-", " : rien d'enregistré / nothing recorded") for day in told["days"]]
        rows = [
            (Words("Caméra", "Camera"), told["camera"]),
            (Words("Du (heure de Paris)", "From (Paris time)"), in_paris(told["from_ns"])),
            (Words("Au", "To"), in_paris(told["to_ns"])),
            (Words("Jours et certificats de destruction", "Days and certificates of destruction"), "; ".join(gone)),
            (Words("Constaté le", "Stated at"), in_paris(told["stated_at_ns"])),
            (Words("Ligne du registre légal", "Line of the legal register"), str(told["register_line"])),
        ]
        title = Words(
            "Ces images n'existent plus : réponse à une demande d'accès",
            "These pictures no longer exist: answer to an access request",
        )
        return _page(title, told["request"], rows, self)


def _sign(held: dict[str, Any], key: CentreKey) -> tuple[str, str, str]:
    statement = json.dumps(held, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return statement, key.sign(statement), key.public.hex


def _spans(kept: list[list[Any]]) -> str:
    return "; ".join(f"{camera} {in_paris(start)} - {in_paris(end)}" for camera, start, end in kept) or "-"


def _page(title: Words, number: str, rows: list[tuple[Words, str]], signed: _Signed) -> str:
    lines = "".join(
        f"<tr><th>{escape(name.fr)}<br><small>{escape(name.en)}</small></th><td>{escape(value)}</td></tr>"
        for name, value in rows
    )
    style = "body{font:16px sans-serif;max-width:46em;margin:2em auto}th{text-align:left;padding:.4em 1em .4em 0}"
    style += "td{overflow-wrap:anywhere}code{overflow-wrap:anywhere;font-size:.8em}"
    return (
        f'<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>{escape(title.fr)} {escape(number)}</title>'
        f"<style>{style}</style></head><body><h1>{escape(title.fr)}</h1><p>{escape(title.en)}</p>"
        f"<h2>{escape(number)}</h2><table>{lines}</table>"
        f"<p>Signature Ed25519 : <code>{signed.signature}</code></p><p>Clé / key : <code>{signed.public_key}</code></p>"
        f"<p>Texte signé / signed text : <code>{escape(signed.statement)}</code></p></body></html>\n"
    )
