"""What a model of grains makes small, beside what all models of hits do."""

from __future__ import annotations

import torch
from torch import Tensor

from ...hits.losses import onset_loss
from ...hits.voice import HOP_LENGTH, TRANSIENT_FRAMES


def first_onsets_loss(determined: Tensor, hops: Tensor, trigger: Tensor) -> Tensor:
    """How far what is determined is from the sound after the first trigger of each excerpt, if there is one.

    Parameters
    ----------
    determined, hops : (B, N, HOP_LENGTH)
    trigger : (B, N, 1) of zeros and ones
    """
    there = trigger[..., 0].amax(1) > 0
    if not bool(there.any()):
        return determined.new_zeros(())
    first = trigger[there][..., 0].argmax(1).clamp_max(hops.shape[1] - TRANSIENT_FRAMES)
    rows = first[:, None] + torch.arange(TRANSIENT_FRAMES, device=first.device)
    rows = rows[..., None].expand(-1, -1, HOP_LENGTH)
    made, wanted = (x[there].gather(1, rows).flatten(1) for x in (determined, hops))
    return onset_loss(made, wanted)
