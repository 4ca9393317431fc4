"""A bank of harmonic sinusoids, phase-exact over hours (Engel et al. 2020, section 3.1)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .streaming import State, StreamingModule, with_previous


class HarmonicOscillator(StreamingModule):
    """Sum of ``rows * columns`` harmonics of f0, none above the Nyquist frequency.

    Frequency and amplitudes run linearly from one frame's value to the next. The phase is accumulated once a frame in
    float64 cycles, with a closed form inside the frame.

    The harmonic number is split as k = columns * a + b, and with c = columns,
    sin(k x) = sin(c a x) cos(b x) + cos(c a x) sin(b x): two times (rows + columns) sines and two small matrix
    products do the work of rows * columns sines.

    Parameters
    ----------
    sample_rate : int
        Hz.
    hop_length : int
        Samples per frame.
    rows, columns : int
        Their product is the number of harmonics.

    Shapes: ``f0_hz`` (B, N, 1), ``amplitudes`` (B, N, K) linear -> (B, N, hop_length).
    """

    phase_basis: Tensor
    half_hop: Tensor
    orders: Tensor
    quarters: Tensor
    fade: Tensor
    numbers: Tensor
    slope: Tensor

    def __init__(self, sample_rate: int, hop_length: int, rows: int = 8, columns: int = 8) -> None:
        super().__init__()
        self.hop_length, self.rows, self.columns = hop_length, rows, columns
        self.harmonics = rows * columns
        time = (torch.arange(hop_length).double() + 1) / sample_rate
        late = time**2 * sample_rate / (2 * hop_length)
        # Phase inside a frame = [start, previous f0, f0] @ this, twice side by side.
        # Float64 throughout: a Python number would be exported as float32.
        basis = torch.stack([torch.ones_like(time), time - late, late])
        self.register_buffer("phase_basis", torch.cat([basis, basis], 1), persistent=False)
        self.register_buffer(
            "half_hop", torch.tensor(hop_length / (2 * sample_rate), dtype=torch.float64), persistent=False
        )
        # Upper rows: sines of multiples of `columns`, then cosines. Lower rows: cosines of 1 to `columns`, then sines.
        orders = torch.cat([torch.arange(rows) * columns, torch.arange(columns) + 1]).float()
        self.register_buffer("orders", orders[:, None], persistent=False)
        first, second = torch.tensor([0.0, 0.25]), torch.tensor([0.25, 0.0])
        quarters = torch.stack([first] * rows + [second] * columns).repeat_interleave(hop_length, 1)
        self.register_buffer("quarters", quarters, persistent=False)
        ramp = ((torch.arange(hop_length) + 1.0) / hop_length).repeat(2)
        fade = torch.cat([(1 - ramp).expand(rows, -1), ramp.expand(rows, -1)])
        self.register_buffer("fade", fade.contiguous(), persistent=False)
        numbers = torch.arange(1, self.harmonics + 1).float()
        self.register_buffer("numbers", numbers, persistent=False)
        # A slope from 1 at 92 % of the Nyquist frequency to 0 at it, for the amplitudes before and after.
        self.register_buffer("slope", -(numbers / (sample_rate / 2 * 0.08)).repeat(2), persistent=False)

    def own_state(self, batch: int) -> State:
        return {
            "phase": torch.zeros(batch, 1, 1, dtype=torch.float64),
            "f0": torch.zeros(batch, 1, 1),
            "amplitudes": torch.zeros(batch, 1, self.harmonics),
        }

    def forward(self, x: tuple[Tensor, Tensor], state: State) -> tuple[Tensor, State]:
        f0_before, f0, f0_last = with_previous(state["f0"], x[0])
        before, amplitudes, amplitudes_last = with_previous(state["amplitudes"], x[1])
        cycles, phase = self._cycles(f0_before.double(), f0.double(), state["phase"])
        highest = torch.maximum(f0_before, f0)
        audible = (highest * self.slope + 1 / 0.08).clamp(0.0, 1.0)
        y = self._sines(cycles, torch.cat([before, amplitudes], -1) * audible)
        return y, {"phase": phase, "f0": f0_last, "amplitudes": amplitudes_last}

    def _cycles(self, f0_before: Tensor, f0: Tensor, phase: Tensor) -> tuple[Tensor, Tensor]:
        """Phase of the fundamental in cycles within 0..1 (B, N, 2 hop) float32, and the phase after the last frame."""
        turns = (f0_before + f0) * self.half_hop
        total = torch.cumsum(turns, 1) + phase
        total = total - total.floor()
        cycles = torch.cat([total - turns, f0_before, f0], -1) @ self.phase_basis
        return (cycles - cycles.floor()).float(), total[:, -1:]

    def _sines(self, cycles: Tensor, amplitudes: Tensor) -> Tensor:
        """Sum over k of sin(k x), each from its amplitude before to that after: (B, N, hop)."""
        batch, rows = cycles.shape[0], self.rows
        turns = cycles.reshape(batch, -1, 1, 2 * self.hop_length) * self.orders + self.quarters
        waves = torch.sin((turns - turns.round()) * (2 * math.pi))
        upper, lower = waves.split([rows, self.columns], -2)
        inner = (amplitudes.reshape(batch, -1, 2 * rows, self.columns) @ lower) * self.fade
        begin, end = inner.split(rows, -2)
        sin_cos, cos_sin = ((begin + end) * upper).sum(-2).split(self.hop_length, -1)
        return sin_cos + cos_sin
