"""Where the time of a block goes: what each part of a model file costs in ONNX Runtime, on one thread.

python -m benchmarks.host.cost_by_part [--model cello] [--frames 1] [--depth 3]

Nodes of an exported graph are named after the modules that they come from. Each part is made a graph of its own, is given
what it is given within the whole, and takes turns with the others.
"""

import argparse
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import helper
from rich.table import Table

from benchmarks.common.report import wide_console, write_results
from brainsynth import Model

TURNS, CALLS = 100, 10
WHOLE = "whole"
OWN = "(between parts)"
Values = dict[str, NDArray[np.generic]]


@dataclass(frozen=True)
class PartCost:
    """What one part costs.

    Attributes
    ----------
    nodes : int
        After ONNX Runtime has optimised it.
    us : float
        Median time of a call, without what calling any graph costs.
    """

    nodes: int
    us: float


def part_of(node: onnx.NodeProto, depth: int) -> str:
    """Tell which part a node belongs to.

    Parameters
    ----------
    node : onnx.NodeProto
        Named ``MODULE/NODE`` by the exporter.
    depth : int
        How many names of modules inside each other make a part's name.

    Returns
    -------
    str
        The first names of the module, with dots; `OWN` for nodes of the model itself.
    """
    module, _, _ = node.name.rpartition("/")
    return ".".join(module.split(".")[:depth]) or OWN


class PartCutter:
    """Cuts a graph into parts that run by themselves.

    Parameters
    ----------
    model : onnx.ModelProto
        As it was exported.
    frames : int
        Length of a call.
    hop_length : int
        Samples of a frame.

    Raises
    ------
    ValueError
        If the nodes' names do not tell modules.
    """

    def __init__(self, model: onnx.ModelProto, frames: int, hop_length: int) -> None:
        if not any("/" in node.name for node in model.graph.node):
            raise ValueError("the graph's nodes do not name the modules they come from; export it again")
        self.model, self.graph = model, model.graph
        self.outputs = {output.name for output in self.graph.output}
        self.constant = {tensor.name: tensor for tensor in self.graph.initializer}
        self.makers = {name: node for node in self.graph.node for name in node.output}
        # Nodes that depend on constants only are constants: ONNX Runtime computes them when it loads a graph.
        self.folded = dict(self.constant)
        for node in self.graph.node:
            if all(not name or name in self.folded for name in node.input):
                self.folded |= dict.fromkeys(node.output)
        self.nodes = [node for node in self.graph.node if node.output[0] not in self.folded]
        inferred = onnx.shape_inference.infer_shapes(model).graph
        self.types = {v.name: v for v in (*inferred.input, *inferred.value_info, *inferred.output)}
        self.values = self._all_values(frames, hop_length)

    def _all_values(self, frames: int, hop_length: int) -> Values:
        """Everything that is computed in one call from silence in the states, and noise."""
        random = np.random.default_rng(0)
        lengths = {"frames": frames, f"{hop_length}*frames": frames * hop_length}
        given: Values = {}
        for value in self.graph.input:
            tensor = value.type.tensor_type
            shape = [lengths.get(dim.dim_param, dim.dim_value) for dim in tensor.shape.dim]
            array = 0.1 * random.standard_normal(shape) if value.name == "audio" else np.zeros(shape)
            given[value.name] = array.astype(helper.tensor_dtype_to_np_dtype(tensor.elem_type))
        names = [name for node in self.nodes for name in node.output if name]
        telling = onnx.ModelProto()
        telling.CopyFrom(self.model)
        del telling.graph.output[:]
        telling.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
        found = open_alone(telling).run(None, given)
        return given | {name: np.asarray(value) for name, value in zip(names, found, strict=True)}

    def cut(self, nodes: Iterable[onnx.NodeProto]) -> tuple[onnx.ModelProto, Values]:
        """Make a model of some nodes.

        Parameters
        ----------
        nodes : iterable of onnx.NodeProto
            In the graph's order.

        Returns
        -------
        model : onnx.ModelProto
            With what other nodes compute as inputs, and what others need as outputs.
        inputs : dict of str to array
            What they are in the whole.
        """
        inside = list(nodes)
        made = {name for node in inside for name in node.output if name}
        needed = dict.fromkeys(name for node in inside for name in _reads(node) if name and name not in made)
        outside = {name for node in self.nodes if node not in inside for name in _reads(node)}
        fixed, constants = self._constants([name for name in needed if name in self.folded])
        inputs = [name for name in needed if name not in self.folded]
        outputs = [name for name in made if name in outside or name in self.outputs]
        graph = helper.make_graph(
            [*fixed, *inside],
            "part",
            [self._typed(name) for name in inputs],
            [onnx.ValueInfoProto(name=name) for name in outputs],
            constants,
        )
        model = helper.make_model(
            graph, opset_imports=self.model.opset_import, ir_version=self.model.ir_version
        )
        return model, {name: self.values[name] for name in inputs}

    def _constants(self, names: list[str]) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
        """The nodes and tensors that make constants."""
        waiting, made, nodes, tensors = list(names), set[str](), list[onnx.NodeProto](), []
        while waiting:
            name = waiting.pop()
            if name in made or not name:
                continue
            made.add(name)
            if name in self.constant:
                tensors.append(self.constant[name])
            else:
                node = self.makers[name]
                made |= set(node.output)
                nodes.append(node)
                waiting += node.input
        return [node for node in self.graph.node if node in nodes], tensors

    def _typed(self, name: str) -> onnx.ValueInfoProto:
        value = self.values[name]
        known = self.types.get(name)
        if known is not None and len(known.type.tensor_type.shape.dim) == value.ndim:
            return known
        dtype = helper.np_dtype_to_tensor_dtype(value.dtype)
        return helper.make_tensor_value_info(name, dtype, [f"{name}.{i}" for i in range(value.ndim)])


