"""What a sound of ours was made of, as it is written into its file."""

from __future__ import annotations

import json
from typing import Annotated, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from .source import OneShots, Sound, Vector

MARK = "brainsynth one-shot"
DECIMALS = 4
"""Of the numbers of a place: what is written is what is played."""

Place = Annotated[tuple[FiniteFloat, ...], Field(min_length=1, max_length=1024)]


class Recipe(BaseModel):
    """How to play a sound again.

    Parameters
    ----------
    model : str
        Its name.
    sha256 : str
        Of the file that played it.
    label : str
        The sound's class; empty for a model of none.
    place : tuple of float
    velocity, stretch : float
    seed : int
    note : int, optional
        MIDI note, of a sound with a pitch.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    model: Annotated[str, Field(min_length=1, max_length=255)]
    sha256: str
    label: str = ""
    place: Place
    velocity: Annotated[float, Field(ge=0, le=1)] = 0.8
    stretch: Annotated[float, Field(ge=0.25, le=4)] = 1.0
    seed: Annotated[int, Field(ge=0, lt=2**24)] = 0
    note: Annotated[int, Field(ge=0, le=127)] | None = None

    def play(self, source: OneShots) -> Sound:
        """Play it (T,) as the model gives it."""
        return source.play(
            np.array(self.place, np.float32),
            velocity=self.velocity,
            stretch=self.stretch,
            seed=self.seed,
            note=self.note,
        )

    def to_text(self) -> str:
        """Write it as JSON in ASCII, which any program that copies comments copies."""
        return json.dumps({"is": MARK, **self.model_dump(exclude_none=True)}, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Self | None:
        """Read it, or give None for any other text."""
        try:
            found = json.loads(text)
            return cls.model_validate(found) if isinstance(found, dict) and found.get("is") == MARK else None
        except (ValidationError, ValueError, RecursionError):
            return None


def written_place(place: Vector) -> tuple[float, ...]:
    """Give a place (P,) as a recipe holds it."""
    return tuple(round(float(number), DECIMALS) for number in place)
