"""Describe the values a model takes or gives: numbers and vectors, their ranges, scales and maps."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    field_validator,
    model_validator,
)

from ..errors import counted
from .array_text import parse_numbers
from .names import NEVER_FREE, Name, refuse_taken

LARGEST_SEED = 2**24 - 1
"""Up to here, float32 holds every whole number exactly."""

LARGEST_SIZE = 1024

SMALLEST_LOG = 1.2e-38
"""The least minimum of a log scale: float32 takes much smaller numbers for 0, which has no logarithm."""


class Scale(StrEnum):
    """How a control moves between its minimum and its maximum."""

    LINEAR = "linear"
    LOG = "log"
    INTEGER = "integer"
    CHOICE = "choice"
    TRIGGER = "trigger"
    SEED = "seed"


class Part(BaseModel):
    """A part of a document: it cannot be changed, and has no fields but its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Float32 = Annotated[float, Field(ge=-3.4e38, le=3.4e38)]
"""What float32, in which graphs take all controls, can hold."""


def _check_word(word: str) -> str:
    if not word or word != word.strip() or not word.isprintable():
        raise ValueError("a choice needs a word that can be typed: not empty, no blank at either end")
    return word


Word = Annotated[str, StringConstraints(max_length=64), AfterValidator(_check_word)]
"""What people type to choose."""


class MapPoint(Part):
    """A labelled point of a vector control's map.

    Parameters
    ----------
    label : str
        What people call the vector, 1 to 64 characters. Several points may share a label.
    x, y : float
        Where to draw it. Only distances mean something; there is no unit.
    value : tuple of float
        The vector that it stands for, a number for each element.
    """

    label: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    x: FiniteFloat
    y: FiniteFloat
    value: Annotated[tuple[FiniteFloat, ...], BeforeValidator(parse_numbers)]


def _read_default(value: object) -> float | tuple[float, ...]:
    parsed = parse_numbers(value)
    numbers = list(parsed) if isinstance(parsed, list | tuple) else [parsed]
    try:
        found = tuple(float(number) for number in numbers)  # pyright: ignore - what is no number raises
    except (TypeError, ValueError):
        found = ()
    if not found or not all(map(math.isfinite, found)):
        raise ValueError("it must be a finite number, or a finite number for each element, with commas")
    return found[0] if len(found) == 1 else found


