"""What the numbers of a network mean to the voice of hits and notes."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ...hits.voice import BANDS, NOISE_HOPS, SAMPLE_RATE, Parts, partial_centres, partial_reach
from .settings import GrainsSize


class Score(nn.Module):
    """Reads what a network gives as parts. Its first values are levels, one for each of `f_hz`; `others` follow."""

    f_hz: Tensor
    centres: Tensor

    def __init__(self, size: GrainsSize) -> None:
        super().__init__()
        self.reach = partial_reach(size.partials, size.highest_hz)
        self.levels = [NOISE_HOPS * BANDS, size.partials]
        self.others = [size.partials, size.partials, size.transients]
        bands_hz = torch.arange(BANDS) * (SAMPLE_RATE / 2 / (BANDS - 1))
        self.register_buffer("centres", partial_centres(size.partials, size.highest_hz), persistent=False)
        self.register_buffer("f_hz", torch.cat([bands_hz.repeat(NOISE_HOPS), self.centres]), persistent=False)

    def begin(self, bias: Tensor) -> None:
        """Let an untrained network play noise, and sinusoids beneath it."""
        bias[: self.levels[0]] = -3.0
        bias[self.levels[0] : sum(self.levels)] = -4.0

    def forward(self, levels: Tensor, others: Tensor, loudness: Tensor) -> Parts:
        noise, amplitudes = levels.split(self.levels, -1)
        detunes, phases, struck = others.split(self.others, -1)
        octaves = self.reach * torch.tanh(detunes)
        f_hz = self.centres * (octaves * math.log(2.0)).exp()
        return Parts(noise, amplitudes, f_hz, phases, struck * loudness)
