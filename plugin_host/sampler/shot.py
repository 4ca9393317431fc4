"""A sound of a set: its recipe, and what it is among the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..errors import UsageError
from .finishing import finished
from .places import TAKE, drawn
from .recipe import Recipe, written_place
from .source import OneShots, Sound

MOST = 100_000
MOST_LAYERS = 127
SOFTEST = 0.3


@dataclass(frozen=True)
class Shot:
    """A finished one-shot.

    Attributes
    ----------
    name : str
        Such as ``snare-003-bright-v2-rr1``.
    number : int
        Of the sound within its class, from 1. Layers and takes of a sound have one number.
    layer, take : int
        From 1: which velocity, from soft to hard, and which round robin.
    recipe : Recipe
    sound : (T,)
    """

    name: str
    number: int
    layer: int
    take: int
    recipe: Recipe
    sound: Sound


@dataclass(frozen=True)
class Versions:
    """In how many ways each sound is played.

    Attributes
    ----------
    velocities : int
        From soft to hard.
    takes : int
        Small differences of each (round robin).
    notes : tuple of int
        MIDI notes, of sounds with a pitch; as the recipe says if there are none.

    Raises
    ------
    UsageError
        For numbers that cannot be.
    """

    velocities: int = 1
    takes: int = 1
    notes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for name, number in (("velocities", self.velocities), ("takes", self.takes)):
            if not 1 <= number <= MOST_LAYERS:
                raise UsageError(f"{name} is {number}; needed is a whole number from 1 to {MOST_LAYERS}")

    @property
    def count(self) -> int:
        """How many files each sound becomes."""
        return self.velocities * self.takes * max(1, len(self.notes))

    def of(self, source: OneShots, name: str, number: int, recipe: Recipe, sound: Sound) -> Iterator[Shot]:
        """Play a sound in all ways; ``sound`` (T,) is the finished one of the recipe."""
        if self.velocities == self.takes == 1 and len(self.notes) < 2:
            yield Shot(name, number, 1, 1, recipe, sound)
            return
        velocities = np.linspace(SOFTEST, 1.0, self.velocities) if self.velocities > 1 else [recipe.velocity]
        places = [recipe.place]
        middle, random = np.array(recipe.place, np.float32), np.random.default_rng(recipe.seed)
        places += [
            written_place(drawn(source, recipe.label, middle, TAKE, random)) for _ in range(self.takes - 1)
        ]
        for note in self.notes or (recipe.note,):
            for layer, velocity in enumerate(velocities, 1):
                for take, place in enumerate(places, 1):
                    words = [name] + ([f"n{note:03d}"] if len(self.notes) > 1 else [])
                    words += [f"v{layer}"] * (self.velocities > 1) + [f"rr{take}"] * (self.takes > 1)
                    version = recipe.model_copy(
                        update={"place": place, "velocity": round(float(velocity), 4), "note": note}
                    )
                    played = finished(version.play(source), source.sample_rate)
                    yield Shot("-".join(words), number, layer, take, version, played)
