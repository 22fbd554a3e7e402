"""The binding `field`: opens a real site from its file (entry point of `csu.bindings`).

    csu demo --binding field --option site=site.yaml

What is missing is told with file and line; a single camera that cannot be used harms no other.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from csu.hal.alarms import AlarmPanel
from csu.hal.camera import CameraId, CommuneId
from csu.hal.dispatch import Dispatch
from csu.hal.errors import BadInput, Trouble
from csu.hal.loudspeaker import Speech
from csu.hal.site import Site, SiteRequest
from csu.hal.wall_panel import WallPanel
from csu.hal.words import Words
from csu.machine import LocalDisk, SystemChance, SystemClock, SystemIds
from hardware.dc09 import ReceiverSettings, open_receiver
from hardware.dispatch import DispatchFile, DispatchSecrets, open_dispatch
from hardware.field.camera import FieldCamera, UnusableCamera
from hardware.field.camera_files import file_of, read_cameras, write_camera
from hardware.field.finder import Finder
from hardware.field.messages import read_messages
from hardware.field.settings import CameraFile, SiteFile
from hardware.onvif import StreamFloors
from hardware.panels import PanelsFile, open_panel
from hardware.settings_file import place_of, read_settings
from hardware.vault import Vault, VaultError, vault_secret

DISPATCH_SECRETS = ("dispatch/authority", "dispatch/certificate", "dispatch/key")


@asynccontextmanager
async def open_field(request: SiteRequest) -> AsyncIterator[Site]:
    """Raises BadInput with file and line for what is wrong or missing; CsuError for what cannot be opened."""
    path = _site_file(request)
    file = read_settings(path, SiteFile)
    entries = read_cameras(file.cameras)
    if not entries:
        raise _missing(
            str(file.cameras), Words("aucune caméra n'est inscrite", "no camera is entered"), "csu camera enrol"
        )
    vault = open_vault(file)
    finder = Finder(file.search, SystemClock(), SystemIds())
    async with AsyncExitStack() as stack:
        cameras: list[FieldCamera | UnusableCamera] = [
            _camera(stack, entry, file, vault, finder, request)
            for entry in sorted(entries.values(), key=lambda entry: entry.number)
        ]
        yield Site(
            name=file.site,
            cameras=tuple(cameras),
            buildings=(),
            maps=file.maps,
            bounds={name: entry.bounds.pose_bounds() for name, entry in entries.items() if entry.bounds is not None},
            alarm_panels=await _alarms(stack, file, vault),
            dispatch=await _dispatch(stack, file, vault, request),
            wall_panels=_panels(stack, file, vault),
            speech=_speech(file, entries, cameras),
            zones=tuple(zone.on_map() for zone in file.zones),
            alarm_sites_m={(CommuneId(each.commune), each.site): (each.x_m, each.y_m) for each in file.alarm_sites},
        )


def open_vault(file: SiteFile) -> Vault:
    """The site's vault; its key comes from systemd or the environment. Raises VaultError."""
    return Vault(LocalDisk(file.vault), vault_secret(os.environ))


def _site_file(request: SiteRequest) -> Path:
    strange = sorted(set(request.options) - {"site"})
    if strange:
        raise BadInput(
            Words(f"la liaison field ne connaît pas {strange[0]!r}", f"the binding field does not know {strange[0]!r}"),
            where=f"--option {strange[0]}",
            what_to_do=Words("Donnez --option site=FICHIER", "Give --option site=FILE"),
        )
    told = request.options.get("site")
    if not isinstance(told, str) or not told:
        raise BadInput(
            Words("le fichier du site n'est pas donné", "the site file is not given"),
            where="--binding field",
            what_to_do=Words("Donnez --option site=FICHIER", "Give --option site=FILE"),
        )
    return Path(told).resolve()


