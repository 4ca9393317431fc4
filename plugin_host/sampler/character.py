"""A word for what sets a sound apart from the others of its class."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from .likeness import Known, picture
from .source import OneShots, Sound

STRIKING = 1.0
"""Standard deviations of a class from which on a sound has a word."""

WORDS = (("dark", "bright"), ("short", "long"))


class Characters:
    """Words for sounds, beside those that a model has learned from.

    Parameters
    ----------
    source : OneShots
    trained : Known
        Its training sounds.
    """

    def __init__(self, source: OneShots, trained: Known) -> None:
        self._sample_rate = source.sample_rate
        self._labels = np.array([point.label.split("/")[0] for point in source.points])
        self._trained = np.array([_measures(known) for known in trained.pictures])
        self._of_class = cache(self._middle_and_spread)

    def word(self, label: str, sound: Sound) -> str:
        """Give the word for what is most striking in a sound (T,) of a class; empty if nothing is."""
        middle, spread = self._of_class(label)
        away = (_measures(picture(sound, self._sample_rate)) - middle) / spread
        most = int(np.abs(away).argmax())
        return WORDS[most][int(away[most] > 0)] if abs(away[most]) >= STRIKING else ""

    def _middle_and_spread(self, label: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        chosen = self._trained[self._labels == label] if label in self._labels else self._trained
        # Differences below half a band or slot are none.
        return np.median(chosen, axis=0), np.maximum(chosen.std(0), 0.5)


def _measures(seen: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give the centre of a picture's spectrum, in mel bands, and its length, in slots: (2,)."""
    height = (seen * np.arange(seen.shape[1])).sum() / max(float(seen.sum()), 1e-6)
    return np.array([height, np.count_nonzero(seen.max(1))], float)
