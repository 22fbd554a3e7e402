"""What runs a network: ONNX Runtime (on the GPU when there is one), OpenVINO, OpenCV. One thread each: a centre has
more cameras than cores, and what is split over threads is added up in another order each time.

The libraries are imported when a network is loaded, so that a centre without analysis needs none of them. Graphs are
loaded from the very bytes whose sha256 was compared, where the library can; see `_openvino`.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Protocol, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from csu.detection.models.decoders import DECODERS, Outputs
from csu.detection.models.errors import ModelRefused, RuntimeMissing, refused
from csu.detection.models.model_file import ModelFile, RuntimeName, read_weights
from csu.detection.models.refused_labels import first_refused
from csu.hal.words import Words

CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
TELLTALE = "openvino_telemetry"
SIZE_INPUT = "orig_target_sizes"
"""Second input of RT-DETR and D-FINE: (1, 2) int64, width and height."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How the picture is handed over: `channels_last` (1, h, w, 3), else (1, 3, h, w); `is_byte`: as uint8."""

    channels_last: bool
    is_byte: bool


class Network(Protocol):
    """A loaded network."""

    @property
    def place(self) -> str:
        """What it really runs on, as its library calls it."""
        ...

    @property
    def shape(self) -> Shape: ...

    def run(self, picture: NDArray[Any]) -> Outputs:
        """One picture of `shape` through it."""
        ...


def load(model: ModelFile) -> Network:
    """Read, check and load. Raises ModelMissing, WeightsAltered, ModelRefused, RuntimeMissing."""
    graph = read_weights(model.graph, model)
    numbers = read_weights(model.numbers, model) if model.numbers is not None else None
    library = _library(model)
    try:
        network, names = _LOADERS[model.runtime](library, model, graph, numbers)
    except ModelRefused:
        raise
    except Exception as error:  # each library has its own, without a common root
        said = str(error).strip().splitlines()
        reason = said[-1][:200] if said else type(error).__name__
        raise refused(
            Words(f"{model.runtime} ne charge pas ce réseau ({reason})", f"{model.runtime} cannot load it ({reason})"),
            model.graph.path,
            Words("Exportez-le autrement, ou changez runtime", "Export it otherwise, or change runtime"),
        ) from error
    if (found := first_refused(names)) is not None:
        raise refused(
            Words(f"ce réseau calcule {found[0]!r} : {found[1].why.fr} ({found[1].rule})",
                  f"this network computes {found[0]!r}: {found[1].why.en} ({found[1].rule})"),
            model.graph.path,
            Words("Prenez un réseau qui ne le fait pas", "Take a network that does not"),
        )  # fmt: skip
    return network


def providers_of(available: Sequence[str]) -> list[str]:
    """ONNX Runtime's execution providers, in order of preference: the GPU when the installed build has it."""
    return [CUDA, CPU] if CUDA in available else [CPU]


def _library(model: ModelFile) -> Any:
    name = _MODULES[model.runtime]
    # OpenVINO tells its makers of each import, over the network and without asking. A module that is None cannot be
    # imported, and OpenVINO then takes its own stub: nothing leaves a centre that nobody sent.
    sys.modules.setdefault(TELLTALE, cast(ModuleType, None))
    try:
        return import_module(name)
    except ImportError as error:
        raise RuntimeMissing(
            Words(f"{name} n'est pas installé", f"{name} is not installed"),
            where=str(model.path),
            what_to_do=Words("Installez-le : pip install csu[detect]", "Install it: pip install csu[detect]"),
        ) from error


def _shape_of(shape: Sequence[Any], is_byte: bool) -> Shape:
    return Shape(channels_last=len(shape) == 4 and shape[3] == 3 and shape[1] != 3, is_byte=is_byte)


@dataclass(frozen=True, slots=True)
class _Loaded:
    place: str
    shape: Shape
    call: Callable[[NDArray[Any]], Outputs]

    def run(self, picture: NDArray[Any]) -> Outputs:
        return self.call(picture)


Loaded: TypeAlias = tuple[Network, list[str]]


