"""The life of an event in slots that grow with its age, filled as it is heard."""

from __future__ import annotations

import torch
from torch import Tensor

from ..streaming.contract import Carry, State, StreamingModule
from ..streaming.operators import take
from ..streaming.sample_hold import Age, last_trigger, rows_of


def age_slots(frames: int, slots: int) -> Tensor:
    """Of frames of each age their share in each slot of an event's life: (frames + 1, slots), the last row empty.

    Slots are triangles on an axis that is linear at first and then logarithmic; each adds up to one.
    """
    age = torch.log1p(torch.arange(frames) / 2.0)
    place = age / age[-1] * (slots - 1)
    shares = (1.0 - (place[:, None] - torch.arange(slots)).abs()).clamp_min(0.0)
    return torch.cat([shares / shares.sum(0).clamp_min(1e-6), torch.zeros(1, slots)])


class EventSlots(StreamingModule):
    """Means of values in the slots of an event's life, since the last onset.

    Sums with fixed weights, with no recurrence, so that a whole event is heard at once.

    Parameters
    ----------
    frames : int
        For how many an event lasts at most.
    slots, values : int
        S, and V values a frame.

    Shapes: values (B, N, V), onset (B, N, 1) of zeros and ones -> (B, N, S, V).
    """

    shares: Tensor

    def __init__(self, frames: int, slots: int, values: int) -> None:
        super().__init__()
        self.frames, self.slots, self.values = frames, slots, values
        self.register_buffer("shares", age_slots(frames, slots), persistent=False)
        self.age = Age()

    def own_state(self, batch: int) -> State:
        # In float64: differences of sums, which in float32 would not be the same in blocks.
        return {"sums": torch.zeros(batch, 1, self.slots * self.values, dtype=torch.float64)}

    def forward(self, x: tuple[Tensor, Tensor], state: State) -> tuple[Tensor, State]:
        values, onset = x
        carry = Carry(self, state)
        fires = onset[..., 0].long()
        share = self._shares(carry("age", fires))
        added = (share[..., None] * values[:, :, None]).flatten(2).double()
        total = torch.cumsum(added, 1)
        last = last_trigger(fires)
        begun = rows_of(torch.cat([torch.zeros_like(state["sums"]), total - added], 1), last)
        sums = total - begun + (last == 0)[..., None].double() * state["sums"]
        return sums.float().unflatten(-1, (self.slots, self.values)), carry.next_state | {
            "sums": sums[:, -1:]
        }

    def whole(self, values: Tensor, onset: Tensor) -> Tensor:
        """Give what `forward` gives at the end of series that have one onset each: (B, S, V).

        Training needs nothing in between, and running sums of every slot take three times as long as all the rest.
        """
        age = torch.arange(values.shape[1], device=values.device) - onset[..., 0].argmax(1, keepdim=True)
        return self._shares(age).transpose(1, 2) @ values

    def _shares(self, age: Tensor) -> Tensor:
        """How much of a frame of each age (B, N) goes to each slot: (B, N, S)."""
        outside = torch.full_like(age, self.frames)
        return take(self.shares, 0, torch.where(age < 0, outside, torch.minimum(age, outside)))
