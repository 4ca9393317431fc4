"""Keep what a control was when a trigger came, and count the frames since."""

from __future__ import annotations

import torch
from torch import Tensor

from .contract import State, StreamingModule
from .operators import take


def last_trigger(fires: Tensor) -> Tensor:
    """Give of each frame that of the last trigger up to it.

    Without recurrence: the trigger's number in the call, a running sum, is the row of a table in which its frame is
    written.

    Parameters
    ----------
    fires : (B, N) int64 of zeros and ones

    Returns
    -------
    (B, N) int64
        Frames counted from 1; 0 before the first trigger.
    """
    number = torch.cumsum(fires, 1)
    frames = torch.cumsum(torch.ones_like(fires), 1)
    table = torch.zeros_like(torch.cat([fires, fires[:, :1]], 1))
    return table.scatter_add(1, number, fires * frames).gather(1, number)


def rows_of(x: Tensor, index: Tensor) -> Tensor:
    """Take rows (B, N) of (B, M, K), each batch its own: (B, N, K)."""
    if torch.compiler.is_exporting():  # a batch of one
        return take(x, 1, index[0])
    return x.gather(1, index[..., None].expand(-1, -1, x.shape[2]))


class Age(StreamingModule):
    """Frames since the last trigger.

    Shapes: (B, N) int64 of zeros and ones -> (B, N) int64, 0 in a trigger's own frame; -1 before the first.
    """

    def own_state(self, batch: int) -> State:
        return {"frames": torch.zeros(batch, 1, dtype=torch.int64)}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        last, frames = last_trigger(x), torch.cumsum(torch.ones_like(x), 1)
        known = state["frames"]  # from the last trigger to the end of the call before, its own frame counted
        before = torch.where(known > 0, known + frames, torch.zeros_like(frames))
        count = torch.where(last > 0, frames - last + 1, before)
        return count - 1, {"frames": count[:, -1:].clamp(max=1 << 30)}


class SampleHold(StreamingModule):
    """Values as they were at the last trigger; zeros before the first.

    Parameters
    ----------
    size : int
        Values a frame.

    Shapes: values (B, N, size), fires (B, N) int64 of zeros and ones -> (B, N, size).
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def own_state(self, batch: int) -> State:
        return {"held": torch.zeros(batch, 1, self.size)}

    def forward(self, x: tuple[Tensor, Tensor], state: State) -> tuple[Tensor, State]:
        values, fires = x
        held = rows_of(torch.cat([state["held"], values], 1), last_trigger(fires))
        return held, {"held": held[:, -1:]}
