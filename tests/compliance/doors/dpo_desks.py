"""The data protection officer's desks: each has one thing, whatever is asked of it."""

from __future__ import annotations

from datetime import date
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from csu.console import DpoDesks
from csu.console.dpo import MaskDrawing, RegimeStands, RequestStands, Verification, WaitingMasks
from csu.governance import CameraSpan, CentreKey, MaskRegister, MaskSet, Recorded, Span, TransmissionBasis, Transmitted
from csu.governance.access_requests import AccessRequest, RequestReceived
from csu.governance.certificates import AccessCertificate
from csu.governance.errors import MaskProposalRefused
from csu.governance.journal_search import JournalPage
from csu.governance.legal_regime import RegimeNow
from csu.governance.legal_register import DayAnswer
from csu.governance.signs import SignRegister
from csu.hal.camera import CameraId, CommuneId
from csu.hal.place import PoseBounds
from csu.hal.words import Words

METZ, ARS = CommuneId("metz"), CommuneId("ars")
CAMERA, FAR, OLD = CameraId("cam-0012"), CameraId("cam-0500"), CameraId("cam-0009")
AT_NS = 1_800_000_000 * 10**9


NOBODYS_CAMERA = CameraId("cam-0999")


class JournalInHand:
    async def search(self, query: Any) -> JournalPage:
        return JournalPage((), None)

    def verification(self) -> Verification:
        return Verification()

    def begin_verification(self) -> None:
        return None


class MasksInHand:
    def __init__(self) -> None:
        held = MaskRegister()
        held.propose(MaskSet(CAMERA, None, False, None, PoseBounds(), None, (), (), 2.5), by="x", at_ns=1, reason="y")
        self._one = WaitingMasks(CAMERA, held.standing(CAMERA, 2), held.versions(CAMERA)[0])

    async def waiting(self) -> list[WaitingMasks]:
        return [self._one]

    async def drawing(self, camera: CameraId, *asked: Any) -> MaskDrawing:
        self._require_known(camera)
        return MaskDrawing(0, 0, (), ())

    async def sign(self, camera: CameraId, *asked: Any) -> WaitingMasks:
        self._require_known(camera)
        return self._one

    decline = sign

    def _require_known(self, camera: CameraId) -> None:
        """As the register does: of one that nobody enrolled there are no masks."""
        if camera == NOBODYS_CAMERA:
            nothing = Words("le registre ne connaît pas cette caméra", "the register does not know this camera")
            raise MaskProposalRefused(nothing, where=camera, what_to_do=Words("Vérifiez son nom", "Check its name"))


class SignsInHand:
    async def register(self) -> SignRegister:
        return SignRegister()

    async def record(self, *asked: Any) -> SignRegister:
        return SignRegister()

    remove = record


class RequestsInHand:
    async def requests(self) -> list[RequestStands]:
        return [await self.receive()]

    async def receive(self, *asked: Any) -> RequestStands:
        spans = (CameraSpan(CAMERA, Span(AT_NS - 2, AT_NS - 1)),)
        received = RequestReceived("DA-2027-7", CommuneId("metz"), "", spans, AT_NS, "dpo.1", AT_NS)
        return RequestStands(AccessRequest(received), None)

    async def certificate(self, request: str, number: int) -> AccessCertificate:
        made = ("DA-2027-7", CAMERA, Span(AT_NS - 2, AT_NS - 1), AT_NS, (), (1, "f" * 64))
        return AccessCertificate.make(*made, CentreKey(Ed25519PrivateKey.generate()))

    identify = link = decide = viewed = receive


class RegimeInHand:
    async def stands(self) -> RegimeStands:
        return RegimeStands(None, RegimeNow().allows(AT_NS), ())

    async def enter(self, *asked: Any) -> RegimeStands:
        return await self.stands()


class RegisterInHand:
    """A day of Metz, of Ars, and of a camera that nobody knows any more."""

    async def day(self, day: date, camera: CameraId | None) -> DayAnswer:
        span = Span(AT_NS, AT_NS + 10**9)
        recorded = tuple(Recorded(each, where, day, span, 1) for each, where in ((CAMERA, METZ), (FAR, ARS)))
        return DayAnswer(day, recorded, (), tuple(self._sent(each, span) for each in (CAMERA, FAR, OLD)))

    def commune_of(self, camera: CameraId) -> CommuneId | None:
        return {CAMERA: METZ, FAR: ARS}.get(camera)

    @staticmethod
    def _sent(camera: CameraId, span: Span) -> Transmitted:
        footage = (CameraSpan(camera, span),)
        act = (f"2027-{camera}", TransmissionBasis.CPP_60_1, "TJ Metz", "opj:1", AT_NS)
        return Transmitted(*act, footage, "f" * 64, "BD-R 1", 1)


def dpo_desks() -> DpoDesks:
    return DpoDesks(JournalInHand(), MasksInHand(), SignsInHand(), RequestsInHand(), RegimeInHand(), RegisterInHand())


def dpo_bodies() -> dict[str, dict[str, Any]]:
    """A body that lacks nothing, for each door that wants one."""
    span = {"camera": CAMERA, "from_at": "2027-05-20T10:00:00+02:00", "to_at": "2027-05-20T10:20:00+02:00"}
    law = {"law": "loi n° 2023-380", "official_journal": "JORF n° 0116 du 20 mai 2023"}
    why = {"reason": "contrôle 2027/12"}
    text = "Site sous vidéoprotection. Responsable : le maire."
    sign = {"place": "Place d'Armes", "placed_on": "2027-05-02", "text": text, "cameras": [CAMERA]}
    return {
        "dpo/journal": {"ground": "control", "reference": "CTRL-2027-4"},
        "masks/decline-technical": why,
        "masks/decline-dpo": why,
        "signs/record": sign,
        "signs/remove": why,
        "access/receive": {"place": "Place d'Armes", "received_at": "2027-05-31T09:00:00+02:00", "spans": [span]},
        "access/identity": {"proof": "document_shown"},
        "access/case": {"case": "2027-101"},
        "access/decision": {"decision": "refused", "motive": "third_parties"},
        "access/viewing": {"held_at": "2027-06-01T09:00:00+02:00"},
        "regime/set": law | {"valid_from": "2027-01-01", "valid_until": "2027-12-31"} | why,
        "regime/off": why,
    }
