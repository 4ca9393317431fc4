"""Choose few settings of a synth that together take it to all its extremes and through all its choices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from .parameters import SynthParameter

_MIDDLE = (0.1, 0.9)
_MOST_INTEGERS = 8


def telling_settings(parameters: Sequence[SynthParameter]) -> Iterator[NDArray[np.float64]]:
    """Give (P,) numbers from 0 to 1, the same at each call, for each of a few sounds.

    At first in the middle of all ranges. Then with all parameters at their ends: at the same end, which may be
    silent, and at ends drawn at random, with the opposite of each. Then every word of a choice, and every value of
    an integer that has at most 8, beside others in the middle.
    """
    size = len(parameters)
    random = np.random.default_rng(size)
    yield random.uniform(*_MIDDLE, size)
    corners = random.integers(0, 2, size).astype(np.float64)
    yield from (np.ones(size), np.zeros(size), corners, 1 - corners)
    counts = [_count(parameter) for parameter in parameters]
    for position in range(max(counts, default=0)):
        unit = random.uniform(*_MIDDLE, size)
        for column, count in enumerate(counts):
            if count:
                unit[column] = position % count / max(count - 1, 1)
        yield unit


def _count(parameter: SynthParameter) -> int:
    """Give how many values of a parameter are all tried; 0 for one of which only the ends are."""
    count = round(parameter.maximum - parameter.minimum) + 1 if parameter.is_stepped else 0
    return count if parameter.choices or count <= _MOST_INTEGERS else 0
