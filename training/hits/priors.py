"""Where the events of each class lie in the space of events."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ClassPriors(nn.Module):
    """Where the events of each class lie: centres and spreads, by weights of classes.

    Parameters
    ----------
    places : int
        P.
    classes : int
        K; 0 for a model of none, whose events lie around the origin.
    """

    def __init__(self, places: int, classes: int) -> None:
        super().__init__()
        self.classes, self.places = classes, places
        if classes:
            self.centres = nn.Parameter(torch.randn(classes, places))
            self.log_spreads = nn.Parameter(torch.zeros(classes, places))

    def forward(self, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Give centre and spread (..., P) of weights (..., K) that sum to one; of zeros the origin and 1."""
        if not self.classes:
            return weights.new_zeros(*weights.shape[:-1], self.places), weights.new_ones(1)
        return weights @ self.centres, (weights @ self.log_spreads).exp()