class Control(Part):
    """A named value that a model takes or, from an analyzer, gives: float32, one a frame and element.

    Parameters
    ----------
    name : str
        Lower case, digits and underscores, with the unit at its end where the name does not make it clear
        (`f0_hz`).
    unit : str
        For people: ``"semitones"``, ``"dB"``, ``"Hz"``; empty for a plain number.
    minimum, maximum : float
        In that unit, with ``minimum < maximum``; of each element. Those of a choice are positions in
        `choices`.
    default : float or tuple of float
        Between them. One number holds for every element; `defaults` gives it for each.
    size : int
        How many numbers it is, 1 to 1024: one is a plain control, more are a vector.
    scale : Scale
        ``linear`` or ``log`` (the minimum is at least `SMALLEST_LOG`) may be ramped. The others jump: ``integer`` and
        ``choice``; ``trigger``, which stands for one frame and is 0 in all others (its range begins at 0,
        which is its default); ``seed``, a whole number from 0 to 16777215 that hosts may draw anew.
    choices : tuple of str
        The words of a choice, in order; empty for every other scale.
    map : tuple of MapPoint
        Labelled vectors in the plane, for pictures; empty for a control of one number.
    description : str
        One sentence for a tooltip.
    """

    name: Name
    unit: Annotated[str, StringConstraints(max_length=64)] = ""
    minimum: Float32
    maximum: Float32
    default: Annotated[
        float | tuple[float, ...],
        PlainValidator(_read_default),
        PlainSerializer(lambda default: default, return_type=Any),
    ]
    size: Annotated[int, Field(ge=1, le=LARGEST_SIZE)] = 1
    scale: Scale = Scale.LINEAR
    choices: tuple[Word, ...] = ()
    map: tuple[MapPoint, ...] = ()
    description: str = ""

    @property
    def is_stepped(self) -> bool:
        """Whether it takes whole numbers only, and jumps from one to the next: integer, choice, seed."""
        return self.scale in (Scale.INTEGER, Scale.CHOICE, Scale.SEED)

    @property
    def is_trigger(self) -> bool:
        """Whether a value stands for one frame, with zeros around it."""
        return self.scale is Scale.TRIGGER

    @property
    def is_ramped(self) -> bool:
        """Whether a host may move it through values in between: linear, log."""
        return self.scale in (Scale.LINEAR, Scale.LOG)

    @property
    def is_vector(self) -> bool:
        """Whether it is more than one number."""
        return self.size > 1

    @property
    def defaults(self) -> tuple[float, ...]:
        """The default of each element."""
        return self.default if isinstance(self.default, tuple) else (self.default,) * self.size

    @property
    def element_names(self) -> tuple[str, ...]:
        """What people call each element: ``name``, or of a vector ``name[0]`` and so on."""
        if not self.is_vector:
            return (self.name,)
        return tuple(f"{self.name}[{index}]" for index in range(self.size))

    @property
    def needs_format_2(self) -> bool:
        """Whether format 1 cannot describe it."""
        return self.is_vector or self.scale in (Scale.TRIGGER, Scale.SEED)

    @field_validator("name")
    @classmethod
    def _name_is_free(cls, name: str) -> str:
        refuse_taken(name, NEVER_FREE)
        return name

    @model_validator(mode="after")
    def _range_makes_sense(self) -> Self:
        single_choice = self.scale is Scale.CHOICE and len(self.choices) == 1
        if self.minimum >= self.maximum and not single_choice:
            raise ValueError(f"minimum {self.minimum:g} must be below maximum {self.maximum:g}")
        if len(self.defaults) != self.size:
            raise ValueError(
                f"there are {len(self.defaults)} defaults for {self.size} elements; one number holds for all"
            )
        for default in self.defaults:
            if not self.minimum <= default <= self.maximum:
                raise ValueError(f"default {default:g} must be from {self.minimum:g} to {self.maximum:g}")
        if self.scale is Scale.LOG and self.minimum < SMALLEST_LOG:
            raise ValueError(
                f"a log scale needs a minimum above 0, of at least {SMALLEST_LOG:g}, not {self.minimum:g}"
            )
        if self.is_stepped and any(
            value != round(value) for value in (self.minimum, self.maximum, *self.defaults)
        ):
            raise ValueError(f"scale {self.scale} needs whole numbers for minimum, maximum and default")
        self._check_jumping_scales()
        self._check_map()
        return self

    def _check_jumping_scales(self) -> None:
        if self.scale is Scale.CHOICE and (self.minimum, self.maximum) != (0, len(self.choices) - 1):
            raise ValueError(
                f"a choice of {counted(len(self.choices), 'word')} needs minimum 0 and maximum {len(self.choices) - 1}"
            )
        if len(set(self.choices)) < len(self.choices):
            twice = next(word for word in self.choices if self.choices.count(word) > 1)
            raise ValueError(f"there are two choices {twice!r}; words must differ")
        if self.scale is not Scale.CHOICE and self.choices:
            raise ValueError(f"only scale choice has choices, not scale {self.scale}")
        if self.is_trigger and (self.minimum != 0 or any(self.defaults)):
            raise ValueError("a trigger is 0 in all frames but its own: minimum and default must be 0")
        if self.scale is Scale.SEED and not 0 <= self.minimum < self.maximum <= LARGEST_SEED:
            raise ValueError(f"a seed needs a range within 0 to {LARGEST_SEED}, which float32 holds exactly")
        if self.is_vector and self.scale in (Scale.CHOICE, Scale.SEED):
            raise ValueError(f"scale {self.scale} is one number, not a vector of {self.size}")

    def _check_map(self) -> None:
        if self.map and not self.is_vector:
            raise ValueError("only a vector control has a map")
        for point in self.map:
            if len(point.value) != self.size:
                raise ValueError(
                    f"the map's point {point.label!r} has {counted(len(point.value), 'number')} for {self.size} elements"
                )
            if not all(self.minimum <= number <= self.maximum for number in point.value):
                raise ValueError(
                    f"the map's point {point.label!r} leaves the range {self.minimum:g} to {self.maximum:g}"
                )
