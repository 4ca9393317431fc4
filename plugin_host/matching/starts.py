"""Where a search for parameters may begin, beside an estimate: at the pitch that was heard, at presets, anywhere."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import count

import numpy as np
from numpy.typing import NDArray

from ..synths.parameters import SynthParameter, to_unit
from ..synths.plugin_parameters import NOTE, NOTE_UNIT
from ..synths.synth import Synth

PITCH = "f0_hz"
"""A parameter of this name is the synth's pitch, or one of interchangeable voices'; so is a plugin's note."""


def pitch_parameters(parameters: Sequence[SynthParameter]) -> list[int]:
    """Give the places of the parameters that are the synth's pitch."""
    return [i for i, p in enumerate(parameters) if PITCH in (p.name, p.part) or _is_note(p)]


def at_pitch(
    parameters: Sequence[SynthParameter], unit: NDArray[np.float64], pitch_hz: float | None
) -> NDArray[np.float64]:
    """Move a point (P,) of the unit cube to a pitch, if there is one and it lies within the synth's range."""
    values, moved = np.array([parameter.defaults[0] for parameter in parameters]), unit.copy()
    if not pitch_hz:
        return moved
    for place in pitch_parameters(parameters):
        parameter = parameters[place]
        pitch = round(69 + 12 * math.log2(pitch_hz / 440)) if _is_note(parameter) else pitch_hz
        if parameter.minimum <= pitch <= parameter.maximum:
            values[place] = pitch
            moved[place] = to_unit(parameters, values)[place]
    return moved


def _is_note(parameter: SynthParameter) -> bool:
    return (parameter.name, parameter.unit) == (NOTE, NOTE_UNIT)


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
