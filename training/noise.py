"""Filtered noise, the same in every engine and for every block size (Engel et al. 2020, section 3.2)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from .layers import OverlapAdd, dft_matrices
from .streaming import Carry, State, StreamingModule

TABLE_LENGTH = 16384
PRIME = 2147483647


class NoiseSpectra(StreamingModule):
    """Independent complex normal spectra, one a frame, from a counter.

    An integer hash of the frame's number picks where in a fixed table of normal values the frame is read. A hash per
    value would cost several times as much and sound the same.

    Shapes: (B, N, ...) any frames, for their number -> (B, N, 2 * bins): real parts, then imaginary parts.
    """

    table: Tensor
    offsets: Tensor

    def __init__(self, bins: int) -> None:
        super().__init__()
        self.size = 2 * bins
        values = torch.randn(TABLE_LENGTH + self.size, generator=torch.Generator().manual_seed(20200114))
        self.register_buffer("table", values, persistent=False)
        self.register_buffer("offsets", torch.arange(self.size), persistent=False)

    def own_state(self, batch: int) -> State:
        return {"counter": torch.zeros(batch, 1, 1, dtype=torch.int64)}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        count = state["counter"] + torch.arange(x.shape[1], device=x.device)[:, None]
        places = (_hash(count) % TABLE_LENGTH + self.offsets).flatten()
        spectra = self.table.index_select(0, places).reshape(x.shape[0], -1, self.size)
        return spectra, {"counter": (count[:, -1:] + 1) % (1 << 31)}


def _hash(count: Tensor) -> Tensor:
    """Scatter counters below 2**31 over 0..2**31 - 2: multiply and square modulo a prime, in products below 2**63."""
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
    synthesis: Tensor

    def __init__(self, hop_length: int, bands: int = 65) -> None:
        super().__init__()
        n_fft = 2 * hop_length
        bins = hop_length + 1
        self.bands = bands
        self.spectra = NoiseSpectra(bins)
        self.overlap_add = OverlapAdd(hop_length)
        spread = F.interpolate(torch.eye(bands)[None], size=bins, mode="linear", align_corners=True)[0]
        self.register_buffer("spread", spread.repeat(1, 2), persistent=False)
        _, inverse = dft_matrices(n_fft, n_fft)
        window = torch.sin(torch.pi * (torch.arange(n_fft) + 0.5) / n_fft)
        # Real and imaginary parts of variance 1 make a frame of variance 2 / n_fft.
        self.register_buffer("synthesis", inverse * window * (n_fft / 2) ** 0.5, persistent=False)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        carry = Carry(self, state)
        spectrum = carry("spectra", x) * (x @ self.spread)
        return carry("overlap_add", spectrum @ self.synthesis), carry.next_state
