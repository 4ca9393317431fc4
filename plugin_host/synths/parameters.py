"""Describe the parameters of a synth as its .csd declares them, and map them onto 0 to 1 and back.

A parameter is declared by ``chn_k`` in the orchestra's header; docs/synths.md is the manual. What is here
needs no Csound: `plugin_host.synths.csound_score` asks it for what was declared.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, ValidationError

from ..errors import ControlError, SynthError, counted
from ..model_file.controls import Control, Scale
from ..streaming.control_values import check_name, read_value

INTEGER, LINEAR, EXPONENTIAL = 1, 2, 3
"""What Csound calls the behaviours of a control channel; 0 is a channel that declares nothing."""

_SCALES = {INTEGER: Scale.INTEGER, LINEAR: Scale.LINEAR, EXPONENTIAL: Scale.LOG}
_ATTRIBUTES = ("unit", "choices", "equal")


@dataclass(frozen=True)
class Channel:
    """An input channel as Csound lists it, with the hints that ``chn_k`` gave it."""

    name: str
    behaviour: int
    default: float
    minimum: float
    maximum: float
    attributes: str = ""


class SynthParameter(Control):
    """A parameter of a synth: a control, and which of several interchangeable voices it belongs to.

    Parameters
    ----------
    equal : str
        The name of a set of voices that can be swapped without changing the sound, such as ``osc`` for two
        equal oscillators; empty for a parameter that belongs to none.
    voice : int
        Which of them, from 0. In names they are counted from 1: ``osc2_wave`` belongs to voice 1.
    part : str
        What it is in each of them: ``wave``.
    """

    equal: str = ""
    voice: int = Field(default=0, ge=0)
    part: str = ""


def read_parameters(channels: Sequence[Channel], file: str) -> tuple[SynthParameter, ...]:
    """Make parameters of the channels that declare a type and a range; other channels are left out.

    Parameters
    ----------
    channels : sequence of Channel
        From Csound.
    file : str
        The .csd, for messages.

    Raises
    ------
    SynthError
        If no channel does, or a declaration contradicts itself.
    """
    parameters = tuple(_read_parameter(channel, file) for channel in channels if channel.behaviour in _SCALES)
    if not parameters:
        raise SynthError(
            f"{file} declares no parameters: declare each in the orchestra's header as"
            ' chn_k "cutoff_hz", 1, 3, 1000, 100, 8000 (1 for an input; 3 exponential, 2 linear or 1 integer;'
            " default, minimum, maximum) and read it with chnget"
        )
    _check_equal_voices(parameters, file)
    return parameters


def _read_parameter(channel: Channel, file: str) -> SynthParameter:
    words = _read_attributes(channel, file)
    scale = _SCALES[channel.behaviour]
    if "choices" in words:
        if scale is not Scale.INTEGER:
            raise SynthError(
                f"{file} declares {channel.name!r} with choices; declare it as an integer, type 1"
            )
        scale = Scale.CHOICE
    if re.fullmatch(r"[a-z][a-z0-9_]*", channel.name) is None:
        raise SynthError(
            f"{file} declares {channel.name!r}; a parameter's name begins with a small letter from a to z and goes on"
            " with those, digits and _"
        )
    equal = words.get("equal", "")
    voice, part = _read_voice(channel.name, equal, file) if equal else (0, "")
    try:
        return SynthParameter(
            name=channel.name,
            unit=words.get("unit", ""),
            minimum=channel.minimum,
            maximum=channel.maximum,
            default=channel.default,
            scale=scale,
            choices=tuple(words["choices"].split(",")) if "choices" in words else (),
            equal=equal,
            voice=voice,
            part=part,
        )
    except ValidationError as error:
        why = "; ".join(str(part["msg"]).removeprefix("Value error, ") for part in error.errors())
        raise SynthError(f"{file} declares {channel.name!r} wrongly: {why}") from error


def _read_attributes(channel: Channel, file: str) -> dict[str, str]:
    words: dict[str, str] = {}
    for attribute in channel.attributes.split():
        key, equals, text = attribute.partition("=")
        if not equals or not text:
            raise SynthError(
                f"{file} declares {channel.name!r} with {attribute!r}, which is no attribute; write KEY=VALUE, without"
                " spaces, as in choices=saw,square"
            )
        if key not in _ATTRIBUTES:
            raise SynthError(
                f"{file} declares {channel.name!r} with the attribute {key!r}; those known are"
                f" {', '.join(_ATTRIBUTES)}"
            )
        if key in words:
            raise SynthError(f"{file} declares {channel.name!r} with {key}= twice; leave one out")
        words[key] = text
    return words


def _read_voice(name: str, equal: str, file: str) -> tuple[int, str]:
    found = re.fullmatch(rf"{re.escape(equal)}([1-9]\d*)_(.+)", name)
    if found is None:
        raise SynthError(
            f"{file} declares {name!r} with equal={equal}; its name must begin with {equal}1_ for the first of the"
            f" equal voices, {equal}2_ for the second"
        )
    return int(found[1]) - 1, found[2]


def _check_equal_voices(parameters: Sequence[SynthParameter], file: str) -> None:
    """Refuse voices that are not the same but for their defaults."""
    kinds: dict[str, dict[int, set[tuple[str, Scale, float, float]]]] = {}
    for parameter in parameters:
        if parameter.equal:
            same = (parameter.part, parameter.scale, parameter.minimum, parameter.maximum)
            kinds.setdefault(parameter.equal, {}).setdefault(parameter.voice, set()).add(same)
    for kind, voices in kinds.items():
        if len(voices) < 2:
            raise SynthError(
                f"{file} declares equal={kind} for one voice only; declare two or more, or leave equal={kind} out"
            )
        if any(voice != voices[min(voices)] for voice in voices.values()):
            raise SynthError(
                f"{file} declares voices with equal={kind} that differ; give each the same parameters with the"
                " same types and ranges"
            )


def check_settings(
    parameters: Sequence[SynthParameter], settings: Mapping[str, Any], owner: str
) -> NDArray[np.float64]:
    """Give the values of all parameters, in their order: as set, else defaults.

    Parameters
    ----------
    parameters : sequence of SynthParameter
        Of a synth.
    settings : mapping of str to float or str
        In the parameters' units, also as texts; a choice by its word, or else by its position.
    owner : str
        What has these parameters, for messages.

    Raises
    ------
    ControlError
        For an unknown name or a value out of range.
    """
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
        Proportional to the value, to its logarithm for scale log, to the position for a choice.
    """
    low, high, is_log = _ranges(parameters)
    values = np.asarray(values, np.float64)
    values = np.where(is_log, np.log(np.where(is_log, values, 1)), values)
    return np.clip((values - low) / (high - low), 0, 1)


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
    values = low + np.clip(unit, 0, 1) * (high - low)
    values = np.where(is_log, np.exp(np.where(is_log, values, 0)), values)
    stepped = np.array([parameter.is_stepped for parameter in parameters])
    values = np.where(stepped, np.rint(values), values)
    # exp(log(x)) may pass the end of a range by the last bit.
    return np.clip(values, [p.minimum for p in parameters], [p.maximum for p in parameters])


def _ranges(
    parameters: Sequence[SynthParameter],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    is_log = np.array([parameter.scale is Scale.LOG for parameter in parameters])
    low = np.array([parameter.minimum for parameter in parameters], np.float64)
    high = np.array([parameter.maximum for parameter in parameters], np.float64)
    low, high = (np.where(is_log, np.log(np.where(is_log, ends, 1)), ends) for ends in (low, high))
    # A choice of one word has no width.
    return low, np.where(high > low, high, low + 1), is_log
