"""Where sounds are: the places of a class, new ones among them, and the class of a place."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError, did_you_mean
from .source import OneShots, Vector

NEAR = 0.25
"""How far what is near a sound spreads, as a share of how far its class does."""

TAKE = 0.08
"""The same of the takes of one hit."""

FARTHEST = 3.0
"""Standard deviations of a class that a sound may be from its middle when a kit is made after it."""


def check_label(source: OneShots, label: str) -> None:
    """Look whether a model has a class.

    Raises
    ------
    UsageError
        If it has none of that name; the sentence lists them.
    """
    if label and label not in source.classes:
        known = f"its classes are {', '.join(source.classes)}" if source.classes else "it has no classes"
        raise UsageError(
            f"{source.name} has no class {label!r}: {did_you_mean(label, source.classes)}{known}"
        )


@lru_cache(64)
def places_of(source: OneShots, label: str) -> NDArray[np.float32]:
    """Places (S, P) of the training sounds of a class; of all for an empty label."""
    found = [point.value for point in source.points if not label or point.label.split("/")[0] == label]
    return np.array(found or [point.value for point in source.points], np.float32)


def drawn(
    source: OneShots, label: str, middle: Vector | None, spread: float, random: np.random.Generator
) -> Vector:
    """Draw a place (P,) as the training sounds of a class lie, with how their numbers go together.

    Parameters
    ----------
    source : OneShots
    label : str
        The class; all sounds if it is empty.
    middle : (P,), optional
        Around which place; around the class's middle if not given.
    spread : float
        1 is as far as they lie.
    random : Generator
    """
    places = places_of(source, label)
    if len(places) < 2:
        # One sound does not show how its class spreads.
        places = places_of(source, "")
    if middle is None:
        middle = places_of(source, label).mean(0)
    apart = places - places.mean(0)
    # A normal distribution of their covariance, which this product has.
    return (middle + spread * (random.normal(size=len(apart)) @ apart) / np.sqrt(len(apart))).astype(
        np.float32
    )


def class_of(source: OneShots, place: Vector) -> str:
    """Give the class, as a normal distribution, that a place (P,) is likeliest of; empty for a model of no classes."""
    unlikely = {
        label: float(
            (np.square(offset_of(source, label, place)) + 2 * np.log(spread_of(source, label))).sum()
        )
        for label in source.classes
    }
    return min(unlikely, key=unlikely.__getitem__, default="")


def offset_of(source: OneShots, label: str, place: Vector) -> Vector:
    """How far (P,) a place is from a class's middle, in standard deviations of the class."""
    return (place - places_of(source, label).mean(0)) / spread_of(source, label)


def spread_of(source: OneShots, label: str) -> Vector:
    """The standard deviations (P,) of a class; of one whose sounds are alike, a part of all sounds'."""
    least = np.maximum(NEAR * places_of(source, "").std(0), 1e-3)
    return np.maximum(places_of(source, label).std(0), least)
