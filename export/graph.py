"""A streaming model as an ONNX graph with named tensors."""

from __future__ import annotations

import ast
import contextlib
import io
import logging
import warnings
from collections.abc import Iterator

import numpy as np
import onnx
import onnx.numpy_helper
import onnx_ir
import torch
from onnx_ir.passes import Sequential
from onnx_ir.passes.common import ClearMetadataAndDocStringPass, DeduplicateInitializersPass
from torch import Tensor, nn

from training.streaming.model import StreamingModel

from .operators import TRANSLATIONS

OPSET = 20
EXAMPLE_FRAMES = 5
# Slices of a state as short as two frames put this bound on the trace; the graph itself runs with one.
FEWEST_TRACED = 3
SMALLEST_HALVED = 1024  # values; below that a cast costs more than it saves

LARGEST_SHARED = 1 << 40  # values; the exporter itself shares tables of up to 1024


def round_to_half(model: nn.Module) -> None:
    """Round the learned weights to half precision, so that a file may hold them in half the space and lose nothing."""
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(weight.half().float())


def state_name(name: str) -> str:
    """Turn a state's name in torch (``room.spectra``) into its name in the file (``room_spectra``)."""
    return name.replace(".", "_")


def build_graph(model: StreamingModel) -> onnx.ModelProto:
    """Export a model at opset 20 with inputs ``audio``, ``control.<name>``, ``state.<name>`` and outputs to match.

    The number of frames is free, from one on. The batch is one.
    """
    model = model.eval()
    inputs, state = model.example_inputs(EXAMPLE_FRAMES), model.initial_state(1)
    with torch.no_grad():
        outputs, _ = model(inputs, state)
    frames = torch.export.Dim("frames", min=FEWEST_TRACED, max=1 << 16)
    shapes = [
        {2: model.hop_length * frames} if name == "audio" else {tensor.ndim - 1: frames}
        for name, tensor in inputs.items()
    ]
    with torch.no_grad(), _quietly():
        program = torch.onnx.export(
            _Flat(model, list(inputs), list(state), list(outputs)).eval(),
            (),
            kwargs={"inputs": list(inputs.values()), "state": list(state.values())},
            dynamic_shapes={"inputs": shapes, "state": [None] * len(state)},
            input_names=[*inputs, *(f"state.{state_name(name)}" for name in state)],
            output_names=[
                *(f"output.{name.removeprefix('control.')}" for name in outputs),
                *(f"next_state.{state_name(name)}" for name in state),
            ],
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
            custom_translation_table=TRANSLATIONS,
        )
    assert program is not None
    _clean_up(program.model)
    proto = program.model_proto
    _free_time_axis(proto, model)
    _store_halves(proto)
    proto.producer_name, proto.producer_version = "brainsynth", ""
    onnx.checker.check_model(proto)
    return proto


class _Flat(nn.Module):
    """The model with lists in place of dictionaries, in a known order."""

    def __init__(
        self, model: StreamingModel, inputs: list[str], state: list[str], outputs: list[str]
    ) -> None:
        super().__init__()
        self.model, self.inputs, self.state, self.outputs = model, inputs, state, outputs

    def forward(self, inputs: list[Tensor], state: list[Tensor]) -> list[Tensor]:
        outputs, next_state = self.model(
            dict(zip(self.inputs, inputs, strict=True)), dict(zip(self.state, state, strict=True))
        )
        return [*(outputs[name] for name in self.outputs), *(next_state[name] for name in self.state)]


def _graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """Give a graph and the bodies of its loops, of theirs, and so on; a body sees the names outside it."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from _graphs(attribute.g)


def _clean_up(model: onnx_ir.Model) -> None:
    """Store a table that two parts of a model have in common once, and drop the exporter's notes.

    They hold source paths, and cost more than the weights of a small model. Only the module that a node comes from is
    kept, in its name.
    """
    for number, node in enumerate(model.graph.all_nodes()):
        scopes = ast.literal_eval(node.metadata_props.get("pkg.torch.onnx.name_scopes", "[]"))
        # From outside to inside, the node last; `_Flat` is around all of them. Constants, and cells of a scan, name none.
        inner = scopes[-2] if len(scopes) > 1 else ""
        module = inner.removeprefix("model.") if inner.startswith("model.") else ""
        node.name = f"{module}/{node.op_type}_{number}"
    Sequential(DeduplicateInitializersPass(LARGEST_SHARED), ClearMetadataAndDocStringPass())(model)
    # The pass leaves what is on the graph's own inputs and outputs.
    for value in (*model.graph.inputs, *model.graph.outputs):
        value.metadata_props.clear()


def _free_time_axis(proto: onnx.ModelProto, model: StreamingModel) -> None:
    """Say ``N`` and ``N * hop`` where time runs, and drop inferred shapes: some hold the example's length."""
    for graph in _graphs(proto.graph):
        del graph.value_info[:]
    for tensor in (*proto.graph.input, *proto.graph.output):
        if tensor.name.startswith(("state.", "next_state.")):
            continue
        axis = tensor.type.tensor_type.shape.dim[-1]
        axis.Clear()
        axis.dim_param = f"{model.hop_length}*frames" if tensor.name.endswith("audio") else "frames"


def _store_halves(proto: onnx.ModelProto) -> None:
    """Store constants that half precision holds exactly as such, with a cast that a runtime folds when it loads them."""
    casts = []
    for tensor in proto.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype not in (np.float32, np.float64) or values.size < SMALLEST_HALVED:
            continue
        with np.errstate(over="ignore"):
            halves = values.astype(np.float16)
        if np.array_equal(halves.astype(values.dtype), values):
            name, whole = tensor.name, tensor.data_type
            tensor.CopyFrom(onnx.numpy_helper.from_array(halves, f"{name}.half"))
            casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=whole))
    nodes = [*casts, *proto.graph.node]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep the exporter's progress and remarks off the terminal."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
