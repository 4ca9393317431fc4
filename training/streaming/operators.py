"""Operators of ONNX that torch lacks, so that the exporter keeps each as one node.

Each is a custom operator of the library ``brainsynth``: what it computes here, how it becomes a node in
``export/operators.py``. A new one is an entry in either file.
"""

from __future__ import annotations

import torch
from torch import Tensor


def take(x: Tensor, axis: int, indices: Tensor) -> Tensor:
    """Return the entries of ``x`` at ``indices`` along an axis: one node in a graph.

    Parameters
    ----------
    x : (..., L, ...) tensor
    axis : int, not negative
    indices : int32 or int64 tensor of any shape, from 0 to L - 1

    Returns
    -------
    ``x`` with the axes of ``indices`` in place of that axis.
    """
    return gather(x, axis, indices) if torch.compiler.is_exporting() else _take(x, axis, indices)


def _take(x: Tensor, axis: int, indices: Tensor) -> Tensor:
    shape = (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
    return x.index_select(axis, indices.flatten()).reshape(shape)


@torch.library.custom_op("brainsynth::gather", mutates_args=())
def gather(x: Tensor, axis: int, indices: Tensor) -> Tensor:
    """ONNX's Gather, of which the exporter would make three nodes. Call `take`, which can be differentiated."""
    return _take(x, axis, indices)


@gather.register_fake
def _(x: Tensor, axis: int, indices: Tensor) -> Tensor:
    return x.new_empty((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))


@torch.library.custom_op("brainsynth::gru", mutates_args=())
def gru(x: Tensor, hidden: Tensor, w: Tensor, r: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """ONNX's GRU with ``linear_before_reset``; its weights hold the gates in the order z, r, h.

    Torch's own GRU is unrolled when traced, which fixes the number of frames.

    Parameters
    ----------
    x : (1, N, I)
    hidden : (1, 1, H)
    w, r, b : (1, 3 H, I), (1, 3 H, H), (1, 6 H)

    Returns
    -------
    y : (1, N, H); last : (1, 1, H), the next call's ``hidden``.
    """
    size = hidden.shape[2]
    order = torch.cat([torch.arange(size, 2 * size), torch.arange(size), torch.arange(2 * size, 3 * size)])
    weights = [w[0][order], r[0][order], b[0, : 3 * size][order], b[0, 3 * size :][order]]
    y, last = torch.gru(x, hidden, weights, True, 1, 0.0, False, False, True)
    return y, last.clone()


@gru.register_fake
def _(x: Tensor, hidden: Tensor, w: Tensor, r: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    return x.new_empty(x.shape[0], x.shape[1], hidden.shape[2]), torch.empty_like(hidden)