def _camera(
    stack: AsyncExitStack, entry: CameraFile, file: SiteFile, vault: Vault, finder: Finder, request: SiteRequest
) -> FieldCamera | UnusableCamera:
    folder = file.cameras
    try:
        login = vault.entry(entry.record.camera).account
    except VaultError:
        where = place_of(file_of(folder, entry.camera), "camera")
        why = Words("son compte n'est pas au coffre", "its login is not in the vault")
        again = f"csu camera enrol --camera {entry.camera}"
        return UnusableCamera(entry.record, Trouble(why, where, Words(f"Inscrivez-la : {again}", f"Enter it: {again}")))
    floors = StreamFloors(*request.floors.get(entry.view, (1, 1, 1.0)))
    camera = FieldCamera(
        entry.settings(floors, is_mapped=bool(file.maps)),
        login,
        route=entry.route,
        endpoint=entry.endpoint,
        finder=finder,
        moved=partial(_write_address, folder, entry.record.camera),
        login_now=lambda: open_vault(file).entry(entry.record.camera).account,
        clock=SystemClock(),
        chance=SystemChance(entry.camera),
    )
    stack.push_async_callback(camera.close)
    return camera


def _write_address(folder: Path, camera: CameraId, address: str) -> None:
    """Read anew: what `csu camera` wrote meanwhile stays."""
    entry = read_cameras(folder)[camera]
    write_camera(folder, entry.model_copy(update={"address": address}))


async def _alarms(stack: AsyncExitStack, file: SiteFile, vault: Vault) -> tuple[AlarmPanel, ...]:
    if file.alarms is None:
        return ()
    settings = read_settings(file.alarms, ReceiverSettings)
    keys = {
        account.key: _secret(vault, account.key, file.alarms, "accounts", number, "key")
        for number, account in enumerate(settings.accounts)
        if account.key is not None
    }
    file.state.mkdir(parents=True, exist_ok=True)
    receiver = open_receiver(settings, keys, file.state / "dc09.sqlite", SystemClock())
    return (await stack.enter_async_context(receiver),)


async def _dispatch(stack: AsyncExitStack, file: SiteFile, vault: Vault, request: SiteRequest) -> Dispatch | None:
    if file.dispatch is None:
        return None
    settings = read_settings(file.dispatch, DispatchFile)
    signing = {
        contact.secret: _secret(vault, contact.secret, file.dispatch, "contacts", number, "secret")
        for number, contact in enumerate(settings.contacts)
    }
    authority, certificate, key = (_secret(vault, name, file.dispatch) for name in DISPATCH_SECRETS)
    secrets = DispatchSecrets(authority, certificate, key, signing)
    opened = open_dispatch(settings, secrets, may_say=request.call_words, clock=SystemClock())
    return await stack.enter_async_context(opened)


def _panels(stack: AsyncExitStack, file: SiteFile, vault: Vault) -> tuple[tuple[WallPanel, str], ...]:
    if file.panels is None:
        return ()
    settings = read_settings(file.panels, PanelsFile)
    found = []
    for number, each in enumerate(settings.panels):
        password = None
        if each.secret:
            password = SecretStr(_secret(vault, each.secret, file.panels, "panels", number, "secret").decode())
        panel = open_panel(each, settings.network, password)
        stack.push_async_callback(panel.close)
        found.append((panel, each.input))
    return tuple(found)


def _speech(
    file: SiteFile, entries: Mapping[CameraId, CameraFile], cameras: Sequence[FieldCamera | UnusableCamera]
) -> Speech | None:
    """None unless the site has messages and a camera a decision that lets it speak."""
    permits = [(camera, entries[camera.record.camera].loudspeaker) for camera in cameras]
    speakers = tuple((camera, told.permit()) for camera, told in permits if told is not None)
    return Speech(read_messages(file.messages), speakers) if file.messages is not None and speakers else None


def _secret(vault: Vault, name: str, path: Path, *at: str | int) -> bytes:
    """Raises BadInput, which says in which line the secret is asked for."""
    try:
        return vault.secret(name)
    except VaultError:
        what = Words(f"le secret {name} n'est pas au coffre", f"the secret {name} is not in the vault")
        raise _missing(place_of(path, *at), what, f"csu vault put {name}") from None


def _missing(where: str, what: Words, command: str) -> BadInput:
    return BadInput(what, where=where, what_to_do=Words(f"Voyez {command}", f"See {command}"))
