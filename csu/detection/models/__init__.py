"""The networks of the detection room: files that say what they are, weights known by their sha256, and the detector.

In: a `model.toml` and a picture. Out: `Detections`. Vehicles are told by the calibrated size of what moves
(`moving_objects`), where no network tells them.
"""

from csu.detection.models.errors import ModelMissing, ModelRefused, RuntimeMissing, WeightsAltered
from csu.detection.models.model_file import DEFAULT_MODEL, MODEL_FILE, ModelFile, read_model_file
from csu.detection.models.network import NetworkDetector, default_detector, default_weights, open_detector

__all__ = [
    "DEFAULT_MODEL",
    "MODEL_FILE",
    "ModelFile",
    "ModelMissing",
    "ModelRefused",
    "NetworkDetector",
    "RuntimeMissing",
    "WeightsAltered",
    "default_detector",
    "default_weights",
    "open_detector",
    "read_model_file",
]
