"""How a sound stands among the others of its class: dark or bright, short or long."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from .likeness import Known
from .source import OneShots, Vector

STRIKING = 1.0
"""Standard deviations of a class from which on a sound has a word."""

WORDS = (("dark", "bright"), ("short", "long"))

_LEAST = np.array([0.25, 0.1])
"""Differences of the two measures that nobody hears."""


class Characters:
    """Characters of sounds, beside those that a model has learned from.

    Parameters
    ----------
    source : OneShots
    trained : Known
        Its training sounds.
    """

    def __init__(self, source: OneShots, trained: Known) -> None:
        self._labels = np.array([point.label.split("/")[0] for point in source.points])
        self._places = np.array([point.value for point in source.points], np.float32)
        self._trained = np.array([height_and_length(known) for known in trained.pictures])
        self._middle_and_spread = cache(self._measure)

    def away(self, label: str, seen: NDArray[np.float32]) -> NDArray[np.float64]:
        """How far a picture is from the middle of its class in height and length (2,), in standard deviations."""
        middle, spread = self._middle_and_spread(label)
        return (height_and_length(seen) - middle) / spread

    def word(self, label: str, seen: NDArray[np.float32]) -> str:
        """Give the word for what is most striking in a picture of a sound of a class; empty if nothing is."""
        away = self.away(label, seen)
        most = int(np.abs(away).argmax())
        return WORDS[most][int(away[most] > 0)] if abs(away[most]) >= STRIKING else ""

    def directions(self, label: str) -> Vector:
        """Where places (2, P) of a class go with a standard deviation of height and of length: least squares."""
        middle, spread = self._middle_and_spread(label)
        places, away = self._places[self._of(label)], (self._trained[self._of(label)] - middle) / spread
        return np.linalg.lstsq(away, places - places.mean(0), rcond=None)[0].astype(np.float32)

    def _measure(self, label: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        chosen = self._trained[self._of(label)]
        return chosen.mean(0), np.maximum(chosen.std(0), _LEAST)

    def _of(self, label: str) -> NDArray[np.bool_]:
        """Which training sounds are of a class; all for a label that none has."""
        chosen = self._labels == label
        return chosen if chosen.any() else np.ones(len(self._labels), bool)


def height_and_length(seen: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give the centres of a picture in mel bands and in slots of time: (2,)."""
    weight = seen / max(float(seen.sum()), 1e-6)
    slots, bands = (np.arange(size) for size in seen.shape)
    return np.array([(weight * bands).sum(), (weight * slots[:, None]).sum()], float)
