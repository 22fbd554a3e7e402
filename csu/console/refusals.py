"""Everything the console says no to: one closed list, each in French and in English, with a stable code."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from csu.governance import Decision
from csu.hal.errors import CsuError
from csu.hal.words import NO_WORDS, Words


class ConsoleError(CsuError):
    """The console cannot start or cannot serve."""


@dataclass(frozen=True, slots=True)
class Wording:
    """How a refusal is told. `status` is the HTTP status; `close_code` the WebSocket one (RFC 6455, 4000 to 4999)."""

    status: int
    close_code: int
    fr: str
    en: str


class Refusal(Enum):
    """Why the console said no. The name in lower case is the code a program may rely on."""

    REPLAY_CLOSED = Wording(
        403,
        4403,
        "La relecture est fermée aux opérateurs : direct uniquement. Passez par une réquisition judiciaire.",
        "Replay is closed to operators: live only. A judicial requisition is the way.",
    )
    NOT_IDENTIFIED = Wording(
        401,
        4401,
        "Qui demande ? La console ne répond qu'à un compte personnel connu.",
        "Who asks? The console answers to a known personal account only.",
    )
    SIGN_IN_REFUSED = Wording(401, 4401, "L'identité n'est pas prouvée.", "The identity is not proved.")
    SIGN_IN_TOO_OFTEN = Wording(429, 4429, "Trop d'essais. Attendez.", "Too many tries. Wait.")
    PASSKEY_REFUSED = Wording(
        409,
        4409,
        "Cette clé d'accès n'est pas acceptée. Ouvrez la console par son nom, et réessayez.",
        "This passkey is not accepted. Open the console by its name, and try again.",
    )
    ACCOUNTS_ABSENT = Wording(503, 4503, "Cette console n'a pas de comptes.", "This console has no accounts.")
    NOT_PERMITTED = Wording(403, 4403, "Refusé", "Refused")
    SECOND_PERSON = Wording(409, 4409, "Pas encore", "Not yet")
    JOURNAL_UNAVAILABLE = Wording(
        503,
        4503,
        "Le journal ne peut être écrit : rien n'est montré ni fait. Prévenez l'administrateur.",
        "The journal cannot be written: nothing is shown or done. Tell the administrator.",
    )
    CASE_REFUSED = Wording(
        409, 4409, "Le dossier ne le permet pas. Voyez le motif.", "The case does not allow it. See why."
    )
    CASE_UNKNOWN = Wording(
        404, 4404, "Dossier inconnu. Enregistrez d'abord l'acte.", "No such case. Register the act first."
    )
    HOLD_UNKNOWN = Wording(404, 4404, "Aucun gel demandé sous ce numéro.", "No hold was asked for under this number.")
    CASES_ABSENT = Wording(
        503, 4503, "Ce centre n'a pas de bureau des réquisitions.", "This centre has no requisition desk."
    )
    ALARM_UNKNOWN = Wording(404, 4404, "Aucune alarme de ce nom n'attend.", "No alarm of that name is waiting.")
    ALARM_TAKEN = Wording(409, 4409, "Cette alarme est déjà prise.", "This alarm is taken already.")
    ALARM_STEP_REFUSED = Wording(
        409, 4409, "L'alarme n'en est pas là. Voyez les étapes possibles.", "The alarm is not there. See its steps."
    )
    SIGNAL_UNKNOWN = Wording(404, 4404, "Aucun signalement de ce nom n'attend.", "No signal of that name is waiting.")
    ANALYSIS_REFUSED = Wording(409, 4409, "Rien n'a changé. Voyez le motif.", "Nothing changed. See why.")
    ZONES_REFUSED = Wording(
        409, 4409, "Les zones restent comme elles sont. Voyez le motif.", "The zones stand as they are. See why."
    )
    ANALYSIS_ABSENT = Wording(503, 4503, "Ce centre n'analyse pas d'images.", "This centre analyses no pictures.")
    ALARMS_ABSENT = Wording(503, 4503, "Ce centre ne reçoit pas d'alarmes.", "This centre takes no alarms.")
    SPEECH_REFUSED = Wording(409, 4409, "Ce message n'est pas diffusé. Voyez le motif.", "Not said. See why.")
    LOUDSPEAKERS_ABSENT = Wording(503, 4503, "Ce centre n'a pas de haut-parleur.", "This centre has no loudspeaker.")
    POST_NOT_TAKEN = Wording(409, 4409, "Vous n'êtes pas en poste. Prenez-le.", "You have no post. Take it.")
    LEAVE_REFUSED = Wording(409, 4409, "Vous restez en poste. Voyez le motif.", "You stay on watch. See why.")
    ROOM_ABSENT = Wording(503, 4503, "Ce centre n'a pas de salle.", "This centre has no room.")
    ROSTER_REFUSED = Wording(409, 4409, "Le tableau reste comme il est. Voyez le motif.", "The roster stands. See why.")
    NOTE_REFUSED = Wording(409, 4409, "La consigne n'est pas prise. Voyez le motif.", "The note is not taken. See why.")
    NOTE_UNKNOWN = Wording(404, 4404, "Aucune consigne de ce numéro.", "There is no note of that number.")
    VISIT_REFUSED = Wording(409, 4409, "La visite n'est pas inscrite. Voyez le motif.", "Not written. See why.")
    VISIT_UNKNOWN = Wording(404, 4404, "Aucune visite de ce numéro.", "There is no visit of that number.")
    EVENT_REFUSED = Wording(409, 4409, "L'événement reste comme il est. Voyez le motif.", "The event stands. See why.")
    EVENT_UNKNOWN = Wording(404, 4404, "Aucun événement de ce numéro.", "There is no event of that number.")
    EVENTS_ABSENT = Wording(503, 4503, "Ce centre ne tient pas d'événements.", "This centre keeps no events.")
    PTZ_REFUSED = Wording(409, 4409, "La caméra n'est pas à vous. Voyez le motif.", "The camera is not yours. See why.")
    PTZ_ABSENT = Wording(404, 4404, "Cette caméra ne se tourne pas.", "This camera cannot be turned.")
    TOUR_REFUSED = Wording(409, 4409, "La ronde ne commence pas. Voyez le motif.", "The tour does not begin. See why.")
    TOURS_ABSENT = Wording(503, 4503, "Ce centre ne fait pas de rondes.", "This centre makes no tours.")
    MAP_ABSENT = Wording(404, 4404, "Ce centre n'a pas de carte.", "This centre has no map.")
    ENTRY_REFUSED = Wording(
        409, 4409, "La main courante ne peut contenir cela. Voyez le motif.", "The log may not hold that. See why."
    )
    ENTRY_UNKNOWN = Wording(404, 4404, "Aucune entrée de ce numéro.", "There is no entry of that number.")
    LOG_ABSENT = Wording(503, 4503, "Ce centre ne tient pas de main courante.", "This centre keeps no log.")
    COMMUNES_ABSENT = Wording(
        503, 4503, "Ce centre ne tient pas de chiffres par commune.", "This centre keeps no figures of communes."
    )
    COMMUNE_UNKNOWN = Wording(404, 4404, "Aucune commune de ce nom.", "There is no commune of that name.")
    MONTH_UNKNOWN = Wording(
        404, 4404, "Ce mois n'est pas à lire : voyez la liste.", "This month cannot be read: see the list."
    )
    STATISTICS_ABSENT = Wording(503, 4503, "Ce centre ne compte rien.", "This centre counts nothing.")
    COUNTER_UNKNOWN = Wording(404, 4404, "Aucun compteur de ce nom.", "There is no counter of that name.")
    PERIOD_REFUSED = Wording(
        409, 4409, "Cette période n'est pas à lire. Voyez ses bornes.", "This period cannot be read. See its bounds."
    )
    INVENTORY_ABSENT = Wording(
        503, 4503, "Ce centre ne montre pas son inventaire.", "This centre does not show its inventory."
    )
    LIFECYCLE_REFUSED = Wording(
        409, 4409, "La caméra reste où elle en est. Voyez le motif.", "The camera stays as it is. See why."
    )
    DEPORT_REFUSED = Wording(
        409, 4409, "Rien n'est ouvert ni prolongé. Voyez le motif.", "Nothing is opened or prolonged. See why."
    )
    DEPORT_UNKNOWN = Wording(404, 4404, "Aucun déport de ce nom.", "There is no deport of that name.")
    DEPORT_OVER = Wording(410, 4404, "Ce déport est terminé.", "This deport is over.")
    DEPORTS_ABSENT = Wording(503, 4503, "Ce centre ne déporte pas d'images.", "This centre deports no pictures.")
    TICKET_REFUSED = Wording(
        409, 4409, "Rien n'est constaté ni signé. Voyez le motif.", "Nothing is recorded or signed. See why."
    )
    TICKET_UNKNOWN = Wording(404, 4404, "Aucun constat de ce nom n'est à vous.", "No record of that name is yours.")
    TICKETS_ABSENT = Wording(503, 4503, "Ce centre ne vidéoverbalise pas.", "This centre does no video enforcement.")
    CALL_UNKNOWN = Wording(404, 4404, "Aucun appel de ce nom.", "There is no call of that name.")
    CALL_REFUSED = Wording(
        409, 4409, "L'appel reste comme il est. Voyez le motif.", "The call stays as it is. See why."
    )
    CALLS_ABSENT = Wording(503, 4503, "Ce centre n'appelle personne.", "This centre calls nobody.")
    BODY_TOO_LARGE = Wording(413, 4413, "Demande trop longue.", "Request too long.")
    HOST_REFUSED = Wording(
        421,
        4421,
        "Cette adresse n'est pas celle de la console. Ouvrez la console par son adresse déclarée.",
        "This address is not the console's. Open the console at its declared address.",
    )
    ORIGIN_REFUSED = Wording(
        403,
        4403,
        "Demande venue d'une autre page : refusée. Ouvrez la console elle-même.",
        "Asked from another page: refused. Open the console itself.",
    )
    CAMERA_UNKNOWN = Wording(
        404, 4404, "Caméra inconnue. Vérifiez la liste des caméras.", "Unknown camera. Check the list of cameras."
    )
    TOO_MANY_VIEWERS = Wording(
        503,
        4429,
        "Trop de flux ouverts. Fermez des vues, ou réessayez dans un instant.",
        "Too many open streams. Close some views, or try again in a moment.",
    )
    VIEWER_TOO_SLOW = Wording(
        408,
        4408,
        "Ce poste ne suit plus le direct : flux coupé. Il reprendra de lui-même.",
        "This workstation no longer keeps up: stream cut. It will start again by itself.",
    )
    VIEWER_SPOKE = Wording(400, 1003, "Ce flux ne reçoit aucun message.", "This stream takes no message.")
    STREAM_ENDED = Wording(
        503,
        1012,
        "Le flux s'est arrêté côté centre. Reprise automatique.",
        "The stream ended at the centre. It will start again by itself.",
    )
    WALL_ABSENT = Wording(
        503,
        4503,
        "Le mur d'images ne tourne pas. Voyez l'état du centre.",
        "The video wall is not running. Look at the centre's health.",
    )
    WALL_REFUSED = Wording(409, 4409, "Le mur reste comme il est. Voyez le motif.", "The wall stays as it is. See why.")
    WALL_NODE_UNKNOWN = Wording(
        404,
        4404,
        "Ce centre n'attend pas cette machine du mur. Voyez le fichier du mur.",
        "This centre awaits no such machine of the wall. Look at the wall's file.",
    )
    WALL_NODE_REPLACED = Wording(
        409,
        4409,
        "Une autre connexion dessine cette part du mur. Une seule machine à la fois.",
        "Another connection draws this part of the wall. One machine at a time.",
    )
    WALL_NODE_SLOW = Wording(
        408,
        4408,
        "Cette machine du mur ne prend plus rien : coupée. Elle reviendra d'elle-même.",
        "This machine of the wall takes nothing any more: cut. It will come back by itself.",
    )
    DPO_ABSENT = Wording(
        503, 4503, "Ce centre ne tient pas ce registre ici.", "This centre does not keep that register here."
    )
    MASKS_UNKNOWN = Wording(404, 4404, "Cette version de masques n'existe pas.", "There is no such version of masks.")
    MASKS_REFUSED = Wording(
        409, 4409, "Cette signature ne compte pas. Voyez le motif.", "This signature does not count. See why."
    )
    SIGN_OF_TWO_COMMUNES = Wording(
        409,
        4409,
        "Un panneau est d'une seule commune. Inscrivez-en un par commune.",
        "A sign is of one commune. Record one for each commune.",
    )
    RECORD_REFUSED = Wording(409, 4409, "Rien n'est inscrit. Voyez le motif.", "Nothing is recorded. See why.")
    CENTRE_TROUBLE = Wording(
        503, 4503, "Le centre n'a pas pu répondre. Voyez le détail.", "The centre could not answer. See the detail."
    )
    NOT_FOUND = Wording(404, 4404, "Cette page n'existe pas.", "There is no such page.")
    METHOD_REFUSED = Wording(
        405, 4405, "Cette porte ne s'ouvre pas par cette méthode HTTP.", "This door does not open by this HTTP method."
    )
    REQUEST_INVALID = Wording(422, 4422, "Demande mal formée.", "Malformed request.")
    FAULT = Wording(
        500,
        1011,
        "Défaut interne de la console. Prévenez l'administrateur ; l'enregistrement n'est pas touché.",
        "Internal fault of the console. Tell the administrator; recording is not affected.",
    )

    @property
    def code(self) -> str:
        return self.name.lower()


class ErrorAnswer(BaseModel):
    """The body of every error. `where` names the camera, page or node; `detail` is for the administrator."""

    model_config = ConfigDict(frozen=True)

    code: Annotated[str, Field(json_schema_extra={"enum": [refusal.code for refusal in Refusal]})]
    fr: str
    en: str
    where: str = ""
    detail: Words = NO_WORDS
    rule: str = ""
    """Of a right that is missing: the rule that refused it (`csu/governance/policies.cedar`)."""


class Refused(ConsoleError):
    """One refusal, raised where it happens and told at the door. `cause`: the trouble behind it, if there is one."""

    def __init__(self, refusal: Refusal, *, where: str, cause: CsuError | None = None) -> None:
        wording = refusal.value
        what_to_do = NO_WORDS if cause is None else cause.trouble.words
        super().__init__(Words(wording.fr, wording.en), where=where, what_to_do=what_to_do)
        self.refusal = refusal
        self.cause = cause

    def answer(self) -> ErrorAnswer:
        """What the caller is told."""
        wording = self.refusal.value
        return ErrorAnswer(
            code=self.refusal.code,
            fr=wording.fr,
            en=wording.en,
            where=self.trouble.where,
            detail=NO_WORDS if self.cause is None else self.cause.trouble.words,
        )


class Denied(Refused):
    """A right is missing: refused with the reason and the text behind it."""

    def __init__(self, decision: Decision, *, where: str, refusal: Refusal = Refusal.NOT_PERMITTED) -> None:
        super().__init__(refusal, where=where)
        self.decision = decision

    def answer(self) -> ErrorAnswer:
        told, why = super().answer(), self.decision
        reason = Words(f"{why.reason.fr} ({why.source})", f"{why.reason.en} ({why.source})")
        if self.refusal is Refusal.REPLAY_CLOSED:
            return told.model_copy(update={"detail": reason, "rule": why.rule})
        texts = {"fr": f"{told.fr} : {reason.fr}.", "en": f"{told.en}: {reason.en}."}
        return told.model_copy(update=texts | {"rule": why.rule})
