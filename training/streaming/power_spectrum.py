"""Power spectra of real frames of an even power of two, as two stages of small matrix products where a graph is made.

ONNX Runtime's own transform takes three times as long, and one matrix would be megabytes. With n = L * n1 + n2 and
k = k1 + L * k2 a transform of L * L samples becomes L transforms of L samples, a turn of each result, and L transforms
again (Cooley and Tukey 1965).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class PowerSpectrum(nn.Module):
    """Squared magnitudes of the transforms of frames, without the last one, of half the sample rate.

    Parameters
    ----------
    length : int
        Samples of a frame, a power of four.

    Shapes: (..., length) -> (..., length / 2).
    """

    first: Tensor
    turns: Tensor
    second: Tensor

    def __init__(self, length: int) -> None:
        super().__init__()
        self.length, self.root = length, math.isqrt(length)
        if self.root**2 != length or self.root % 2:
            raise ValueError(f"a frame of {length} samples was asked for; needed is a power of four")
        half = self.root // 2 + 1
        numbers = torch.arange(self.root)
        # Real input: the columns k1 beyond the half mirror those before it.
        self.register_buffer("first", _waves(numbers[:half], numbers, self.root), persistent=False)
        self.register_buffer(
            "turns", _waves(numbers[:half], numbers, length).reshape(2, half, self.root), persistent=False
        )
        self.register_buffer("second", _waves(numbers, numbers, self.root).T.contiguous(), persistent=False)

    def forward(self, frames: Tensor) -> Tensor:
        if not torch.compiler.is_exporting():
            spectrum = torch.view_as_real(torch.fft.rfft(frames))
            real, imaginary = spectrum[..., :-1, 0], spectrum[..., :-1, 1]
            return real * real + imaginary * imaginary
        return self.in_stages(frames)

    def in_stages(self, frames: Tensor) -> Tensor:
        """The same by matrix products."""
        parts = self.first @ frames.reshape(*frames.shape[:-1], self.root, self.root)
        real, imaginary = parts.chunk(2, -2)
        cosine, sine = self.turns[0], self.turns[1]
        turned = torch.cat([real * cosine - imaginary * sine, real * sine + imaginary * cosine], -2)
        of_real, of_imaginary = (turned @ self.second).chunk(2, -2)
        (a, b), (c, d) = of_real.chunk(2, -1), of_imaginary.chunk(2, -1)
        real, imaginary = a - d, b + c
        power = real * real + imaginary * imaginary
        # Columns k1 of rows k2; those beyond the half are those before it, from the end backwards.
        rows, half = power.transpose(-1, -2), self.root // 2
        mirrored = rows.flip(-2)[..., :half, 1:half].flip(-1)
        return torch.cat([rows[..., :half, :], mirrored], -1).flatten(-2)


def _waves(k: Tensor, n: Tensor, period: int) -> Tensor:
    """Cosines and negative sines of ``k * n`` parts of a period: (2 * K, N)."""
    angle = (2 * math.pi / period) * (torch.outer(k, n) % period).double()
    return torch.cat([angle.cos(), -angle.sin()]).float()
