"""What music makes small: how surprising what follows is."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from .predictor import Predictor


def surprise(predictor: Predictor, heard_codes: Tensor, tempo_bpm: Tensor, true_codes: Tensor) -> Tensor:
    """Give the mean negative log-likelihood (Q,) in nats of each codebook's code.

    Parameters
    ----------
    heard_codes : (B, N, Q)
        What the network hears before each step.
    tempo_bpm : (B,)
        0 for none.
    true_codes : (B, N, Q)
        What follows.
    """
    heard = predictor.hear(heard_codes, tempo_bpm)
    logits = predictor.logits(heard, heard_codes, true_codes)
    return torch.stack(
        [F.cross_entropy(one.flatten(0, 1), true_codes[..., q].flatten()) for q, one in enumerate(logits)]
    )
