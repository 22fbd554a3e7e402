"""Making an export package: a signed, time-stamped BagIt bag that explains itself, then sealed for the officer.

`SIGNATURES/` signs the tag manifest, which holds the digest of the manifest, which holds every file's. Each file that
is written is read back; nothing is left behind when any of it fails.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from csu import __version__
from csu.evidence import seal as seal_
from csu.evidence.bag import SIGNATURES, TAG_MANIFEST, close_bag, sha256_of
from csu.evidence.cut import cut, failed, read_segment
from csu.evidence.errors import ReleaseRefused
from csu.evidence.footage import ChainProof, JournalExtract, StoredSegment
from csu.evidence.frames import FrameTable
from csu.evidence.notice import notice_texts
from csu.evidence.reader import reader_page
from csu.evidence.requisition import Requisition, faults_of
from csu.evidence.sign import Signer, sign
from csu.evidence.spans import CameraSpan, is_within, paris_text, united, utc_text
from csu.governance.register_errors import StampRefused
from csu.governance.time_stamps import StampAuthority, StampTrust, stamp
from csu.hal.camera import CameraRecord
from csu.hal.clock import Nanoseconds
from csu.hal.media import Gap
from csu.hal.words import Words
from csu.recording.chain import link_of

SIGNATURE_FILE = f"{SIGNATURES}/tagmanifest.p7s"
STAMP_FILE = f"{SIGNATURES}/tagmanifest.p7s.tsr"
CERTIFICATES_FILE = f"{SIGNATURES}/certificates.pem"
REQUISITION, EXPORT, CHAIN, JOURNAL = "requisition.json", "export.json", "chain.json", "journal.jsonl"
"""Under `data/`."""
READER = "lecteur.html"
FILES_MAX = 10_000
_RULE = "digest = SHA-256('csu-chain-1' | previous | length of name in 2 bytes | name | stored_sha256 | sha256)"


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What is to be exported, for whom, by whom. The desk said yes before: `RequisitionDesk.require_release`."""

    case: str
    act: Requisition
    spans: tuple[CameraSpan, ...]
    """Within the act's, each past."""
    exporter: str
    exported_at_ns: Nanoseconds
    centre: str
    cameras: tuple[CameraRecord, ...]
    """Of every exported camera: its place and commune."""
    chains: tuple[ChainProof, ...]
    journal: JournalExtract
    """Already with the entry that grants this very export: the journal write precedes the first byte."""
    unlinked: tuple[str, ...] = ()
    """Names of segments that stand in no chain, because they were recovered after a crash: exported, and said so."""
    gaps: tuple[Gap, ...] = ()
    """What was not recorded in the spans, and why."""
    absent: tuple[tuple[CameraSpan, str], ...] = ()
    """What is not in it and no node accounts for: `unaccounted`, or `destroyed` before the act came."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package as it lies in its directory, not yet sealed."""

    root: Path
    sha256: str
    """Of its tag manifest: the one digest that holds all of it. For the case, the journal and the receipt."""
    tables: tuple[FrameTable, ...]


def make_package(
    order: ExportOrder,
    segments: Iterable[StoredSegment],
    parent: Path,
    signer: Signer,
    authority: StampAuthority,
    stamp_roots: Sequence[x509.Certificate],
) -> Package:
    """Make the package in a new directory of `parent`, plain: seal it and remove it (`seal_package`).

    `segments`: in order of time for each camera; every one that holds a part of a span. They are only read, one after
    another, each once: the recorder goes on beside it. Raises ReleaseRefused, ExportFailed, DiskError: then nothing of
    it is left.
    """
    _require_bounds(order)
    root = parent / f"csu-{_plain(order.case)}-{utc_text(order.exported_at_ns)[:19].replace(':', '').replace('-', '')}Z"
    try:
        root.mkdir(parents=True)
    except OSError as error:
        what = Words(f"le dossier ne peut être créé ({error.strerror})", f"no directory ({error.strerror})")
        raise failed(str(root), what) from error
    try:
        return _fill(order, segments, root, signer, authority, stamp_roots)
    except BaseException:
        shutil.rmtree(root, ignore_errors=True)
        raise


def seal_package(package: Package, target: Path, recipients: Sequence[str]) -> str:
    """Encrypt the package to `target` for the officer's age keys, then remove the plain one; returns its SHA-256.

    Raises EvidenceInputRefused for a key that is none: the plain package is then still there.
    """
    try:
        seal_.seal(package.root, target, recipients)
    except OSError as error:
        target.unlink(missing_ok=True)
        what = Words(f"le scellement a échoué ({error})", f"sealing failed ({error})")
        raise failed(str(target), what) from error
    shutil.rmtree(package.root)
    return sha256_of(target)


# -- inside -----------------------------------------------------------------------------------------------------------


