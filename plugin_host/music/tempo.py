"""The tempo of a sound, where it has one.

Onsets are rises of the level in bands; a tempo is a lag at which their course is like itself, and so at twice and three
times that lag, the nearer to a comfortable walk the more readily (Ellis 2007, Beat tracking by dynamic programming).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 100.0
SLOWEST_BPM, FASTEST_BPM = 50.0, 210.0
USUAL_BPM, WIDTH_OCTAVES = 115.0, 1.0
WINDOW_S, BANDS = 0.046, 32
LOWEST_HZ, HIGHEST_HZ = 60.0, 10000.0
RANGE_DB = 60.0
SHORTEST_S = 6.0
PART_S = 20.0
LEAST_CONFIDENCE = 0.2
LEAST_RISE_DB = 1.5
"""Where levels never rise more in a hundredth of a second, nothing begins: partials of held tones beat at any rate."""


@dataclass(frozen=True)
class Tempo:
    """A tempo.

    Attributes
    ----------
    bpm : float
        Beats a minute, 50 to 210.
    confidence : float
        How like itself the course of onsets is a beat later: 1 for a metronome, 0 for chance.
    """

    bpm: float
    confidence: float


def find_tempo(sound: NDArray[np.floating], sample_rate: float) -> Tempo | None:
    """Find the tempo of a sound.

    Parameters
    ----------
    sound : array
        (T,), full scale 1.
    sample_rate : float
        Hz, 8000 or more.

    Returns
    -------
    Tempo or None
        None where there is none, as in speech, noise and held tones, or less than 6 s of sound. Of two tempos an octave
        apart that are both in the sound, it is the one nearer to 115.
    """
    return tempo_of(onset_strength(sound, sample_rate))


def tempo_of(onsets: NDArray[np.float64]) -> Tempo | None:
    """Find the tempo of a course of onsets (N,) at RATE_HZ; see `find_tempo`."""
    if len(onsets) < SHORTEST_S * RATE_HZ or np.percentile(onsets, 99) < LEAST_RISE_DB:
        return None
    likeness = _likeness(onsets)
    lags = np.arange(len(likeness))
    with np.errstate(divide="ignore"):
        bpm = 60 * RATE_HZ / lags
    possible = (bpm >= SLOWEST_BPM) & (bpm <= FASTEST_BPM) & (3 * lags + 2 < len(likeness))
    candidates = lags[possible]
    # A beat also returns after two and three.
    combed = np.array(
        [np.mean([likeness[k * lag - k : k * lag + k + 1].max() for k in (1, 2, 3)]) for lag in candidates]
    )
    weight = np.exp(-0.5 * np.square(np.log2(bpm[possible] / USUAL_BPM) / WIDTH_OCTAVES))
    best = int(candidates[np.argmax(combed * weight)])
    confidence = float(combed[candidates == best][0])
    if confidence < LEAST_CONFIDENCE:
        return None
    return Tempo(float(60 * RATE_HZ / _refined(likeness, best)), min(confidence, 1.0))


def onset_strength(sound: NDArray[np.floating], sample_rate: float) -> NDArray[np.float64]:
    """Give how much the levels in bands rise, (N,) at RATE_HZ."""
    return rises(levels_db(sound, sample_rate))


def rises(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give how much levels (N + 1, B) rise from each to the next: (N,)."""
    return np.maximum(np.diff(levels, axis=0), 0).mean(1)


def levels_db(sound: NDArray[np.floating], sample_rate: float) -> NDArray[np.float64]:
    """Give the levels in bands, (N, B) at RATE_HZ, each of a window that begins then, at most RANGE_DB below the loudest."""
    hop = sample_rate / RATE_HZ
    length = 1 << round(np.log2(WINDOW_S * sample_rate))
    count = int((len(sound) - length) / hop)
    if count < 2:
        return np.zeros((1, 1))
    hertz = np.fft.rfftfreq(length, 1 / sample_rate)
    edges = np.geomspace(LOWEST_HZ, min(HIGHEST_HZ, sample_rate / 2.2), BANDS + 1)
    first = np.unique(np.searchsorted(hertz, edges))
    window = np.hanning(length)
    levels = []
    for start in range(0, count, 1024):  # a long song takes no more memory
        places = np.round(np.arange(start, min(count, start + 1024)) * hop).astype(int)
        frames = sound[places[:, None] + np.arange(length)] * window
        power = np.square(np.abs(np.fft.rfft(frames)))
        levels.append(np.add.reduceat(power, first, axis=1)[:, :-1])
    power = np.concatenate(levels)
    floor = power.max() * 10 ** (-RANGE_DB / 10) + 1e-20
    return 10 * np.log10(power + floor)


def _likeness(onsets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give how like itself a course of onsets is at each lag: the autocorrelation, the mean of overlapping parts."""
    # What is slower than a bar is no rhythm.
    smooth = np.convolve(onsets, np.full(int(RATE_HZ), 1 / RATE_HZ), "same")
    moving = onsets - smooth
    size = min(len(moving), round(PART_S * RATE_HZ))
    found = []
    for start in range(0, len(moving) - size + 1, max(1, size // 2)):
        part = moving[start : start + size] - moving[start : start + size].mean()
        spectrum = np.abs(np.fft.rfft(part, 2 * size)) ** 2
        correlation = np.fft.irfft(spectrum)[: size // 2]
        if correlation[0] > 0:
            found.append(correlation / correlation[0] * size / (size - np.arange(size // 2)))
    return np.mean(found, 0) if found else np.zeros(size // 2)


def _refined(likeness: NDArray[np.float64], lag: int) -> float:
    """Find a lag to a part of a frame, from its highest multiple that stands out: a parabola through three points."""
    most = max(k for k in range(1, 9) if k * (lag + 1) + 2 < len(likeness))
    exact = float(lag)
    for k in range(1, most + 1):
        near = round(k * exact)
        window = likeness[near - 2 : near + 3]
        top = near - 2 + int(np.argmax(window))
        if not 0 < top < len(likeness) - 1 or likeness[top] < 0.5 * likeness[lag]:
            break
        left, middle, right = likeness[top - 1 : top + 2]
        bend = left - 2 * middle + right
        exact = (top + (0.5 * (left - right) / bend if bend < 0 else 0.0)) / k
    return exact
