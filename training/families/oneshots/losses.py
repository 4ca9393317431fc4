"""What a model of one-shots makes small, beside what all models of hits do."""

from __future__ import annotations

import torch
from torch import Tensor

from ...hits.losses import onset_loss
from ...hits.voice import HOP_LENGTH, TRANSIENT_FRAMES


def attack_loss(determined: Tensor, wanted: Tensor, begin: Tensor) -> Tensor:
    """How far what is determined is from the sound in the first moments of those excerpts that begin with it.

    Parameters
    ----------
    determined, wanted : (B, T)
    begin : (B,)
        Frames at which excerpts begin; those of 0 count.
    """
    first = begin == 0
    if not bool(first.any()):
        return determined.new_zeros(())
    length = TRANSIENT_FRAMES * HOP_LENGTH
    return onset_loss(determined[first, :length], wanted[first, :length])


def drawn(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Draw from normal distributions, so that gradients pass (Kingma and Welling 2014)."""
    return mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
