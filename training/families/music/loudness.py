"""What keeps music as loud as the songs are.

A network that hears itself for minutes may fade or swell, a little more with each step. How loud the last seconds were is
followed at two speeds; where that is less or more than it usually was in the songs, louder or softer codes become more
likely. No step is louder than the loudest of the songs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .bands import DB, STEP_FRAMES, STEPS_PER_S, band_widths
from .codes import Codes

MEMORIES_S = (1.0, 4.0)
USUAL = (0.1, 0.4)
"""Of each memory: nothing is done unless it is softer or louder than in this share of the songs' time."""

LOUDEST = 0.999
"""Quantile of the songs' steps beyond which a step is turned down."""

STRENGTH = 0.2
"""Nats for each dB that is lacking, and each dB that a code is louder."""

MOST_LACKING_DB, MOST_APART_DB = 6.0, 30.0
"""What counts at most of either."""

LEAST = 1e-6
EDGE_DB = 30.0
"""What is softer by this than a song on average is none of it where it stands before and after."""


class Loudness(nn.Module):
    """Follows how loud the music is, and says how much likelier that makes louder codes.

    Loudness is the mean power of a step's bands. What is followed is by how much it is above the mean of the songs, as a
    share of that: 0 is as loud as usual, -1 is silence.

    Parameters
    ----------
    codes : int
        K.

    Attributes
    ----------
    usual : ()
        Mean power of the songs.
    most : ()
        The largest power of a step.
    lowest_db, highest_db : (M,)
        Between these nothing is done, of each memory, relative to ``usual``.
    of_codes_db : (K,)
        How loud each code of the first codebook is alone, relative to ``usual``.
    """

    usual: Tensor
    most: Tensor
    lowest_db: Tensor
    highest_db: Tensor
    of_codes_db: Tensor
    keep: Tensor
    widths: Tensor
    db: Tensor

    def __init__(self, codes: int) -> None:
        super().__init__()
        self.register_buffer("usual", torch.ones((), dtype=torch.float64))
        self.register_buffer("most", torch.full((), math.inf, dtype=torch.float64))
        memories = len(MEMORIES_S)
        self.register_buffer("lowest_db", torch.full((memories,), -math.inf, dtype=torch.float64))
        self.register_buffer("highest_db", torch.full((memories,), math.inf, dtype=torch.float64))
        self.register_buffer("of_codes_db", torch.zeros(codes))
        # Numbers in the code would be rounded to single precision in a graph.
        keep = [math.exp(-1 / (s * STEPS_PER_S)) for s in MEMORIES_S]
        self.register_buffer("keep", torch.tensor(keep, dtype=torch.float64), persistent=False)
        widths = (band_widths() / STEP_FRAMES).repeat(STEP_FRAMES)
        self.register_buffer("widths", widths[:, None], persistent=False)
        self.register_buffer("db", torch.tensor(DB, dtype=torch.float64), persistent=False)

    @torch.no_grad()
    def fit(self, codes: Codes, songs: Sequence[Tensor]) -> None:
        """Find how loud songs (N, Q) of codes are, each heard round and round."""
        powers = [self._powers(codes, song) for song in songs]
        together = torch.cat(powers)
        self.usual.copy_(together.mean())
        self.most.copy_(together.quantile(LOUDEST))
        for memory, keep in enumerate(self.keep.tolist()):
            above, followed = 0.0, []
            for power in powers:
                shares = (power.clamp_max(self.most) / self.usual - 1).tolist()
                for turn in range(2):
                    for share in shares:
                        above = above * keep + share * (1 - keep)
                        if turn:
                            followed.append(above)
            usually_db = self._decibels(torch.tensor(followed, dtype=torch.float64))
            self.lowest_db[memory] = usually_db.quantile(USUAL[memory])
            self.highest_db[memory] = usually_db.quantile(1 - USUAL[memory])
        alone = self._power(codes.decode(codes.books[0]).double())[:, 0] / self.usual - 1
        self.of_codes_db.copy_(self._decibels(alone))

    def forward(self, above: Tensor) -> Tensor:
        """Give what is added to log-odds (B, K), for how loud it was (B, M)."""
        now_db = self._decibels(above)
        lacking = torch.relu(self.lowest_db - now_db).clamp_max(MOST_LACKING_DB)
        too_much = torch.relu(now_db - self.highest_db).clamp_max(MOST_LACKING_DB)
        apart = self.of_codes_db.double().clamp(-MOST_APART_DB, MOST_APART_DB)
        return STRENGTH * (lacking - too_much).sum(-1, keepdim=True) * apart

    def next(self, above: Tensor, step: Tensor) -> tuple[Tensor, Tensor]:
        """Follow one more step (B, STEP_VALUES) in dB, and give it, turned down where it is too loud, and (B, M)."""
        power = self._power(step)
        heard = power.clamp_max(self.most)
        turned = step - self.db * (power / self.most).clamp_min(1).log()
        return turned, above * self.keep + (heard / self.usual - 1) * (1 - self.keep)

    @torch.no_grad()
    def within(self, codes: Codes, song: Tensor) -> Tensor:
        """Leave out the silence before and after a song (N, Q) of codes."""
        power = self._powers(codes, song)
        sounds = (power > power.mean() * 10 ** (-EDGE_DB / 10)).nonzero()[:, 0]
        return song[int(sounds[0]) : int(sounds[-1]) + 1]

    def _powers(self, codes: Codes, song: Tensor) -> Tensor:
        """Power (N,) of the steps of a song (N, Q) of codes."""
        return self._power(codes.decode(codes.vectors(song)).double())[:, 0]

    def _power(self, steps: Tensor) -> Tensor:
        return (steps / self.db).exp() @ self.widths

    def _decibels(self, above: Tensor) -> Tensor:
        return self.db * (1 + above).clamp_min(LEAST).log()
