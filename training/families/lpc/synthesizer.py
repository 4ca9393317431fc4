"""What the LPC models make sound with: pulses and noise through an all-pole filter that moves."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ...dsp.allpole import NARROWEST_HZ, MovingFilter, PolynomialResponse, inverse, warping
from ...dsp.levinson import StepUp
from ...dsp.noise import NoiseSpectra
from ...dsp.oscillator import HarmonicOscillator
from ...streaming.contract import Carry, State, StreamingModule, recent
from .tracker import HOP_LENGTH, ORDER, SAMPLE_RATE, STEEPEST

N_FFT = 2048
DB = math.log(10) / 20


class Excitation(StreamingModule):
    """Pulses and white noise, of power 1 together.

    Pulses are all harmonics below the Nyquist frequency at one amplitude.

    Inputs: ``f0_hz`` (B, N, 1) float64, ``voicing`` (B, N, 1). Output: (B, N, hop_length).
    """

    ramps: Tensor
    pair: Tensor
    even: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.pulses = HarmonicOscillator(SAMPLE_RATE, HOP_LENGTH, 16, 16)
        self.noise = NoiseSpectra(torch.arange(HOP_LENGTH))
        ramp = (torch.arange(HOP_LENGTH) + 1.0) / HOP_LENGTH
        self.register_buffer("ramps", torch.stack([1 - ramp, ramp]), persistent=False)
        self.register_buffer("pair", torch.arange(2), persistent=False)
        # As many harmonics as fit, SAMPLE_RATE / (2 f0), each of power amplitude ** 2 / 2.
        self.register_buffer(
            "even", torch.full((self.pulses.harmonics,), 2 / SAMPLE_RATE**0.5), persistent=False
        )

    def own_state(self, batch: int) -> State:
        return {"noisiness": torch.zeros(batch, 1, 1)}

    def forward(self, x: tuple[Tensor, Tensor], state: State) -> tuple[Tensor, State]:
        carry = Carry(self, state)
        f0_hz, voicing = x
        pulses = carry("pulses", (f0_hz, (voicing * f0_hz.float()).sqrt() * self.even))
        ends, last = recent(state["noisiness"], (1.0 - voicing).sqrt(), self.pair)
        noise = carry("noise", voicing) * (ends.reshape(voicing.shape[0], -1, 2) @ self.ramps)
        return pulses + noise, carry.next_state | {"noisiness": last}


class LpcSynthesizer(StreamingModule):
    """The excitation and the filter: what effect and generator share.

    Inputs: reflection coefficients (B, N, 16); ``gain_db``, ``voicing`` (B, N, 1); ``f0_hz`` (B, N, 1) float64;
    ``formant_shift`` (B, N, 1) in semitones. Output: (B, N, hop_length).
    """

    def __init__(self) -> None:
        super().__init__()
        self.excitation = Excitation()
        self.step_up = StepUp(ORDER)
        self.response = PolynomialResponse(ORDER, N_FFT, NARROWEST_HZ, SAMPLE_RATE)
        self.filter = MovingFilter(HOP_LENGTH, N_FFT)

    def forward(self, x: tuple[Tensor, Tensor, Tensor, Tensor, Tensor], state: State) -> tuple[Tensor, State]:
        carry = Carry(self, state)
        reflections, gain_db, voicing, f0_hz, formant_shift = x
        excitation = carry("excitation", (f0_hz, voicing))
        a = self.step_up(reflections.clamp(-STEEPEST, STEEPEST).double())
        parts = inverse(*self.response(a, warping(formant_shift.double())))
        gain = (gain_db * DB).exp().unsqueeze(2)
        return carry("filter", (excitation, torch.stack(parts, 2).float() * gain)), carry.next_state
