"""The two notices in a package: what is in it, how to look at it, how to check it with tools that are not csu's.

The command lines are kept apart, so that a test runs the very ones that people read.
"""

from __future__ import annotations

from collections.abc import Sequence

from csu.evidence.frames import FrameTable
from csu.evidence.requisition import Requisition
from csu.evidence.spans import paris_text
from csu.hal.words import Language, Words

OPEN_COMMANDS = ("age --decrypt --identity cle.txt {package}.tar.age | tar --extract",)
"""Before one has this notice, hence also on the receipt. `cle.txt`: the recipient's private key."""

CHECK_COMMANDS = (
    "cd {package}",
    "openssl cms -verify -binary -inform DER -in signature/tagmanifest.p7s -content tagmanifest-sha256.txt"
    " -CAfile ../autorite.pem -purpose any -out /dev/null",
    "openssl ts -verify -in signature/tagmanifest.p7s.tsr -data signature/tagmanifest.p7s -CAfile ../horodatage.pem",
    "sha256sum --check --quiet tagmanifest-sha256.txt",
    "sha256sum --check --quiet manifest-sha256.txt",
)
"""`autorite.pem`, `horodatage.pem`: the authorities' certificates, had from somewhere else than the package."""

CSU_COMMAND = "csu evidence verify {package} --trust autorite.pem --trust-time horodatage.pem --case '{case}'"

_FRENCH = """EXTRACTION DE VIDÉOPROTECTION : {case}
{line}

Procédure {number}, {basis}
Requérant : {officer}
{authorised}
CE QUE CONTIENT CE DOSSIER
{files}
  lecteur.html            ouvrir avec un navigateur (Chromium, Edge, Firefox), sans réseau ni installation :
                          lecture, image par image avant et arrière, ralenti, accéléré, arrêt, image fixe,
                          recherche par caméra, date et heure. Le lecteur est séparé des données.
  data/video/             le flux masqué tel qu'il a été enregistré, non réencodé : MP4, H.264, sans son.
  data/frames/            pour chaque image : caméra, lieu, date et heure (UTC et Paris), écart d'horloge,
                          version du masque, empreinte SHA-256 (CSV pour un tableur, JSON).
  data/requisition.json   l'acte. data/export.json : le journal de l'extraction.
  data/chain.json         la chaîne des segments. data/journal.jsonl : l'extrait du journal des opérations.
  signature/              signature CMS du centre et jeton d'horodatage RFC 3161.

Un fichier peut commencer par quelques images d'avant l'intervalle (marquées shown=0, au plus 10 s) : sans elles les
suivantes ne se décodent pas. Le lecteur ne les montre pas.

OUVRIR LE SCELLÉ NUMÉRIQUE (age)
{open}

VÉRIFIER SANS LOGICIEL DU CSU (openssl, sha256sum)
Les certificats autorite.pem et horodatage.pem s'obtiennent auprès des autorités, pas dans ce dossier.
{check}
Si un certificat a expiré depuis, ajoutez à la première commande -attime suivi de l'instant du jeton (secondes Unix) ;
« openssl ts -reply -in signature/tagmanifest.p7s.tsr -text » le donne.

VÉRIFIER AVEC CSU (tout, avec le nom du premier maillon rompu)
{csu}
"""

_ENGLISH = """VIDEO PROTECTION EXPORT: {case}
{line}

Procedure {number}, {basis}
Requested by: {officer}
{authorised}
WHAT THIS FOLDER HOLDS
{files}
  lecteur.html            open it with a browser (Chromium, Edge, Firefox), no network, nothing to install:
                          play, frame by frame both ways, slow, fast, freeze, still picture,
                          search by camera, date and time. The reader is separate from the data.
  data/video/             the masked stream as it was recorded, not encoded again: MP4, H.264, no sound.
  data/frames/            of each frame: camera, place, date and time (UTC and Paris), clock offset,
                          mask version, SHA-256 (CSV for a spreadsheet, JSON).
  data/requisition.json   the act. data/export.json: the export journal.
  data/chain.json         the chain of segments. data/journal.jsonl: the extract of the operations journal.
  signature/              the centre's CMS signature and an RFC 3161 time-stamp token.

A file may begin with some frames from before the interval (marked shown=0, 10 s at most): without them the next ones
cannot be decoded. The reader does not show them.

OPENING THE DIGITAL SEAL (age)
{open}

CHECKING WITHOUT CSU'S SOFTWARE (openssl, sha256sum)
The certificates autorite.pem and horodatage.pem are had from the authorities, not from this folder.
{check}
If a certificate has expired since, add to the first command -attime and the token's instant (Unix seconds), which
"openssl ts -reply -in signature/tagmanifest.p7s.tsr -text" tells.

CHECKING WITH CSU (all of it, naming the first broken link)
{csu}
"""


def notice_texts(case: str, act: Requisition, tables: Sequence[FrameTable], package: str) -> dict[str, str]:
    """file name -> text, French first."""
    return {
        "LISEZ-MOI.txt": _notice(_FRENCH, Language.FRENCH, case, act, tables, package),
        "README.txt": _notice(_ENGLISH, Language.ENGLISH, case, act, tables, package),
    }


def commands(lines: Sequence[str], package: str, case: str = "") -> str:
    """Command lines for this package, indented as notices show them."""
    return "\n".join(f"    {line.format(package=package, case=case)}" for line in lines)


def _notice(
    template: str, language: Language, case: str, act: Requisition, tables: Sequence[FrameTable], package: str
) -> str:
    basis = act.basis.words if act.basis else Words("sans fondement", "no basis")
    by = Words(f"Magistrat : {act.authorised_by}\n", f"Magistrate: {act.authorised_by}\n")
    return template.format(
        case=case,
        line="=" * 40,
        number=act.number,
        basis=basis.in_language(language),
        officer=act.officer.words(),
        authorised=by.in_language(language) if act.authorised_by else "",
        files="\n".join(_cameras(tables, language)),
        open=commands(OPEN_COMMANDS, package),
        check=commands(CHECK_COMMANDS, package),
        csu=commands((CSU_COMMAND,), package, case),
    )


def _cameras(tables: Sequence[FrameTable], language: Language) -> list[str]:
    told = []
    for camera in dict.fromkeys(table.camera for table in tables):
        mine = [table for table in tables if table.camera == camera]
        first, last = paris_text(mine[0].first_ns), paris_text(mine[-1].last_ns)
        frames, where = sum(len(table.asked) for table in mine), f"  {camera}, {mine[0].place} ({mine[0].commune})"
        words = Words(f"{first} à {last}, {frames} images", f"{first} to {last}, {frames} frames").at(where)
        told.append(words.in_language(language))
    return told
