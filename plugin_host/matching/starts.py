"""Where a search for parameters may begin, beside an estimate: at the pitch that was heard, at presets, anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

import numpy as np
from numpy.typing import NDArray

from ..synths.synth import Synth
from .synth_pitch import at_pitch


def starts(
    synth: Synth,
    estimate: NDArray[np.float64] | None,
    pitch_hz: float | None,
    near: Sequence[NDArray[np.float64]],
    random: np.random.Generator,
) -> Iterator[NDArray[np.float64]]:
    """Give points (P,) of the unit cube to begin at, without end.

    The estimate at the pitch that was heard comes first, then known sounds that are near, at that pitch; then points
    anywhere, every other one of these at that pitch.

    Parameters
    ----------
    synth : Synth
    estimate : (P,) or None
        In the unit cube; None where there is none.
    pitch_hz : float or None
        None where no pitch was heard.
    near : sequence of (P,)
        The nearest first.
    random : Generator
    """
    parameters = synth.parameters
    if estimate is not None:
        heard = at_pitch(parameters, estimate, pitch_hz)
        if not np.array_equal(heard, estimate):
            yield heard
    for point in near:
        yield at_pitch(parameters, point, pitch_hz)
    for drawn in count():
        yield at_pitch(parameters, random.random(len(parameters)), None if drawn % 2 else pitch_hz)
