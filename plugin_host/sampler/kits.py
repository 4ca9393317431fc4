"""A whole kit after one sound: what sets the sound apart from its class is carried to the other classes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..errors import UsageError
from .character import Characters
from .finishing import fault_of, finished
from .likeness import picture, training_sounds
from .places import FARTHEST, offset_of, places_of, spread_of
from .recipe import Recipe, written_place
from .shot import Shot, Versions
from .source import OneShots, Sound

REST = 0.5
"""How much of what is neither height nor length is carried."""

SHARES = (1.0, 0.7, 0.4, 0.0)
"""Of the offset that are tried, until a class's sound is fit for a sampler."""


def kit(
    source: OneShots, recipe: Recipe, *, versions: Versions | None = None, strength: float = 1.0
) -> Iterator[Shot]:
    """Play a sound of each class that goes with a given one.

    What is brighter or longer than the middle of its class gives a kit that is as much brighter or longer, class by
    class, in standard deviations of each. Directions of the space alone do not do that: where kicks get brighter, snares
    get darker. The rest of the given sound's offset is carried as such, by half. Its own class has its own place.

    Parameters
    ----------
    source : OneShots
        With classes.
    recipe : Recipe
        Of the given sound, with its class.
    versions : Versions, optional
        Five velocities and four takes if not given.
    strength : float
        How much of the offset is carried, 0 to 2.

    Raises
    ------
    UsageError
        If the model has no classes, or for a strength that cannot be.
    """
    if not source.classes:
        raise UsageError(f"{source.name} has no classes, of which a kit is made")
    if not 0 <= strength <= 2:
        raise UsageError(f"the strength is {strength:g}; needed is a number from 0 to 2")
    return _kit(source, recipe, versions or Versions(5, 4), strength)


def _kit(source: OneShots, recipe: Recipe, versions: Versions, strength: float) -> Iterator[Shot]:
    characters = Characters(source, training_sounds(source))
    given = finished(recipe.play(source), source.sample_rate)
    away = characters.away(recipe.label, picture(given, source.sample_rate)).clip(-FARTHEST, FARTHEST)
    explained = (away @ characters.directions(recipe.label)) / spread_of(source, recipe.label)
    rest = offset_of(source, recipe.label, np.array(recipe.place, np.float32)) - explained
    rest = REST * rest.clip(-FARTHEST, FARTHEST)
    for label in source.classes:
        places = [recipe.place]
        if label != recipe.label:
            middle = places_of(source, label).mean(0)
            offset = strength * (away @ characters.directions(label) + rest * spread_of(source, label))
            places = [written_place(middle + share * offset) for share in SHARES]
        one, sound = _first_fit(source, recipe, label, places)
        yield from versions.of(source, label, 1, one, sound)


def _first_fit(
    source: OneShots, recipe: Recipe, label: str, places: list[tuple[float, ...]]
) -> tuple[Recipe, Sound]:
    """Play the first place whose sound is fit for a sampler, or the last."""
    for place in places[:-1]:
        one = recipe.model_copy(update={"label": label, "place": place, "note": None})
        sound = finished(one.play(source), source.sample_rate)
        if not fault_of(sound, source.sample_rate):
            return one, sound
    one = recipe.model_copy(update={"label": label, "place": places[-1], "note": None})
    return one, finished(one.play(source), source.sample_rate)
