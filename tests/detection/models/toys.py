"""Networks that say what a test wrote into them, as real ONNX files beside a real model.toml."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from csu.detection.models.model_file import ModelFile, read_model_file

SIDES = (64, 48)
"""Width and height of a toy's input."""
BASE: dict[str, Any] = {
    "name": "toy", "version": "1", "licence": "EUPL-1.2", "file": "toy.onnx", "runtime": "onnxruntime",
    "decoder": "ssd7", "labels": ["person", "car"],
    "input": {"width": SIDES[0], "height": SIDES[1]},
    "classes": {"person": "person", "car": "car"},
    "thresholds": {"person": 0.5, "car": 0.5},
}  # fmt: skip


def write_toml(path: Path, told: Mapping[str, Any]) -> Path:
    lines = [f"{key} = {_value(value)}" for key, value in told.items() if not isinstance(value, dict)]
    for name, table in told.items():
        if isinstance(table, dict):
            lines += [f"[{name}]", *(f"{key} = {_value(value)}" for key, value in table.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_value, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def written(folder: Path, content: bytes, **changes: Any) -> Path:
    """A model.toml with its weights beside it, their digest right unless `changes` says otherwise."""
    told = BASE | {"sha256": sha256(content).hexdigest()} | changes
    (folder / told["file"]).write_bytes(content)
    return write_toml(folder / "model.toml", {key: value for key, value in told.items() if value is not None})


def toy(folder: Path, outputs: Mapping[str, NDArray[Any]], *, size_input: bool = False, **changes: Any) -> ModelFile:
    return read_model_file(written(folder, network(outputs, size_input=size_input), **changes))


def network(outputs: Mapping[str, NDArray[Any]], *, size_input: bool = False, seen: str = "") -> bytes:
    """A graph that puts out these arrays. `seen`: the output to whose numbers the mean of the picture is added, so that
    a test can tell what was shown; else the picture counts for nothing."""
    width, height = SIDES
    inputs = [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, height, width])]
    if size_input:
        inputs.append(helper.make_tensor_value_info("orig_target_sizes", TensorProto.INT64, [1, 2]))
    nodes = [helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0)]
    constants = [numpy_helper.from_array(np.array(0.0, np.float32), "nothing")]
    nodes.append(helper.make_node("Mul", ["mean", "nothing"], ["ignored"]))
    told = []
    for name, array in outputs.items():
        added = "mean" if name == seen else "ignored"
        is_whole = array.dtype == np.int64
        constants.append(numpy_helper.from_array(array.astype(np.float32), f"{name}_told"))
        nodes.append(helper.make_node("Add", [f"{name}_told", added], [f"{name}_sum" if is_whole else name]))
        if is_whole:
            nodes.append(helper.make_node("Cast", [f"{name}_sum"], [name], to=TensorProto.INT64))
        kind = TensorProto.INT64 if is_whole else TensorProto.FLOAT
        told.append(helper.make_tensor_value_info(name, kind, list(array.shape)))
    if size_input:  # boxes are shares: the graph itself makes pixels of them, as RT-DETR's export does
        nodes, told = _in_pixels(nodes), told
        constants.append(numpy_helper.from_array(np.array([0, 1, 0, 1], np.int64), "twice"))
    graph = helper.make_graph(nodes, "toy", inputs, told, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _in_pixels(nodes: list[Any]) -> list[Any]:
    for node in nodes:
        if list(node.output) == ["boxes"]:
            node.output[0] = "shares"
    return [
        *nodes,
        helper.make_node("Cast", ["orig_target_sizes"], ["size"], to=TensorProto.FLOAT),
        helper.make_node("Gather", ["size", "twice"], ["sides"], axis=1),
        helper.make_node("Mul", ["shares", "sides"], ["boxes"]),
    ]
