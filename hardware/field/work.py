"""Cameras entered into a site: see `csu.hal.fieldwork.Fieldwork`. Shell around the vault, the entries and the devices.

The order lets each step be done again: the certificate is pinned before a login is sent over it, the login is in the
vault before the device is asked to change it.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from onveef import envelopes

from csu.hal.camera import CameraId, CommuneId, ViewType
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.errors import BadInput
from csu.hal.fieldwork import (
    Candidate,
    Entered,
    Fieldwork,
    Findings,
    FoundCamera,
    Newcomer,
    PasswordOf,
    Placement,
    Stage,
)
from csu.hal.words import Words
from csu.machine import SystemChance, SystemClock, SystemIds
from hardware.conform.camera_target import CameraTarget, read_target, seen_certificate, with_login
from hardware.field.binding import open_vault
from hardware.field.camera_files import Unchanged, file_of, read_cameras, write_camera, write_whole
from hardware.field.candidates import listed_candidates, unlisted_candidates
from hardware.field.finder import same_device
from hardware.field.placing import placed_entry
from hardware.field.settings import CameraFile, Examined, SiteFile
from hardware.onvif import DeviceFault, NotOffered, OnvifSettings, StreamFloors, open_onvif_camera
from hardware.onvif.accounts import OnvifAccounts
from hardware.onvif.discovery import Discovery, discover, probe
from hardware.onvif.session import Session
from hardware.onvif.xml_door import local
from hardware.settings_file import place_of, read_settings
from hardware.vault import Entry, Login, Rotator, Vault, new_password
from hardware.vault.rotation import USERS

_LEAST = StreamFloors(1, 1, 1.0)
"""Entering asks what a camera is, not whether it is enough: the examination and the centre do."""


class SiteWork:
    """A `Fieldwork`. One per process and site."""

    def __init__(self, file: SiteFile, vault: Vault) -> None:
        self._file, self._vault = file, vault
        self._rotator = Rotator(vault, new_password)
        self._clock = SystemClock()
        self._read = Unchanged()

    def cameras(self) -> Sequence[CameraId]:
        return tuple(self._entries())

    def stage(self, camera: CameraId) -> Stage:
        entry = self._entries().get(camera)
        if entry is None:
            return Stage.ABSENT
        if camera not in self._vault.cameras() or not _is_settled(self._vault.entry(camera)):
            return Stage.BEGUN
        return Stage.EXAMINED if entry.is_examined else Stage.ENTERED

    def listed(self, path: Path, password: PasswordOf, found: Sequence[FoundCamera]) -> Sequence[Candidate]:
        return listed_candidates(path, password, found, self._vault)

    def unlisted(
        self, found: Sequence[FoundCamera], commune: CommuneId, view: ViewType, user: str, password: PasswordOf
    ) -> Sequence[Candidate]:
        first = max((entry.number for entry in self._entries().values()), default=0) + 1
        return unlisted_candidates(found, first, commune, view, Login(user, password(user)))

    async def enter(self, newcomer: Newcomer) -> Entered:
        record, place = newcomer.record, read_target(newcomer.target)
        self._require_free(newcomer)
        pem = await self._pinned(place, record.camera)
        entry = CameraFile.model_validate(
            {
                "camera": record.camera,
                "number": record.number,
                "name": record.name,
                "commune": record.commune,
                "view": record.view,
                "address": place.address,
                "advertised_hosts": newcomer.advertised_hosts,
                "pinned": pem,
            },
        )
        known = self._entries().get(record.camera)
        if known is not None:
            entry = known.model_copy(update={"address": entry.address, "pinned": entry.pinned or known.pinned})
        if record.camera not in self._vault.cameras():
            # Before anything is written: a login that the device does not take makes no entry.
            await self._require_taken(entry, place)
            await self._rotator.keep(record.camera, Entry(place.login))
        write_camera(self._file.cameras, entry)
        return await self.resume(record.camera)

    async def resume(self, camera: CameraId) -> Entered:
        entry = self._entry(camera)
        settings = entry.settings(_LEAST, is_mapped=False)
        if not _is_settled(self._vault.entry(camera)):
            await self._rotator.rotate(camera, OnvifAccounts(settings, self._clock, new_password))
            entry = self._note_account(camera)
        login = self._vault.entry(camera).account
        async with open_onvif_camera(settings, login, self._clock, SystemChance(camera)) as device:
            can = await device.capabilities()
        if not entry.endpoint:
            entry = entry.model_copy(update={"endpoint": await self._endpoint(settings, camera)})
            write_camera(self._file.cameras, entry)
        fingerprint = _fingerprint(entry.pinned) if entry.pinned is not None else ""
        return Entered(entry.record, entry.address, fingerprint, entry.endpoint, can.ptz, can.onboard_masks > 0)

    def target(self, camera: CameraId) -> str:
        entry, login = self._entry(camera), self._vault.entry(camera).account
        return with_login(entry.address, login, _fingerprint(entry.pinned) if entry.pinned is not None else "")

    def keep_findings(self, camera: CameraId, found: Findings) -> None:
        examined = Examined(at=found.at, holds=found.holds, report=found.report, failed=found.failed)
        entry = self._entry(camera).model_copy(
            update={"examined": examined, "route": found.route, "rtsps": found.streams_over_tls}
        )
        write_camera(self._file.cameras, entry)

    def place(self, camera: CameraId, placed: Placement) -> None:
        write_camera(self._file.cameras, placed_entry(self._entry(camera), placed))

    async def rotate(self, camera: CameraId) -> None:
        settings = self._entry(camera).settings(_LEAST, is_mapped=False)
        await self._rotator.rotate(camera, OnvifAccounts(settings, self._clock, new_password))
        self._note_account(camera)

    def account_since_ns(self, camera: CameraId) -> Nanoseconds | None:
        told = self._entry(camera).account_since
        if not told or camera not in self._vault.cameras() or not _is_settled(self._vault.entry(camera)):
            return None
        try:
            return int(datetime.fromisoformat(told).timestamp()) * NS_PER_S
        except ValueError:
            return None  # a person wrote something else there: it is due

    def secrets(self) -> Sequence[str]:
        return self._vault.secrets()

    def keep_secret(self, name: str, secret: bytes) -> None:
        self._vault.keep_secret(name, secret)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _note_account(self, camera: CameraId) -> CameraFile:
        """Read anew: a running centre may have written another address meanwhile."""
        now = datetime.fromtimestamp(self._clock.now_ns() // NS_PER_S, UTC)
        entry = self._entry(camera).model_copy(update={"account_since": now.isoformat()})
        write_camera(self._file.cameras, entry)
        return entry

    def _entries(self) -> Mapping[CameraId, CameraFile]:
        return read_cameras(self._file.cameras, self._read)

    def _entry(self, camera: CameraId) -> CameraFile:
        path = file_of(self._file.cameras, camera)
        if not path.is_file():
            raise BadInput(
                Words("cette caméra n'est pas inscrite au site", "this camera is not entered in the site"),
                where=camera,
                what_to_do=Words("Inscrivez-la : csu camera enrol ADRESSE", "Enter it: csu camera enrol ADDRESS"),
            )
        return read_settings(path, CameraFile)

    def _require_free(self, newcomer: Newcomer) -> None:
        for name, other in self._entries().items():
            if name != newcomer.record.camera and other.number == newcomer.record.number:
                raise BadInput(
                    Words(f"{name} a déjà le numéro {other.number}", f"{name} has number {other.number} already"),
                    where=place_of(file_of(self._file.cameras, name), "number"),
                    what_to_do=Words("Choisissez un numéro libre : --number", "Choose a free number: --number"),
                )

    async def _pinned(self, place: CameraTarget, camera: CameraId) -> Path | None:
        """Its certificate, on record. The fingerprint that was read on the camera itself must be this one's."""
        if not place.is_tls:
            return None
        pem, fingerprint = await asyncio.to_thread(seen_certificate, place)
        path = self._file.cameras / f"{camera}.pem"
        known = _fingerprint(path) if path.is_file() else ""
        if any(expected and expected != fingerprint for expected in (place.fingerprint, known)):
            raise _another_certificate(camera, fingerprint)
        await asyncio.to_thread(write_whole, path, pem.encode())
        return path

    async def _require_taken(self, entry: CameraFile, place: CameraTarget) -> None:
        accounts = OnvifAccounts(entry.settings(_LEAST, is_mapped=False), self._clock, new_password)
        if not await accounts.takes(place.login):
            raise BadInput(
                Words(
                    "elle refuse ce compte, ou ce n'est pas un administrateur",
                    "it refuses this account, or it is no administrator's",
                ),
                where=entry.camera,
                what_to_do=Words(
                    "Donnez le compte d'administrateur de sa mise en service",
                    "Give the administrator's account of its set-up",
                ),
            )

    async def _endpoint(self, settings: OnvifSettings, camera: CameraId) -> str:
        """What it calls itself, asked over its own line; empty where it does not say: then it is never looked for."""
        login = self._vault.entry(camera).account
        async with Session(settings, login, self._clock) as session:
            try:
                body = envelopes.device_get_endpoint_reference()
                answer = await session.call("device", "GetEndpointReference", body)
            except (NotOffered, DeviceFault):
                return ""
        told = next(((each.text or "") for each in answer.iter() if local(each) == "GUID"), "")
        return "".join(sign for sign in told.strip()[:128] if sign.isprintable())


