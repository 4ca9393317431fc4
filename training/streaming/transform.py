"""Fourier transforms of short frames as two stages of small matrix products.

A transform as one matrix is quick to write and slow to run: the matrix is read from memory once a frame, and a few of
them do not fit a processor's second-level cache. In two stages (Cooley and Tukey 1965) the matrices shrink tenfold. All of
it stays matrix products, of which ONNX Runtime gives a row the same bits however many rows there are.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

Wave = tuple[int, bool]
"""A cosine, or with True a sine, of so many cycles a period."""


class Transform(nn.Module):
    """Correlations of frames with waves, and frames as sums of waves.

    The time in a frame is ``length * h + m`` samples. One stage works over ``h``: waves whose cycles in ``length`` samples
    differ by a whole number, or are opposite, share its products. The other works over ``m``, by one matrix for each group
    of waves that share.

    Parameters
    ----------
    period : int
        In samples.
    length, rows : int
        A frame has ``rows * length`` samples.
    waves : list of `Wave`
    gains : (W,) tensor, optional
        A factor for each wave.
    first : int
        The frame begins so many rows after time 0.
    """

    across: Tensor
    within: Tensor
    indices: Tensor

    def __init__(
        self,
        period: int,
        length: int,
        rows: int,
        waves: list[Wave],
        gains: Tensor | None = None,
        first: int = 0,
    ) -> None:
        super().__init__()
        step = math.gcd(length, period)
        turn = period // step
        groups: list[list[int]] = [[] for _ in range((turn + 1) // 2)]
        for i, (cycles, _) in enumerate(waves):
            groups[_group(cycles * (length // step), turn)[0]].append(i)
        columns = max(len(group) for group in groups)
        time = torch.arange(first, first + rows)
        angle = 2 * math.pi / turn * torch.outer(torch.arange(len(groups)), time).double()
        across = torch.stack([angle.cos(), angle.sin()], 1)
        across[0, 1] = (-1.0) ** time  # half a cycle a row, which has no sine either
        within = torch.zeros(len(groups), 2, length, columns, dtype=torch.float64)
        indices = torch.zeros(len(waves), dtype=torch.int64)
        time = 2 * math.pi / period * torch.arange(length).double()
        for number, group in enumerate(groups):
            for column, i in enumerate(group):
                cycles, sine = waves[i]
                _, sign = _group(cycles * (length // step), turn)
                cosine, quarter = (cycles * time).cos(), (cycles * time).sin()
                parts = (quarter, cosine) if sine else (cosine, -quarter)
                gain = 1.0 if gains is None else float(gains[i])
                if number == 0:
                    within[0, 0 if sign else 1, :, column] = gain * parts[0]
                else:
                    within[number, 0, :, column] = gain * parts[0]
                    within[number, 1, :, column] = gain * parts[1] * sign
                indices[i] = number * columns + column
        self.groups, self.columns, self.rows, self.length = len(groups), columns, rows, length
        self.register_buffer("across", across.reshape(-1, rows).float(), persistent=False)
        self.register_buffer("within", within.reshape(len(groups), -1, columns).float(), persistent=False)
        self.register_buffer("indices", indices, persistent=False)

    @property
    def size(self) -> int:
        """Values in a spectrum, some of them 0 if the groups differ in size; `indices` tells where each wave is."""
        return self.groups * self.columns

    def analyse(self, x: Tensor) -> Tensor:
        """Correlate frames with the waves: (B, N, rows, length) -> (B, N, `size`), in the precision of the frames."""
        return _products(self.across.to(x.dtype) @ x, self.within.to(x.dtype))

    def synthesise(self, x: Tensor) -> Tensor:
        """Add up waves of these amplitudes: (B, N, `size`) -> (B, N, rows * length)."""
        sums = _products(x, self.within.transpose(1, 2).contiguous())
        y = self.across.T.contiguous() @ sums.reshape(x.shape[0], -1, 2 * self.groups, self.length)
        return y.reshape(x.shape[0], -1, self.rows * self.length)


def _group(residue: int, turn: int) -> tuple[int, int]:
    """Group of waves of ``residue / turn`` cycles a row, and their direction: 0 for half a cycle, which goes with none."""
    residue %= turn
    if 2 * residue == turn:
        return 0, 0
    return (residue, 1) if 2 * residue < turn else (turn - residue, -1)


def _products(x: Tensor, matrices: Tensor) -> Tensor:
    """Multiply parts of rows each by a matrix of its own: (B, N, J * K), (J, K, L) -> (B, N, J * L)."""
    count, inputs, outputs = matrices.shape
    if torch.compiler.is_exporting():
        y = x.reshape(x.shape[0], -1, count, 1, inputs) @ matrices
    else:
        y = torch.einsum("bnjk,jkl->bnjl", x.reshape(x.shape[0], -1, count, inputs), matrices)
    return y.reshape(x.shape[0], -1, count * outputs)


def fourier_waves(n_fft: int) -> list[Wave]:
    """The waves of a real transform: cosines of 0 to n_fft / 2 cycles, then sines of 1 to n_fft / 2 - 1."""
    half = n_fft // 2
    return [(k, False) for k in range(half + 1)] + [(k, True) for k in range(1, half)]


def fourier_gains(n_fft: int) -> Tensor:
    """Factors of `fourier_waves` in an inverse transform of real and imaginary parts."""
    gains = torch.full((n_fft,), 2.0 / n_fft, dtype=torch.float64)
    gains[0] = gains[n_fft // 2] = 1.0 / n_fft
    gains[n_fft // 2 + 1 :] *= -1.0
    return gains
