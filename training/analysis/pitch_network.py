"""A causal pitch tracker: spectra of two window lengths, a small recurrent network, a distribution over pitch.

Trained on synthesised sounds whose pitch is exactly known (`training.families.pitch.sounds`). The distribution
over pitch bins and its local mean follow CREPE (Kim et al. 2018); causal spectra and a recurrent layer stand in for its
long window.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..dsp.units import midi_to_hz
from ..streaming.contract import Carry, State, StreamingModule, recent
from ..streaming.layers import FilterBank, StreamingGRU, fir_kernels
from ..streaming.operators import take
from ..streaming.transform import Transform

LOWEST_MIDI = 28.0  # E1, 41.2 Hz
CENTS_PER_BIN = 25.0
PITCH_BINS = 296  # up to MIDI 102, 2960 Hz
REACH = 5  # bins on each side of the peak that its mean is taken over


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


class RecentSpectrum(StreamingModule):
    """Cosine and sine parts of the newest samples, under `recent_window`, at multiples of one frequency.

    Parameters
    ----------
    hops, hop_length : int
        The window has so many hops.
    period, bins : int
        The frequencies are 1 to ``bins`` times 1 / ``period`` cycles a sample.

    Shapes: (B, N, hop_length) -> (B, N, ...), the parts of all bins at `indices` (2, bins).
    """

    window: Tensor
    rows: Tensor

    def __init__(self, hops: int, hop_length: int, period: int, bins: int) -> None:
        super().__init__()
        self.hop_length = hop_length
        waves = [(k, sine) for sine in (False, True) for k in range(1, bins + 1)]
        self.transform = Transform(period, hop_length, hops, waves)
        window = recent_window(hops * hop_length).reshape(hops, hop_length)
        self.register_buffer("window", window.float(), persistent=False)
        self.register_buffer("rows", torch.arange(hops), persistent=False)

    @property
    def indices(self) -> Tensor:
        """Where in the output each bin's cosine and sine parts are."""
        return self.transform.indices.reshape(2, -1)

    def own_state(self, batch: int) -> State:
        return {"past": torch.zeros(batch, len(self.rows) - 1, self.hop_length)}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        frames, past = recent(state["past"], x, self.rows)
        return self.transform.analyse(frames * self.window), {"past": past}


class PitchFeatures(StreamingModule):
    """Log magnitude spectra of two windows, levelled: 64 ms up to 1.5 kHz, and 24 ms up to 4 kHz.

    The long window tells low harmonics apart, the short one answers fast; each is computed at the lowest rate that holds it.

    Shapes: (B, N, hop_length) at 12 kHz -> (B, N, `size`).
    """

    LONG_BINS, SHORT_BINS = 128, 88
    size = LONG_BINS + SHORT_BINS
    indices: Tensor

    def __init__(self, hop_length: int) -> None:
        super().__init__()
        self.to_6k = FilterBank(fir_kernels(lowpass_fir(0.40 / 2, 36), hop_length // 2, 2), hop_length)
        self.long = RecentSpectrum(24, hop_length // 2, 512, self.LONG_BINS)  # 6000 / 512 = 1500 / 128 Hz
        self.short = RecentSpectrum(9, hop_length, 264, self.SHORT_BINS)  # 12000 / 264 = 4000 / 88 Hz
        indices = torch.cat([self.long.indices, self.short.indices + self.long.transform.size], 1)
        self.register_buffer("indices", indices, persistent=False)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        carry = Carry(self, state)
        parts = torch.cat([carry("long", carry("to_6k", x)), carry("short", x)], 2)
        power = take(parts * parts, 2, self.indices).sum(2)
        # Silence is exactly 0: around a large mean, layer normalisation in ONNX Runtime loses a small variance to rounding.
        level = (power * 2.5e9 + 1.0).log()
        return F.layer_norm(level, (self.size,)), carry.next_state


class PitchNetwork(StreamingModule):
    """From sound at 12 kHz to logits: a softmax over `PITCH_BINS` bins of pitch, and voicing last.

    Shapes: (B, N, hop_length) -> (B, N, PITCH_BINS + 1).
    """

    around: Tensor
    step: Tensor
    lowest: Tensor

    def __init__(self, hop_length: int, width: int = 128, hidden: int = 96) -> None:
        super().__init__()
        self.features = PitchFeatures(hop_length)
        self.enter = nn.Linear(PitchFeatures.size, width)
        self.mix = nn.Linear(width, width)
        self.gru = StreamingGRU(width, hidden)
        self.gather = nn.Linear(width + hidden, 72)
        self.head = nn.Linear(72, PITCH_BINS + 1)
        self.register_buffer("around", torch.arange(2 * REACH + 1) - REACH, persistent=False)
        # In float64: the phase of an oscillator would add rounding up. Python numbers would be exported as float32.
        step = torch.tensor(CENTS_PER_BIN / 100, dtype=torch.float64)
        self.register_buffer("step", step, persistent=False)
        self.register_buffer("lowest", LOWEST_MIDI - REACH * step, persistent=False)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        carry = Carry(self, state)
        now = F.relu(self.mix(F.relu(self.enter(carry("features", x)))))
        both = torch.cat([now, carry("gru", now)], -1)
        return self.head(F.relu(self.gather(both))), carry.next_state

    def midi(self, logits: Tensor) -> Tensor:
        """Mean of the distribution over the five bins on each side of its peak, as MIDI note number.

        Shapes: (B, N, PITCH_BINS) -> (B, N, 1) float64.
        """
        padded = F.pad(logits, (REACH, REACH), value=-1e4)
        bins = padded.argmax(-1, keepdim=True) + self.around
        weights = padded.gather(-1, bins).double().softmax(-1)
        return (weights * bins.double()).sum(-1, keepdim=True) * self.step + self.lowest

    def decode(self, logits: Tensor) -> Tensor:
        """The same in Hz, float32."""
        return midi_to_hz(self.midi(logits)).float()


def to_12k_kernels(hop_length: int) -> Tensor:
    """Kernels of a filter bank that gives the samples of each hop at a quarter of the rate."""
    return fir_kernels(lowpass_fir(0.42 / 4, 72), hop_length // 4, 4)
