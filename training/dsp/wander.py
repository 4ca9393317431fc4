"""Slow noise on levels: what makes a held tone live."""

from __future__ import annotations

import torch
from torch import Tensor

from ..streaming.contract import State, StreamingModule
from ..streaming.operators import look_up

TABLE_FRAMES = 8192
CORNER_HZ, SLOWEST_HZ = 6.0, 1.0
"""The noise is as strong up to the corner and falls by 6 dB an octave above it; nothing is slower than the slowest."""


class Wander(StreamingModule):
    """Let each of several levels go a little up and down by itself.

    All levels read one table of slow noise of unit variance, from places far apart in it: a frame costs one look-up. The
    table comes round after 22 s at 375 frames a second.

    Parameters
    ----------
    levels : int
        How many.
    frame_rate : float
        Frames a second.

    Attributes
    ----------
    depth : (levels,) tensor
        Standard deviation of each, in nepers; zeros until it is set.

    Shapes: amount (B, N, 1) -> nepers (B, N, levels), to be added to log amplitudes.
    """

    depth: Tensor
    table: Tensor
    places: Tensor

    def __init__(self, levels: int, frame_rate: float) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(20261127)
        spaced = torch.arange(levels) * (TABLE_FRAMES // levels)
        self.register_buffer("depth", torch.zeros(levels), persistent=False)
        self.register_buffer("table", _slow_noise(frame_rate, generator), persistent=False)
        self.register_buffer("places", spaced[torch.randperm(levels, generator=generator)], persistent=False)

    def own_state(self, batch: int) -> State:
        return {"frame": torch.zeros(batch, 1, 1, dtype=torch.int64)}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        frames = state["frame"] + torch.arange(x.shape[1], device=x.device)[:, None]
        return self.noise(frames) * self.depth * x, {"frame": (state["frame"] + x.shape[1]) % TABLE_FRAMES}

    def noise(self, frames: Tensor) -> Tensor:
        """Give what is added at a depth of 1: the numbers of frames (B, N, 1) int64 -> (B, N, levels)."""
        return look_up(self.table, (frames + self.places) % TABLE_FRAMES)


def _slow_noise(frame_rate: float, generator: torch.Generator) -> Tensor:
    """Draw noise (TABLE_FRAMES,) of unit variance that goes on at its beginning where it ends."""
    frequency = torch.fft.rfftfreq(TABLE_FRAMES, 1 / frame_rate).double()
    spectrum = torch.fft.rfft(torch.randn(TABLE_FRAMES, generator=generator).double())
    spectrum = spectrum * (frequency >= SLOWEST_HZ) / (1 + (frequency / CORNER_HZ) ** 2).sqrt()
    noise = torch.fft.irfft(spectrum, TABLE_FRAMES)
    return (noise / noise.square().mean().sqrt()).float()
