"""Hold a pitch through frames that have none."""

from __future__ import annotations

import torch
from torch import Tensor

from ..streaming.contract import State, StreamingModule, newest
from ..streaming.operators import last_kept

LOWEST_MIDI = 15.5  # 20 Hz


class PitchHold(StreamingModule):
    """Keep the last pitch through unvoiced frames, where a tracker only guesses.

    Shapes: ``midi`` (B, N, 1) float64, ``voicing`` (B, N, 1) -> (B, N, 1) float64. Until the first voiced frame the pitch is
    20 Hz.
    """

    def own_state(self, batch: int) -> State:
        return {"midi": torch.zeros(batch, 1, 1, dtype=torch.float64)}

    def forward(self, x: tuple[Tensor, Tensor], state: State) -> tuple[Tensor, State]:
        midi, voicing = x
        held = last_kept(state["midi"], midi, voicing > 0.5)
        return held.clamp_min(LOWEST_MIDI), {"midi": newest(held, 1)}
