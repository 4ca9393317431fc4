"""Runs of steps that stand in a song as they do in a composition: where they begin and end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_RUNS, SHORTEST_STEPS = 3, 2


@dataclass(frozen=True)
class Run:
    """Steps that stand in a row in a song too.

    Attributes
    ----------
    steps : int
        How many, repetitions not counted.
    first, last : int
        Its first and last step in the composition.
    """

    steps: int
    first: int
    last: int


def longest_runs(lengths: NDArray[np.int64], moves: NDArray[np.bool_]) -> list[Run]:
    """Find the longest runs that do not overlap, the longest first.

    Parameters
    ----------
    lengths : (N,)
        How many steps in a row up to each step stand in a song, repetitions not counted.
    moves : (N,)
        Which steps are no repetition of the one before.
    """
    places = np.flatnonzero(moves)
    counts = np.cumsum(moves)
    ends = np.flatnonzero(np.append(lengths[1:] < lengths[:-1], True))
    found: list[Run] = []
    for end in ends[np.argsort(-lengths[ends], kind="stable")]:
        steps, moved = int(lengths[end]), int(counts[end])
        if steps < SHORTEST_STEPS or len(found) == MOST_RUNS:
            break
        run = Run(steps, int(places[max(0, moved - steps)]), int(end))
        if all(run.last < other.first or run.first > other.last for other in found):
            found.append(run)
    return found
