"""Transforms of real frames there and back, by two stages of small matrix products.

With n = L a + b and k = c + L d a transform of L * L samples becomes transforms of L over a, a turn of each result, and
transforms of L over b (Cooley and Tukey 1965). Of a real frame the columns c beyond the half mirror those before it, and
are left out: the order of the spectrum is (c, d), c from 0 to L / 2.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class Fourier(nn.Module):
    """Spectra of frames, and frames of spectra, in double precision.

    Parameters
    ----------
    length : int
        Samples of a frame, a power of four.

    Attributes
    ----------
    bins : (L / 2 + 1, L) int64
        Which of the bins 0 to length / 2 each value of a spectrum is; those beyond mirror them.
    """

    bins: Tensor
    across: Tensor
    turns: Tensor
    within: Tensor
    mirrored: Tensor

    def __init__(self, length: int) -> None:
        super().__init__()
        self.root = root = math.isqrt(length)
        if root**2 != length or root % 2:
            raise ValueError(f"a frame of {length} samples was asked for; needed is a power of four")
        self.columns = half = root // 2 + 1
        numbers = torch.arange(root)
        bins = numbers[:half, None] + root * numbers
        self.register_buffer("bins", torch.minimum(bins, length - bins), persistent=False)
        cosine, sine = _waves(numbers[:half], numbers, root)
        self.register_buffer("across", torch.cat([cosine, -sine]), persistent=False)
        self.register_buffer("turns", torch.stack(_waves(numbers[:half], numbers, length)), persistent=False)
        cosine, sine = _waves(numbers, numbers, root)
        # Rows of a spectrum are real parts, then imaginary ones.
        self.register_buffer(
            "within",
            torch.cat([torch.cat([cosine, -sine], 1), torch.cat([sine, cosine], 1)]),
            persistent=False,
        )
        cosine, sine = _waves(numbers, numbers[:half], root)
        weights = torch.full((half,), 2.0, dtype=torch.float64)
        weights[0] = weights[-1] = 1.0
        mirrored = torch.cat([cosine * weights, -sine * weights], 1) / length
        self.register_buffer("mirrored", mirrored, persistent=False)

    def analyse(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Give real and imaginary parts, each (..., L / 2 + 1, L), of frames (..., length)."""
        real, imaginary = (self.across @ frames.unflatten(-1, (self.root, self.root))).chunk(2, -2)
        cosine, sine = self.turns[0], self.turns[1]
        turned = torch.cat([real * cosine + imaginary * sine, imaginary * cosine - real * sine], -1)
        real, imaginary = (turned @ self.within).chunk(2, -1)
        return real, imaginary

    def synthesise(self, real: Tensor, imaginary: Tensor) -> Tensor:
        """Give frames (..., length) of real and imaginary parts."""
        both = torch.cat([real, -imaginary], -1) @ self.within
        real, imaginary = both[..., : self.root], -both[..., self.root :]
        cosine, sine = self.turns[0], self.turns[1]
        turned = torch.cat([real * cosine - imaginary * sine, real * sine + imaginary * cosine], -2)
        return (self.mirrored @ turned).flatten(-2)


def _waves(n: Tensor, k: Tensor, period: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines (N, K) of ``n * k`` parts of a period."""
    angle = (2 * math.pi / period) * (torch.outer(n, k) % period).double()
    return angle.cos(), angle.sin()
