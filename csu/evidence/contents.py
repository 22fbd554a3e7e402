"""What a package holds, looked at link by link. Each look says in words what it found, or raises `Broken`."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import bagit
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from csu.evidence.bag import MANIFEST, TAG_MANIFEST, manifest_of, sha256_of
from csu.evidence.cut import LEAD_IN_NS_MAX, AccessUnits, access_units
from csu.evidence.frames import FrameTable, table_of_json
from csu.evidence.package import CERTIFICATES_FILE, CHAIN, EXPORT, JOURNAL, REQUISITION, SIGNATURE_FILE, STAMP_FILE
from csu.evidence.spans import CameraSpan, is_within, utc_text
from csu.governance.centre_key import PublicKey
from csu.governance.chained_file import link
from csu.hal.words import Words
from csu.recording.chain import link_of

_PAYLOAD = re.compile(
    rf"data/(video/[^/]+/[^/]+\.mp4|frames/[^/]+/[^/]+\.(json|csv)|{REQUISITION}|{EXPORT}|{CHAIN}|{JOURNAL})"
)
_UNSIGNED = {TAG_MANIFEST, SIGNATURE_FILE, STAMP_FILE, CERTIFICATES_FILE}
"""Files that the tag manifest cannot hold, because they come after it."""


class Broken(Exception):
    """A link does not hold. `where`: the file."""

    def __init__(self, words: Words, where: str = "") -> None:
        super().__init__(words.en)
        self.words = words
        self.where = where


@dataclass(frozen=True, slots=True)
class _Shown:
    """One exported file: its line in the export journal, its table, and what the file really holds."""

    flow: dict[str, Any]
    table: FrameTable
    units: AccessUnits


class Contents:
    """The files of one package directory. What was read is kept for the next look."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._shown: list[_Shown] | None = None
        self._identifier: str | None = None
        self.case = ""

    def structure(self) -> Words:
        """Everything that is listed is there, and nothing else: no link, no file that nobody signed."""
        root = self._root
        strange = [path for path in root.rglob("*") if path.is_symlink() or not (path.is_file() or path.is_dir())]
        if strange:
            raise Broken(Words("un lien, pas un fichier", "a link, not a file"), strange[0].name)
        try:
            bag = bagit.Bag(str(root))
            missing, _ = bag.compare_manifests_with_fs()
            self._identifier = bag.info.get("External-Identifier")
        except bagit.BagError as error:
            raise Broken(Words(f"ce n'est pas un paquet BagIt ({error})", f"no BagIt package ({error})")) from error
        if missing:
            raise Broken(Words("il manque", "is missing"), sorted(missing)[0])
        payload = self._manifest()
        listed = {*payload, *manifest_of(self._text(TAG_MANIFEST)), *_UNSIGNED}
        there = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
        if extra := sorted(there - listed):
            raise Broken(Words("un fichier que personne n'a signé", "a file that nobody signed"), extra[0])
        if unknown := sorted(path for path in payload if not _PAYLOAD.fullmatch(path)):
            raise Broken(Words("ce fichier n'a pas sa place ici", "this file has no place here"), unknown[0])
        return Words(f"{len(payload)} fichiers, aucun de plus", f"{len(payload)} files, not one more")

    def case_and_act(self, wanted: str | None) -> Words:
        """One case number everywhere, the one that is asked for."""
        self._require_same(f"data/{REQUISITION}")
        act, export = self._json(f"data/{REQUISITION}"), self._json(f"data/{EXPORT}")
        self.case = str(act["case"])
        said = {
            "bag-info.txt": self._identifier,
            f"data/{EXPORT}": export["case"],
        }
        for file in self._tables():
            said[file] = self._json(file)["case"]
        for file, case in said.items():
            if case != self.case:
                raise Broken(Words(f"est de l'affaire {case}", f"is of case {case}"), file)
        if wanted is not None and wanted != self.case:
            words = Words(
                f"ce paquet est de l'affaire {self.case}, pas {wanted}",
                f"this package is of case {self.case}, not {wanted}",
            )
            raise Broken(words, f"data/{REQUISITION}")
        number, officer = act["number"], act["officer"]["name"]
        return Words(f"{self.case}, {number}, {officer}", f"{self.case}, {number}, {officer}")

    def pictures(self) -> Words:
        """Every video file is the one that was exported: no bit flipped, no end cut off, no two exchanged."""
        listed = self._manifest()
        self._require_same(f"data/{EXPORT}")
        flows = {flow["file"]: flow for flow in self._json(f"data/{EXPORT}")["flows"]}
        videos = [path for path in listed if path.startswith("data/video/")]
        if set(videos) != set(flows) or not videos:
            file = next(iter(sorted(set(videos) ^ set(flows))), f"data/{EXPORT}")
            raise Broken(Words("absent du journal d'extraction", "not in the export journal"), file)
        names = {digest: path for path, digest in listed.items()}
        for path in videos:
            found, size = sha256_of(self._root / path), (self._root / path).stat().st_size
            wanted = flows[path]["size_bytes"]
            if found == listed[path] == flows[path]["sha256"] and size == wanted:
                continue
            if found in names and names[found] != path:
                words = Words(f"échangé : c'est {names[found]}", f"exchanged: it is {names[found]}")
            elif size < wanted:
                words = Words(f"tronqué : {size} octets sur {wanted}", f"cut: {size} bytes of {wanted}")
            else:
                words = Words(
                    "modifié : son empreinte n'est plus la sienne", "changed: its digest is no longer its own"
                )
            raise Broken(words, path)
        return Words(f"{len(videos)} fichiers, bit à bit", f"{len(videos)} files, bit by bit")

    def frames(self) -> Words:
        """Every frame is the one whose camera, place and time the tables tell."""
        for file in self._tables():
            self._require_same(file)
            self._require_same(file.removesuffix("json") + "csv")
        count = 0
        for shown in self._files():
            _require_frames(shown)
            if self._text(shown.flow["frames_file"].removesuffix("json") + "csv", newline="") != shown.table.as_csv():
                raise Broken(
                    Words("le CSV dit autre chose que le JSON", "the CSV says otherwise than the JSON"),
                    shown.table.file,
                )
            count += len(shown.table.asked)
        return Words(f"{count} images, chacune à son heure", f"{count} frames, each at its time")

    def segments(self) -> Words:
        """Each exported segment stands in an unbroken chain of what its camera recorded."""
        self._require_same(f"data/{CHAIN}")
        known: dict[tuple[str, str], str] = {}
        held = self._json(f"data/{CHAIN}")
        for chain in held["chains"]:
            previous = bytes.fromhex(chain["previous"])
            for each in chain["links"]:
                hashes = (bytes.fromhex(each["stored_sha256"]), bytes.fromhex(each["sha256"]))
                digest = link_of(previous, each["name"], *hashes)
                if digest.hex() != each["digest"]:
                    raise Broken(Words(f"rompue à {each['name']}", f"broken at {each['name']}"), f"data/{CHAIN}")
                previous = digest
                known[chain["camera"], each["name"]] = each["sha256"]
        unlinked = held["unlinked"]
        for shown in self._files():
            table = shown.table
            if known.get((table.camera, table.segment)) != table.segment_sha256 and table.segment not in unlinked:
                words = Words(f"{table.segment} n'y est pas", f"{table.segment} is not in it")
                raise Broken(words, table.file)
        if unlinked:
            count = len(unlinked)
            return Words(f"sans rupture, mais {count} hors chaîne", f"unbroken, but {count} in no chain")
        return Words(f"{len(known)} segments, sans rupture", f"{len(known)} segments, unbroken")

    def journal(self) -> Words:
        """The rows are the journal's own, signed with its key, and one of them grants this export."""
        file = f"data/{JOURNAL}"
        self._require_same(file)
        head, *lines = [json.loads(line) for line in self._text(file).splitlines()]
        key, before, grants = _public_key(head["public_key"]), None, False
        for row in lines:
            number, digest = row["sequence"], link(row["previous"], row["sequence"], row["kind"], row["body"])
            follows = before is None or number > before["sequence"]
            chained = before is None or number != before["sequence"] + 1 or row["previous"] == before["digest"]
            if digest != row["digest"] or not (follows and chained):
                raise Broken(Words(f"l'entrée {number} a été modifiée", f"entry {number} was changed"), file)
            if not key.signed(digest, row["signature"]):
                raise Broken(Words(f"l'entrée {number} n'est pas signée", f"entry {number} is not signed"), file)
            said = json.loads(row["body"])
            grants |= row["kind"] == "export" and said.get("case") == self.case and said.get("outcome") == "granted"
            before = row
        if not grants:
            raise Broken(Words("aucune entrée n'accorde cette extraction", "no entry grants this export"), file)
        return Words(f"{len(lines)} entrée(s) signée(s)", f"{len(lines)} signed row(s)")

    def bounds(self) -> Words:
        """Not one shown frame lies outside the act."""
        act, export = self._json(f"data/{REQUISITION}"), self._json(f"data/{EXPORT}")
        asked, exported = _spans(act["spans"]), _spans(export["spans"])
        if not exported or not is_within(exported, asked):
            raise Broken(Words("plus que l'acte ne demande", "more than the act asks for"), f"data/{EXPORT}")
        for shown in self._files():
            table = shown.table
            for frame in table.frames:
                inside = any(s.camera == table.camera and s.holds(frame.captured_ns) for s in exported)
                before = 0 <= table.first_ns - frame.captured_ns <= LEAD_IN_NS_MAX
                if inside != frame.is_asked or not (inside or before):
                    raise Broken(Words("une image hors de l'acte", "a frame outside the act"), table.file)
        return Words("rien hors des intervalles requis", "nothing outside the requested intervals")

    def sound(self) -> Words:
        """Not one audio track in any file (AUD-2)."""
        videos = [path for path in self._manifest() if path.startswith("data/video/")]
        for path in videos:
            with av.open(str(self._root / path), "r", format="mp4") as container:
                if count := len(container.streams.audio):
                    raise Broken(Words(f"{count} piste(s) audio", f"{count} audio track(s)"), path)
        return Words(f"0 piste audio dans {len(videos)} fichiers", f"0 audio tracks in {len(videos)} files")

    # -- inside -------------------------------------------------------------------------------------------------------

    def _manifest(self) -> dict[str, str]:
        return manifest_of(self._text(MANIFEST))

    def _tables(self) -> list[str]:
        return [path for path in self._manifest() if path.startswith("data/frames/") and path.endswith(".json")]

    def _files(self) -> list[_Shown]:
        if self._shown is None:
            flows = self._json(f"data/{EXPORT}")["flows"]
            self._shown = [
                _Shown(
                    flow,
                    table_of_json(self._text(flow["frames_file"])),
                    access_units(self._path(flow["file"]).read_bytes()),
                )
                for flow in flows
            ]
        return self._shown

    def _require_same(self, file: str) -> None:
        """Raises Broken unless the file is the one in the manifest."""
        if sha256_of(self._root / file) != self._manifest().get(file):
            raise Broken(Words("modifié depuis la signature", "changed since it was signed"), file)

    def _path(self, file: str) -> Path:
        """A file that the manifest lists, and no other path."""
        if file not in self._manifest():
            raise Broken(Words("n'est pas dans le manifeste", "is not in the manifest"), file[:200])
        return self._root / file

    def _json(self, file: str) -> dict[str, Any]:
        held = json.loads(self._text(file))
        if not isinstance(held, dict):
            raise Broken(Words("n'est pas ce qu'il doit être", "is not what it must be"), file)
        return held

    def _text(self, file: str, newline: str | None = None) -> str:
        path = self._root / file if file in (MANIFEST, TAG_MANIFEST) else self._path(file)
        with path.open(encoding="utf-8", newline=newline) as opened:
            return opened.read()


