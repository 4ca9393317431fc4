"""Draws from distributions that are the same in every engine: a hash of a seed and a counter in place of chance."""

from __future__ import annotations

import torch
from torch import Tensor

from ...dsp.noise import scattered

RANGE = 2**31
"""Hashes are below; as a power of two it is the same number in single precision, in which graphs hold it."""

COLDEST = 1 / 64
"""The lowest temperature in effect; there the most likely code is drawn nearly always."""


def gumbel(seed: Tensor, count: Tensor, codebook: int, codes: Tensor) -> Tensor:
    """Give values (B, K) of the Gumbel distribution, in double precision.

    Parameters
    ----------
    seed, count : (B, 1) int64
    codebook : int
    codes : (K,) int64
        The numbers 0 to K - 1.
    """
    one = scattered(scattered(seed * 31 + codebook) + count)
    uniform = (scattered(one + codes * 7919).double() + 0.5) / RANGE
    return -(-uniform.log()).log()


def nucleus(logits: Tensor, top_p: Tensor) -> Tensor:
    """Leave out the least likely codes that are not needed to make up a share ``top_p`` (B, 1) (Holtzman et al. 2020).

    Shapes: (B, K) -> (B, K), those left out far below all others.
    """
    shares = torch.softmax(logits, -1)
    falling, _ = torch.topk(shares, shares.shape[-1])
    before = torch.cumsum(falling, -1) - falling
    needed = torch.where(before < top_p, falling, torch.ones_like(falling))
    return torch.where(shares < needed.amin(-1, keepdim=True), logits - 1e4, logits)


def draw(logits: Tensor, temperature: Tensor, top_p: Tensor, noise: Tensor) -> Tensor:
    """Draw a code (B,) of log-odds (B, K), the most likely one at temperature (B, 1) 0."""
    cooled = logits / temperature.clamp_min(COLDEST)
    return (nucleus(cooled, top_p) + noise).argmax(-1)