def _reads(node: onnx.NodeProto) -> list[str]:
    """What a node reads, also within its loops."""
    inner = (n for a in node.attribute if a.type == onnx.AttributeProto.GRAPH for n in a.g.node)
    return [*node.input, *(name for n in inner for name in _reads(n))]


def open_alone(model: onnx.ModelProto, optimised: Path | None = None) -> ort.InferenceSession:
    """Open a graph as the host does, on one thread.

    Parameters
    ----------
    model : onnx.ModelProto
    optimised : Path, optional
        Where to write what it was optimised to.

    Returns
    -------
    onnxruntime.InferenceSession
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    if optimised is not None:
        options.optimized_model_filepath = str(optimised)
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def costs_by_part(
    model: onnx.ModelProto, hop_length: int, frames: int = 1, depth: int = 3, turns: int = TURNS
) -> dict[str, PartCost]:
    """Measure what each part of a graph costs.

    Parameters
    ----------
    model : onnx.ModelProto
    hop_length : int
        Samples of a frame.
    frames : int
        Length of a call.
    depth : int
        See `part_of`.
    turns : int
        How often all parts take turns.

    Returns
    -------
    dict of str to PartCost
        By part, in the graph's order, `WHOLE` last.
    """
    cutter = PartCutter(model, frames, hop_length)
    groups: dict[str, list[onnx.NodeProto]] = {}
    for node in cutter.nodes:
        groups.setdefault(part_of(node, depth), []).append(node)
    groups[WHOLE] = cutter.nodes
    idle = open_alone(_nothing())
    sessions, nodes = {"": (idle, _bound(idle, {"x": np.zeros(1, np.float32)}))}, {}
    with tempfile.TemporaryDirectory() as folder:
        for name, group in groups.items():
            part, inputs = cutter.cut(group)
            path = Path(folder) / "optimised.onnx"
            session = open_alone(part, path)
            sessions[name] = session, _bound(session, inputs)
            nodes[name] = len(onnx.load(path).graph.node)
    times_us: dict[str, list[float]] = {name: [] for name in sessions}
    for _ in range(turns):
        for name, (session, binding) in sessions.items():
            times_us[name].append(_time_us(session, binding))
    idle_us = float(np.median(times_us[""]))
    return {
        name: PartCost(count, float(np.median(times_us[name])) - idle_us) for name, count in nodes.items()
    }


def _nothing() -> onnx.ModelProto:
    """A graph that does nothing: what a call costs."""
    x, y = (helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "nothing", [x], [y])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def _bound(session: ort.InferenceSession, inputs: Values) -> ort.IOBinding:
    """Inputs and outputs in place, as the host binds them: handing them over call by call costs more than some parts."""
    outputs = [np.asarray(value) for value in session.run(None, inputs)]
    binding = session.io_binding()
    for name, value in inputs.items():
        binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(value))
    for output, value in zip(session.get_outputs(), outputs, strict=True):
        binding.bind_ortvalue_output(output.name, ort.OrtValue.ortvalue_from_numpy(value))
    return binding


def _time_us(session: ort.InferenceSession, binding: ort.IOBinding) -> float:
    """Median time of some calls, after one that is not counted."""
    session.run_with_iobinding(binding)
    times = []
    for _ in range(CALLS):
        started = time.perf_counter()
        session.run_with_iobinding(binding)
        times.append(time.perf_counter() - started)
    return 1e6 * float(np.median(times))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.host.cost_by_part")
    parser.add_argument("--model", default="cello", help="name or file")
    parser.add_argument("--frames", type=int, default=1, help="frames a call; a frame has a hop's samples")
    parser.add_argument(
        "--depth", type=int, default=3, help="how many modules inside each other are told apart"
    )
    given = parser.parse_args()

    model = Model(given.model)
    costs = costs_by_part(onnx.load(model.path), model.document.hop_length, given.frames, given.depth)
    table = Table(title=f"{model.name}, {given.frames} frames a call, one thread", title_justify="left")
    for head in ("part", "nodes", "us", "share"):
        table.add_column(head, justify="left" if head == "part" else "right")
    total = sum(cost.us for name, cost in costs.items() if name != WHOLE)
    for name, cost in costs.items():
        share = "" if name == WHOLE else f"{cost.us / total:.0%}"
        table.add_row(name, str(cost.nodes), f"{cost.us:.1f}", share)
    wide_console().print(table)
    print("A part by itself finds its weights in the cache; the whole does not.")
    figures = {name: {"nodes": cost.nodes, "us": cost.us} for name, cost in costs.items()}
    settings = {"frames": given.frames, "depth": given.depth}
    print(f"written to {write_results('cost_by_part', settings, {model.name: figures})}")


if __name__ == "__main__":
    main()
