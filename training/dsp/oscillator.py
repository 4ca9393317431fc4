"""A bank of harmonic sinusoids, phase-exact over hours (Engel et al. 2020, section 3.1)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..streaming.contract import State, StreamingModule, recent


class HarmonicOscillator(StreamingModule):
    """Sum of ``rows * columns`` harmonics of f0, none above the Nyquist frequency.

    Frequency and amplitudes run linearly from one frame's value to the next. The phase is accumulated once a frame in
    float64 cycles, with a closed form inside the frame.

    The harmonic number is split as k = columns * a + b, and with c = columns,
    sin(k x) = sin(c a x) cos(b x) + cos(c a x) sin(b x): two times (rows + columns) sines and small matrix products do
    the work of rows * columns sines.

    Parameters
    ----------
    sample_rate : int
        Hz.
    hop_length : int
        Samples per frame.
    rows, columns : int
        Their product is the number of harmonics.

    Shapes: ``f0_hz`` (B, N, 1) float64, ``amplitudes`` (B, N, K) linear -> (B, N, hop_length).
    """

    motion: Tensor
    pair: Tensor
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
        # [previous f0, f0] @ this: cycles in the frame, and how far each sample is from the phase at the frame's end.
        # Float64 throughout: a Python number would be exported as float32.
        cycles = torch.full((2, 1), hop_length / (2 * sample_rate), dtype=torch.float64)
        motion = torch.cat([cycles, torch.stack([time - late, late]) - cycles], 1)
        self.register_buffer("motion", motion, persistent=False)
        self.register_buffer("pair", torch.arange(2), persistent=False)
        # Upper rows: multiples of `columns`. Lower rows: 1 to `columns`. Sines of the upper go with cosines of the lower.
        orders = torch.cat([torch.arange(rows) * columns, torch.arange(columns) + 1]).double()
        self.register_buffer("orders", (2 * math.pi * orders).float()[:, None], persistent=False)
        sine, cosine = torch.zeros(1), torch.full((1,), math.pi / 2)
        quarters = [
            torch.cat([a.expand(rows), b.expand(columns)]) for a, b in ((sine, cosine), (cosine, sine))
        ]
        self.register_buffer("quarters", torch.stack(quarters)[:, None, :, None], persistent=False)
        ramp = (torch.arange(hop_length) + 1.0) / hop_length
        self.register_buffer("fade", torch.stack([1 - ramp, ramp])[:, None], persistent=False)
        numbers = torch.arange(1, self.harmonics + 1).float()
        self.register_buffer("numbers", numbers, persistent=False)
        # A slope from 1 at 92 % of the Nyquist frequency to 0 at it.
        self.register_buffer("slope", -numbers / (sample_rate / 2 * 0.08), persistent=False)

    def own_state(self, batch: int) -> State:
        return {
            "phase": torch.zeros(batch, 1, 1, dtype=torch.float64),
            "f0": torch.zeros(batch, 1, 1, dtype=torch.float64),
            "amplitudes": torch.zeros(batch, 1, self.harmonics),
        }

    def forward(self, x: tuple[Tensor, Tensor], state: State) -> tuple[Tensor, State]:
        f0, f0_last = recent(state["f0"], x[0].double(), self.pair)
        amplitudes, amplitudes_last = recent(state["amplitudes"], x[1], self.pair)
        cycles, phase = self._cycles(f0, state["phase"])
        # Neither end of a frame has a harmonic that is too high at the other.
        audible = (f0.float().amax(2, keepdim=True) * self.slope + 1 / 0.08).clamp(0.0, 1.0)
        y = self._sines(cycles, amplitudes * audible)
        return y, {"phase": phase, "f0": f0_last, "amplitudes": amplitudes_last}

    def _cycles(self, f0: Tensor, phase: Tensor) -> tuple[Tensor, Tensor]:
        """Phase of the fundamental in cycles.

        Parameters
        ----------
        f0 : (B, N, 2, 1) float64, in Hz at the beginning and the end of each frame.
        phase : (B, 1, 1) float64

        Returns
        -------
        cycles : (B, N, hop) float32, within 0..1; phase : (B, 1, 1) float64, at the end.
        """
        turns, rest = (f0.reshape(f0.shape[0], -1, 2) @ self.motion).split([1, self.hop_length], -1)
        cycles = rest + (torch.cumsum(turns, 1) + phase)
        cycles = cycles - cycles.floor()
        return cycles.float(), cycles[:, -1:, -1:]

    def _sines(self, cycles: Tensor, amplitudes: Tensor) -> Tensor:
        """Sum over k of sin(k x), each from its amplitude before to that after: (B, N, hop)."""
        angles = self.orders @ cycles.reshape(-1, 1, 1, 1, self.hop_length) + self.quarters
        upper, lower = torch.sin(angles).split([self.rows, self.columns], -2)
        levels = amplitudes.reshape(-1, 1, 2, self.rows, self.columns)
        waves = (levels @ lower) * (upper * self.fade)
        # A product with ones is the fastest way to add up rows.
        rows = waves.reshape(-1, 4 * self.rows, self.hop_length)
        return (torch.ones(1, 4 * self.rows, device=rows.device) @ rows).reshape(cycles.shape)
