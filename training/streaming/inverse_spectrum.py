"""Sound from spectra of an even power of two, as two stages of small matrix products.

The counterpart of `PowerSpectrum`. With n = L * h + m and k = L * a + b a transform of L * L samples becomes transforms of
L over a, a turn of each result, and transforms of L over b (Cooley and Tukey 1965). The matrices have L rows and columns:
64 for 4,096 samples.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class InverseSpectrum(nn.Module):
    """Sums of waves of 0 to length / 2 - 1 cycles a frame.

    Parameters
    ----------
    length : int
        Samples of a frame, a power of four.

    Shapes: real and imaginary parts (..., 2, length / 2) -> (..., length).
    """

    first: Tensor
    turns: Tensor
    second: Tensor

    def __init__(self, length: int) -> None:
        super().__init__()
        self.root = root = math.isqrt(length)
        if root**2 != length or root % 2:
            raise ValueError(f"a frame of {length} samples was asked for; needed is a power of four")
        numbers = torch.arange(root)
        cosine, sine = _waves(numbers, numbers[: root // 2], root)
        first = torch.cat([torch.cat([cosine, -sine], 1), torch.cat([sine, cosine], 1)])
        self.register_buffer("first", first, persistent=False)
        self.register_buffer("turns", torch.stack(_waves(numbers, numbers, length)), persistent=False)
        cosine, sine = _waves(numbers, numbers, root)
        self.register_buffer("second", torch.cat([cosine, -sine]), persistent=False)

    def forward(self, spectra: Tensor) -> Tensor:
        rows = spectra.reshape(*spectra.shape[:-2], self.root, self.root)  # a of both parts, b
        real, imaginary = (self.first @ rows).chunk(2, -2)  # m, b
        cosine, sine = self.turns[0], self.turns[1]
        turned = torch.cat([real * cosine - imaginary * sine, real * sine + imaginary * cosine], -1)
        return (turned @ self.second).transpose(-1, -2).flatten(-2)


def _waves(n: Tensor, k: Tensor, period: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines (N, K) of ``n * k`` parts of a period."""
    angle = (2 * math.pi / period) * (torch.outer(n, k) % period).double()
    return angle.cos().float(), angle.sin().float()
