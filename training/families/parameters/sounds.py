"""What a parameter model is trained on: sounds of a synthesiser and the parameters that made them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ...streaming.model import Control


@dataclass(frozen=True)
class SoundParameter:
    """A parameter of a synthesiser.

    Attributes
    ----------
    control : Control
        Name, unit, range, default, scale and choices.
    equal : str
        Name of a set of interchangeable voices that it belongs to (``osc`` of ``osc1_level``), else empty.
    voice : int
        Which of them.
    part : str
        What it is in each of the voices (``level``).
    """

    control: Control
    equal: str = ""
    voice: int = 0
    part: str = ""

    @classmethod
    def of(cls, parameter: Any) -> SoundParameter:
        """Read the same from an object that has all of it as attributes: a synthesiser's own parameter."""
        names = ("name", "unit", "minimum", "maximum", "default", "scale", "description", "choices")
        facts = {name: getattr(parameter, name) for name in names}
        facts |= {"scale": str(facts["scale"]), "choices": tuple(facts["choices"])}
        return cls(Control(**facts), parameter.equal, parameter.voice, parameter.part)

    @property
    def steps(self) -> int:
        """How many values an integer or a choice has; 0 for what is continuous."""
        stepped = self.control.scale in ("integer", "choice")
        return round(self.control.maximum - self.control.minimum) + 1 if stepped else 0


@runtime_checkable
class ParameterSounds(Protocol):
    """Sounds by number, always the same under the same number."""

    synth: str
    """File name of the synthesiser."""
    synth_sha256: str
    """Hash of that file."""
    sample_rate: int
    duration_s: float
    """Every sound is that long."""
    units: NDArray[np.float32]
    """Parameters of every sound, (N, P), from 0 to 1."""

    @property
    def parameters(self) -> Sequence[Any]:
        """In the order of the units; objects that `SoundParameter.of` reads."""
        ...

    @property
    def cache(self) -> Path | None:
        """A folder in which what is computed from these sounds may be kept."""
        ...

    def __len__(self) -> int:
        """How many sounds there are."""
        ...

    def __getitem__(self, index: int) -> NDArray[np.float32]:
        """Give a sound (T,) from where it is first heard; silence where it cannot be read."""
        ...


@runtime_checkable
class EndlessParameterSounds(Protocol):
    """Sounds that are rendered a batch at a time, trained on, and deleted."""

    batch_size: int
    """Sounds in a batch."""

    @property
    def held_out(self) -> ParameterSounds:
        """The sounds held out for validation; all but its sounds holds for every batch as well."""
        ...

    def batch(self, number: int) -> AbstractContextManager[ParameterSounds]:
        """Render a batch, which is there until the context ends. The same number gives the same sounds."""
        ...


def equal_voices(parameters: Sequence[SoundParameter]) -> list[list[list[int]]]:
    """Sets of interchangeable voices: for each, the numbers of each voice's parameters, parts in one order.

    Parameters
    ----------
    parameters : sequence of SoundParameter

    Raises
    ------
    ValueError
        If two voices that are called equal do not have the same parts.
    """
    found: dict[str, dict[int, dict[str, int]]] = {}
    for number, parameter in enumerate(parameters):
        if parameter.equal:
            voices = found.setdefault(parameter.equal, {})
            voices.setdefault(parameter.voice, {})[parameter.part] = number
    sets = []
    for name, voices in found.items():
        parts = sorted(next(iter(voices.values())))
        if any(sorted(voice) != parts for voice in voices.values()):
            raise ValueError(f"the voices of {name} are called equal and do not have the same parameters")
        sets.append([[voices[voice][part] for part in parts] for voice in sorted(voices)])
    return sets


def describe(parameters: Sequence[SoundParameter]) -> list[dict[str, Any]]:
    """Give parameters as plain values, for a run's configuration."""
    return [
        {"control": vars(p.control) | {"choices": list(p.control.choices)}}
        | {"equal": p.equal, "voice": p.voice, "part": p.part}
        for p in parameters
    ]


def parameters_of(described: Sequence[dict[str, Any]]) -> list[SoundParameter]:
    """Read what `describe` gave."""
    return [
        SoundParameter(
            Control(**(d["control"] | {"choices": tuple(d["control"]["choices"])})),
            d["equal"],
            d["voice"],
            d["part"],
        )
        for d in described
    ]
