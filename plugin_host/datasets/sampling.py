"""Choose the parameters of sound number i: at random, on a grid, near presets, or from a list.

They depend on that number and the sampler's settings alone, so any part of a data set can be made again, in any
order and by any process.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import ControlError, UsageError, did_you_mean
from ..synths.parameters import SynthParameter, by_name, from_unit, to_unit
from ..synths.preset import Preset
from ..synths.synth import Synth
from .settings_list import read_settings

_SPREAD = 0.08
_STAY = 0.8
_MOST_STEPS = 1_000_000


class Sampling(StrEnum):
    """Where parameters come from."""

    RANDOM = "random"
    GRID = "grid"
    MUSICAL = "musical"
    LIST = "list"


class Sampler(Protocol):
    """Chooses values (P,) in the parameters' units for the number of a sound."""

    @property
    def count(self) -> int | None:
        """How many sounds there are; None for any number."""
        ...

    @property
    def info(self) -> dict[str, Any]:
        """All that the values depend on, as plain values for `DataSetInfo.sampling`."""
        ...

    def draw(self, index: int, attempt: int = 0) -> NDArray[np.float64]:
        """Give the values of a sound; another attempt gives others, where there are others."""
        ...


class RandomSampler:
    """Uniform in the declared scales.

    Parameters
    ----------
    parameters : sequence of SynthParameter
        P of them.
    seed : int
        0 or more.
    """

    count = None

    def __init__(self, parameters: Sequence[SynthParameter], seed: int) -> None:
        self._parameters = parameters
        self._seed = seed
        self._whole = _WholeNumbers(parameters)

    @property
    def info(self) -> dict[str, Any]:
        """The seed."""
        return {"sampling": Sampling.RANDOM.value, "seed": self._seed}

    def draw(self, index: int, attempt: int = 0) -> NDArray[np.float64]:
        """Give the values of a sound."""
        unit = np.random.default_rng((self._seed, index, attempt)).random(len(self._parameters))
        return self._whole.spread(unit)


class MusicalSampler:
    """Near hand-made presets: a preset at random, and every parameter moved a little.

    Continuous parameters move by a normal distribution of 8 % of their range, reflected at its ends. Integers and
    choices keep the preset's value in four of five sounds, and are drawn anew in the fifth.

    Parameters
    ----------
    synth : Synth
        Its parameters are drawn.
    presets : sequence of Preset
        At least one.
    seed : int
        0 or more.

    Raises
    ------
    UsageError
        If there are no presets.
    PresetError
        If one does not fit the synth.
    """

    count = None

    def __init__(self, synth: Synth, presets: Sequence[Preset], seed: int) -> None:
        if not presets:
            raise UsageError(
                f"synth {synth.name!r} has no presets to draw near to: write presets/{synth.name}.json beside it,"
                " or choose --sampling random"
            )
        for preset in presets:
            preset.check(synth)
        self._seed = seed
        self._parameters = synth.parameters
        self._centres = np.stack([synth.to_unit(preset.values) for preset in presets])
        self._stepped = np.array([parameter.is_stepped for parameter in synth.parameters])
        self._whole = _WholeNumbers(synth.parameters)

    @property
    def info(self) -> dict[str, Any]:
        """The seed, and a hash of the presets."""
        digest = hashlib.sha256(self._centres.tobytes()).hexdigest()
        return {"sampling": Sampling.MUSICAL.value, "seed": self._seed, "presets_sha256": digest}

    def draw(self, index: int, attempt: int = 0) -> NDArray[np.float64]:
        """Give the values of a sound."""
        random = np.random.default_rng((self._seed, index, attempt))
        size = len(self._parameters)
        centre = self._centres[random.integers(len(self._centres))]
        moved = centre + _SPREAD * random.standard_normal(size)
        moved = 1 - np.abs(1 - np.abs(moved))
        anew = random.random(size)
        near = _round(from_unit(self._parameters, np.where(self._stepped, centre, moved)))
        return np.where(self._stepped & (random.random(size) > _STAY), self._whole.spread(anew), near)


