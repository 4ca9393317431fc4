"""Damage model files in all the ways that chance and malice have: their bytes, their metadata, their graphs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import onnx
from onnx import numpy_helper

Thing = TypeVar("Thing")
Mutation = Callable[[bytes, np.random.Generator], bytes]

EXTREMES = (0, 1, -1, 2, 7, 255, 4097, 2**16, 2**24, 2**31 - 1, -(2**31), 2**40, 2**63 - 1, -(2**63))
"""Whole numbers where lengths, shapes, axes and counts go wrong."""

TEXTS = (
    "", "0", "-1", "1e999", "nan", "inf", "1,2,3", "9" * 5000, "\0", "\x1b[2J", "../../x.csd", "1,1,64:AAAA", "a" * 70_000,
    "\u202e", "4096", "effect", "analyzer", "generator", "trigger", "choice", "seed", "float64", "1e-320",
)  # fmt: skip
"""Values of metadata that are wrong for most keys and right for some."""

OPERATORS = (
    "Add", "MatMul", "Reshape", "Expand", "Tile", "Range", "ConstantOfShape", "Concat", "Slice", "Gather", "Pad", "GRU",
    "Scan", "If", "Loop", "Resize", "NonZero", "CumSum", "Identity", "Unknown",
)  # fmt: skip


def flip_bytes(data: bytes, random: np.random.Generator) -> bytes:
    """Change 1 to 20 bytes."""
    changed = bytearray(data)
    for position in random.integers(0, len(data), random.integers(1, 21)):
        changed[position] = int(random.integers(0, 256))
    return bytes(changed)


def cut_off(data: bytes, random: np.random.Generator) -> bytes:
    """Keep the beginning only."""
    return data[: int(random.integers(0, len(data)))]


def overwrite_span(data: bytes, random: np.random.Generator) -> bytes:
    """Write zeros or noise over a part."""
    start = int(random.integers(0, len(data)))
    length = min(int(2 ** random.uniform(0, 12)), len(data) - start)
    new = bytes(length) if random.random() < 0.3 else random.bytes(length)
    return data[:start] + new + data[start + length :]


def move_span(data: bytes, random: np.random.Generator) -> bytes:
    """Copy a part to somewhere else, over what is there or between it."""
    start, target = (int(at) for at in random.integers(0, len(data), 2))
    part = data[start : start + int(2 ** random.uniform(0, 12))]
    return data[:target] + part + data[target + (len(part) if random.random() < 0.5 else 0) :]


def change_metadata(data: bytes, random: np.random.Generator) -> bytes:
    """Give up to 3 keys other values, or leave them out, or have them twice."""
    model = onnx.load_model_from_string(data)
    for _ in range(random.integers(1, 4)):
        entry = model.metadata_props[int(random.integers(len(model.metadata_props)))]
        kind = random.integers(6)
        if kind == 0:
            model.metadata_props.remove(entry)
        elif kind == 1:
            model.metadata_props.add(key=entry.key, value=entry.value)
        elif kind == 2:
            other = model.metadata_props[int(random.integers(len(model.metadata_props)))]
            entry.value = other.value
        elif kind == 3:
            entry.value = str(_choose(random, EXTREMES))
        else:
            entry.value = _choose(random, TEXTS)
    return model.SerializeToString()


def change_graph(data: bytes, random: np.random.Generator) -> bytes:
    """Change up to 3 nodes, attributes, weights or declared shapes."""
    model = onnx.load_model_from_string(data)
    changes = (_change_node, _change_attribute, _change_constant, _change_weights, _change_shape)
    for _ in range(random.integers(1, 4)):
        _choose(random, changes)(model.graph, random)
    return model.SerializeToString()


MUTATIONS: tuple[Mutation, ...] = (
    flip_bytes, cut_off, overwrite_span, move_span, change_metadata, change_metadata, change_graph, change_graph,
)  # fmt: skip


def _choose(random: np.random.Generator, things: Sequence[Thing]) -> Thing:
    return things[int(random.integers(len(things)))]


def _change_node(graph: onnx.GraphProto, random: np.random.Generator) -> None:
    node, other = (_choose(random, graph.node) for _ in range(2))
    kind = random.integers(5)
    if kind == 0:
        node.op_type = _choose(random, OPERATORS)
    elif kind == 1 and node.input and other.input:
        node.input[int(random.integers(len(node.input)))] = _choose(random, other.input)
    elif kind == 2 and node.input:
        del node.input[-1]
    elif kind == 3:
        graph.node.remove(node)
    else:
        graph.node.add().CopyFrom(node)


def _change_attribute(graph: onnx.GraphProto, random: np.random.Generator) -> None:
    attributes = [attribute for node in graph.node for attribute in node.attribute]
    if not attributes:
        return
    attribute = _choose(random, attributes)
    attribute.i = _choose(random, EXTREMES)
    for position in range(len(attribute.ints)):
        attribute.ints[position] = _choose(random, EXTREMES)


def _change_constant(graph: onnx.GraphProto, random: np.random.Generator) -> None:
    """Change a number of a constant of whole numbers: a shape, an axis, a start, a length."""
    constants = [tensor for tensor in graph.initializer if tensor.data_type == onnx.TensorProto.INT64]
    if not constants:
        return
    tensor = _choose(random, constants)
    try:
        values = numpy_helper.to_array(tensor).copy()
    except ValueError:  # changed before, and no array any more
        return
    if values.size:
        values.flat[int(random.integers(values.size))] = _choose(random, EXTREMES)
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def _change_weights(graph: onnx.GraphProto, random: np.random.Generator) -> None:
    if not graph.initializer:
        return
    tensor = _choose(random, graph.initializer)
    kind = random.integers(4)
    if kind == 0 and tensor.dims:
        tensor.dims[int(random.integers(len(tensor.dims)))] = _choose(random, EXTREMES)
    elif kind == 1:
        tensor.raw_data = tensor.raw_data[: len(tensor.raw_data) // 2]
    elif kind == 2:
        tensor.data_type = int(random.integers(0, 20))
    else:
        tensor.dims.append(_choose(random, EXTREMES))


def _change_shape(graph: onnx.GraphProto, random: np.random.Generator) -> None:
    declared = _choose(random, [*graph.input, *graph.output])
    shape = declared.type.tensor_type.shape
    if shape.dim and random.random() < 0.7:
        _choose(random, shape.dim).dim_value = _choose(random, EXTREMES)
    else:
        declared.type.tensor_type.elem_type = int(random.integers(0, 20))