def _fill(
    order: ExportOrder,
    segments: Iterable[StoredSegment],
    root: Path,
    signer: Signer,
    authority: StampAuthority,
    stamp_roots: Sequence[x509.Certificate],
) -> Package:
    data = root / "data"
    data.mkdir()
    tables = _cut_all(order, segments, root)
    _write_json(data / REQUISITION, requisition_json(order.case, order.act))
    _write_json(data / CHAIN, _chains_json(order.chains, order.unlinked))
    _write_journal(data / JOURNAL, order.journal)
    flows = [_flow(table, root) for table in tables]
    _write_json(data / EXPORT, _export_json(order, flows))
    reader = reader_page(order.case, order.centre, tables, [str(flow["sha256"]) for flow in flows])
    (root / READER).write_text(reader, encoding="utf-8")
    for name, text in notice_texts(order.case, order.act, tables, root.name).items():
        (root / name).write_text(text, encoding="utf-8")
    digest = close_bag(root, _bag_info(order))
    _sign(root, signer, authority, stamp_roots)
    return Package(root, digest, tables)


def _cut_all(order: ExportOrder, segments: Iterable[StoredSegment], root: Path) -> tuple[FrameTable, ...]:
    about = {camera.camera: camera for camera in order.cameras}
    chained = {link.name: link.sha256 for chain in order.chains for link in chain.links}
    tables: list[FrameTable] = []
    for segment in segments:
        spans = [span for span in united(order.spans) if span.camera == segment.camera]
        if not spans:
            continue
        is_known = chained.get(segment.name) == segment.chained_sha256 or segment.name in order.unlinked
        if segment.camera not in about or not is_known:
            what = Words("segment sans preuve de chaîne, ou sans lieu", "a segment without chain proof, or place")
            raise failed(segment.name, what)
        data = read_segment(segment)
        for span in spans:
            table = _cut_one(order.case, data, segment, span, about[segment.camera], root)
            if table is not None:
                tables.append(table)
        if len(tables) > FILES_MAX:
            raise failed(order.case, Words("plus de 10 000 fichiers", "more than 10,000 files"))
    if not tables:
        raise failed(order.case, Words("aucune image dans ces intervalles", "no picture in these intervals"))
    return tuple(sorted(tables, key=lambda table: (table.camera, table.first_ns)))


def _cut_one(
    case: str, data: bytes, segment: StoredSegment, span: CameraSpan, about: CameraRecord, root: Path
) -> FrameTable | None:
    start = utc_text(max(span.from_ns, segment.start_ns))[:23].replace("-", "").replace(":", "")
    file = f"data/video/{segment.camera}/{start}Z.mp4"
    target = root / file
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        raise failed(segment.name, Words("deux segments pour le même instant", "two segments of one instant"))
    table = cut(data, segment, span, about, case=case, file=file, target=target)
    if table is None:
        target.unlink(missing_ok=True)
        return None
    beside = root / file.replace("data/video/", "data/frames/").removesuffix(".mp4")
    beside.parent.mkdir(parents=True, exist_ok=True)
    beside.with_name(beside.name + ".json").write_text(table.as_json(), encoding="utf-8")
    beside.with_name(beside.name + ".csv").write_text(table.as_csv(), encoding="utf-8", newline="")
    return table


def _require_bounds(order: ExportOrder) -> None:
    """The desk asked already; the maker asks again: a caller that forgot the desk gets nothing either."""
    is_past = all(span.to_ns <= order.exported_at_ns for span in order.spans)
    if faults := faults_of(order.act):
        raise ReleaseRefused(
            faults[0], where=order.case, what_to_do=Words("Rien n'a été exporté", "Nothing was exported")
        )
    if order.spans and is_within(order.spans, order.act.spans) and is_past:
        return
    raise ReleaseRefused(
        Words("hors des caméras et intervalles de l'acte", "outside the act's cameras and intervals"),
        where=order.case,
        what_to_do=Words("Rien n'a été exporté", "Nothing was exported"),
    )


def requisition_json(case: str, act: Requisition) -> dict[str, Any]:
    """The act as the package tells it."""
    held: dict[str, Any] = {
        "format": "csu-requisition-1",
        "case": case,
        "basis": act.basis.value if act.basis else None,
        "basis_words": asdict(act.basis.words) if act.basis else None,
        "number": act.number,
        "officer": asdict(act.officer),
        "authorised_by": act.authorised_by,
        "received": utc_text(act.received_at_ns),
        "act_sha256": act.act_sha256,
        "spans": [_span_json(span) for span in act.spans],
    }
    if act.habilitation is not None:
        held["habilitation"] = act.habilitation.reference
    return held


def _span_json(span: CameraSpan) -> dict[str, Any]:
    return {
        "camera": span.camera,
        "from": utc_text(span.from_ns),
        "to": utc_text(span.to_ns),
        "from_paris": paris_text(span.from_ns),
        "to_paris": paris_text(span.to_ns),
        "from_ns": span.from_ns,
        "to_ns": span.to_ns,
    }


