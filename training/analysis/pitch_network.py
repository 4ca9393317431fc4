"""A causal pitch tracker: spectra of two window lengths, a small recurrent network, a distribution over pitch.

Trained on synthesised sounds whose pitch is exactly known (`training.families.pitch.sounds`). The distribution
over pitch bins and its local mean follow CREPE (Kim et al. 2018); causal spectra and a recurrent layer stand in for its
long window.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..dsp.units import midi_to_hz
from ..streaming.contract import Carry, State, StreamingModule, recent
from ..streaming.layers import StreamingGRU, fir_kernels
from ..streaming.operators import sum_of_squares, take
from ..streaming.transform import Transform

LOWEST_MIDI = 28.0  # E1, 41.2 Hz
CENTS_PER_BIN = 25.0
PITCH_BINS = 296  # up to MIDI 102, 2960 Hz
REACH = 5  # bins on each side of the peak that its mean is taken over
FLOOR = 1e-4
"""Of the mean power of all bins: what lies below is not seen. The network learned from sounds with some noise, and took what
the windows leak of clean tones for partials."""
GAIN = 5e4
"""Of the sound before its power is taken: so loud, what is as faint as 1 is hardly heard."""


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


class RecentSpectrum(nn.Module):
    """Cosine and sine parts of a frame under `recent_window`, at multiples of one frequency.

    Bins lie where `Transform` puts them, `COLUMNS` to a group. What follows knows their order, so that nothing has to be
    put in another one: one value after the other, that took longer than the transform.

    Parameters
    ----------
    hops, hop_length, row : int
        A frame is so many hops of so many samples, and cut into rows, so long that groups have `COLUMNS` bins.
    period, bins : int
        The frequencies are 1 to ``bins`` times 1 / ``period`` cycles a sample.
    filling : sequence of int
        Multiples that stand first in a group with too few bins. Their parts are 0.

    Attributes
    ----------
    order : (groups * COLUMNS,) int64 tensor
        The bin at each place, counted from 0.

    Shapes: (B, N, hops, hop_length) -> (B, N, groups * 2 * COLUMNS), in each group cosine parts before sine parts.
    """

    COLUMNS = 16
    window: Tensor

    def __init__(
        self, hops: int, hop_length: int, row: int, period: int, bins: int, filling: Sequence[int] = ()
    ) -> None:
        super().__init__()
        cycles = [*filling, *range(1, bins + 1)]
        waves = [(k, sine) for sine in (False, True) for k in cycles]
        gains = torch.tensor([float(k <= bins) for k, _ in waves])
        self.transform = Transform(period, row, hops * hop_length // row, waves, gains)
        cosines = self.transform.indices[: len(cycles)]
        places = cosines // (2 * self.COLUMNS) * self.COLUMNS + cosines % (2 * self.COLUMNS)
        self.order = (torch.tensor(cycles) - 1)[places.argsort()]
        window = GAIN * recent_window(hops * hop_length).reshape(hops, hop_length)
        self.register_buffer("window", window.float(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        rows = (x * self.window).reshape(x.shape[0], -1, self.transform.rows, self.transform.length)
        return self.transform.analyse(rows)


class PitchFeatures(StreamingModule):
    """Log magnitude spectra of two windows, levelled: 24 ms up to 4 kHz, and 64 ms up to 1.5 kHz.

    The long window tells low harmonics apart, the short one answers fast; each is computed at the lowest rate that holds it.

    Attributes
    ----------
    order : (size,) int64 tensor
        Which feature each value is: those of the long window come first, by frequency, then those of the short one.

    Shapes: (B, N, hop_length) at 12 kHz -> (B * N, `size`).
    """

    LONG_BINS, SHORT_BINS = 128, 88
    size = LONG_BINS + SHORT_BINS
    order: Tensor
    to_6k: Tensor
    hops: Tensor
    hops_6k: Tensor

    def __init__(self, hop_length: int) -> None:
        super().__init__()
        self.hop_length = hop_length
        hops, hops_6k = 9, 24
        # 12000 / 264 = 4000 / 88 Hz. Bins of rows of 24 samples share a group with what lies 11 bins, or 22, away: in
        # the group of 11 itself eight are missing.
        self.short = RecentSpectrum(hops, hop_length, 24, 264, self.SHORT_BINS, range(99, 187, 11))
        self.missing = RecentSpectrum.COLUMNS // 2
        # 6000 / 512 = 1500 / 128 Hz
        self.long = RecentSpectrum(hops_6k, hop_length // 2, 32, 512, self.LONG_BINS)
        order = torch.cat([self.short.order[self.missing :] + self.LONG_BINS, self.long.order])
        self.register_buffer("order", order, persistent=False)
        to_6k = fir_kernels(lowpass_fir(0.40 / 2, 36), hop_length // 2, 2)
        self.register_buffer("to_6k", to_6k.T.float().contiguous(), persistent=False)
        self.register_buffer("hops", torch.arange(hops), persistent=False)
        self.register_buffer("hops_6k", torch.arange(hops_6k), persistent=False)

    def own_state(self, batch: int) -> State:
        return {
            "past": torch.zeros(batch, len(self.hops) - 1, self.hop_length),
            "past_6k": torch.zeros(batch, len(self.hops_6k) - 1, self.hop_length // 2),
        }

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        frames, past = recent(state["past"], x, self.hops)
        at_6k = frames.flatten(2)[:, :, -len(self.to_6k) :] @ self.to_6k
        frames_6k, past_6k = recent(state["past_6k"], at_6k, self.hops_6k)
        parts = torch.cat([self.short(frames), self.long(frames_6k)], 2)
        parts = parts.reshape(len(x) * x.shape[1], -1, 2, RecentSpectrum.COLUMNS)
        power = sum_of_squares(parts, [2]).flatten(1)[:, self.missing :]
        # Silence is exactly 0: around a large mean, layer normalisation in ONNX Runtime loses a small variance to rounding.
        floor = power.mean(1, keepdim=True) * FLOOR + 1.0
        features = F.layer_norm((power + floor).log(), (self.size,))
        return features, {"past": past, "past_6k": past_6k}


class PitchNetwork(StreamingModule):
    """From sound at 12 kHz to logits: a softmax over `PITCH_BINS` bins of pitch, and voicing last.

    Shapes: (B, N, hop_length) -> (B, N, PITCH_BINS + 1).
    """

    around: Tensor
    steps: Tensor
    midi_of_bins: Tensor

    def __init__(self, hop_length: int, width: int = 128, hidden: int = 96) -> None:
        super().__init__()
        self.features = PitchFeatures(hop_length)
        self.enter = nn.Linear(PitchFeatures.size, width)
        self.mix = nn.Linear(width, width)
        self.gru = StreamingGRU(width, hidden)
        self.gather = nn.Linear(width + hidden, 72)
        self.head = nn.Linear(72, PITCH_BINS + 1)
        around = torch.arange(2 * REACH + 1)
        self.register_buffer("around", around, persistent=False)
        # In float64: the phase of an oscillator would add rounding up. Python numbers would be exported as float32.
        step = torch.tensor(CENTS_PER_BIN / 100, dtype=torch.float64)
        self.register_buffer("steps", ((around - REACH) * step)[:, None], persistent=False)
        midi_of_bins = LOWEST_MIDI + torch.arange(PITCH_BINS) * step
        self.register_buffer("midi_of_bins", midi_of_bins, persistent=False)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        carry = Carry(self, state)
        shape = x.shape[:2]
        # In two axes a linear layer and its nonlinearity are one node.
        entered = F.linear(carry("features", x), self.enter.weight[:, self.features.order], self.enter.bias)
        now = F.relu(self.mix(F.relu(entered)))
        both = torch.cat([now, carry("gru", now.unflatten(0, shape)).flatten(0, 1)], -1)
        return self.head(F.relu(self.gather(both))).unflatten(0, shape), carry.next_state

    def midi(self, logits: Tensor) -> Tensor:
        """Mean of the distribution over the five bins on each side of its peak, as MIDI note number.

        Shapes: (B, N, PITCH_BINS) -> (B, N, 1) float64.
        """
        peak = logits.argmax(-1, keepdim=True)
        padded = F.pad(logits, (REACH, REACH), value=-1e4)
        weights = padded.gather(-1, peak + self.around).double().softmax(-1)
        return take(self.midi_of_bins, 0, peak) + weights @ self.steps

    def decode(self, logits: Tensor) -> Tensor:
        """The same in Hz, float32."""
        return midi_to_hz(self.midi(logits)).float()


def to_12k_kernels(hop_length: int) -> Tensor:
    """Kernels of a filter bank that gives the samples of each hop at a quarter of the rate."""
    return fir_kernels(lowpass_fir(0.42 / 4, 72), hop_length // 4, 4)
