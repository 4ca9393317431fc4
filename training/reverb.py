"""A learned room: convolution with an impulse response that is a parameter (Engel et al. 2020, section 3.4)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .layers import OverlapAdd, dft_matrices
from .streaming import Carry, State, StreamingModule, recent


def convolve(x: Tensor, impulse_response: Tensor) -> Tensor:
    """Convolve (B, T) with (L,) through one long FFT, cut to T: what `Reverb` does to a whole signal, fast to train with."""
    n_fft = 1 << (x.shape[1] + len(impulse_response) - 1).bit_length()
    spectrum = torch.fft.rfft(x, n_fft) * torch.fft.rfft(impulse_response, n_fft)
    return torch.fft.irfft(spectrum, n_fft)[:, : x.shape[1]]


class Reverb(StreamingModule):
    """Uniformly partitioned convolution in the frequency domain (Gardner 1995; partitions of one hop, so no added delay).

    Parameters
    ----------
    hop_length : int
        Samples per frame and per partition.
    partitions : int
        The impulse response lasts ``partitions * hop_length`` samples.

    Shapes: (B, N, hop_length) -> (B, N, hop_length), the reverberation without the direct sound.
    """

    analysis: Tensor
    synthesis: Tensor
    window: Tensor

    def __init__(self, hop_length: int, partitions: int = 64) -> None:
        super().__init__()
        self.hop_length, self.partitions = hop_length, partitions
        self.bins = hop_length + 1
        self.impulse_response = nn.Parameter(torch.zeros(partitions * hop_length))
        self.overlap_add = OverlapAdd(hop_length)
        analysis, synthesis = dft_matrices(2 * hop_length, hop_length)
        self.register_buffer("analysis", analysis, persistent=False)
        self.register_buffer("synthesis", synthesis, persistent=False)
        self.register_buffer("window", torch.arange(partitions), persistent=False)

    @property
    def length(self) -> int:
        """Samples that it rings."""
        return self.partitions * self.hop_length

    def own_state(self, batch: int) -> State:
        return {"spectra": torch.zeros(batch, self.partitions - 1, 2 * self.bins)}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        carry = Carry(self, state)
        frames, spectra = recent(state["spectra"], x @ self.analysis, self.window)
        frames = frames.reshape(x.shape[0], -1, self.partitions, 2 * self.bins)
        wet = carry("overlap_add", self._product(frames) @ self.synthesis)
        return wet, carry.next_state | {"spectra": spectra}

    def _product(self, frames: Tensor) -> Tensor:
        """Complex sum over partitions, oldest first: (B, N, P, 2 bins) -> (B, N, 2 bins)."""
        response = self.impulse_response.reshape(self.partitions, self.hop_length).flip(0) @ self.analysis
        real, imag = response.split(self.bins, -1)
        x, y = frames.split(self.bins, -1)
        return torch.cat([(x * real - y * imag).sum(2), (x * imag + y * real).sum(2)], -1)
