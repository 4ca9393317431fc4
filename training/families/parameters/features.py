"""What a parameter analyzer knows of a hop: a fine spectrum, a few quick ones, and the course of the level.

Nothing in it is learned, so that it can be computed once for every sound and kept.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from ...streaming.contract import State, StreamingModule, recent
from ...streaming.power_spectrum import PowerSpectrum

SAMPLE_RATE, HOP_LENGTH = 48000, 1024
LONG, SHORT, LANE, SLOT = 4096, 1024, 256, 64
"""Samples: windows of the fine and the quick spectra, from one quick spectrum to the next, from level to level."""

BANDS_AT_ONCE = 16

VERSION = 1
"""Of the features: those of another version are not taken for these."""

FLOOR = 1e-9
"""Power of full scale that counts as nothing: -90 dB. Silence is exactly 0."""

QUIETEST = 1e-7
"""Mean square of a hop that is not silence: -70 dB."""


def frames_of(duration_s: float) -> int:
    """Hops that a sound takes."""
    return math.ceil(duration_s * SAMPLE_RATE / HOP_LENGTH)


class Bands(nn.Module):
    """Powers of neighbouring bins added up under triangles that overlap by half.

    Sixteen bands at a time, each time of the bins that they cover: one matrix would be nearly all zeros, and large.

    Parameters
    ----------
    edges : array
        In bins, rising: the centres of the bands, and the centres that the first and the last would have as neighbours.

    Shapes: (..., bins) -> (..., bands).
    """

    def __init__(self, edges: np.ndarray) -> None:
        super().__init__()
        self.ranges: list[tuple[int, int]] = []
        for first in range(0, len(edges) - 2, BANDS_AT_ONCE):
            own = edges[first : first + BANDS_AT_ONCE + 2]
            start, end = int(np.ceil(own[0])), int(np.ceil(own[-1]))
            bins = np.arange(start, end)[:, None]
            low, middle, high = own[None, :-2], own[None, 1:-1], own[None, 2:]
            triangles = np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle)).clip(0)
            # In half precision, in which a model file holds them in half the space.
            weights = torch.from_numpy(triangles).half().float()
            self.register_buffer(f"weights_{len(self.ranges)}", weights, persistent=False)
            self.ranges.append((start, end))

    def forward(self, power: Tensor) -> Tensor:
        parts = [
            power[..., start:end] @ self.get_buffer(f"weights_{i}")
            for i, (start, end) in enumerate(self.ranges)
        ]
        return torch.cat(parts, -1)


def spaced(first: float, last: float, count: int) -> np.ndarray:
    """Edges of ``count`` bands, equally far apart on a logarithmic axis."""
    return first * (last / first) ** (np.arange(-1, count + 1) / (count - 1))


class ParameterFeatures(StreamingModule):
    """Levels of bands and moments, on a logarithmic scale from 0, silence, to about 2, full scale.

    The fine spectrum (85 ms) has every bin up to 1.5 kHz, 12 Hz apart, and 64 bands above; four quick spectra (21 ms, every
    5 ms) have 48 bands; 16 levels follow the sound every 1.3 ms. The last value is 1 if the hop is not silence, else 0.

    Shapes: (B, N, 1024) at 48 kHz -> (B, N, `size`).
    """

    FINE_BINS, FINE_BANDS, QUICK_BANDS = 128, 64, 48
    size = FINE_BINS + FINE_BANDS + QUICK_BANDS * (HOP_LENGTH // LANE) + HOP_LENGTH // SLOT + 1
    long_window: Tensor
    short_window: Tensor
    rows: Tensor

    def __init__(self) -> None:
        super().__init__()
        octaves = np.arange(-1.0, self.FINE_BANDS + 1) / (self.FINE_BANDS // 4)
        self.high = Bands(self.FINE_BINS * 2.0**octaves)
        self.quick = Bands(np.concatenate([np.arange(0.0, 14.0), spaced(14.0, 430.0, 35)[1:]]))
        self.long, self.short = PowerSpectrum(LONG), PowerSpectrum(SHORT)
        # A sine at full scale has the power 1.
        long, short = (torch.hann_window(n) * (4.0 / n) for n in (LONG, SHORT))
        self.register_buffer("long_window", long.reshape(-1, HOP_LENGTH), persistent=False)
        self.register_buffer("short_window", short.reshape(-1, LANE), persistent=False)
        self.register_buffer("rows", torch.arange(4), persistent=False)

    def own_state(self, batch: int) -> State:
        return {
            "hops": torch.zeros(batch, LONG // HOP_LENGTH - 1, HOP_LENGTH),
            "lanes": torch.zeros(batch, SHORT // LANE - 1, LANE),
        }

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        frames, hops = recent(state["hops"], x, self.rows)
        fine = self.long((frames * self.long_window).flatten(2))
        parts, lanes = recent(state["lanes"], x.reshape(x.shape[0], -1, LANE), self.rows)
        quick = self.quick(self.short((parts * self.short_window).flatten(2)))
        slots = x.reshape(x.shape[0], -1, HOP_LENGTH // SLOT, SLOT).square().mean(-1)
        sounding = (slots.mean(-1, keepdim=True) > QUIETEST).to(x.dtype)
        spectra = torch.cat(
            [
                fine[..., 1 : self.FINE_BINS + 1],
                self.high(fine),
                quick.reshape(x.shape[0], -1, HOP_LENGTH // LANE * self.QUICK_BANDS),
            ],
            -1,
        )
        return torch.cat([_level(spectra), _level(slots), sounding], -1), {"hops": hops, "lanes": lanes}


def _level(power: Tensor) -> Tensor:
    # The floor as 1 beside a scaled power: optimisers of graphs take an addend of 1e-9 for nothing.
    return (power * (1.0 / FLOOR) + 1.0).log() * 0.1


def level_db(features: Tensor) -> Tensor:
    """Levels of 64 samples each in dB of full scale, out of features (..., F): (..., 16)."""
    slots = features[..., -1 - HOP_LENGTH // SLOT : -1]
    return 10 * (((slots * 10).exp() - 1).clamp_min(1e-3) * FLOOR).log10()