def _export_json(order: ExportOrder, flows: list[dict[str, Any]]) -> dict[str, Any]:
    """The export journal (EXP-8; arrêté du 3 août 2007, art. 3)."""
    return {
        "format": "csu-export-1",
        "case": order.case,
        "number": order.act.number,
        "centre": order.centre,
        "exporter": order.exporter,
        "exported": utc_text(order.exported_at_ns),
        "exported_paris": paris_text(order.exported_at_ns),
        "software": f"csu {__version__}",
        "spans": [_span_json(span) for span in order.spans],
        "flows": flows,
        "not_recorded": [
            {"camera": gap.camera, "from": utc_text(gap.start_ns), "to": utc_text(gap.end_ns), "cause": gap.cause.value}
            for gap in order.gaps
        ]
        + [
            {"camera": span.camera, "from": utc_text(span.from_ns), "to": utc_text(span.to_ns), "cause": cause}
            for span, cause in order.absent
        ],
    }


def _flow(table: FrameTable, root: Path) -> dict[str, Any]:
    path = root / table.file
    return {
        "file": table.file,
        "frames_file": table.file.replace("data/video/", "data/frames/").removesuffix(".mp4") + ".json",
        "camera": table.camera,
        "place": table.place,
        "commune": table.commune,
        "images_from": utc_text(table.first_ns),
        "images_to": utc_text(table.last_ns),
        "images_from_paris": paris_text(table.first_ns),
        "images_to_paris": paris_text(table.last_ns),
        "duration_ms": (table.last_ns - table.first_ns) // 1_000_000,
        "frames": len(table.asked),
        "frames_before_the_interval": len(table.frames) - len(table.asked),
        "segment": table.segment,
        "segment_sha256": table.segment_sha256,
        "mask_version": table.mask_version,
        "clock_offset_ms": table.clock_offset_ms,
        "clock": table.clock,
        "size_bytes": path.stat().st_size,
        "sha256": sha256_of(path),
    }


def _chains_json(chains: Iterable[ChainProof], unlinked: Sequence[str]) -> dict[str, Any]:
    """Raises ExportFailed for a proof that proves nothing: better here than in court."""
    told = []
    for chain in chains:
        previous = chain.previous
        for link in chain.links:
            if link.digest != link_of(previous, link.name, link.stored_sha256, link.sha256):
                raise failed(link.name, Words("la chaîne des segments est rompue", "the chain of segments is broken"))
            previous = link.digest
        links = [
            {"name": x.name, "stored_sha256": x.stored_sha256.hex(), "sha256": x.sha256.hex(), "digest": x.digest.hex()}
            for x in chain.links
        ]
        told.append({"camera": chain.camera, "previous": chain.previous.hex(), "anchor": chain.anchor, "links": links})
    return {"format": "csu-chain-1", "rule": _RULE, "chains": told, "unlinked": list(unlinked)}


def _write_journal(path: Path, extract: JournalExtract) -> None:
    head = {"format": "csu-journal-1", "public_key": extract.public_key}
    rows = ({"previous": line.previous, **asdict(line.row)} for line in extract.lines)
    path.write_text("".join(_json_line(row) for row in (head, *rows)), encoding="utf-8")


def _json_line(held: dict[str, Any]) -> str:
    return json.dumps(held, ensure_ascii=False, separators=(",", ":")) + "\n"


def _write_json(path: Path, held: dict[str, Any]) -> None:
    path.write_text(json.dumps(held, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _bag_info(order: ExportOrder) -> Iterator[tuple[str, str]]:
    yield "Source-Organization", order.centre
    yield "External-Identifier", order.case
    yield "External-Description", f"{order.act.number}, {order.act.officer.words()}"
    yield "Bagging-Date", utc_text(order.exported_at_ns)[:10]
    yield "Bag-Software-Agent", f"csu {__version__}"


def _sign(root: Path, signer: Signer, authority: StampAuthority, stamp_roots: Sequence[x509.Certificate]) -> None:
    (root / SIGNATURES).mkdir()
    signature = sign((root / TAG_MANIFEST).read_bytes(), signer)
    (root / SIGNATURE_FILE).write_bytes(signature)
    try:
        token = stamp(authority, signature, StampTrust.of(stamp_roots))
    except StampRefused as error:
        said = error.trouble.what
        raise failed("rfc3161", Words(f"pas d'horodatage : {said.fr}", f"no time-stamp: {said.en}")) from error
    (root / STAMP_FILE).write_bytes(token)
    enclosed = (*signer.certificates, *stamp_roots)
    (root / CERTIFICATES_FILE).write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in enclosed))


def _plain(case: str) -> str:
    """A case number as part of a file name."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in case)[:60] or "x"
