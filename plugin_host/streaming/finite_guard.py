"""Keep bad numbers out of a model and out of the loudspeaker."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

FADE_SECONDS = 0.01


def is_finite(values: NDArray[np.floating]) -> bool:
    """Tell whether all of a contiguous vector is finite."""
    # The sum of squares is the quickest look at every value, and vdot the one product that does not warn of
    # bad ones. It overflows before the values do, hence the second look.
    return math.isfinite(np.vdot(values, values)) or bool(np.isfinite(values).all())


def repair(block: NDArray[np.float32]) -> int:
    """Replace NaN and infinities in a block (C, T) by zeros, in place, and give how many there were."""
    if all(map(is_finite, block)):
        return 0
    bad = ~np.isfinite(block)
    block[bad] = 0.0
    return int(np.count_nonzero(bad))


class FadeIn:
    """Bring the output back smoothly after it was muted: a straight line from silence to full level.

    Parameters
    ----------
    length : int
        Of the line, in samples, at least 1.
    """

    def __init__(self, length: int) -> None:
        self._gains = np.arange(1, length + 1, dtype=np.float32) / np.float32(length)
        self._position = length
        self.is_running = False

    def start(self) -> None:
        """Begin at silence with the next block."""
        self._position = 0
        self.is_running = True

    def finish(self) -> None:
        """Go to full level at once."""
        self._position = len(self._gains)
        self.is_running = False

    def apply(self, block: NDArray[np.float32]) -> None:
        """Weaken a block (C, T), in place, by its part of the line."""
        gains = self._gains[self._position : self._position + block.shape[1]]
        block[:, : len(gains)] *= gains
        self._position += len(gains)
        self.is_running = self._position < len(self._gains)
