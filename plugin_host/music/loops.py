"""Whether music is a loop: how much of it is as it was some seconds before."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHORTEST_S, LONGEST_S = 0.5, 30.0


@dataclass(frozen=True)
class Loop:
    """What repeats best.

    Attributes
    ----------
    lag_s : float
        After how many seconds.
    share : float
        How much of the steps is then the same; 1 is a loop, and a held sound too.
    """

    lag_s: float
    share: float


def best_loop(codes: NDArray[np.int64], steps_per_s: float) -> Loop | None:
    """Find the lag after which most of the steps (N,) have the same code; None if they are too few.

    Lags are SHORTEST_S to LONGEST_S, and at most half of the whole. The shortest of equals is given.
    """
    first = math.ceil(SHORTEST_S * steps_per_s)
    lags = range(first, min(round(LONGEST_S * steps_per_s), len(codes) // 2) + 1)
    if not lags:
        return None
    shares = [float(np.mean(codes[lag:] == codes[:-lag])) for lag in lags]
    best = int(np.argmax(shares))
    return Loop(lags[best] / steps_per_s, shares[best])
