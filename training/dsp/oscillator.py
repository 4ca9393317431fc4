"""A bank of harmonic sinusoids, phase-exact over hours (Engel et al. 2020, section 3.1)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..streaming.contract import State, StreamingModule, newest, recent


class HarmonicOscillator(StreamingModule):
    """Sum of ``rows * columns`` harmonics of f0, none above the Nyquist frequency.

    Frequency and amplitudes run linearly from one frame's value to the next. The phase is accumulated once a frame in
    float64 cycles, with a closed form inside the frame.

    With c = columns, the harmonics of a row lie around u = c (a + 1/2) + 1/2, from u - (c - 1)/2 to u + (c - 1)/2, and
    sin((u + b) x) = sin(u x) cos(b x) + cos(u x) sin(b x), where the sines and cosines of b and of -b are the same but for
    a sign: two times (rows + columns / 2) sines and small matrix products do the work of rows * columns sines. Both u and b
    are halves: where x wraps by a cycle, both change their sign.

    Parameters
    ----------
    sample_rate : int
        Hz.
    hop_length : int
        Samples per frame.
    rows, columns : int
        Their product is the number of harmonics; ``columns`` is even.

    Shapes: ``f0_hz`` (B, N, 1) float64, ``amplitudes`` (B, N, K) linear -> (B, N, hop_length).
    """

    turns: Tensor
    motion: Tensor
    pair: Tensor
    orders: Tensor
    quarters: Tensor
    fade: Tensor
    folds: Tensor
    numbers: Tensor
    slope: Tensor

    def __init__(self, sample_rate: int, hop_length: int, rows: int = 8, columns: int = 8) -> None:
        super().__init__()
        self.hop_length, self.rows, self.columns = hop_length, rows, columns
        self.harmonics = rows * columns
        self.lower = columns // 2
        self.register_buffer("pair", torch.arange(2), persistent=False)
        time = (torch.arange(hop_length).double() + 1) / sample_rate
        late = time**2 * sample_rate / (2 * hop_length)
        # [f0 before, f0] @ this: cycles in the frame. A Python number would be exported as float32.
        turns = torch.full((2, 1), hop_length / (2 * sample_rate), dtype=torch.float64)
        self.register_buffer("turns", turns, persistent=False)
        # [f0 before, f0, phase at the frame's end] @ this: the phase at each sample.
        motion = torch.cat([torch.stack([time - late, late]) - turns, torch.ones_like(time)[None]])
        self.register_buffer("motion", motion.float(), persistent=False)
        upper, lower = torch.arange(rows) * columns + (columns + 1) / 2, torch.arange(self.lower) + 0.5
        # Sines of the upper go with cosines of the lower.
        orders = torch.cat([upper, upper, lower, lower]).double()
        is_cosine = torch.tensor([False, True, True, False]).repeat_interleave(
            torch.tensor([rows, rows, self.lower, self.lower])
        )
        self.register_buffer("orders", (2 * math.pi * orders).float()[:, None], persistent=False)
        quarters = torch.zeros(len(orders), 3)
        quarters[is_cosine, 2] = math.pi / 2
        self.register_buffer("quarters", quarters, persistent=False)
        # Amplitudes of a row @ these: those of the lower cosines, and of the lower sines.
        apart = torch.arange(columns) - (columns - 1) / 2
        cosines = (apart.abs()[:, None] == lower).float()
        self.register_buffer(
            "folds", torch.stack([cosines, cosines * apart.sign()[:, None]]), persistent=False
        )
        ramp = (torch.arange(hop_length) + 1.0) / hop_length
        self.register_buffer("fade", torch.stack([1 - ramp, ramp])[:, None], persistent=False)
        numbers = torch.arange(1, self.harmonics + 1).float()
        self.register_buffer("numbers", numbers, persistent=False)
        # A slope from 1 at 92 % of the Nyquist frequency to 0 at it.
        self.register_buffer("slope", -numbers / (sample_rate / 2 * 0.08), persistent=False)

    def own_state(self, batch: int) -> State:
        return {
            "phase": torch.zeros(batch, 1, 1, dtype=torch.float64),
            "f0": torch.zeros(batch, 1, dtype=torch.float64),
            "amplitudes": torch.zeros(batch, 1, self.harmonics),
        }

    def forward(self, x: tuple[Tensor, Tensor], state: State) -> tuple[Tensor, State]:
        f0, f0_last = recent(state["f0"], x[0].double().flatten(1), self.pair)
        amplitudes, amplitudes_last = recent(state["amplitudes"], x[1], self.pair)
        phase = self._phase(f0, state["phase"])
        f0 = f0.float()
        # Neither end of a frame has a harmonic that is too high at the other.
        audible = (f0.unsqueeze(3).amax(2, keepdim=True) * self.slope + 1 / 0.08).clamp(0.0, 1.0)
        y = self._sines(torch.cat([f0, phase.float()], 2), amplitudes * audible)
        return y, {"phase": newest(phase, 1), "f0": f0_last, "amplitudes": amplitudes_last}

    def _phase(self, f0: Tensor, phase: Tensor) -> Tensor:
        """Phase of the fundamental at the end of each frame, in cycles.

        Parameters
        ----------
        f0 : (B, N, 2) float64, in Hz at the beginning and the end of each frame.
        phase : (B, 1, 1) float64, at the end of the frame before.

        Returns
        -------
        (B, N, 1) float64, within 0..1. What is left to add within a frame may be float32: no harmonic below the Nyquist
        frequency turns more than ``hop_length / 2`` times there.
        """
        cycles = torch.cumsum(f0 @ self.turns, 1) + phase
        return cycles - cycles.floor()

    def _sines(self, motion: Tensor, amplitudes: Tensor) -> Tensor:
        """Sum over k of sin(k x), each from its amplitude before to that after.

        Shapes: frequencies at both ends of a frame and the phase at its end (B, N, 3), amplitudes (B, N, 2, K)
        -> (B, N, hop).
        """
        shape, hop = motion.shape[:2], self.hop_length
        angles = (motion.reshape(-1, 1, 3) * self.orders + self.quarters) @ self.motion
        upper, lower = torch.sin(angles).split([2 * self.rows, 2 * self.lower], 1)
        upper = upper.reshape(-1, 2, 1, self.rows, hop) * self.fade
        levels = amplitudes.reshape(-1, 1, 2 * self.rows, self.columns) @ self.folds
        waves = levels.transpose(2, 3) @ upper.flatten(2, 3)
        # A product with ones is the fastest way to add up rows.
        rows = waves.reshape(-1, 2 * self.lower, hop) * lower
        return (torch.ones(1, 2 * self.lower, device=rows.device) @ rows).reshape(*shape, hop)