class _Opening:
    """The entry point: see `csu.hal.fieldwork.OpenFieldwork`."""

    def open(self, site: Path) -> Fieldwork:
        file = read_settings(site.resolve(), SiteFile)
        return SiteWork(file, open_vault(file))

    async def discover(
        self, interface: str, at: str, listen_s: float, site: Path | None
    ) -> tuple[Sequence[FoundCamera], int]:
        known = read_cameras(read_settings(site.resolve(), SiteFile).cameras) if site is not None else {}
        heard = await _heard(interface, at, listen_s)
        found = [
            FoundCamera(
                each.address,
                each.endpoint,
                each.name,
                each.hardware,
                each.contested,
                next((n for n, entry in known.items() if _is_the_same(entry, each.endpoint, each.address)), ""),
            )
            for each in heard.devices
        ]
        return found, sum(heard.refused.values())


FIELDWORK = _Opening()


async def _heard(interface: str, at: str, listen_s: float) -> Discovery:
    if not at:
        return await discover(SystemIds(), interface=interface, listen_s=listen_s)
    host, _, port = at.partition(":")
    if not port:
        return await probe(host, SystemIds(), listen_s=listen_s)
    if not port.isdigit() or not 0 < int(port) < 65_536:
        raise BadInput(
            Words(f"{at!r} n'est pas hôte ou hôte:port", f"{at!r} is not host or host:port"),
            where="--at",
            what_to_do=Words("Écrivez par exemple 10.57.3.12", "Write for example 10.57.3.12"),
        )
    return await probe(host, SystemIds(), port=int(port), listen_s=listen_s)


def _is_settled(account: Entry) -> bool:
    """The centre's own account, and none on its way in or out."""
    return account.account.user in USERS and account.coming is None and account.going is None


def _is_the_same(entry: CameraFile, endpoint: str, address: str) -> bool:
    return same_device(entry.endpoint, endpoint) or (not entry.endpoint and entry.address == address)


def _fingerprint(pinned: Path) -> str:
    try:
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pinned.read_text(encoding="ascii").strip())).hexdigest()
    except (OSError, ValueError) as error:
        raise BadInput(
            Words(f"certificat illisible ({type(error).__name__})", f"unreadable certificate ({type(error).__name__})"),
            where=str(pinned),
            what_to_do=Words("Inscrivez la caméra de nouveau", "Enter the camera again"),
        ) from None


def _another_certificate(camera: CameraId, fingerprint: str) -> BadInput:
    return BadInput(
        Words(f"elle montre un autre certificat : {fingerprint}", f"it shows another certificate: {fingerprint}"),
        where=camera,
        what_to_do=Words(
            "Comparez-le sur place ; s'il a été changé exprès, ôtez l'ancien .pem et recommencez",
            "Compare it at the camera; if it was changed on purpose, remove the old .pem and begin again",
        ),
    )
