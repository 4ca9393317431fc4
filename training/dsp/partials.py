"""Sinusoids whose phases a trigger sets, each within a band of its own."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..streaming.contract import Carry, State, StreamingModule, with_previous
from ..streaming.sample_hold import SampleHold

ROW = 8


class Partials(StreamingModule):
    """A bank of sinusoids, of constant frequency within a frame; amplitudes run in a line from frame to frame.

    At a trigger each begins anew at the phase that it is given and at its full amplitude, as a struck body does; what
    rang before is led to zero within the frame from the value and the slope that it had, so that nothing clicks.
    Phases are accumulated in float64 cycles.

    With n = 8 a + b, cos(p + w n) = cos(p + 8 w a) cos(w b) - sin(p + 8 w a) sin(w b): sines of rows and columns, and a
    small matrix product, do the work of a sine for each sample.

    Parameters
    ----------
    count : int
        K.
    sample_rate : int
        Hz.
    hop_length : int
        Samples a frame, a multiple of 8.

    Shapes: ``amplitudes`` (B, N, K) linear, ``f_hz`` (B, N, K), which may be float64, ``phases`` (B, N, K) cycles,
    ``trigger`` (B, N, 1) of zeros and ones -> (B, N, hop_length).
    """

    rows: Tensor
    columns: Tensor
    rise: Tensor
    lean: Tensor
    ends: Tensor
    per_frame: Tensor

    def __init__(self, count: int, sample_rate: int, hop_length: int) -> None:
        super().__init__()
        self.count, self.sample_rate, self.hop_length = count, sample_rate, hop_length
        self.hold = SampleHold(count)
        self.register_buffer(
            "per_frame", torch.tensor(hop_length / sample_rate, dtype=torch.float64), persistent=False
        )
        turn = 2 * math.pi / sample_rate
        self.register_buffer("rows", turn * ROW * torch.arange(hop_length // ROW)[:, None], persistent=False)
        self.register_buffer("columns", turn * torch.arange(ROW), persistent=False)
        self.register_buffer(
            "rise", torch.arange(hop_length // ROW)[:, None] * (ROW / hop_length), persistent=False
        )
        self.register_buffer("lean", (torch.arange(ROW) + 1.0) / hop_length, persistent=False)
        s = torch.arange(hop_length) / hop_length
        # Hermite's cubics: from the value 1 and the slope 0, and from 0 and 1, to nothing.
        ends = torch.stack([2 * s**3 - 3 * s**2 + 1, (s**3 - 2 * s**2 + s) * hop_length])
        self.register_buffer("ends", ends, persistent=False)

    def own_state(self, batch: int) -> State:
        names = ("offsets", "amplitudes", "f_hz")
        # A tensor for each: those that are the same one would be one input of a graph.
        zeros = {name: torch.zeros(batch, 1, self.count) for name in names}
        return zeros | {"cycles": torch.zeros(batch, 1, self.count, dtype=torch.float64)}

    def forward(self, x: tuple[Tensor, Tensor, Tensor, Tensor], state: State) -> tuple[Tensor, State]:
        amplitudes, f_hz, phases, trigger = x
        carry = Carry(self, state)
        turns, f_hz = f_hz.double() * self.per_frame, f_hz.float()
        total = torch.cumsum(turns, 1) + state["cycles"]
        begin = total - turns
        offsets = carry("hold", (_wrap(phases.double() - begin), trigger[..., 0].long()))
        before, _, last = with_previous(state["amplitudes"], amplitudes)
        f_before, _, f_last = with_previous(state["f_hz"], f_hz)
        offsets_before, _, offsets_last = with_previous(state["offsets"], offsets)
        angle = 2 * math.pi * _wrap(begin + offsets.double())
        y = self._sines(angle, f_hz, torch.where(trigger > 0, amplitudes, before), amplitudes)
        old = 2 * math.pi * _wrap(begin + offsets_before.double())
        value = (before * old.cos()).sum(-1, keepdim=True)
        slope = (before * f_before * old.sin()).sum(-1, keepdim=True) * (-2 * math.pi / self.sample_rate)
        y = y + (torch.cat([value, slope], -1) * trigger) @ self.ends
        next_state = {"cycles": total[:, -1:] - total[:, -1:].floor(), "offsets": offsets_last}
        return y, carry.next_state | next_state | {"amplitudes": last, "f_hz": f_last}

    def _sines(self, angle: Tensor, f_hz: Tensor, first: Tensor, last: Tensor) -> Tensor:
        """Sum of cosines from one amplitude to the next: (B, N, hop)."""
        shape = (*f_hz.shape[:2], 1, self.count)
        rows = angle.reshape(shape) + self.rows * f_hz.reshape(shape)
        change = (last - first).reshape(shape)
        level = first.reshape(shape) + self.rise * change
        cosine, sine = rows.cos(), rows.sin()
        left = torch.cat([level * cosine, -level * sine, change * cosine, -change * sine], -1)
        turns = f_hz[..., None] * self.columns
        waves = torch.cat([turns.cos(), turns.sin()], -2)
        right = torch.cat([waves, waves * self.lean], -2)
        return (left @ right).reshape(*f_hz.shape[:2], self.hop_length)


def _wrap(cycles: Tensor) -> Tensor:
    """Keep of cycles what is within 0 to 1, in float32."""
    return (cycles - cycles.floor()).float()
