"""The life of an event in slots that grow with its age."""

from __future__ import annotations

import torch
from torch import Tensor


def age_slots(frames: int, slots: int) -> Tensor:
    """Of frames of each age their share in each slot of an event's life: (frames + 1, slots), the last row empty.

    Slots are triangles on an axis that is linear at first and then logarithmic; each adds up to one.
    """
    age = torch.log1p(torch.arange(frames) / 2.0)
    place = age / age[-1] * (slots - 1)
    shares = (1.0 - (place[:, None] - torch.arange(slots)).abs()).clamp_min(0.0)
    return torch.cat([shares / shares.sum(0), torch.zeros(1, slots)])
