"""Where a ticket is made: by an agent, in his live session, with pictures of that session, and in no other way (VVB-1).

A pure core. No method takes a picture, a file, a signal or a stretch of time: whoever calls names a session, and the
desk asks for the newest masked picture of it. Rights and papers are asked anew at each step, at its instant.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from csu.governance import Action, Decision, Resource, Role, Subject, TicketingPermit, day_in_paris
from csu.hal.camera import CameraId, CameraRecord
from csu.hal.chance import Ids
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.frames import MaskedFrame, require_masked_frame
from csu.hal.personal_data import unfit_for_a_place
from csu.hal.words import Words
from csu.operations.enforcement.draft import (
    AHEAD_NS_MAX,
    BLOTS_MAX,
    PICTURE_AGE_NS_MAX,
    STILLS_MAX,
    STILLS_MIN,
    Blot,
    Draft,
    LiveSession,
    Standing,
    Taken,
    View,
)
from csu.operations.enforcement.errors import TicketRefused, TicketRule
from csu.operations.enforcement.offences import Offence, offence_named
from csu.operations.enforcement.record import TicketRecord, unfit_plate
from csu.operations.enforcement.signing import SigningPapers, record_and_files


class LivePictures(Protocol):
    """The pictures that a live session is being shown."""

    def newest(self, session: str) -> MaskedFrame | None:
        """The newest of them; None: none yet, or no such session. May take a while."""
        ...


class TicketKeeper(Protocol):
    """Where a signed record goes."""

    def keep(self, record: TicketRecord, files: Sequence[bytes]) -> None:
        """Durable and immutable when this returns. Raises CsuError: nothing was signed."""
        ...


class RightsNow(Protocol):
    """`csu.governance.Rights`, by the papers of now."""

    def decide(self, subject: Subject, action: Action, resource: Resource, at_ns: Nanoseconds) -> Decision: ...


@dataclass(frozen=True, slots=True)
class DeskPorts:
    """What the desk stands on."""

    ids: Ids
    pictures: LivePictures
    keeper: TicketKeeper
    rights: RightsNow
    agent: Callable[[str, Nanoseconds], Subject | None]
    """Whose account that is, as a verbalising agent, with his papers of that instant; None: nobody's."""
    permit: Callable[[CameraId, Nanoseconds], TicketingPermit | None]
    camera: Callable[[CameraId], CameraRecord | None]


