"""Where a camera looks: from points of its picture matched with points of the map to a pose, and how wrong it may be.

In: a `Survey`, at least 6 points. Out: a `CameraModel` whose `pose_at` gives the pose and the `PoseBounds` that the
covers hold for. A poor fit has wide bounds and masks more; one that tells nothing is refused.
"""

from csu.masking.calibration.calibrate import Calibration, calibrate
from csu.masking.calibration.kept import load_model, save_model
from csu.masking.calibration.model import CameraModel, PoseNotCalibrated, ZoomStep
from csu.masking.calibration.page import calibration_page, read_picture, residual_rows
from csu.masking.calibration.reading import read_survey, read_table
from csu.masking.calibration.survey import MatchedPoint, Priors, Survey, View

__all__ = [
    "Calibration",
    "CameraModel",
    "MatchedPoint",
    "PoseNotCalibrated",
    "Priors",
    "Survey",
    "View",
    "ZoomStep",
    "calibrate",
    "calibration_page",
    "load_model",
    "read_picture",
    "read_survey",
    "read_table",
    "residual_rows",
    "save_model",
]
