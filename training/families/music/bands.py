"""Spectra of music in bands, as a step of the network sees them, and back to spectra of sound.

Bands are as wide as a bin where hearing is as fine as that, and as a part of the mel scale above (Stevens, Volkmann and
Newman 1937, in the form of O'Shaughnessy 1987).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...streaming.contract import State, StreamingModule, recent
from ...streaming.operators import take
from ...streaming.power_spectrum import PowerSpectrum

SAMPLE_RATE = 24000
WINDOW, FRAME_HOP = 1024, 256
BANDS = 128
STEP_FRAMES = 2
"""Spectra in a step of the network."""

HOP_LENGTH = STEP_FRAMES * FRAME_HOP
STEP_VALUES = STEP_FRAMES * BANDS
STEPS_PER_S = SAMPLE_RATE / HOP_LENGTH

FLOOR_DB = -80.0
LEVEL_DB = -20.0
"""Songs are learned at this level, in dB of full scale."""

BREAK_HZ = 700.0
DB = 10 / np.log(10)


def band_centres() -> NDArray[np.float64]:
    """Give the bands' centres in bins (BANDS,), rising by one bin or more from 1 to the last bin below half the rate."""
    bin_hz, last = SAMPLE_RATE / WINDOW, WINDOW // 2 - 1

    def centres(width: float) -> NDArray[np.float64]:
        found = [1.0]
        while len(found) < BANDS:
            found.append(found[-1] + max(1.0, width * (found[-1] * bin_hz + BREAK_HZ) / bin_hz))
        return np.array(found)

    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if centres(middle)[-1] < last else (low, middle)
    return centres(low)


def band_weights() -> Tensor:
    """Give the weights (WINDOW / 2, BANDS) with which bins make up bands; those of a band add up to one."""
    weights = _triangles()
    # A file stores them in half the space.
    return torch.from_numpy(weights / weights.sum(0)).half().float()


def band_widths() -> Tensor:
    """Give how many bins (BANDS,) each band is wide, in double precision."""
    return torch.from_numpy(_triangles().sum(0))


def _triangles() -> NDArray[np.float64]:
    """How much of each bin lies in each band: (WINDOW / 2, BANDS)."""
    centres = band_centres()
    below = np.concatenate([[0.0], centres[:-1]])
    above = np.concatenate([centres[1:], [WINDOW / 2]])
    bins = np.arange(WINDOW // 2)[:, None]
    return np.minimum((bins - below) / (centres - below), (above - bins) / (above - centres)).clip(0)


class Bands(StreamingModule):
    """Levels in bands, two spectra a step.

    A sine of full scale is 0 dB in a band of one bin. The newest sample of a spectrum's window is the last of its hop.

    Shapes: (B, N, HOP_LENGTH) samples -> (B, N, STEP_VALUES) in dB, FLOOR_DB or more.
    """

    window: Tensor
    weights: Tensor
    hops: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.power = PowerSpectrum(WINDOW)
        hann = torch.hann_window(WINDOW, dtype=torch.float64)
        self.register_buffer("window", (2 * hann / hann.sum()).float(), persistent=False)
        self.register_buffer("weights", band_weights(), persistent=False)
        self.register_buffer("hops", torch.arange(WINDOW // FRAME_HOP), persistent=False)

    def own_state(self, batch: int) -> State:
        return {"past": torch.zeros(batch, WINDOW // FRAME_HOP - 1, FRAME_HOP)}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        frames, past = recent(state["past"], x.reshape(x.shape[0], -1, FRAME_HOP), self.hops)
        power = self.power(frames.flatten(2) * self.window)
        level = DB * (power @ self.weights).clamp_min(10 ** (FLOOR_DB / 10)).log()
        return level.reshape(x.shape[0], -1, STEP_VALUES), {"past": past}


class Magnitudes(nn.Module):
    """Spectra of a step's bands: levels are interpolated from band to band.

    Shapes: double precision (B, N, STEP_VALUES) in dB -> (B, N * STEP_FRAMES, WINDOW / 2) linear.
    """

    below: Tensor
    share: Tensor
    nepers: Tensor

    def __init__(self) -> None:
        super().__init__()
        centres = band_centres()
        bins = np.arange(WINDOW // 2)
        place = np.interp(bins, centres, np.arange(BANDS))
        below = np.minimum(place.astype(np.int64), BANDS - 2)
        self.register_buffer("below", torch.from_numpy(below), persistent=False)
        # A number in the code would be rounded to single precision in a graph.
        self.register_buffer("nepers", torch.tensor(1 / (2 * DB), dtype=torch.float64), persistent=False)
        self.register_buffer("share", torch.from_numpy(place - below), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        bands = x.reshape(x.shape[0], -1, BANDS)
        low, high = take(bands, 2, self.below), take(bands, 2, self.below + 1)
        return ((low + (high - low) * self.share) * self.nepers).exp()
