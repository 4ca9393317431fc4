"""The pitch of a sound, for a search to begin at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..playing.model import Model

TRACKER = "pitch"
VOICED, LEAST_VOICED_S = 0.5, 0.1


def heard_pitch(sound: NDArray[np.float32], sample_rate: float) -> float | None:
    """Give the median pitch in Hz of a sound (T,), by the bundled tracker; None where it is voiced for less than 0.1 s."""
    tracker = Model(TRACKER)
    found = tracker.render(sound[None], sample_rate)
    assert isinstance(found, dict)
    f0_hz = np.ravel(found["f0_hz"])[np.ravel(found["voicing"]) > VOICED]
    least = LEAST_VOICED_S * tracker.document.sample_rate / tracker.document.hop_length
    return float(np.median(f0_hz)) if len(f0_hz) > least else None
