"""A learned room: convolution with an impulse response that is a parameter (Engel et al. 2020, section 3.4)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..streaming.contract import State, StreamingModule, recent
from ..streaming.transform import Transform, fourier_gains, fourier_waves


def convolve(x: Tensor, impulse_response: Tensor) -> Tensor:
    """Convolve (B, T) with (L,) through one long FFT, cut to T: what `Reverb` does to a whole signal, fast to train with."""
    n_fft = 1 << (x.shape[1] + len(impulse_response) - 1).bit_length()
    spectrum = torch.fft.rfft(x, n_fft) * torch.fft.rfft(impulse_response, n_fft)
    return torch.fft.irfft(spectrum, n_fft)[:, : x.shape[1]]


class Reverb(StreamingModule):
    """Uniformly partitioned convolution in the frequency domain (Gardner 1995; partitions of one hop, so no added delay).

    The spectrum of each hop, padded with zeros, meets those of pieces of the impulse response that are two hops long and
    overlap by one. Of each circular convolution the second hop is what is wanted, so nothing is left over to be added later.

    Parameters
    ----------
    hop_length : int
        Samples per frame and per partition.
    partitions : int
        The impulse response lasts ``partitions * hop_length`` samples.

    Shapes: (B, N, hop_length) -> (B, N, hop_length), the reverberation without the direct sound.
    """

    parts: Tensor
    signs: Tensor
    within: Tensor
    across: Tensor
    rows: Tensor

    def __init__(self, hop_length: int, partitions: int = 64) -> None:
        super().__init__()
        self.hop_length, self.partitions = hop_length, partitions
        self.impulse_response = nn.Parameter(torch.zeros(partitions * hop_length))
        n_fft, rows = 2 * hop_length, hop_length // 16
        waves = fourier_waves(n_fft)
        self.analysis = Transform(n_fft, 16, rows, waves)
        self.pieces = Transform(n_fft, 16, 2 * rows, waves)
        synthesis = Transform(n_fft, 16, rows, waves, fourier_gains(n_fft).abs(), first=rows)
        # For each value of a spectrum, where the cosine part of its bin is and where the sine part, which has the opposite
        # sign in the product that makes a sine of it, and where the other of the two. 0 Hz and the Nyquist frequency have
        # no sine part.
        index_of = dict(zip(waves, self.analysis.indices.tolist(), strict=True))
        parts, signs = torch.zeros(2, n_fft, dtype=torch.int64), torch.ones(2, n_fft)
        partner = torch.arange(n_fft)
        for (k, is_sine), i in index_of.items():
            parts[:, i] = torch.tensor([index_of[k, False], index_of.get((k, True), i)])
            partner[i] = index_of.get((k, not is_sine), i)
            signs[1, i] = (-1.0 if is_sine else 1.0) if partner[i] != i else 0.0
        # What is multiplied with the sine part goes to the partner: instead, its waves change places.
        waves_at = synthesis.within.transpose(1, 2)
        swapped = waves_at.flatten(0, 1)[partner].reshape(waves_at.shape)
        self.register_buffer("parts", parts, persistent=False)
        self.register_buffer("signs", signs[:, None], persistent=False)
        self.register_buffer("within", torch.stack([waves_at, swapped]), persistent=False)
        self.register_buffer("across", synthesis.across.T.repeat(1, 2), persistent=False)
        self.register_buffer("rows", torch.arange(partitions + 1), persistent=False)

    @property
    def length(self) -> int:
        """Samples that it rings."""
        return self.partitions * self.hop_length

    def own_state(self, batch: int) -> State:
        return {"spectra": torch.zeros(batch, self.partitions, 2 * self.hop_length)}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        hops = x.reshape(x.shape[0], -1, self.hop_length // 16, 16)
        frames, spectra = recent(state["spectra"], self.analysis.analyse(hops), self.rows)
        # Sums over the partitions as products with ones, the fastest way to add up rows.
        ones = torch.ones(1, self.partitions + 1, device=x.device)
        sums = ones @ (frames.unsqueeze(2) * self._response())
        groups, columns = self.within.shape[1:3]
        y = sums.reshape(x.shape[0], -1, 2, groups, 1, columns) @ self.within
        y = self.across @ y.reshape(x.shape[0], -1, 4 * groups, 16)
        return y.reshape(x.shape[0], -1, self.hop_length), {"spectra": spectra}

    def _response(self) -> Tensor:
        """Factors of cosine and of sine parts, from the spectra of the pieces, latest first: (2, P + 1, 2 hop)."""
        hops = nn.functional.pad(self.impulse_response.reshape(-1, self.hop_length), (0, 0, 1, 1))
        frames = torch.cat([hops[:-1], hops[1:]], 1).flip(0)
        spectra = self.pieces.analyse(frames.reshape(1, self.partitions + 1, -1, 16))[0]
        return spectra[:, self.parts].transpose(0, 1) * self.signs
