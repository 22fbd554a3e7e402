"""A calibration into a camera's entry: a fixed camera's pose, a turning camera's head. Pure."""

from __future__ import annotations

from csu.hal.errors import BadInput
from csu.hal.fieldwork import Placement
from csu.hal.words import Words
from hardware.field.settings import Axis, Bounds, CameraFile, Head, PanTilt, Place, Zoom
from hardware.onvif.spaces import GENERIC_ZOOM, SPHERICAL_PAN_TILT

ZOOMS_MIN = 2


def placed_entry(entry: CameraFile, placed: Placement) -> CameraFile:
    """The entry with what the calibration says.

    A head is taken to read degrees (the spherical space) and its zoom from 0 to 1 (the generic one), as the survey was
    read; for a model that tells other spaces a person writes these into its file. What does not fit gives no pose, and
    masks all of it. Raises BadInput for a head calibrated at one zoom only.
    """
    pose, bounds = placed.pose, placed.bounds
    told = Bounds(
        angle_deg=bounds.angle_deg, position_m=bounds.position_m, focal_share=bounds.focal_share, k1=bounds.k1
    )
    if not placed.zooms:
        place = Place(
            x_m=pose.x_m,
            y_m=pose.y_m,
            z_m=pose.z_m,
            pan_deg=pose.pan_deg,
            tilt_deg=pose.tilt_deg,
            roll_deg=pose.roll_deg,
            focal_px=pose.focal_px,
            k1=pose.k1,
        )
        return entry.model_copy(update={"place": place, "head": None, "bounds": told})
    if len(placed.zooms) < ZOOMS_MIN:
        raise BadInput(
            Words("une caméra qui tourne se cale à deux zooms au moins", "a camera that turns is fitted at two zooms"),
            where=entry.camera,
            what_to_do=Words("Ajoutez une vue à un autre zoom", "Add a view at another zoom"),
        )
    turning = PanTilt(
        uri=SPHERICAL_PAN_TILT,
        pan=Axis(zero_deg=pose.pan_deg, deg_per_unit=1.0),
        tilt=Axis(zero_deg=pose.tilt_deg, deg_per_unit=1.0),
    )
    zoom = Zoom(uri=GENERIC_ZOOM, points=tuple((each.zoom, each.focal_px) for each in placed.zooms))
    head = Head(
        x_m=pose.x_m,
        y_m=pose.y_m,
        z_m=pose.z_m,
        pan_tilt=(turning,),
        zoom=(zoom,),
        roll_deg=pose.roll_deg,
        k1=pose.k1,
    )
    return entry.model_copy(update={"place": None, "head": head, "bounds": told})
