"""Filtered noise, the same in every engine and for every block size (Engel et al. 2020, section 3.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..streaming.contract import Carry, State, StreamingModule
from ..streaming.layers import OverlapAdd
from ..streaming.operators import look_up
from ..streaming.transform import Transform, fourier_gains, fourier_waves

TABLE_LENGTH = 16384
PRIME = 2147483647
STRUCK_RISE = 8
"""Samples in which noise rises where it is struck."""


class NormalTable(nn.Module):
    """Independent normal values for whole numbers, the same in every engine.

    An integer hash of the number picks where in a fixed table they are read. A hash per value would cost several times as
    much and sound the same.

    Parameters
    ----------
    offsets : (S,) int64 tensor
        Which of the values from that place on each value is.

    Shapes: int64 (B, N, 1) -> (B, N, S).
    """

    table: Tensor
    offsets: Tensor

    def __init__(self, offsets: Tensor) -> None:
        super().__init__()
        length = TABLE_LENGTH + int(offsets.max()) + 1
        values = torch.randn(length, generator=torch.Generator().manual_seed(20200114))
        self.register_buffer("table", values, persistent=False)
        self.register_buffer("offsets", offsets, persistent=False)

    def forward(self, number: Tensor) -> Tensor:
        return look_up(self.table, scattered(number) % TABLE_LENGTH + self.offsets)


class NoiseSpectra(StreamingModule):
    """Independent normal spectra, one a frame, from a counter; see `NormalTable`.

    Shapes: (B, N, ...) any frames, for their number -> (B, N, S).
    """

    def __init__(self, offsets: Tensor) -> None:
        super().__init__()
        self.values = NormalTable(offsets)

    def own_state(self, batch: int) -> State:
        return {"counter": torch.zeros(batch, 1, 1, dtype=torch.int64)}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        count = state["counter"] + torch.arange(x.shape[1], device=x.device)[:, None]
        return self.values(count), {"counter": state["counter"] + x.shape[1]}


def scattered(count: Tensor) -> Tensor:
    """Scatter counters over 0..2**31 - 2: multiply and square modulo a prime, in products below 2**63."""
    x = (count * 48271 + 11) % PRIME
    return x * x % PRIME * 69621 % PRIME


class FilteredNoise(StreamingModule):
    """White noise shaped by magnitudes in bands, one set a frame.

    Each frame is a random spectrum times the interpolated magnitudes, turned into twice a hop of sound under a
    square-root Hann window and overlap-added: independent frames so windowed have constant power.

    Parameters
    ----------
    hop_length : int
        Samples per frame.
    bands : int
        Magnitudes per frame, evenly from 0 Hz to the Nyquist frequency.

    Shapes: (B, N, bands) linear magnitudes -> (B, N, hop_length). A magnitude of 1 everywhere gives noise of unit variance.
    """

    spread: Tensor
    window: Tensor

    def __init__(self, hop_length: int, bands: int = 65) -> None:
        super().__init__()
        n_fft = 2 * hop_length
        bins = hop_length + 1
        self.bands = bands
        waves = fourier_waves(n_fft)
        # Under the gains of an inverse transform, normal values make a frame of variance 2 / n_fft; the factor undoes it.
        self.transform = Transform(n_fft, 16, n_fft // 16, waves, fourier_gains(n_fft) * (n_fft / 2) ** 0.5)
        offsets, spread = torch.zeros(len(waves), dtype=torch.int64), torch.zeros(bands, len(waves))
        curves = F.interpolate(torch.eye(bands)[None], size=bins, mode="linear", align_corners=True)[0]
        for index, (k, sine) in zip(self.transform.indices.tolist(), waves, strict=True):
            offsets[index] = bins + k if sine else k
            spread[:, index] = curves[:, k]
        self.spectra = NoiseSpectra(offsets)
        self.overlap_add = OverlapAdd(hop_length)
        self.register_buffer("spread", spread, persistent=False)
        window = torch.sin(torch.pi * (torch.arange(n_fft) + 0.5) / n_fft)
        self.register_buffer("window", window, persistent=False)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        carry = Carry(self, state)
        return carry("overlap_add", self.frames(carry, x) * self.window), carry.next_state

    def frames(self, carry: Carry, x: Tensor) -> Tensor:
        """Shape noise before it is windowed: (B, N, bands) -> (B, N, 2 * hop_length)."""
        return self.transform.synthesise(carry("spectra", x) * (x @ self.spread))


class StruckNoise(FilteredNoise):
    """Filtered noise that a trigger starts at once: the frame that begins there has no rise, but for a few samples.

    What sounded before fades within a hop, as ever.

    Shapes: (B, N, bands) linear magnitudes and (B, N, 1) of zeros and ones, one where a trigger is -> (B, N, hop_length).
    """

    at_once: Tensor

    def __init__(self, hop_length: int, bands: int = 65) -> None:
        super().__init__(hop_length, bands)
        window = self.window.clone()
        window[:hop_length] = 1.0
        window[:STRUCK_RISE] = torch.sin(torch.pi / 2 * (torch.arange(STRUCK_RISE) + 0.5) / STRUCK_RISE)
        self.register_buffer("at_once", window - self.window, persistent=False)

    def forward(self, x: tuple[Tensor, Tensor], state: State) -> tuple[Tensor, State]:  # type: ignore[override]
        magnitudes, struck = x
        carry = Carry(self, state)
        window = self.window + struck * self.at_once
        return carry("overlap_add", self.frames(carry, magnitudes) * window), carry.next_state
