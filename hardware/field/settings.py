"""The site file and the file of each camera, as people and `csu camera enrol` write them. Strict; without secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, model_validator

from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.errors import BadInput
from csu.hal.fieldwork import Route
from csu.hal.place import MapZone, Pose, PoseBounds, PtzDynamics, ZoneKind
from csu.hal.words import Words
from hardware.field.messages import Permit
from hardware.onvif import LinearAxis, Mount, OnvifSettings, PanTiltSpace, StreamFloors, Tls, ZoomSpace
from hardware.settings_file import BadSetting

CAMERA_NUMBER_MAX = 16_383
_CONFIG = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

Finite = Annotated[float, Field(allow_inf_nan=False, ge=-1e7, le=1e7)]
Bound = Annotated[float, Field(allow_inf_nan=False, ge=0, le=360)]
Name = Annotated[str, StringConstraints(pattern=r"^[^\s/][^\n\r\t]{0,79}$")]
CameraName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Uri = Annotated[str, StringConstraints(min_length=1, max_length=256)]


def _inside(path: Path, info: ValidationInfo) -> Path:
    """Relative to the file that names it."""
    folder: Path = (info.context or {}).get("folder", Path())
    return folder / path


def _is_there(path: Path, info: ValidationInfo) -> Path:
    found = _inside(path, info)
    if not found.is_file():
        raise BadSetting(Words(f"le fichier {path} n'existe pas", f"there is no file {path}"))
    return found


Folder = Annotated[Path, AfterValidator(_inside)]
File = Annotated[Path, AfterValidator(_is_there)]


class Search(BaseModel):
    """Where a camera that does not answer is looked for, by what it calls itself (WS-Discovery)."""

    model_config = _CONFIG

    interface: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}(\.[0-9]{1,3}){3}$")]
    """An IPv4 address of this machine, on the cameras' network."""
    group: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}(\.[0-9]{1,3}){3}$")] = "239.255.255.250"
    port: int = Field(default=3702, ge=1, le=65_535)
    listen_s: float = Field(default=3.0, gt=0, le=30)


class Zone(BaseModel):
    """An interior or an entrance of dwellings drawn on the map (PRV-1), in the site's metres."""

    model_config = _CONFIG

    zone: Name
    kind: ZoneKind
    ring_m: tuple[tuple[Finite, Finite], ...] = Field(min_length=3, max_length=256)
    low_m: Finite
    high_m: Finite

    def on_map(self) -> MapZone:
        return MapZone(self.zone, self.kind, self.ring_m, self.low_m, self.high_m)


class AlarmSite(BaseModel):
    """Where an alarmed building stands, so that the nearest cameras are proposed (OPS-3)."""

    model_config = _CONFIG

    commune: Name
    site: Name
    x_m: Finite
    y_m: Finite


class SiteFile(BaseModel):
    """A real site. Paths are relative to the file. Cameras have a file each, in `cameras`."""

    model_config = _CONFIG

    site: Name
    cameras: Folder = Field(default=Path("cameras"), validate_default=True)
    vault: Folder = Field(default=Path("vault"), validate_default=True)
    """Its key is CSU_VAULT_KEY (a systemd credential, or the environment)."""
    state: Folder = Field(default=Path("state"), validate_default=True)
    """What devices' protocols must remember (the alarm receiver's frames)."""
    maps: tuple[File, ...] = Field(default=(), max_length=256)
    """Buildings of the communes (`csu masks import`). None: every camera is wholly masked."""
    zones: tuple[Zone, ...] = Field(default=(), max_length=4_096)
    alarms: File | None = None
    """Settings of the DC-09 receiver; the keys of its accounts are secrets of the vault."""
    panels: File | None = None
    """Display panels of the wall and their network."""
    dispatch: File | None = None
    """Contacts of police and others; secrets `dispatch/authority`, `dispatch/certificate`, `dispatch/key` and each
    contact's own are the vault's."""
    messages: File | None = None
    """What may be said through cameras that have a `loudspeaker` (AUD-4). None: nothing is, whatever they have."""
    alarm_sites: tuple[AlarmSite, ...] = Field(default=(), max_length=10_000)
    search: Search | None = None


class Place(BaseModel):
    """Where a fixed camera stands and looks, as calibrated."""

    model_config = _CONFIG

    x_m: Finite
    y_m: Finite
    z_m: Finite
    pan_deg: Finite
    tilt_deg: Finite
    roll_deg: Finite
    focal_px: Annotated[float, Field(allow_inf_nan=False, gt=0, le=1e6)]
    k1: Finite = 0.0

    def pose(self) -> Pose:
        return Pose(**self.model_dump())


class Axis(BaseModel):
    """Degrees by the device's number."""

    model_config = _CONFIG

    zero_deg: Finite
    deg_per_unit: Annotated[float, Field(allow_inf_nan=False)]


class PanTilt(BaseModel):
    """What a pan-tilt space of this camera means."""

    model_config = _CONFIG

    uri: Uri
    pan: Axis
    tilt: Axis


