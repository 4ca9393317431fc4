"""What music makes small: how surprising what follows is."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from .predictor import Predictor


def surprise(predictor: Predictor, heard_codes: Tensor, beat: Tensor, true_codes: Tensor) -> Tensor:
    """Give the mean negative log-likelihood (Q,) in nats of each codebook's code.

    Parameters
    ----------
    heard_codes : (B, N, Q)
        What the network hears before each step.
    beat : (B, N, 2)
        What is told: beats a minute, 0 for none, and bars.
    true_codes : (B, N, Q)
        What follows.
    """
    heard = predictor.hear(heard_codes, beat)
    logits = predictor.logits(heard, heard_codes, true_codes)
    return torch.stack(
        [F.cross_entropy(one.flatten(0, 1), true_codes[..., q].flatten()) for q, one in enumerate(logits)]
    )
