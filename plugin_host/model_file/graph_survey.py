"""Look through an ONNX graph before ONNX Runtime does: how large it is, and what no model may hold."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..errors import ModelFileError
from .protobuf import read_fields, read_text

MOST_NODES = 20_000
DEEPEST = 8

# Field numbers of onnx.proto3: those that lead from each kind of message to messages that may hold nodes or tensors.
_DEEPER: dict[str, dict[int, str]] = {
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
_NODE_TYPE, _NODE_DOMAIN = 4, 7
_TENSOR_NAME, _TENSOR_EXTERNAL_DATA = 8, 13
_STANDARD = ("", "ai.onnx")
# How often the others repeat is bounded by the length of a tensor.
_UNBOUNDED = ("Loop", "SequenceMap")


@dataclass
class GraphSurvey:
    """What was found in a graph and the graphs in its nodes.

    Attributes
    ----------
    nodes : int
        How many there are.
    external_tensors : list of str
        Tensors whose data lie in another file.
    foreign_operators : list of str
        Operators that are not of the standard set, or repeat without a bound.
    """

    nodes: int = 0
    external_tensors: list[str] = field(default_factory=list)
    foreign_operators: list[str] = field(default_factory=list)

    def walk(self, graph: memoryview) -> None:
        """Look through a graph; raises ValueError where the bytes are none, or it is too large or nested too deep."""
        self._walk("graph", graph, 0)

    def check(self, source: str) -> None:
        """Raise ModelFileError if the graph holds what no model may; `source` is how messages name the file."""
        if self.external_tensors:
            raise ModelFileError(
                f"{source}: tensor {self.external_tensors[0]!r} is stored in another file, and a model must "
                "be one file: export it again without external data"
            )
        if self.foreign_operators:
            raise ModelFileError(
                f"{source}: the graph has the operator {self.foreign_operators[0]!r}, and a model has only "
                f"standard ones, without {' and '.join(_UNBOUNDED)}: export it again with others, such as Scan"
            )

    def _walk(self, kind: str, message: memoryview, depth: int) -> None:
        if kind == "tensor":
            self._look_at_tensor(message)
            return
        if kind == "graph" and (depth := depth + 1) > DEEPEST:
            raise ValueError(f"graphs are nested more than {DEEPEST} deep")
        operator = {_NODE_TYPE: "", _NODE_DOMAIN: ""}
        for number, value in read_fields(message):
            deeper = _DEEPER[kind].get(number)
            if deeper and isinstance(value, memoryview):
                self._walk(deeper, value, depth)
            elif kind == "node" and number in operator:
                operator[number] = read_text(value)
        if kind == "node":
            self._count_node(operator[_NODE_DOMAIN], operator[_NODE_TYPE])

    def _count_node(self, domain: str, operator: str) -> None:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise ValueError(f"there are more than {MOST_NODES} nodes")
        if domain not in _STANDARD:
            self.foreign_operators.append(f"{domain}.{operator}")
        elif operator in _UNBOUNDED:
            self.foreign_operators.append(operator)

    def _look_at_tensor(self, message: memoryview) -> None:
        fields = dict(read_fields(message))
        if _TENSOR_EXTERNAL_DATA in fields:
            self.external_tensors.append(read_text(fields.get(_TENSOR_NAME, b"")))