class Zoom(BaseModel):
    """Focal lengths by zoom number, growing."""

    model_config = _CONFIG

    uri: Uri
    points: tuple[tuple[Finite, Annotated[float, Field(allow_inf_nan=False, gt=0)]], ...] = Field(min_length=2)
    by_doublings: bool = True


class Head(BaseModel):
    """Where a PTZ camera stands, and what its numbers mean."""

    model_config = _CONFIG

    x_m: Finite
    y_m: Finite
    z_m: Finite
    pan_tilt: tuple[PanTilt, ...] = Field(min_length=1, max_length=8)
    zoom: tuple[Zoom, ...] = Field(min_length=1, max_length=8)
    roll_deg: Finite = 0.0
    k1: Finite = 0.0

    @model_validator(mode="after")
    def _has_a_meaning(self) -> Head:
        try:
            self.mount()
        except ValueError:
            raise BadSetting(Words("une table de zoom croît", "a zoom table grows")) from None
        return self

    def mount(self) -> Mount:
        turning = tuple(
            PanTiltSpace(each.uri, LinearAxis(**each.pan.model_dump()), LinearAxis(**each.tilt.model_dump()))
            for each in self.pan_tilt
        )
        zoom = tuple(ZoomSpace(each.uri, each.points, each.by_doublings) for each in self.zoom)
        return Mount(self.x_m, self.y_m, self.z_m, turning, zoom, self.roll_deg, self.k1)


class Bounds(BaseModel):
    """How far the calibration may be from the truth."""

    model_config = _CONFIG

    angle_deg: Bound
    position_m: Bound
    focal_share: Bound
    k1: Bound

    def pose_bounds(self) -> PoseBounds:
        return PoseBounds(**self.model_dump())


class Dynamics(BaseModel):
    """The fastest a mount turns and zooms, by its data sheet."""

    model_config = _CONFIG

    pan_deg_per_s: Annotated[float, Field(gt=0, le=2_000)]
    tilt_deg_per_s: Annotated[float, Field(gt=0, le=2_000)]
    zoom_doublings_per_s: Annotated[float, Field(gt=0, le=100)]


class Examined(BaseModel):
    """What the examination of the device found (`csu camera enrol`). The report is signed; this only points at it."""

    model_config = _CONFIG

    at: str
    holds: bool
    report: str
    failed: tuple[str, ...] = ()


class CameraFile(BaseModel):
    """One camera. Its login is in the vault, under `camera`."""

    model_config = _CONFIG

    camera: CameraName
    number: int = Field(ge=1, le=CAMERA_NUMBER_MAX)
    name: Name
    commune: Name
    view: ViewType
    address: Annotated[str, StringConstraints(min_length=1, max_length=1024)]
    endpoint: Annotated[str, StringConstraints(max_length=128)] = ""
    """What it calls itself, the same after its address changed (WS-Discovery); empty: it is never looked for."""
    pinned: File | None = None
    ca: File | None = None
    advertised_hosts: tuple[str, ...] = Field(default=(), max_length=16)
    rtsps: bool = False
    route: Route = Route.ENGINE
    examined: Examined | None = None
    """None: nobody examined it yet, and whatever its calibration says, it is wholly masked."""
    place: Place | None = None
    head: Head | None = None
    bounds: Bounds | None = None
    dynamics: Dynamics | None = None
    loudspeaker: Permit | None = None
    """None, as for most: nothing is said through it (AUD-4)."""

    @model_validator(mode="after")
    def _usable(self) -> CameraFile:
        try:
            self.settings(StreamFloors(1, 1, 1.0), is_mapped=False)
        except BadInput as error:
            raise BadSetting(error.trouble.what) from None
        return self

    @property
    def record(self) -> CameraRecord:
        return CameraRecord(CameraId(self.camera), self.number, self.name, CommuneId(self.commune), self.view)

    @property
    def is_examined(self) -> bool:
        return self.examined is not None and self.examined.holds

    def settings(self, floors: StreamFloors, *, is_mapped: bool) -> OnvifSettings:
        """For the adapter. Without a map, or before an examination that holds, nobody says where it looks: wholly
        masked (PRV-5). Raises BadInput for an address or a trust that cannot be used."""
        trust = Tls(ca_file=self.ca, pinned_file=self.pinned) if self.ca or self.pinned else None
        looks = is_mapped and self.is_examined
        return OnvifSettings(
            self.record,
            self.address,
            floors,
            tls=trust,
            advertised_hosts=self.advertised_hosts,
            rtsps=self.rtsps,
            fixed_pose=self.place.pose() if looks and self.place is not None else None,
            mount=self.head.mount() if looks and self.head is not None else None,
            dynamics=PtzDynamics(**self.dynamics.model_dump()) if self.dynamics is not None else None,
        )

    def written(self, folder: Path) -> dict[str, Any]:
        """As it stands in its file, paths relative to `folder`."""
        told = self.model_dump(mode="json", exclude_defaults=True)
        for name in ("pinned", "ca"):
            path = getattr(self, name)
            if path is not None:
                told[name] = str(path.relative_to(folder) if path.is_relative_to(folder) else path)
        return told