class Enforcement:
    """All live sessions and drafts of a centre. One call at a time; calls may take the time of a decoded picture."""

    def __init__(self, ports: DeskPorts) -> None:
        self._ports = ports
        self._sessions: dict[str, LiveSession] = {}
        self._drafts: dict[str, Draft] = {}

    # -- the live session ---------------------------------------------------------------------------------------------

    def begin(self, account: str, camera: CameraId, now_ns: Nanoseconds) -> LiveSession:
        """He is shown that camera from now on."""
        session = LiveSession(self._ports.ids.new("live"), account, camera, now_ns)
        self._sessions[session.session] = session
        return session

    def end(self, session: str) -> None:
        """He is shown it no more: nothing is taken in it any more. What he took may still be signed, for a while."""
        self._sessions.pop(session, None)

    # -- what is asked ------------------------------------------------------------------------------------------------

    def why_not(self, account: str, camera: CameraId, offence: Offence, now_ns: Nanoseconds) -> Words | None:
        """Why that agent may not record that offence with that camera now; None: he may."""
        try:
            self._require_offence(offence.offence, now_ns)
            self._require_right(account, Action.TICKET_OPEN, camera, offence, now_ns)
        except TicketRefused as refused:
            return refused.trouble.what
        return None

    def camera_of(self, account: str, session: str) -> CameraId | None:
        """Which camera his live session shows; None: it is over, or not his."""
        found = self._sessions.get(session)
        return found.camera if found is not None and found.account == account else None

    def draft_of(self, account: str, now_ns: Nanoseconds) -> Draft | None:
        """The one that he has not signed yet."""
        self._forget_old(now_ns)
        return next((each for each in self._drafts.values() if each.account == account), None)

    def draft(self, account: str, draft: str, now_ns: Nanoseconds) -> Draft:
        """His own of that name. Raises TicketRefused."""
        self._forget_old(now_ns)
        found = self._drafts.get(draft)
        if found is None or found.account != account:
            raise TicketRefused(
                TicketRule.DRAFT, "draft", "aucun constat de ce nom, ou il a expiré", "no such draft, or it is over"
            )
        return found

    # -- what is done -------------------------------------------------------------------------------------------------

    def open(self, account: str, session: str, offence: str, now_ns: Nanoseconds) -> Draft:
        """Open one with a first still, of the surroundings, of what the session shows now. Raises TicketRefused."""
        if self.draft_of(account, now_ns) is not None:
            raise TicketRefused(
                TicketRule.DRAFT, "draft", "un constat est déjà ouvert : signez-le ou abandonnez-le", "one is open"
            )
        live = self._require_session(account, session)
        found = self._require_offence(offence, now_ns)
        self._require_right(account, Action.TICKET_OPEN, live.camera, found, now_ns)
        first = self._take(live, (), View.CONTEXT, now_ns)
        draft = Draft(self._ports.ids.new("draft"), account, live, found, now_ns, (first,))
        self._drafts[draft.draft] = draft
        return draft

    def take(self, account: str, draft: str, view: View, now_ns: Nanoseconds) -> Draft:
        """One more still of what the same session shows now. Raises TicketRefused."""
        found = self._still_live(account, draft, now_ns)
        return self._keep(replace(found, stills=(*found.stills, self._take(found.session, found.stills, view, now_ns))))

    def paint(self, account: str, draft: str, still: int, blots: Sequence[Blot], now_ns: Nanoseconds) -> Draft:
        """Paint over parts of one of his stills; for good: what is painted over stays so. Raises TicketRefused."""
        found = self.draft(account, draft, now_ns)
        taken = found.still(still)
        if len(taken.blots) + len(blots) > BLOTS_MAX:
            raise TicketRefused(TicketRule.FIELD, "blot", f"{BLOTS_MAX} caches au plus", f"{BLOTS_MAX} at most")
        painted = replace(taken, blots=(*taken.blots, *blots))
        return self._keep(replace(found, stills=tuple(painted if each is taken else each for each in found.stills)))

    def mark(self, account: str, draft: str, corners: Sequence[tuple[float, float]], now_ns: Nanoseconds) -> Draft:
        """He draws where the vehicle stands: it is watched from still 1 on. Raises TicketRefused."""
        found = self._still_live(account, draft, now_ns)
        if found.standing is not None and found.standing.to_ns is not None:
            raise TicketRefused(TicketRule.STANDING, "tickets", "le chronomètre est arrêté", "the timer is stopped")
        return self._keep(replace(found, standing=Standing(tuple(corners), found.stills[0].captured_at_ns)))

    def stop(self, account: str, draft: str, view: View, now_ns: Nanoseconds) -> Draft:
        """The vehicle still stands there: take the second view, and stop the timer. Raises TicketRefused: too soon."""
        found = self._still_live(account, draft, now_ns)
        standing = found.standing
        if standing is None or standing.to_ns is not None:
            raise TicketRefused(TicketRule.STANDING, "tickets", "aucun chronomètre ne court", "no timer runs")
        taken = self._take(found.session, found.stills, view, now_ns)
        left_ns = found.offence.stands_s * NS_PER_S - (taken.captured_at_ns - standing.from_ns)
        if left_ns > 0:
            seconds = -(-left_ns // NS_PER_S)
            raise TicketRefused(TicketRule.STANDING, "tickets", f"encore {seconds} s à observer", f"{seconds} s to go")
        stopped = replace(standing, to_ns=taken.captured_at_ns, last=taken.number)
        return self._keep(replace(found, stills=(*found.stills, taken), standing=stopped))

    def drop(self, account: str, draft: str, now_ns: Nanoseconds) -> None:
        """He records nothing: stills and all are gone. Raises TicketRefused: there is none."""
        del self._drafts[self.draft(account, draft, now_ns).draft]

    def sign(
        self, account: str, draft: str, *, plate: str, country: str, place: str, now_ns: Nanoseconds
    ) -> TicketRecord:
        """He saw it, live, and signs. Durable when this returns. Raises TicketRefused, and what the keeper raises: then
        nothing is signed, and the draft is as it was."""
        found = self.draft(account, draft, now_ns)
        self._require_offence(found.offence.offence, now_ns)
        subject = self._require_right(account, Action.TICKET_OPEN, found.camera, found.offence, now_ns)
        _require_complete(found)
        _require_fields(plate, country, place)
        permit, camera = self._ports.permit(found.camera, now_ns), self._ports.camera(found.camera)
        if permit is None or camera is None or subject.swearing is None or subject.designation is None:
            raise _no_right(Words("une pièce manque", "a paper is missing"))
        papers = SigningPapers(subject.swearing, subject.designation.service, permit, camera)
        record, files = record_and_files(
            self._ports.ids.new("pve"), found, papers, plate=plate, country=country, place=place.strip(), now_ns=now_ns
        )
        self._ports.keeper.keep(record, files)
        del self._drafts[draft]
        return record

    # -- conditions ---------------------------------------------------------------------------------------------------

    def _require_session(self, account: str, session: str) -> LiveSession:
        found = self._sessions.get(session)
        if found is None or found.account != account:
            raise TicketRefused(
                TicketRule.SESSION,
                "session",
                "aucune observation en direct de cette caméra par cet agent",
                "this agent is not watching this camera live",
            )
        return found

    def _still_live(self, account: str, draft: str, now_ns: Nanoseconds) -> Draft:
        found = self.draft(account, draft, now_ns)
        self._require_session(account, found.session.session)
        self._require_right(account, Action.SNAPSHOT, found.camera, found.offence, now_ns)
        return found

    def _require_offence(self, offence: str, now_ns: Nanoseconds) -> Offence:
        found = offence_named(offence)
        if found is None:
            raise TicketRefused(
                TicketRule.OFFENCE, "offence", "cette infraction n'est pas au tableau", "not in the table"
            )
        if not found.is_valid(day_in_paris(now_ns)):
            raise TicketRefused(
                TicketRule.OFFENCE,
                found.offence,
                "cette infraction n'est pas au tableau ce jour-là",
                "this offence is not in the table on that day",
            )
        if found.not_by_eye:
            raise TicketRefused(TicketRule.OFFENCE, found.offence, found.not_by_eye.fr, found.not_by_eye.en)
        return found

    def _require_right(
        self, account: str, action: Action, camera: CameraId, offence: Offence, now_ns: Nanoseconds
    ) -> Subject:
        subject = self._ports.agent(account, now_ns)
        if subject is None or subject.role is not Role.VERBALISER:
            raise _no_right(Words("ce compte n'est à aucun agent verbalisateur", "this account is no agent's"))
        resource = Resource(camera=camera, purpose=offence.kind.purpose, offence=offence.kind)
        decision = self._ports.rights.decide(subject, action, resource, now_ns)
        if not decision.permitted:
            raise _no_right(decision.reason)
        return subject

    def _take(self, live: LiveSession, before: Sequence[Taken], view: View, now_ns: Nanoseconds) -> Taken:
        if len(before) >= STILLS_MAX:
            raise TicketRefused(TicketRule.STILLS, live.camera, f"{STILLS_MAX} vues au plus", f"{STILLS_MAX} at most")
        newest = self._ports.pictures.newest(live.session)
        if newest is None:
            raise TicketRefused(TicketRule.PICTURE, live.camera, "aucune image en direct", "no live picture")
        frame = require_masked_frame(newest, where="csu.operations.enforcement")
        age_ns = now_ns - frame.captured.at_ns
        if frame.camera != live.camera or not -AHEAD_NS_MAX <= age_ns <= PICTURE_AGE_NS_MAX:
            raise TicketRefused(
                *(TicketRule.PICTURE, live.camera, "l'image n'est plus du direct (60 s au plus)"),
                "the picture is live no more (60 s at most)",
            )
        if frame.covered_share >= 1.0:
            raise TicketRefused(TicketRule.PICTURE, live.camera, "l'image est masquée", "the picture is hidden")
        if before and frame.captured.at_ns <= before[-1].captured_at_ns:
            raise TicketRefused(
                TicketRule.PICTURE, live.camera, "c'est l'image déjà prise", "it is the picture taken before"
            )
        return Taken(len(before) + 1, view, frame, now_ns)

    def _keep(self, draft: Draft) -> Draft:
        self._drafts[draft.draft] = draft
        return draft

    def _forget_old(self, now_ns: Nanoseconds) -> None:
        for name in [each.draft for each in self._drafts.values() if each.is_over(now_ns)]:
            del self._drafts[name]


def _require_complete(draft: Draft) -> None:
    if len(draft.stills) < STILLS_MIN or all(each.view is not View.CONTEXT for each in draft.stills):
        raise TicketRefused(
            TicketRule.STILLS,
            "tickets",
            f"il faut de {STILLS_MIN} à {STILLS_MAX} vues, dont une d'ensemble",
            f"it takes {STILLS_MIN} to {STILLS_MAX} stills, one of the surroundings among them",
        )
    lasted_ns = 0 if draft.standing is None else draft.standing.lasted_ns
    if lasted_ns < draft.offence.stands_s * NS_PER_S:
        raise TicketRefused(
            TicketRule.STANDING,
            "tickets",
            f"le véhicule est à observer {draft.offence.stands_s} s, tracé et chronomètre",
            f"the vehicle is to be watched for {draft.offence.stands_s} s, drawn and timed",
        )


def _require_fields(plate: str, country: str, place: str) -> None:
    unfit = unfit_plate(plate, country)
    if unfit is not None:
        raise TicketRefused(TicketRule.FIELD, "PVe", f"immatriculation : {unfit.fr}", f"registration: {unfit.en}")
    no_place = unfit_for_a_place(place) or (None if place.strip() else Words("il est vide", "it is empty"))
    if no_place is not None:
        raise TicketRefused(TicketRule.FIELD, "PVe", f"lieu : {no_place.fr}", f"place: {no_place.en}")


def _no_right(why: Words) -> TicketRefused:
    return TicketRefused(TicketRule.RIGHT, "tickets", why.fr, why.en)
