"""The parameters of a synthesiser, as a model of its sounds sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...streaming.model import Control

CONTROL_FIELDS = ("name", "unit", "minimum", "maximum", "default", "scale", "description", "choices")
"""What a synthesiser's parameter has of a control, and a run's configuration with it."""


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
    skew : float
        Of a linear scale: a value is ``minimum + (maximum - minimum)*position**(1/skew)``.
    """

    control: Control
    equal: str = ""
    voice: int = 0
    part: str = ""
    skew: float = 1.0

    @classmethod
    def of(cls, parameter: Any) -> SoundParameter:
        """Read the same from an object that has all of it as attributes: a synthesiser's own parameter."""
        values = {name: getattr(parameter, name) for name in CONTROL_FIELDS}
        values |= {"scale": str(values["scale"]), "choices": tuple(values["choices"])}
        skew = getattr(parameter, "skew", 1.0)
        return cls(Control(**values), parameter.equal, parameter.voice, parameter.part, skew)

    @property
    def steps(self) -> int:
        """How many values an integer or a choice has; 0 for what is continuous."""
        stepped = self.control.scale in ("integer", "choice")
        return round(self.control.maximum - self.control.minimum) + 1 if stepped else 0


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
        {
            "control": {name: getattr(p.control, name) for name in CONTROL_FIELDS}
            | {"choices": list(p.control.choices)}
        }
        | {"equal": p.equal, "voice": p.voice, "part": p.part}
        | ({"skew": p.skew} if p.skew != 1 else {})
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
            d.get("skew", 1.0),
        )
        for d in described
    ]
