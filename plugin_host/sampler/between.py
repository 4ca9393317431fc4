"""The way from one sound to another."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ..errors import UsageError
from .finishing import finished
from .recipe import Recipe, written_place
from .shot import MOST, Shot
from .source import OneShots


def between(source: OneShots, first: Recipe, second: Recipe, steps: int = 9) -> Iterator[Shot]:
    """Play sounds from one to another, both included, in even steps of their places.

    Velocity and note go in even steps too, and stretch in even factors.

    Raises
    ------
    UsageError
        For fewer than two steps.
    """
    if not 2 <= steps <= MOST:
        raise UsageError(f"steps is {steps}; needed is a whole number from 2, the two ends alone, to {MOST}")
    labels = [recipe.label or source.name for recipe in (first, second)]
    digits = max(2, len(str(steps)))
    return (
        Shot(
            f"{labels[0]}-to-{labels[1]}-{step + 1:0{digits}d}",
            step + 1,
            1,
            1,
            recipe,
            finished(recipe.play(source), source.sample_rate),
        )
        for step in range(steps)
        for recipe in [_mixed(first, second, step / (steps - 1))]
    )


def _mixed(first: Recipe, second: Recipe, share: float) -> Recipe:
    """Mix two recipes: the first at a share of 0, the second at 1."""
    if share in (0.0, 1.0):
        return second if share else first

    def mix(a: float, b: float) -> float:
        return (1 - share) * a + share * b

    place = [mix(*pair) for pair in zip(first.place, second.place, strict=True)]
    return (first if share <= 0.5 else second).model_copy(
        update={
            "place": written_place(np.array(place, np.float32)),
            "velocity": round(mix(first.velocity, second.velocity), 4),
            "stretch": round(math.exp(mix(math.log(first.stretch), math.log(second.stretch))), 4),
            "note": None
            if first.note is None or second.note is None
            else round(mix(first.note, second.note)),
        }
    )
