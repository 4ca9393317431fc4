"""Tells when a figure of what is kept aside rises for good: then what is trained on is being learned by heart."""

from __future__ import annotations

import math

TOLERANCE = 0.005
"""So much above the best, as a share of it, is no rise."""


class OverfitWatch:
    """Follows a figure that ought to fall.

    Parameters
    ----------
    best : float
        The lowest value so far.
    step : int
        Where it was.
    risen : int
        How many measurements in a row were above it; two make a rise.
    stage : str
        Of the training; another stage, which makes something else small, has another best.
    """

    def __init__(self, best: float = math.inf, step: int = 0, risen: int = 0, stage: str = "") -> None:
        self.best, self.step, self.risen, self.stage = best, step, risen, stage

    def rises(self, value: float, step: int, stage: str = "") -> bool:
        """Take note of a measurement, and tell whether it is the second in a row above the best; only once for each best."""
        if stage != self.stage:
            self.best, self.stage = math.inf, stage
        if value < self.best:
            self.best, self.step, self.risen = value, step, 0
            return False
        self.risen += value > self.best + TOLERANCE * abs(self.best)
        return self.risen == 2

    def state(self) -> tuple[()] | tuple[float, int, int, str]:
        """What makes another that goes on from here."""
        return (self.best, self.step, self.risen, self.stage) if math.isfinite(self.best) else ()
