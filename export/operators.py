"""How the custom operators of ``training/streaming/operators.py`` become nodes of a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import onnx
import torch
from onnxscript import opset20

import training.streaming.operators  # noqa: F401 - defines the operators

_op: Any = opset20  # onnxscript's types describe neither what it takes nor what it gives while tracing


def _gather(x: Any, axis: int, indices: Any) -> Any:
    return _op.Gather(x, indices, axis=axis)


def _squares(x: Any, axes: list[int]) -> Any:
    return _op.ReduceSumSquare(x, _op.Constant(value_ints=axes), keepdims=0)


def _softplus(x: Any) -> Any:
    return _op.Softplus(x)


def _held(before: Any, x: Any, keep: Any) -> Any:
    number = _op.CumSum(_op.Cast(keep, to=onnx.TensorProto.INT64), _op.Constant(value_int=1))
    kept = _op.Compress(x, _op.Reshape(keep, _op.Constant(value_ints=[-1])), axis=1)
    return _op.GatherElements(_op.Concat(before, kept, axis=1), number, axis=1)


def _gru(x: Any, hidden: Any, w: Any, r: Any, b: Any) -> Any:
    """ONNX wants time first, which with a batch of one is the same memory."""
    size = hidden.shape[2]
    first = _op.Reshape(x, _op.Constant(value_ints=[-1, 1, x.shape[2]]))
    y, last = _op.GRU(first, w, r, b, None, hidden, hidden_size=size, linear_before_reset=1)
    return _op.Reshape(y, _op.Constant(value_ints=[1, -1, size])), last


TRANSLATIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    torch.ops.brainsynth.gather.default: _gather,
    torch.ops.brainsynth.squares.default: _squares,
    torch.ops.brainsynth.softplus.default: _softplus,
    torch.ops.brainsynth.held.default: _held,
    torch.ops.brainsynth.gru.default: _gru,
}
"""Of each operator the function that makes its nodes, as ``torch.onnx.export(custom_translation_table=)`` takes it."""
