"""A-weighted loudness, causal, one value a hop."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ..streaming.contract import State, StreamingModule, recent
from ..streaming.layers import fir_kernels
from ..streaming.operators import sum_of_squares

FLOOR_DB = -100.0


def a_weighting_gain(frequency_hz: np.ndarray) -> np.ndarray:
    """Return the A-weighting curve as a linear gain (IEC 61672-1:2013, annex E), 1 at 1 kHz."""
    f2 = np.asarray(frequency_hz, float) ** 2
    f1, f_2, f3, f4 = 20.598997, 107.65265, 737.86223, 12194.217
    gain = f4**2 * f2**2 / ((f2 + f1**2) * np.sqrt((f2 + f_2**2) * (f2 + f3**2)) * (f2 + f4**2))
    return gain * 10 ** (2.0 / 20)


def a_weighting_fir(sample_rate: int, taps: int) -> Tensor:
    """Design A-weighting as a minimum-phase FIR filter, whose energy comes first (no added delay).

    The minimum phase follows from the magnitude through the real cepstrum (Oppenheim and Schafer, ch. 13).
    """
    n_fft = 1 << 16
    magnitude = np.maximum(a_weighting_gain(np.fft.rfftfreq(n_fft, 1 / sample_rate)), 1e-6)
    cepstrum = np.fft.irfft(np.log(magnitude))
    cepstrum[1 : n_fft // 2] *= 2
    cepstrum[n_fft // 2 + 1 :] = 0
    response = np.fft.irfft(np.exp(np.fft.rfft(cepstrum)))[:taps]
    fade = taps // 4
    response[-fade:] *= np.cos(np.linspace(0, np.pi / 2, fade)) ** 2
    return torch.from_numpy(response)


def a_weighting_kernels(sample_rate: int, hop_length: int, taps: int = 384) -> Tensor:
    """Kernels of a filter bank that gives the A-weighted samples of each hop."""
    return fir_kernels(a_weighting_fir(sample_rate, taps), hop_length)


class Loudness(StreamingModule):
    """Loudness of an A-weighted signal in dB relative to full scale.

    The mean square is taken per hop and smoothed over eight hops with weights that decay towards the past (mean age
    2.2 hops, 6 ms at 48 kHz and a hop of 128), so that an onset shows at once.

    Shapes: (B, N, ...), A-weighted, a hop in any axes -> (B, N, 1) in dB, from -100 to about 0.
    """

    weights: Tensor
    hops: Tensor

    def __init__(self) -> None:
        super().__init__()
        decay = torch.exp(-torch.arange(8) / 3.0)
        self.register_buffer("weights", (decay / decay.sum()).flip(0)[:, None], persistent=False)
        self.register_buffer("hops", torch.arange(8), persistent=False)

    @property
    def reach(self) -> int:
        """Hops after its own in which a hop is still heard."""
        return len(self.hops) - 1

    def own_state(self, batch: int) -> State:
        return {"past": torch.zeros(batch, self.reach)}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        energy = sum_of_squares(x, list(range(2, x.ndim)))
        energies, past = recent(state["past"], energy, self.hops)
        # The floor as 1 beside a scaled energy: optimisers of graphs take an addend of 1e-10 for nothing.
        scaled = energies @ (self.weights * (10 ** (-FLOOR_DB / 10) / x[0, 0].numel()))
        return (scaled + 1.0).log() * (10 / math.log(10)) + FLOOR_DB, {"past": past}
