"""A bank of harmonic sinusoids, phase-exact over hours (Engel et al. 2020, section 3.1)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .streaming import State, StreamingModule, hold

class HarmonicOscillator(StreamingModule):
    """Sum of ``rows * columns`` harmonics of f0, none above the Nyquist frequency.

    Frequency and amplitudes run linearly from one frame's value to the next. The phase is accumulated once a frame in
    float64 cycles, with a closed form inside the frame.

    The harmonic number is split as k = columns * a + b, and sin(k x) = sin(columns a x) cos(b x) + cos(columns a x) sin(b x):
    two times (rows + columns) sines and two small matrix products do the work of rows * columns sines.

    Parameters
    ----------
    sample_rate : int
        Hz.
    hop_length : int
        Samples per frame.
    rows, columns : int
        Their product is the number of harmonics.

    Shapes: ``f0_hz`` (B, N), ``amplitudes`` (B, N, K) linear -> (B, N * hop_length).
    """

    def __init__(self, sample_rate: int, hop_length: int, rows: int = 8, columns: int = 8) -> None:
        super().__init__()
        self.sample_rate, self.hop_length = sample_rate, hop_length
        self.rows, self.columns = rows, columns
        self.harmonics = rows * columns
        time = (torch.arange(hop_length).double() + 1) / sample_rate
        late = time**2 * sample_rate / (2 * hop_length)
        # Phase inside a frame = [start, previous f0, f0] @ this. Float64 throughout: a Python number would export as float32.
        self.register_buffer("phase_basis", torch.stack([torch.ones_like(time), time - late, late]), persistent=False)
        self.register_buffer("half_hop", torch.tensor(hop_length / (2 * sample_rate)).double(), persistent=False)
        self.register_buffer("ramp", (torch.arange(hop_length) + 1.0) / hop_length, persistent=False)
        orders = torch.cat([torch.arange(rows) * columns, torch.arange(columns) + 1]).float()
        self.register_buffer("orders", orders.repeat(2)[:, None], persistent=False)
        # Rows of sine, then the same a quarter turn ahead: cosines.
        self.register_buffer("quarter", torch.tensor([0.0, 0.25]).repeat_interleave(rows + columns)[:, None], persistent=False)
        self.register_buffer("numbers", torch.arange(1, self.harmonics + 1).float(), persistent=False)

    def own_state(self, batch: int) -> State:
        return {
            "phase": torch.zeros(batch, 1, dtype=torch.float64),
            "f0": torch.zeros(batch),
            "amplitudes": torch.zeros(batch, self.harmonics),
        }

    def forward(self, x: tuple[Tensor, Tensor], state: State) -> tuple[Tensor, State]:
        f0, amplitudes = x
        f0_before, f0_last = hold(state["f0"], f0)
        amplitudes_before, amplitudes_last = hold(state["amplitudes"], amplitudes)
        f0_pair = torch.stack([f0_before, f0], -1)
        cycles, phase = self._cycles(f0_pair.double(), state["phase"])
        audible = self._audible(f0_pair.amax(-1))
        start = amplitudes_before * audible
        y = self._sines(cycles, start, amplitudes * audible - start)
        return y.reshape(f0.shape[0], -1), {"phase": phase, "f0": f0_last, "amplitudes": amplitudes_last}

    def _cycles(self, f0_pair: Tensor, phase: Tensor) -> tuple[Tensor, Tensor]:
        """Phase of the fundamental in cycles within 0..1 (B, N, hop) float32, and the phase after the last frame."""
        total = torch.cumsum(f0_pair.sum(-1) * self.half_hop, 1) + phase
        start = torch.cat([phase, total[:, :-1]], 1)
        cycles = torch.cat([start.unsqueeze(-1), f0_pair], -1) @ self.phase_basis
        last = total[:, -1:]
        return (cycles - cycles.floor()).float(), last - last.floor()

    def _audible(self, f0: Tensor) -> Tensor:
        """1 below 92 % of the Nyquist frequency, 0 from there on, with a slope between: (B, N, K)."""
        nyquist = self.sample_rate / 2
        return ((1.0 - f0.unsqueeze(-1) * (self.numbers / nyquist)) * (1 / 0.08)).clamp(0.0, 1.0)

    def _sines(self, cycles: Tensor, start: Tensor, change: Tensor) -> Tensor:
        """Sum over k of (start_k + ramp * change_k) * sin(k x): (B, N, hop)."""
        batch, frames, rows, columns = *cycles.shape[:2], self.rows, self.columns
        turns = cycles.unsqueeze(-2) * self.orders + self.quarter
        waves = torch.sin((turns - turns.round()) * (2 * math.pi))
        sin_a, sin_b, cos_a, cos_b = waves.split([rows, columns, rows, columns], -2)
        amplitudes = torch.cat([start, change], -1).reshape(batch, frames, 2 * rows, columns)
        inner = amplitudes @ torch.cat([cos_b, sin_b], -1)
        begin, slope = inner.split(rows, -2)
        cos_part, sin_part = (begin + slope * self.ramp.repeat(2)).split(self.hop_length, -1)
        return (cos_part * sin_a + sin_part * cos_a).sum(-2)
