"""What a model of grains makes small, beside what all models of hits do."""

from __future__ import annotations

import torch
from torch import Tensor

from ...hits.losses import attack_loss, onset_loss
from ...hits.voice import HOP_LENGTH, TRANSIENT_FRAMES


def first_onsets_losses(
    determined: Tensor, noise: Tensor, hops: Tensor, trigger: Tensor
) -> tuple[Tensor, Tensor]:
    """Compare what is made after the first trigger of each excerpt, if there is one: the waveform, and how it rises.

    Parameters
    ----------
    determined, noise, hops : (B, N, HOP_LENGTH)
    trigger : (B, N, 1) of zeros and ones
    """
    there = trigger[..., 0].amax(1) > 0
    if not bool(there.any()):
        return determined.new_zeros(()), determined.new_zeros(())
    first = trigger[there][..., 0].argmax(1).clamp_max(hops.shape[1] - TRANSIENT_FRAMES)
    rows = first[:, None] + torch.arange(TRANSIENT_FRAMES, device=first.device)
    rows = rows[..., None].expand(-1, -1, HOP_LENGTH)
    parts = (x[there].gather(1, rows).flatten(1) for x in (determined, determined + noise, hops))
    waves, made, wanted = parts
    return onset_loss(waves, wanted), attack_loss(made, wanted)
