"""Operators of ONNX that torch lacks, so that the exporter keeps each as one node.

Each is a custom operator of the library ``brainsynth``: what it computes here, how it becomes a node in
``export/operators.py``. A new one is an entry in either file.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def take(x: Tensor, axis: int, indices: Tensor) -> Tensor:
    """Return the entries of ``x`` at ``indices`` along an axis: one node in a graph.

    Parameters
    ----------
    x : (..., L, ...) tensor
    axis : int, not negative
    indices : int32 or int64 tensor of any shape, from 0 to L - 1; in a graph also from -L, counted from the end

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


def look_up(table: Tensor, indices: Tensor) -> Tensor:
    """Return single values of a table: ONNX's GatherElements, which is several times as fast at that as `take`.

    Parameters
    ----------
    table : (L,) tensor
    indices : (B, N, ...) int64 tensor, from 0 to L - 1

    Returns
    -------
    (B, N, ...)
    """
    return table.gather(0, indices.flatten()).reshape(indices.shape[0], -1, *indices.shape[2:])


def sum_of_squares(x: Tensor, axes: list[int]) -> Tensor:
    """Return the sums of squares over some axes, which are no longer there: one node in a graph."""
    return squares(x, axes) if torch.compiler.is_exporting() else x.square().sum(axes)


@torch.library.custom_op("brainsynth::squares", mutates_args=())
def squares(x: Tensor, axes: list[int]) -> Tensor:
    """ONNX's ReduceSumSquare. Call `sum_of_squares`, which can be differentiated."""
    return x.square().sum(axes)


@squares.register_fake
def _(x: Tensor, axes: list[int]) -> Tensor:
    return x.sum(axes)


def softplus(x: Tensor) -> Tensor:
    """Return log(1 + exp(x)): one node in a graph, where the exporter makes three of torch's."""
    return one_softplus(x) if torch.compiler.is_exporting() else F.softplus(x)


@torch.library.custom_op("brainsynth::softplus", mutates_args=())
def one_softplus(x: Tensor) -> Tensor:
    """ONNX's Softplus. Call `softplus`, which can be differentiated."""
    return F.softplus(x)


@one_softplus.register_fake
def _(x: Tensor) -> Tensor:
    return torch.empty_like(x)


def last_kept(before: Tensor, x: Tensor, keep: Tensor) -> Tensor:
    """Return of each frame the last frame up to it that is kept; what came before, until the first.

    Parameters
    ----------
    before : (B, 1, 1) tensor
    x : (B, N, 1) tensor
    keep : (B, N, 1) bool tensor

    Returns
    -------
    (B, N, 1)
    """
    return held(before, x, keep) if torch.compiler.is_exporting() else _last_kept(before, x, keep)


def _last_kept(before: Tensor, x: Tensor, keep: Tensor) -> Tensor:
    number = keep.long().cumsum(1)
    # Slot k is the k-th frame that is kept, slot 0 what came before. The last slot takes what is not kept: if anything
    # is not, no frame reads that slot.
    slots = torch.cat([before, x], 1).scatter(1, torch.where(keep, number, x.shape[1]), x)
    return slots.gather(1, number)


@torch.library.custom_op("brainsynth::held", mutates_args=())
def held(before: Tensor, x: Tensor, keep: Tensor) -> Tensor:
    """What ONNX's Compress makes of fewer nodes, for a batch of one. Call `last_kept`, which can be differentiated."""
    return _last_kept(before, x, keep)


@held.register_fake
def _(before: Tensor, x: Tensor, keep: Tensor) -> Tensor:
    return torch.empty_like(x)


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
