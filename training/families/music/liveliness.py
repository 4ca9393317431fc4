"""What keeps music alive: no code sounds more often than it ever did in the songs that were learned from.

A network that hears itself for minutes comes to rest on a few codes. How much of the last seconds each code of the first
codebook has taken up is followed at several speeds; where it passes the most that it took up in any song, the code
becomes less likely.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .bands import STEPS_PER_S

MEMORIES_S = (1.5, 6.0, 24.0)
STEADY = round(4 * MEMORIES_S[-1] * STEPS_PER_S)
"""Steps after which a loop fills the longest memory."""

STRENGTH = 40.0
"""Nats by which a code is less likely that stays for twice as long as it ever did."""

HEADROOM = 1.02
NEVER = 2.0**-30


class Liveliness(nn.Module):
    """Follows how much each code is used, and says how much less likely that makes it.

    Parameters
    ----------
    codes : int
        K.

    Attributes
    ----------
    most : (M, K)
        The largest share of each of the memories that each code had in the songs.
    """

    most: Tensor
    keep: Tensor

    def __init__(self, codes: int) -> None:
        super().__init__()
        keep = [[math.exp(-1 / (s * STEPS_PER_S))] for s in MEMORIES_S]
        self.register_buffer("keep", torch.tensor(keep, dtype=torch.float64), persistent=False)
        self.register_buffer("most", torch.ones(len(MEMORIES_S), codes))

    @torch.no_grad()
    def fit(self, songs: Sequence[Tensor]) -> None:
        """Find the most that each code is used in songs (N,) of codes, each heard round and round."""
        most = torch.zeros(self.most.shape, dtype=torch.float64)
        heard = [song.repeat(max(2, -(-STEADY // len(song)))).tolist() for song in songs]
        for memory, keep in enumerate(self.keep[:, 0].tolist()):
            highest = [1 - keep] * self.most.shape[1]
            for song in heard:
                # A code is used the most right after it has sounded.
                used, when = [0.0] * len(highest), [0] * len(highest)
                for now, code in enumerate(song):
                    used[code] = used[code] * keep ** (now - when[code]) + 1 - keep
                    when[code] = now
                    highest[code] = max(highest[code], used[code])
            most[memory] = torch.tensor(highest, dtype=most.dtype)
        self.most.copy_(1 - (1 - most) ** HEADROOM)

    def forward(self, used: Tensor) -> Tensor:
        """Give what is added to log-odds (B, K), for what was used (B, M, K)."""
        return -STRENGTH * torch.relu(_steps(used) / _steps(self.most.double()) - 1).amax(1)

    def next(self, used: Tensor, code: Tensor) -> Tensor:
        """Follow one more code, as one of K (B, K): (B, M, K)."""
        return used * self.keep + code[:, None] * (1 - self.keep)


def _steps(used: Tensor) -> Tensor:
    """How many steps in a row make up a share, in units of the memory: a code that stays has no end of them."""
    return -(1 - used).clamp_min(NEVER).log()
