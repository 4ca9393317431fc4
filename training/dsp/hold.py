"""Hold a pitch through frames that have none."""

from __future__ import annotations

import torch
from torch import Tensor

from ..streaming.contract import State, StreamingModule

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
        voiced = voicing > 0.5
        # Slot k is the pitch of the k-th voiced frame, slot 0 what was held before. The last slot takes what
        # is unvoiced: if anything is, no frame reads that slot.
        number = voiced.long().cumsum(1)
        slots = torch.cat([state["midi"], midi], 1).scatter(
            1, torch.where(voiced, number, midi.shape[1]), midi
        )
        held = slots.gather(1, number)
        return held.clamp_min(LOWEST_MIDI), {"midi": held[:, -1:]}
