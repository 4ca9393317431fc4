"""Other sounds that might have been recorded: of another size, colour and length."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from .voice import SAMPLE_RATE

SEMITONES, COLOUR_DB, DECAY_DB_PER_S = 3.0, 6.0, 12.0
NODES_HZ = np.array([40.0, 150.0, 500.0, 1500.0, 5000.0, 16000.0])


def as_another_sound(
    samples: NDArray[np.float32], random: np.random.Generator
) -> tuple[NDArray[np.float32], float]:
    """Change a sound (T,): its pitch and speed, its colour in six wide bands, and how fast it decays.

    It is given with the semitones by which it is higher.
    """
    semitones = random.uniform(-SEMITONES, SEMITONES)
    changed = soxr.resample(samples.astype(np.float32), SAMPLE_RATE * 2.0 ** (semitones / 12.0), SAMPLE_RATE)
    f = np.fft.rfftfreq(len(changed), 1.0 / SAMPLE_RATE)
    gains_db = np.interp(
        np.log(np.maximum(f, 1.0)), np.log(NODES_HZ), random.uniform(-COLOUR_DB, COLOUR_DB, len(NODES_HZ))
    )
    # Of minimum phase: a symmetric response would ring before the onset.
    changed = np.fft.irfft(np.fft.rfft(changed) * _minimum_phase(gains_db, len(changed)), len(changed))
    decay_db = random.uniform(-DECAY_DB_PER_S, DECAY_DB_PER_S) * np.arange(len(changed)) / SAMPLE_RATE
    return (changed * 10 ** (decay_db / 20)).astype(np.float32), semitones


def _minimum_phase(gains_db: NDArray[np.float64], length: int) -> NDArray[np.complex128]:
    """A spectrum of these magnitudes whose response is the shortest, by its cepstrum (Oppenheim and Schafer 1975)."""
    cepstrum = np.fft.irfft(gains_db * (np.log(10) / 20), length)
    cepstrum[1 : (length + 1) // 2] *= 2
    cepstrum[length // 2 + 1 :] = 0
    return np.exp(np.fft.rfft(cepstrum))
