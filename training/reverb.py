"""A learned room: convolution with an impulse response that is a parameter (Engel et al. 2020, section 3.4)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .layers import OverlapAdd
from .streaming import Carry, State, StreamingModule, recent, take
from .transform import Transform, fourier_gains, fourier_waves


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

    cosine: Tensor
    sine: Tensor
    partner: Tensor
    sign: Tensor
    rows: Tensor

    def __init__(self, hop_length: int, partitions: int = 64) -> None:
        super().__init__()
        self.hop_length, self.partitions = hop_length, partitions
        self.impulse_response = nn.Parameter(torch.zeros(partitions * hop_length))
        self.overlap_add = OverlapAdd(hop_length)
        n_fft = 2 * hop_length
        waves = fourier_waves(n_fft)
        self.analysis = Transform(n_fft, 16, hop_length // 16, waves)
        self.synthesis = Transform(n_fft, 16, n_fft // 16, waves, fourier_gains(n_fft).abs())
        # For each value of a spectrum, where the cosine part of its bin is, where the sine part, and where the other of the
        # two; and the sign with which that other takes the product with the sine part. 0 Hz and the Nyquist frequency have
        # no sine part.
        place = dict(zip(waves, self.analysis.places.tolist(), strict=True))
        cosine, sine, partner = (torch.zeros(n_fft, dtype=torch.int64) for _ in range(3))
        sign = torch.zeros(n_fft)
        for (k, is_sine), i in place.items():
            cosine[i] = place[k, False]
            sine[i] = place.get((k, True), i)
            partner[i] = place.get((k, not is_sine), i)
            sign[i] = (-1.0 if is_sine else 1.0) if partner[i] != i else 0.0
        for name, value in (("cosine", cosine), ("sine", sine), ("partner", partner), ("sign", sign)):
            self.register_buffer(name, value, persistent=False)
        self.register_buffer("rows", torch.arange(partitions), persistent=False)

    @property
    def length(self) -> int:
        """Samples that it rings."""
        return self.partitions * self.hop_length

    def own_state(self, batch: int) -> State:
        return {"spectra": torch.zeros(batch, self.partitions - 1, 2 * self.hop_length)}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        carry = Carry(self, state)
        frames, spectra = recent(state["spectra"], self._spectra(x), self.rows)
        wet = carry("overlap_add", self.synthesis.synthesise(self._product(frames)))
        return wet, carry.next_state | {"spectra": spectra}

    def _spectra(self, x: Tensor) -> Tensor:
        """Transform frames padded with as many zeros: (B, N, hop) -> (B, N, 2 hop)."""
        return self.analysis.analyse(x.reshape(x.shape[0], -1, self.hop_length // 16, 16))

    def _product(self, frames: Tensor) -> Tensor:
        """Complex sum over partitions, oldest first: (B, N, P, 2 hop) -> (B, N, 2 hop)."""
        response = self._spectra(self.impulse_response.reshape(1, self.partitions, self.hop_length).flip(1))[
            0
        ]
        cosine, sine = response.index_select(1, self.cosine), response.index_select(1, self.sine) * self.sign
        # Sums as products with ones, the fastest way to add up rows.
        ones = torch.ones(1, self.partitions, device=frames.device)
        kept, turned = ones @ (frames * cosine), ones @ (frames * sine)
        return (kept + take(turned, 3, self.partner)).squeeze(2)
