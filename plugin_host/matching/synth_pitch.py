"""Which of a synth's parameters are its pitch, and settings at a pitch that was heard."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..model_file.controls import Control
from ..synths.parameters import SynthParameter, from_unit, to_unit
from ..synths.plugin_parameters import NOTE, NOTE_UNIT

_PITCH = re.compile(r"(.*\d_)?f0_hz")
"""A parameter of this name is the synth's pitch, or that of one of interchangeable voices; so is a plugin's note."""

NEAR_CENTS = 50.0
"""What is so near is at the pitch."""

ESTIMATED_CENTS, FARTHEST_CENTS = 200.0, 600.0
"""So far from the pitch that is heard, an estimate means it, if that explains the sound better; and so far, if it explains
nearly all of the sound. Farther away, it may mean the frequency of another partial."""

EXPLAINED, MORE = 0.8, 0.1
"""So much of a sound's energy at the multiples of a pitch is nearly all, and so much more than at those of another explains
it better."""


def pitch_parameters(parameters: Sequence[Control]) -> list[int]:
    """Give the places of the parameters that are the synth's pitch."""
    return [i for i, p in enumerate(parameters) if _PITCH.fullmatch(p.name) or _is_note(p)]


def at_pitch(
    parameters: Sequence[SynthParameter], unit: NDArray[np.float64], pitch_hz: float | None
) -> NDArray[np.float64]:
    """Move a point (P,) of the unit cube to a pitch, if there is one and it lies within the synth's range."""
    values, moved = np.array([parameter.defaults[0] for parameter in parameters]), unit.copy()
    for place, value in _settings(parameters, pitch_hz).items():
        values[place] = value
        moved[place] = to_unit(parameters, values)[place]
    return moved


def places_at_pitch(
    parameters: Sequence[SynthParameter], unit: NDArray[np.float64], pitch_hz: float | None
) -> list[int] | None:
    """Give the places of a point's (P,) parameters that are at a pitch; None without one in the synth's range."""
    wanted = _settings(parameters, pitch_hz)
    if not wanted:
        return None
    values = from_unit(parameters, unit)
    return [p for p, value in wanted.items() if abs(_cents(parameters[p], values[p], value)) <= NEAR_CENTS]


def estimated_at_pitch(
    parameters: Sequence[Control],
    values: Mapping[str, float | str],
    pitch_hz: float | None,
    harmonicity: Callable[[float], float],
) -> dict[str, float | str]:
    """Move estimated values by name to a pitch that was heard, if they mean it and it is nearer to the sound.

    Of a sound of few or of inharmonic partials, as the synth itself may have made it, a tracker can hear a pitch that its
    partials do not have, and the model knows better.

    Parameters
    ----------
    parameters : sequence of Control
        The synth's.
    values : mapping
        As estimated.
    pitch_hz : float, optional
        What was heard, if anything.
    harmonicity : callable
        How well a pitch in Hz explains the sound, 0 to 1.

    Returns
    -------
    dict
        The values, one of them at that pitch: the nearest of interchangeable voices.
    """
    wanted = {parameters[place].name: value for place, value in _settings(parameters, pitch_hz).items()}
    pitched = {p.name: p for p in parameters if p.name in wanted}
    off = {name: abs(_cents(p, float(values[name]), wanted[name])) for name, p in pitched.items()}
    nearest = min(off, key=lambda name: off[name], default=None)
    if nearest is None or pitch_hz is None or off[nearest] > FARTHEST_CENTS:
        return dict(values)
    explained = harmonicity(pitch_hz)
    estimated_hz = _hz(pitched[nearest], float(values[nearest]))
    means_it = off[nearest] <= ESTIMATED_CENTS or explained >= EXPLAINED
    if not means_it or explained < harmonicity(estimated_hz) + MORE:
        return dict(values)
    return {**values, nearest: wanted[nearest]}


def _settings(parameters: Sequence[Control], pitch_hz: float | None) -> dict[int, float]:
    """Give what those of the parameters that are the pitch, by their places, are set to, where it lies in their range."""
    if not pitch_hz:
        return {}
    wanted = {
        place: round(69 + 12 * math.log2(pitch_hz / 440)) if _is_note(parameters[place]) else pitch_hz
        for place in pitch_parameters(parameters)
    }
    return {p: v for p, v in wanted.items() if parameters[p].minimum <= v <= parameters[p].maximum}


def _cents(parameter: Control, value: float, other: float) -> float:
    if _is_note(parameter):
        return 100 * (value - other)
    return 1200 * math.log2(value / other) if value > 0 else math.inf


def _hz(parameter: Control, value: float) -> float:
    return 440 * 2 ** ((value - 69) / 12) if _is_note(parameter) else value


def _is_note(parameter: Control) -> bool:
    return (parameter.name, parameter.unit) == (NOTE, NOTE_UNIT)
