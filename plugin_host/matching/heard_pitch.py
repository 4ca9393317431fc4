"""The pitch of a sound, for an estimate to be held against and a search to begin at."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..playing.model import Model

TRACKER = "pitch"
HEARD_S = 0.7
"""So much of a sound tells its pitch: more changes little, and takes longer."""

VOICED, LEAST_VOICED, LOUD_DB = 0.5, 0.6, -30.0
"""A sound has a pitch if so much of what is not softer than its loudest part by so much is voiced."""

MOST_CENTS = 100.0
"""And if half of what is read there lies within a semitone."""


def heard_pitch(sound: NDArray[np.float32], sample_rate: float) -> float | None:
    """Give the pitch in Hz of a sound (T,) from its onset on, by the bundled tracker; None where it has none for sure."""
    tracker = _tracker()
    heard = beginning(sound, sample_rate)
    found = tracker.render(heard[None], sample_rate)
    assert isinstance(found, dict)
    f0_hz, voicing = np.ravel(found["f0_hz"]), np.ravel(found["voicing"])
    loud = _loud(heard, len(f0_hz))
    voiced = loud & (voicing > VOICED)
    if voiced.sum() <= LEAST_VOICED * loud.sum():
        return None
    low, middle, high = np.percentile(f0_hz[voiced], [25, 50, 75])
    return float(middle) if 1200 * np.log2(high / low) < MOST_CENTS else None


def beginning(sound: NDArray[np.float32], sample_rate: float) -> NDArray[np.float32]:
    """Give what the pitch is heard in: of a sound (T,), the first 0.7 s."""
    return sound[: round(HEARD_S * sample_rate)]


@cache
def _tracker() -> Model:
    return Model(TRACKER)


def _loud(sound: NDArray[np.float32], hops: int) -> NDArray[np.bool_]:
    """Which of so many equal parts of a sound (T,) are loud."""
    edges = np.linspace(0, len(sound), hops + 1).astype(int)
    power = np.add.reduceat(np.append(sound, 0.0) ** 2.0, edges[:-1]) / np.maximum(np.diff(edges), 1)
    return np.asarray(power > power.max() * 10 ** (LOUD_DB / 10))
