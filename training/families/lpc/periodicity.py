"""A correction of the tracked pitch, and how much of a sound is pulses, by the autocorrelation of the residual."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ...analysis.pitch_network import CENTS_PER_BIN, LOWEST_MIDI, PITCH_BINS
from ...dsp.levinson import StepUp
from ...streaming.contract import Carry, State, StreamingModule
from ...streaming.layers import StreamingGRU, dense
from ...streaming.operators import take
from .spectra import LOUD, long_window

CANDIDATES = 112
"""Of two pitch bins each: up to 1047 Hz. Higher pitches are left to the bundled tracker."""
HIGHEST_HZ = 4000.0  # above, vibrato has smeared the harmonics of a voice


class ResidualPeriodicity(nn.Module):
    """How much the residual, the sound less its envelope, is like itself one period later: 1 for pulses, about 0 for noise.

    The autocorrelation of the residual (the tracker of Markel 1972) below 4 kHz, over that of the window, which would
    make long periods look less periodic than short ones (Boersma 1993). Its value at the period is the share of power
    that is periodic.

    Inputs: ``power`` (B, N, n_fft // 2 + 1) under the long window, reflection coefficients (B, N, P).
    Output: (B, N, `CANDIDATES`).
    """

    polynomial: Tensor
    weight: Tensor
    waves: Tensor

    def __init__(self, order: int, n_fft: int, fall: int, sample_rate: int) -> None:
        super().__init__()
        self.step_up = StepUp(order)
        self.bins = round(HIGHEST_HZ * n_fft / sample_rate) + 1
        bins = torch.arange(self.bins).double()
        angle = 2 * math.pi / n_fft * torch.outer(torch.arange(order + 1).double(), bins)
        self.register_buffer("polynomial", torch.cat([angle.cos(), angle.sin()], 1), persistent=False)
        hertz = bins * sample_rate / n_fft
        weight = (4 - hertz / 1000).clamp(0, 1) * (hertz >= 40)
        self.register_buffer("weight", weight.float(), persistent=False)
        midi = LOWEST_MIDI + (torch.arange(CANDIDATES).double() + 0.5) * 2 * CENTS_PER_BIN / 100
        period = 1 / (440 * 2 ** ((midi - 69) / 12))
        window = long_window(n_fft, fall)
        likeness = torch.fft.irfft(torch.fft.rfft(window, 2 * n_fft).abs().square())[:n_fft]
        likeness = likeness / likeness[0]
        lag = period * sample_rate
        low = lag.floor().long()
        own = likeness[low] + (likeness[low + 1] - likeness[low]) * (lag - low)
        waves = torch.cos(2 * math.pi * torch.outer(hertz, period)) / own
        # The last column adds up. Rounded so that a file may hold them in half the space.
        waves = torch.cat([waves, torch.ones_like(waves[:, :1])], 1)
        self.register_buffer("waves", waves.half().float(), persistent=False)

    def forward(self, power: Tensor, reflections: Tensor) -> Tensor:
        parts = self.step_up(reflections.double()) @ self.polynomial
        real, imaginary = parts.split(self.bins, -1)
        whitening = (real * real + imaginary * imaginary).float()
        residual = power[..., : self.bins] * LOUD * whitening * self.weight
        alike, whole = (residual @ self.waves).split([CANDIDATES, 1], -1)
        return alike / (whole + 1.0)


class PitchCorrection(StreamingModule):
    """Corrects the bundled pitch tracker, which knows instruments better than voices and whispers, and tells the voicing.

    Inputs: periodicity (B, N, `CANDIDATES`); the tracker's logits, pitch and voicing (B, N, PITCH_BINS + 1); what the
    envelope network made of the sound (B, N, hidden). Outputs: logits of pitch (B, N, PITCH_BINS), of the voicing (B, N, 1).
    """

    spread: Tensor
    fold: Tensor

    def __init__(self, inputs: int, width: int, hidden: int) -> None:
        super().__init__()
        self.enter = dense(2 * CANDIDATES + 1 + inputs, width)
        self.gru = StreamingGRU(width, hidden)
        self.head = nn.Linear(width + hidden, CANDIDATES + 1)
        # A candidate's correction goes to the bins around it; that of a pitch above them to none.
        place = (torch.arange(PITCH_BINS) - 0.5) / 2
        spread = (1 - (place - torch.arange(CANDIDATES)[:, None]).abs()).clamp_min(0)
        self.register_buffer("spread", spread, persistent=False)
        # Twice a period is a period: a pitch above the candidates is as periodic as it is octaves lower.
        octave = round(1200 / CENTS_PER_BIN)
        bins = torch.arange(PITCH_BINS)
        over = (bins - 2 * CANDIDATES).clamp_min(-1) // octave + 1
        self.register_buffer("fold", (bins - over * octave) // 2, persistent=False)
        with torch.no_grad():
            self.head.weight.mul_(0.1)
            self.head.bias.zero_()

    def forward(self, x: tuple[Tensor, Tensor, Tensor], state: State) -> tuple[tuple[Tensor, Tensor], State]:
        carry = Carry(self, state)
        periodicity, answers, envelope = x
        logits, voiced = answers.split([PITCH_BINS, 1], -1)
        pairs = logits[..., : 2 * CANDIDATES].reshape(*logits.shape[:2], CANDIDATES, 2).mean(-1)
        now = self.enter(torch.cat([periodicity * 2.0, pairs * 0.1, voiced * 0.2, envelope], -1))
        correction, voicing = self.head(torch.cat([now, carry("gru", now)], -1)).split([CANDIDATES, 1], -1)
        logits = logits + correction @ self.spread
        share = (logits.softmax(-1) * take(periodicity, 2, self.fold)).sum(-1, keepdim=True)
        return (logits, voicing + 5.0 * share - 2.5), carry.next_state
