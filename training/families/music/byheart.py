"""What was learned by heart: where in the songs the last seconds stand, and what follows there.

Every step of the songs is a place. Of each it is followed how much of what was played last stood before it, with the same
lag. Where that is much, the step that comes next in the song is known.

All numbers are whole, or shares of a power of two, so that they are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...dsp.noise import scattered
from ...streaming.contract import State
from ...streaming.operators import take

MEMORY_STEPS = 128
"""Of a memory that fades; 2.7 s."""

UNIT = 1024
"""What a step that is the same counts; `MEMORY_STEPS` of them are exact in single precision."""

UNKNOWN, KNOWN = 1 / 32, 3 / 32
"""So much of the memory may be the same and the place still means nothing; from so much on it is known for sure."""

PENALTY = 24.0
"""Nats by which what is known for sure is less likely at full strength."""

WORDS = 256
"""The first two codes of a step are one of so many words, by a hash, so that a byte holds a place."""

REGION = 512
"""Places, of which only the likest counts."""


class ByHeart(nn.Module):
    """Follows all places of the songs at once.

    Parameters
    ----------
    codes : int
        K of a codebook.
    songs : sequence of (N, Q) int64
        Their codes.

    Attributes
    ----------
    words : (T,)
        Of all songs one after another, and round again up to whole regions.
    """

    words: Tensor
    starts: Tensor
    numbers: Tensor

    def __init__(self, codes: int, songs: Sequence[Tensor] = ()) -> None:
        super().__init__()
        self.codes = codes
        one = torch.cat([self._word(song[:, 0], song[:, 1]) for song in songs] or [torch.zeros(1).long()])
        regions = -(-len(one) // REGION)
        round_again = one.repeat(-(-regions * REGION // len(one)))[: regions * REGION]
        self.register_buffer("words", round_again.to(torch.uint8), persistent=False)
        starts = torch.arange(regions, dtype=torch.int64) * REGION
        self.register_buffer("starts", starts, persistent=False)
        self.register_buffer("numbers", torch.arange(codes), persistent=False)

    def initial_state(self, batch: int) -> State:
        """Nothing was heard."""
        return {"alike": torch.zeros(batch, len(self.words))}

    def forward(self, alike: Tensor, first: Tensor) -> Tensor:
        """Tell how well each second code is known after a first one, where (B, T) is alike: (B,) -> (B, K) from 0 to 1."""
        most, place = alike.reshape(alike.shape[0], -1, REGION).max(2)
        follows = take(self.words, 0, (self.starts + place + 1) % len(self.words)).long()
        sure = ((most / (UNIT * MEMORY_STEPS) - UNKNOWN) / (KNOWN - UNKNOWN)).clamp(0, 1)
        words = self._word(first[:, None], self.numbers)
        return ((words[..., None] == follows[:, None]) * sure[:, None]).amax(2).double()

    def next(self, alike: Tensor, codes: Tensor) -> Tensor:
        """Follow one more step (B, Q) of codes: (B, T)."""
        word = self._word(codes[:, :1], codes[:, 1:2]).int()
        faded = (alike.roll(1, 1) * (1 - 1 / MEMORY_STEPS)).floor()
        return torch.where(self.words.int() == word, faded + UNIT, faded)

    def _word(self, first: Tensor, second: Tensor) -> Tensor:
        return scattered(first * self.codes + second) % WORDS
