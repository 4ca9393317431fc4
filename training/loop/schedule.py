"""Learning rates that change from step to step."""

from __future__ import annotations

import math

import torch


def warm_cosine(highest: float, share: float, warm: float, lowest_share: float = 0.0) -> float:
    """Rise in a line, then fall along half a cosine (Loshchilov and Hutter 2017).

    Parameters
    ----------
    highest : float
        The rate that it rises to.
    share : float
        How much of the steps are done, from 0 to 1.
    warm : float
        How much of the rise is done; 1 and more are all of it.
    lowest_share : float
        Of the highest rate, where the cosine ends.
    """
    cosine = 0.5 + 0.5 * math.cos(math.pi * min(share, 1.0))
    return highest * min(1.0, warm) * (lowest_share + (1 - lowest_share) * cosine)


def warmth(done: int, steps: int, longest: int) -> float:
    """Give how much of the rise is done at the step after ``done``, for `warm_cosine`.

    The rise takes ``longest`` steps, but no more than a tenth of all ``steps``, so that short trainings arrive too.
    """
    return (done + 1) / min(longest, max(1, steps // 10))


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Give all parameters of an optimiser a rate; a group with a ``share`` takes that share of it."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group.get("share", 1.0)
