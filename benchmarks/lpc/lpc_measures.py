"""Measures of the LPC model: envelopes, distances between them, stability, and windowed linear prediction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, stats

from benchmarks.common.bootstrap import interval

ORDER = 16
BINS = 257

Array = NDArray[np.float64]


def predict_linearly(audio: Array, centres: NDArray[np.int64], length: int) -> tuple[Array, Array]:
    """Windowed linear prediction: autocorrelation under a Hamming window, solved by scipy's Levinson recursion.

    Parameters
    ----------
    audio : ndarray
        (T,)
    centres : ndarray
        (N,) samples around which the windows lie.
    length : int
        Of the window, in samples.

    Returns
    -------
    a : ndarray
        (N, 17) polynomials.
    gain_db : ndarray
        (N,) level of the residual.
    """
    window = np.hamming(length)
    padded = np.pad(audio, length)
    polynomials, gains = np.zeros((len(centres), ORDER + 1)), np.zeros(len(centres))
    for row, centre in enumerate(centres):
        begin = int(centre) + length - length // 2
        frame = padded[begin : begin + length] * window
        r = np.array([frame[: length - lag] @ frame[lag:] for lag in range(ORDER + 1)]) / np.sum(window**2)
        r[0] = r[0] * (1 + 1e-9) + 1e-12
        polynomials[row] = np.r_[1.0, -linalg.solve_toeplitz(r[:ORDER], r[1:])]
        gains[row] = 10 * np.log10(max(float(polynomials[row] @ r), 1e-12))
    return polynomials, gains


def step_up(reflections: Array) -> Array:
    """Polynomials (N, P + 1) of reflection coefficients (N, P)."""
    a = np.ones((len(reflections), 1))
    for k in reflections.T[:, :, None]:
        extended = np.pad(a, ((0, 0), (0, 1)))
        a = extended + k * extended[:, ::-1]
    return a


def envelope_db(a: Array) -> Array:
    """Level of 1 / A at `BINS` frequencies, (..., P + 1) to (..., BINS)."""
    return -20 * np.log10(np.abs(np.fft.rfft(a, 2 * (BINS - 1))) + 1e-12)


def log_spectral_distance(x_db: Array, y_db: Array) -> Array:
    """Root of the mean square difference over frequency, (..., BINS) twice to (...)."""
    return np.sqrt(np.mean((x_db - y_db) ** 2, -1))


def largest_radius(a: Array) -> float:
    """Largest radius of the roots of the polynomials (N, P + 1); below 1 is stable."""
    return max(float(np.abs(np.roots(row)).max(initial=0.0)) for row in a)


def compare(ours: Array, theirs: Array) -> dict[str, float]:
    """Compare one value a sound: means with intervals, and the p of Wilcoxon's signed-rank test that ours are smaller."""
    shown: dict[str, float] = {}
    for name, values in (("ours", ours), ("levinson", theirs), ("difference", ours - theirs)):
        found = interval(values)
        shown |= {name: found["mean"], f"{name}_low": found["low"], f"{name}_high": found["high"]}
    tested: Any = stats.wilcoxon(ours, theirs, alternative="less")
    p = float(tested.pvalue)
    # Results are written with six decimals, too few for most p.
    return shown | {"p": p, "log10_p": float(np.log10(max(p, 1e-300)))}


def pitch_and_voicing(found: Mapping[str, Array], f0_hz: Array, share: Array) -> dict[str, float]:
    """Errors of pitch where pulses are at least half of the excitation, and of voicing; all arrays (sounds, frames)."""
    pitched = share >= 0.5
    cents = 1200 * np.abs(np.log2(found["f0_hz"][pitched] / f0_hz[pitched]))
    clear = (share < 0.2) | (share > 0.8)
    wrong = (found["voicing"] > 0.5) != (share > 0.5)
    return {
        "within_50_cents": 100 * float(np.mean(cents < 50)),
        "octave_errors": 100
        * float(np.mean(np.abs(cents - 1200 * np.round(cents / 1200)) < 50) - np.mean(cents < 50)),
        "median_cents": float(np.median(cents)),
        "voicing_wrong": 100 * float(np.mean(wrong[clear])),
        "voicing_error": float(np.mean(np.abs(found["voicing"] - share))),
    }
