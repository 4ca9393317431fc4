"""Eases the edges of steps: two spectra are drawn at once, so that levels move more from step to step than within one."""

from __future__ import annotations

import torch
from torch import Tensor

from ...streaming.contract import State, StreamingModule, with_previous
from .bands import BANDS, STEP_FRAMES

EASE, REACH_DB = 0.375, 16.0
"""Single precision, in which graphs hold numbers, has both exactly."""


class Edges(StreamingModule):
    """Moves the first spectrum of a step towards the last of the step before, the less the more they differ.

    An attack, which differs by REACH_DB or more, stays as it is. It takes no time.

    Shapes: double precision (B, N, STEP_VALUES) in dB -> (B, N, STEP_VALUES).
    """

    def own_state(self, batch: int) -> State:
        return {"last": torch.zeros(batch, 1, BANDS, dtype=torch.float64)}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        spectra = x.unflatten(-1, (STEP_FRAMES, BANDS))
        first, rest = spectra[:, :, 0], spectra[:, :, 1:]
        before, _, last = with_previous(state["last"], spectra[:, :, -1])
        apart = before - first
        eased = first + EASE * torch.relu(1 - apart.abs() / REACH_DB) * apart
        return torch.cat([eased[:, :, None], rest], 2).flatten(2), {"last": last}
