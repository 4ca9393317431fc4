"""Noise filtered by one magnitude a bin, under long windows (Bitton et al. 2020, section 2.1)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ..streaming.contract import State, StreamingModule
from ..streaming.inverse_spectrum import InverseSpectrum
from ..streaming.sample_hold import rows_of
from .noise import NormalTable

OVERLAP = 4


class LongNoise(StreamingModule):
    """Grains of filtered noise, which begin every few frames and overlap by three quarters.

    A grain takes the magnitudes of the frame in which it begins, and is loudest half a window later.

    Parameters
    ----------
    hop_length : int
        Samples a frame.
    length : int
        Of a grain: a power of four, and a multiple of four frames.

    Shapes: (B, N, length / 2) linear magnitudes -> (B, N, hop_length). A magnitude of 1 everywhere gives noise of unit
    variance.
    """

    window: Tensor
    overlap: Tensor

    def __init__(self, hop_length: int, length: int) -> None:
        super().__init__()
        self.hop_length, self.hop = hop_length, length // OVERLAP
        self.every = self.hop // hop_length
        self.spectra = NormalTable(torch.arange(length))
        self.sound = InverseSpectrum(length)
        # The squares of Hann windows that overlap so add up to 1.5; a bin has the variance 1.
        window = torch.hann_window(length) * (1.5 * length / 2) ** -0.5
        self.register_buffer("window", window, persistent=False)
        self.register_buffer("overlap", torch.arange(OVERLAP - 1), persistent=False)

    def own_state(self, batch: int) -> State:
        return {
            "count": torch.zeros(batch, 1, dtype=torch.int64),
            "hop": torch.zeros(batch, 1, self.hop),
            "later": torch.zeros(batch, OVERLAP - 1, self.hop),
        }

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        frames, count = x.shape[1], state["count"]
        # As many as can begin. A trace would hold such a division to the length that it saw, so that it counts frames: what
        # is more stays silent.
        most = frames if torch.compiler.is_exporting() else (frames + self.every - 1) // self.every
        slots = torch.arange(most, device=x.device)
        begins = (-count) % self.every + self.every * slots
        magnitudes = rows_of(x, begins.clamp_max(frames - 1)) * (begins < frames)[..., None].to(x.dtype)
        grains = self._grains(magnitudes, (count + begins) // self.every)
        added = F.pad(state["later"], (0, 0, 0, most))
        for part in range(OVERLAP):
            added = added + F.pad(grains[:, :, part], (0, 0, part, OVERLAP - 1 - part))
        hops = torch.cat([state["hop"], added], 1)
        earlier = (count + self.every - 1) // self.every
        now = count + torch.arange(frames, device=x.device)
        row = (now // self.every + 1 - earlier) * self.every + now % self.every
        y = rows_of(hops.reshape(len(x), -1, self.hop_length), row)
        last = (count + frames + self.every - 1) // self.every - earlier
        kept = {"hop": rows_of(hops, last), "later": rows_of(hops, last + 1 + self.overlap)}
        return y, kept | {"count": count + frames}

    def _grains(self, magnitudes: Tensor, number: Tensor) -> Tensor:
        """Shape the noise of grains of these numbers (B, K): (B, K, OVERLAP, hop)."""
        spectra = self.spectra(number[..., None]).unflatten(-1, (2, -1)) * magnitudes[:, :, None]
        return (self.sound(spectra) * self.window).unflatten(-1, (OVERLAP, self.hop))