def _require_frames(shown: _Shown) -> None:
    """The table tells of exactly the pictures in the file, in order, and the export journal of the table."""
    table, units, flow = shown.table, shown.units, shown.flow
    told = [(f.sha256, f.pts, f.is_key, f.size_bytes) for f in table.frames]
    real = list(zip(units.digests, units.pts, units.key, units.sizes, strict=True))
    if told != real or not table.asked:
        wrong = next((i for i, (a, b) in enumerate(zip(told, real, strict=False)) if a != b), min(len(told), len(real)))
        words = Words(f"l'image {wrong} n'est pas celle de la table", f"frame {wrong} is not the table's")
        raise Broken(words, table.file)
    ordered = sorted(table.frames, key=lambda frame: frame.pts)
    times = [frame.captured_ns for frame in ordered]
    same = (
        flow["file"] == table.file
        and hashlib.sha256(units.parameters).hexdigest() == table.parameters_sha256
        and units.time_base_hz == table.time_base_hz
        and all(
            flow[name] == getattr(table, name) for name in ("camera", "place", "commune", "segment", "mask_version")
        )
        and flow["clock_offset_ms"] == table.clock_offset_ms
        and (flow["images_from"], flow["images_to"]) == (utc_text(table.first_ns), utc_text(table.last_ns))
        and flow["frames"] == len(table.asked)
        and table.file.startswith(f"data/video/{table.camera}/")
    )
    if not same or any(b <= a for a, b in zip(times, times[1:], strict=False)):
        raise Broken(Words("la table et le journal se contredisent", "table and export journal disagree"), table.file)


def _spans(told: list[dict[str, Any]]) -> list[CameraSpan]:
    return [CameraSpan(each["camera"], int(each["from_ns"]), int(each["to_ns"])) for each in told]


def _public_key(text: str) -> PublicKey:
    return PublicKey(Ed25519PublicKey.from_public_bytes(bytes.fromhex(text)))
