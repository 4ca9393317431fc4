"""What was learned by heart: which code has followed which steps in the songs, in a Bloom filter (Bloom 1970).

Steps count where they differ from the step before in one of the first two codebooks. Three of them and the first
codebook's code of a fourth make an entry.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...dsp.noise import PRIME, scattered
from ...streaming.operators import take

ORDER = 3
BITS_AN_ENTRY = 6
LEAST_BITS = 1 << 12
PENALTY = 24.0
"""Nats by which what was learned by heart is less likely at full strength."""


class ByHeart(nn.Module):
    """A set of what follows what.

    Parameters
    ----------
    codes : int
        K of a codebook.
    bits : int
        A multiple of eight; see `bits_for`.
    """

    table: Tensor
    codes: Tensor

    def __init__(self, codes: int, bits: int = LEAST_BITS) -> None:
        super().__init__()
        self.bits = bits
        self.register_buffer("codes", torch.arange(codes), persistent=False)
        self.register_buffer("table", torch.zeros(bits // 8, dtype=torch.uint8))

    def fit(self, songs: Sequence[Tensor]) -> None:
        """Take in songs (N, Q) of codes."""
        wanted = torch.zeros(self.bits, dtype=torch.bool)
        for song in songs:
            pairs = distinct(song[:, 0] * len(self.codes) + song[:, 1])
            if len(pairs) > ORDER:
                known = (1 + pairs.unfold(0, ORDER, 1)[:-1]).split(1, 1)
                follows = pairs[ORDER:, None] // len(self.codes)
                wanted[self._places(known, follows)] = True
        powers = 2 ** torch.arange(8)
        self.table.copy_((wanted.reshape(-1, 8).long() * powers).sum(1).to(torch.uint8))

    def forward(self, recent: Sequence[Tensor]) -> Tensor:
        """Tell which codes have followed these steps, each (B, 1) and counted from 1: (B, K) of zeros and ones."""
        places = self._places(recent, self.codes[None])
        byte = take(self.table, 0, places // 8).long()
        return ((byte // 2 ** (places % 8)) % 2).double()

    def _places(self, recent: Sequence[Tensor], follows: Tensor) -> Tensor:
        """Where in the table an entry lies: (B, 1) each, (B or 1, K) -> (B, K)."""
        mixed = torch.zeros_like(recent[0])
        for one in recent:
            mixed = scattered(mixed + one)
        return scattered((mixed + follows * 104729) % PRIME) % self.bits


def bits_for(entries: int) -> int:
    """Give a size of the table at which few of what it does not hold seem to be in it."""
    return max(LEAST_BITS, -(-BITS_AN_ENTRY * entries // 8) * 8)


def distinct(pairs: Tensor) -> Tensor:
    """Leave out steps (N,) that repeat the one before."""
    return torch.cat([pairs[:1], pairs[1:][pairs[1:] != pairs[:-1]]])
