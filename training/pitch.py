"""A causal pitch tracker: spectra of two window lengths, a small recurrent network, a distribution over pitch.

Trained on synthesised sounds whose pitch is exactly known (`training.synthetic_sounds`). The distribution over pitch
bins and its local mean follow CREPE (Kim et al. 2018); causal spectra and a recurrent layer stand in for its long window.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .layers import FilterBank, StreamingGRU, fir_kernels
from .streaming import Carry, State, StreamingModule

LOWEST_MIDI = 28.0  # E1, 41.2 Hz
CENTS_PER_BIN = 25.0
PITCH_BINS = 296  # up to MIDI 102, 2960 Hz


def midi_to_hz(midi: Tensor) -> Tensor:
    """Convert MIDI note numbers to Hz (A4 = 69 = 440 Hz)."""
    return 440.0 * torch.exp((midi - 69.0) * (math.log(2.0) / 12.0))


def hz_to_midi(f0_hz: Tensor) -> Tensor:
    """Convert Hz to MIDI note numbers (A4 = 440 Hz = 69)."""
    return f0_hz.log() * (12.0 / math.log(2.0)) + (69.0 - 12.0 * math.log2(440.0))


def lowpass_fir(cutoff: float, taps: int) -> Tensor:
    """A Kaiser-windowed sinc; ``cutoff`` in cycles per sample."""
    n = np.arange(taps) - (taps - 1) / 2
    response = 2 * cutoff * np.sinc(2 * cutoff * n) * np.kaiser(taps, 7.0)
    return torch.from_numpy(response / response.sum())


def recent_window(length: int) -> Tensor:
    """A window that rises slowly and falls fast, so that what is new counts early."""
    fall = length // 4
    rise = torch.sin(torch.linspace(0, math.pi / 2, length - fall).double()) ** 2
    window = torch.cat([rise, torch.cos(torch.linspace(0, math.pi / 2, fall + 1).double())[:-1] ** 2])
    return window / window.square().sum().sqrt()


def spectrum_kernels(length: int, frequencies: Tensor) -> Tensor:
    """Windowed cosines, then windowed sines, at ``frequencies`` in cycles per sample: (2 K, length)."""
    time = torch.arange(length).double() - length + 1
    angle = 2 * math.pi * frequencies.double()[:, None] * time
    return torch.cat([angle.cos(), angle.sin()]) * recent_window(length)


class PitchFeatures(StreamingModule):
    """Log magnitude spectra of two windows, levelled: 64 ms up to 1.5 kHz, and 24 ms up to 4 kHz.

    The long window tells low harmonics apart, the short one answers fast; each is computed at the lowest rate that holds it.

    Shapes: (B, N, hop_length) at 12 kHz -> (B, N, `size`).
    """

    LONG_BINS, SHORT_BINS = 128, 88
    size = LONG_BINS + SHORT_BINS

    def __init__(self, hop_length: int) -> None:
        super().__init__()
        self.to_6k = FilterBank(fir_kernels(lowpass_fir(0.40 / 2, 36), hop_length // 2, 2), hop_length)
        long = torch.arange(1, self.LONG_BINS + 1) * (1500.0 / self.LONG_BINS / 6000)
        short = torch.arange(1, self.SHORT_BINS + 1) * (4000.0 / self.SHORT_BINS / 12000)
        self.long = FilterBank(spectrum_kernels(384, long), hop_length // 2)
        self.short = FilterBank(spectrum_kernels(288, short), hop_length)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        carry = Carry(self, state)
        spectra = [carry("long", carry("to_6k", x)), carry("short", x)]
        power = [(s * s).unflatten(2, (2, -1)).sum(2) for s in spectra]
        # Silence is exactly 0: around a large mean, layer normalisation in ONNX Runtime loses a small variance to rounding.
        level = (torch.cat(power, 2) * 2.5e9 + 1.0).log()
        return F.layer_norm(level, (self.size,)), carry.next_state


class PitchNetwork(StreamingModule):
    """From sound at 12 kHz to logits: a softmax over `PITCH_BINS` bins of pitch, and voicing last.

    Shapes: (B, N, hop_length) -> (B, N, PITCH_BINS + 1).
    """

    bins: Tensor
    bin_hz: Tensor

    def __init__(self, hop_length: int, width: int = 128, hidden: int = 96) -> None:
        super().__init__()
        self.features = PitchFeatures(hop_length)
        self.enter = nn.Linear(PitchFeatures.size, width)
        self.mix = nn.Linear(width, width)
        self.gru = StreamingGRU(width, hidden)
        self.gather = nn.Linear(width + hidden, 72)
        self.head = nn.Linear(72, PITCH_BINS + 1)
        bins = torch.arange(PITCH_BINS).float()
        self.register_buffer("bins", bins, persistent=False)
        self.register_buffer(
            "bin_hz",
            midi_to_hz(LOWEST_MIDI + bins.double() * (CENTS_PER_BIN / 100)).float(),
            persistent=False,
        )

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        carry = Carry(self, state)
        now = F.relu(self.mix(F.relu(self.enter(carry("features", x)))))
        both = torch.cat([now, carry("gru", now)], -1)
        return self.head(F.relu(self.gather(both))), carry.next_state

    def decode(self, logits: Tensor) -> Tensor:
        """Mean of the distribution over the five bins on each side of its peak, in Hz: (B, N, PITCH_BINS) -> (B, N, 1)."""
        peak = logits.argmax(-1, keepdim=True)
        distance = self.bins - peak
        weight = logits.softmax(-1) * (distance.abs() < 5.5)
        # As a small offset from the peak the mean keeps its last bits, which the phase of an oscillator would add up.
        offset = (weight * distance).sum(-1, keepdim=True) / weight.sum(-1, keepdim=True)
        at_peak = self.bin_hz.index_select(0, peak.flatten()).reshape(offset.shape[0], -1, 1)
        return at_peak * (offset * (CENTS_PER_BIN / 1200 * math.log(2))).exp()


def to_12k_kernels(hop_length: int) -> Tensor:
    """Kernels of a filter bank that gives the samples of each hop at a quarter of the rate."""
    return fir_kernels(lowpass_fir(0.42 / 4, 72), hop_length // 4, 4)
