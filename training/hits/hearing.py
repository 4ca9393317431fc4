"""What an encoder hears of a sound, frame by frame: spectra in bands, loudness, onsets."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ..streaming.contract import State, StreamingModule, recent
from ..streaming.power_spectrum import PowerSpectrum
from .voice import HOP_LENGTH, SAMPLE_RATE

LONG, SHORT = 1024, 256
LONG_BANDS, SHORT_BANDS = 48, 24
DECIMATION, LOW, LOW_BANDS = 16, 256, 40
LOW_TAPS, LOW_HIGHEST_HZ = 128, 1000.0
"""Below a kilohertz it hears 93 ms, at a sixteenth of the rate: a window of 23 ms does not tell the tones of drums apart."""

LOUDNESS_FRAMES = 4
SILENT_DB = -80.0
ONSET_FRAMES, ONSET_RATIO, ONSET_POWER = 16, 8.0, 1e-6


def bands(
    count: int, n_fft: int, lowest_hz: float = 40.0, highest_hz: float = 20000.0, rate: float = SAMPLE_RATE
) -> Tensor:
    """Triangles (n_fft / 2, count) evenly on a logarithmic axis, none narrower than a bin."""
    bin_hz = rate / n_fft
    edges = [lowest_hz]
    for i in range(count + 1):
        rest = count + 1 - i
        edges.append(max(edges[-1] + bin_hz, edges[-1] * (highest_hz / edges[-1]) ** (1 / rest)))
    f = np.arange(n_fft // 2) * bin_hz
    triangles = [
        np.interp(f, [low, middle, high], [0.0, 1.0, 0.0])
        for low, middle, high in zip(edges[:-2], edges[1:-1], edges[2:], strict=True)
    ]
    return torch.from_numpy(np.stack(triangles, 1)).float()


def _window(length: int) -> Tensor:
    """A window that ends fast, so that the newest samples count; a sine at full scale has the power 1 under it."""
    fall = length // 8
    rise = torch.hann_window(2 * (length - fall))[: length - fall]
    window = torch.cat([rise, torch.hann_window(2 * fall)[fall:]])
    return window * (2.0 / window.sum())


def _decimator() -> Tensor:
    """What makes of two hops the newer one at a sixteenth of the rate: (2 * HOP_LENGTH, HOP_LENGTH / 16)."""
    m = np.arange(LOW_TAPS) - (LOW_TAPS - 1) / 2
    taps = np.sinc(2 * LOW_HIGHEST_HZ / SAMPLE_RATE * m) * np.hanning(LOW_TAPS)
    found = np.zeros((2 * HOP_LENGTH, HOP_LENGTH // DECIMATION))
    for column in range(found.shape[1]):
        newest = HOP_LENGTH + (column + 1) * DECIMATION
        found[newest - LOW_TAPS : newest, column] = taps / taps.sum()
    return torch.from_numpy(found).float()


class Hearing(StreamingModule):
    """Levels of bands relative to the loudness, the loudness, and onsets.

    The loudness is the level of the newest four frames. A frame with nine decibels more than any of the 16 before rises; an
    onset is one that rises where none of those did.

    Shapes: (B, N, HOP_LENGTH) -> features (B, N, `size`), loudness (B, N, 1) in dB, onset (B, N, 1) of zeros and ones.
    """

    size = LONG_BANDS + SHORT_BANDS + LOW_BANDS + 2
    long_window: Tensor
    short_window: Tensor
    long_bands: Tensor
    short_bands: Tensor
    decimator: Tensor
    low_window: Tensor
    low_bands: Tensor
    low_rows: Tensor
    rows: Tensor
    many: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.long, self.short = PowerSpectrum(LONG), PowerSpectrum(SHORT)
        self.register_buffer("long_window", _window(LONG).reshape(-1, HOP_LENGTH), persistent=False)
        self.register_buffer("short_window", _window(SHORT).reshape(-1, HOP_LENGTH), persistent=False)
        self.register_buffer("long_bands", bands(LONG_BANDS, LONG), persistent=False)
        self.register_buffer("short_bands", bands(SHORT_BANDS, SHORT, 150.0), persistent=False)
        self.low = PowerSpectrum(LOW)
        self.register_buffer("decimator", _decimator(), persistent=False)
        new = HOP_LENGTH // DECIMATION
        self.register_buffer("low_window", _window(LOW).reshape(-1, new), persistent=False)
        low_bands = bands(LOW_BANDS, LOW, 40.0, LOW_HIGHEST_HZ, SAMPLE_RATE / DECIMATION)
        self.register_buffer("low_bands", low_bands, persistent=False)
        self.register_buffer("low_rows", torch.arange(LOW // new), persistent=False)
        self.register_buffer("rows", torch.arange(LONG // HOP_LENGTH), persistent=False)
        self.register_buffer("many", torch.arange(ONSET_FRAMES + 1), persistent=False)

    def own_state(self, batch: int) -> State:
        return {
            "hops": torch.zeros(batch, LONG // HOP_LENGTH - 1, HOP_LENGTH),
            "low": torch.zeros(batch, LOW * DECIMATION // HOP_LENGTH - 1, HOP_LENGTH // DECIMATION),
            "powers": torch.zeros(batch, ONSET_FRAMES, 1),
            "rises": torch.zeros(batch, ONSET_FRAMES, 1),
        }

    def forward(self, x: Tensor, state: State) -> tuple[tuple[Tensor, Tensor, Tensor], State]:
        frames, hops = recent(state["hops"], x, self.rows)
        long = self.long((frames * self.long_window).flatten(2)) @ self.long_bands
        newest = frames[:, :, -SHORT // HOP_LENGTH :]
        short = self.short((newest * self.short_window).flatten(2)) @ self.short_bands
        decimated = frames[:, :, -2:].flatten(2) @ self.decimator
        low_frames, low = recent(state["low"], decimated, self.low_rows)
        lowest = self.low((low_frames * self.low_window).flatten(2)) @ self.low_bands
        now, powers = recent(state["powers"], x.square().mean(-1, keepdim=True), self.many)
        now = now[..., 0]
        mean = now[..., -LOUDNESS_FRAMES:].mean(-1, keepdim=True)
        loudness = _db(mean).clamp_min(SILENT_DB)
        earlier, newest_power = now[..., :-1].amax(-1, keepdim=True), now[..., -1:]
        rises = ((newest_power > ONSET_RATIO * earlier) & (newest_power > ONSET_POWER)).to(x.dtype)
        # An attack that rises for some frames is one onset.
        before, rose = recent(state["rises"], rises, self.many)
        onset = rises * (before[..., :-1, 0].amax(-1, keepdim=True) < 0.5).to(x.dtype)
        levels = (_db(torch.cat([long, short, lowest], -1)) - loudness).clamp(-60.0, 30.0)
        rise = (_db(newest_power) - loudness).clamp(-30.0, 10.0)
        features = torch.cat([levels, rise, loudness], -1) / 20.0
        return (features, loudness, onset), {"hops": hops, "low": low, "powers": powers, "rises": rose}


def _db(power: Tensor) -> Tensor:
    # Not a sum: the exporter takes such a small number for nothing.
    return power.clamp_min(1e-10).log() * (10.0 / math.log(10.0))
