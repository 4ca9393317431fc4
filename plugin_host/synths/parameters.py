"""Describe the parameters of a synth, and map them onto 0 to 1 and back.

`plugin_host.synths.declarations` reads them from a .csd.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from ..errors import ControlError, counted
from ..model_file.controls import Control, Scale
from ..streaming.control_values import check_name, read_value


class SynthParameter(Control):
    """A parameter of a synth: a control, and where Csound finds it.

    Parameters
    ----------
    channel : str
        The name of its channel, where that is not its own; see `channel_name`.
    first : int
        What the channel holds for the first of its choices: a combobox of Cabbage counts from 1.
    skew : float
        Above 0, of a linear scale: below 1, low values have more of the way from 0 to 1 than high ones. A value is
        ``minimum + (maximum - minimum)*unit**(1/skew)``, as on a slider of JUCE.
    equal : str
        The name of a set of voices that can be swapped without changing the sound, such as ``osc`` for two
        equal oscillators; empty for a parameter that belongs to none.
    voice : int
        Which of them, from 0. In names they are counted from 1: ``osc2_wave`` belongs to voice 1.
    part : str
        What it is in each of them: ``wave``.
    """

    channel: str = ""
    first: int = Field(default=0, ge=0)
    skew: float = Field(default=1.0, gt=0)
    equal: str = ""
    voice: int = Field(default=0, ge=0)
    part: str = ""

    @property
    def channel_name(self) -> str:
        """The name of its channel in Csound."""
        return self.channel or self.name


def by_name(parameters: Sequence[SynthParameter], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Give settings by the parameters' names, of which some may be channels' names; the last about one counts."""
    names = {parameter.channel_name: parameter.name for parameter in parameters}
    names |= {parameter.name: parameter.name for parameter in parameters}
    return {names.get(name, name): value for name, value in settings.items()}


def channel_values(parameters: Sequence[SynthParameter], values: ArrayLike) -> NDArray[np.float64]:
    """Give what the channels hold, (P,), for the values (P,) of the parameters."""
    return np.asarray(values, np.float64) + [parameter.first for parameter in parameters]


def check_settings(
    parameters: Sequence[SynthParameter], settings: Mapping[str, Any], owner: str
) -> NDArray[np.float64]:
    """Give the values of all parameters, in their order: as set, else defaults.

    Parameters
    ----------
    parameters : sequence of SynthParameter
        Of a synth.
    settings : mapping of str to float or str
        By name, or by the name of the channel. In the parameters' units, also as texts; a choice by its word, or else
        by its position.
    owner : str
        What has these parameters, for messages.

    Raises
    ------
    ControlError
        For an unknown name or a value out of range.
    """
    settings = by_name(parameters, settings)
    for name in settings:
        check_name(name, (parameter.name for parameter in parameters), owner)
    return np.array(
        [
            read_value(parameter, settings[parameter.name])
            if parameter.name in settings
            else parameter.defaults[0]
            for parameter in parameters
        ]
    )


def name_values(parameters: Sequence[Control], values: ArrayLike) -> dict[str, float | str]:
    """Give values, in the parameters' order, by name, and choices by their words."""
    named: dict[str, float | str] = {}
    for parameter, value in zip(parameters, np.asarray(values, np.float64).tolist(), strict=True):
        if parameter.scale is Scale.CHOICE:
            named[parameter.name] = parameter.choices[round(value)]
        else:
            named[parameter.name] = round(value) if parameter.is_stepped else value
    return named


def to_unit(parameters: Sequence[SynthParameter], values: ArrayLike) -> NDArray[np.float64]:
    """Map values onto 0 to 1.

    Parameters
    ----------
    parameters : sequence of SynthParameter
        P of them.
    values : array_like, (..., P)
        In their units.

    Returns
    -------
    ndarray, (..., P) float64
        Proportional to the value, to its logarithm for scale log, to the position for a choice; to a power of the
        value where there is a skew.
    """
    low, high, is_log = _ranges(parameters)
    values = np.asarray(values, np.float64)
    values = np.where(is_log, np.log(np.where(is_log, values, 1)), values)
    return np.clip((values - low) / (high - low), 0, 1) ** _skews(parameters)


def from_unit(parameters: Sequence[SynthParameter], unit: ArrayLike) -> NDArray[np.float64]:
    """Map 0 to 1 onto values in the parameters' units; integers and choices are rounded.

    The inverse of `to_unit`, (..., P) to (..., P).

    Raises
    ------
    ControlError
        If there are not P numbers, or one is NaN or infinite.
    """
    unit = np.asarray(unit, np.float64)
    if unit.shape[-1:] != (len(parameters),) or not np.isfinite(unit).all():
        raise ControlError(
            f"{counted(unit.shape[-1] if unit.ndim else 1, 'number')} from 0 to 1 given; needed are {len(parameters)},"
            " one for each parameter, none of them NaN or infinite"
        )
    low, high, is_log = _ranges(parameters)
    values = low + np.clip(unit, 0, 1) ** (1 / _skews(parameters)) * (high - low)
    values = np.where(is_log, np.exp(np.where(is_log, values, 0)), values)
    stepped = np.array([parameter.is_stepped for parameter in parameters])
    values = np.where(stepped, np.rint(values), values)
    # exp(log(x)) may pass the end of a range by the last bit.
    return np.clip(values, [p.minimum for p in parameters], [p.maximum for p in parameters])


def _skews(parameters: Sequence[SynthParameter]) -> NDArray[np.float64]:
    return np.array([parameter.skew for parameter in parameters], np.float64)


def _ranges(
    parameters: Sequence[SynthParameter],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    is_log = np.array([parameter.scale is Scale.LOG for parameter in parameters])
    low = np.array([parameter.minimum for parameter in parameters], np.float64)
    high = np.array([parameter.maximum for parameter in parameters], np.float64)
    low, high = (np.where(is_log, np.log(np.where(is_log, ends, 1)), ends) for ends in (low, high))
    # A choice of one word has no width.
    return low, np.where(high > low, high, low + 1), is_log