def _onnxruntime(library: Any, model: ModelFile, graph: bytes, numbers: bytes | None) -> Loaded:
    del numbers
    options = library.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = library.InferenceSession(graph, options, providers=providers_of(library.get_available_providers()))
    asked, names = session.get_inputs(), [each.name for each in session.get_outputs()]
    sizes = _sizes(model, [each.name for each in asked])
    first = next(each for each in asked if each.name != SIZE_INPUT)

    def call(picture: NDArray[Any]) -> Outputs:
        return dict(zip(names, session.run(names, {first.name: picture, **sizes}), strict=True))

    return _Loaded(session.get_providers()[0], _shape_of(first.shape, "uint8" in first.type), call), names


def _openvino(library: Any, model: ModelFile, graph: bytes, numbers: bytes | None) -> Loaded:
    core = library.Core()
    if model.graph.path.suffix == ".pb":
        # OpenVINO reads TensorFlow's format from a path only: what was compared is what lies at this path of ours.
        with tempfile.TemporaryDirectory() as own:
            copy = Path(own) / "graph.pb"
            copy.write_bytes(graph)
            network = core.read_model(str(copy))
            network.reshape({0: [1, model.input.height, model.input.width, 3]})
            compiled = _compiled(core, network)
    else:
        network = core.read_model(graph, numbers or b"")
        compiled = _compiled(core, network)
    names = [_short(each) for each in compiled.outputs]
    sizes = _sizes(model, [_short(each) for each in compiled.inputs])
    first = next(each for each in compiled.inputs if _short(each) != SIZE_INPUT)
    request = compiled.create_infer_request()

    def call(picture: NDArray[Any]) -> Outputs:
        request.infer({first.any_name: picture, **sizes})
        return {name: request.get_output_tensor(at).data.copy() for at, name in enumerate(names)}

    shape = [-1 if each.is_dynamic else each.get_length() for each in first.partial_shape]
    return _Loaded("CPU", _shape_of(shape, first.element_type == library.Type.u8), call), names


def _compiled(core: Any, network: Any) -> Any:
    told = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    return core.compile_model(network, "CPU", told)


def _short(port: Any) -> str:
    """TensorFlow's tensors have several names, `:0` behind them; the shortest is the one people know."""
    return min((name.split(":")[0] for name in port.names), key=lambda name: ("/" in name, -len(name)), default="")


def _cv2dnn(library: Any, model: ModelFile, graph: bytes, numbers: bytes | None) -> Loaded:
    del numbers
    net = library.dnn.readNetFromONNX(np.frombuffer(graph, np.uint8))
    names = list(net.getUnconnectedOutLayersNames())
    if DECODERS[model.decoder].asks_size:
        raise refused(
            Words("cv2dnn ne donne qu'une entrée aux réseaux", "cv2dnn feeds networks one input only"),
            model.path,
            Words("Changez runtime en onnxruntime", "Change runtime to onnxruntime"),
        )

    def call(picture: NDArray[Any]) -> Outputs:
        net.setInput(picture)
        return dict(zip(names, map(np.array, net.forward(names)), strict=True))

    return _Loaded("CPU", Shape(channels_last=False, is_byte=False), call), names


def _sizes(model: ModelFile, inputs: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """The second input, for those who ask for it. Raises ModelRefused when the inputs are not those of its decoder."""
    asks = DECODERS[model.decoder].asks_size
    if len(inputs) != 1 + asks or (asks and SIZE_INPUT not in inputs):
        listed = ", ".join(inputs)
        raise refused(
            Words(f"entrées {listed}, non celles de {model.decoder}", f"inputs {listed}, not those of {model.decoder}"),
            model.path,
            Words("Corrigez decoder, ou exportez autrement", "Correct decoder, or export otherwise"),
        )
    return {SIZE_INPUT: np.array([[model.input.width, model.input.height]], np.int64)} if asks else {}


_MODULES: Mapping[RuntimeName, str] = MappingProxyType(
    {RuntimeName.ONNXRUNTIME: "onnxruntime", RuntimeName.OPENVINO: "openvino", RuntimeName.CV2DNN: "cv2"}
)
_LOADERS: Mapping[RuntimeName, Callable[[Any, ModelFile, bytes, bytes | None], Loaded]] = MappingProxyType(
    {RuntimeName.ONNXRUNTIME: _onnxruntime, RuntimeName.OPENVINO: _openvino, RuntimeName.CV2DNN: _cv2dnn}
)