class GridSampler:
    """Every combination of evenly spaced values; parameters without steps keep their defaults.

    Parameters
    ----------
    parameters : sequence of SynthParameter
        P of them.
    steps : mapping of str to int
        How many values a parameter has, from its minimum to its maximum in its scale; by its name, or its channel's.

    Raises
    ------
    ControlError
        For an unknown parameter, or more steps than an integer or choice has values.
    UsageError
        If there are no steps, or fewer than 2 for one.
    """

    def __init__(self, parameters: Sequence[SynthParameter], steps: Mapping[str, int]) -> None:
        steps = by_name(parameters, steps)
        self._steps = steps
        names = [parameter.name for parameter in parameters]
        if not steps:
            raise UsageError(
                f"a grid needs the number of values of each parameter that moves: --steps {names[0]}=5"
            )
        self._columns: list[int] = []
        self._axes: list[NDArray[np.float64]] = []
        self._defaults = np.array([parameter.defaults[0] for parameter in parameters])
        for name, number in steps.items():
            if name not in names:
                raise ControlError(
                    f"there is no parameter {name!r}: {did_you_mean(name, names)}the parameters are {', '.join(names)}"
                )
            column = names.index(name)
            self._columns.append(column)
            self._axes.append(_axis(parameters[column], number))
        self.count = math.prod(len(axis) for axis in self._axes)

    @property
    def info(self) -> dict[str, Any]:
        """The steps."""
        return {"sampling": Sampling.GRID.value, "steps": self._steps}

    def draw(self, index: int, attempt: int = 0) -> NDArray[np.float64]:
        """Give the values of a sound; the last parameter with steps moves fastest."""
        del attempt
        values = self._defaults.copy()
        for column, axis in zip(reversed(self._columns), reversed(self._axes), strict=True):
            index, step = divmod(index, len(axis))
            values[column] = axis[step]
        return values


class ListSampler:
    """The user's own values, one sound for each line of a file.

    Parameters
    ----------
    synth : Synth
        Its parameters are drawn.
    path : Path
        A .csv whose first line names the parameters, or JSON lines: an object of values by name, or a line of
        a data set's manifest. Parameters that are not named have their defaults.

    Raises
    ------
    UsageError
        If the file cannot be read, holds nothing, or has a line that the synth does not take, which is named.
    """

    def __init__(self, synth: Synth, path: Path) -> None:
        rows: list[NDArray[np.float64]] = []
        for number, settings in read_settings(path):
            try:
                rows.append(synth.values(settings))
            except ControlError as error:
                raise UsageError(f"line {number} of {path}: {error}") from error
        if not rows:
            raise UsageError(f"{path} lists no sounds; needed is a line of parameters for each")
        self._values = np.stack(rows)
        self.count = len(rows)

    @property
    def info(self) -> dict[str, Any]:
        """A hash of the values."""
        digest = hashlib.sha256(self._values.tobytes()).hexdigest()
        return {"sampling": Sampling.LIST.value, "list_sha256": digest}

    def draw(self, index: int, attempt: int = 0) -> NDArray[np.float64]:
        """Give the values of a line."""
        del attempt
        return self._values[index]


class _WholeNumbers:
    """Maps uniform numbers so that every value of an integer or choice is as likely as the others."""

    def __init__(self, parameters: Sequence[SynthParameter]) -> None:
        self._parameters = parameters
        self._stepped = np.array([parameter.is_stepped for parameter in parameters])
        self._low = np.array([parameter.minimum for parameter in parameters])
        self._sizes = np.array([parameter.maximum - parameter.minimum + 1 for parameter in parameters])

    def spread(self, uniform: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn uniform numbers (P,) in [0, 1) into values."""
        whole = self._low + np.floor(uniform * self._sizes)
        return np.where(self._stepped, whole, _round(from_unit(self._parameters, uniform)))


def _round(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round to seven digits, so that a manifest can be read by people and still says all."""
    return np.array([float(f"{value:.7g}") for value in values.tolist()])


def _axis(parameter: SynthParameter, number: int) -> NDArray[np.float64]:
    if number < 2:
        raise UsageError(f"--steps {parameter.name}={number}: a parameter that moves needs 2 values or more")
    most = parameter.maximum - parameter.minimum + 1 if parameter.is_stepped else _MOST_STEPS
    if number > most:
        raise ControlError(
            f"--steps {parameter.name}={number}: it has {'only' if parameter.is_stepped else 'at most'} {most:,.0f} values"
        )
    ends = to_unit([parameter], [[parameter.minimum], [parameter.maximum]])[:, 0]
    return _round(from_unit([parameter], np.linspace(ends[0], ends[1], number)[:, None])[:, 0])
