"""Levels of harmonics and of the noise between them, read off the spectrum of a recording.

The sinusoids-plus-noise view of Serra and Smith (1990): a peak near each multiple of f0 is a harmonic, what lies between
the peaks is noise. Rough, but it teaches a decoder the timbre in seconds; the spectral loss then does the rest.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

FLOOR_NEPERS = -16.0
N_FFT = 4096
BLOCK = 512


def harmonic_levels(
    audio: np.ndarray, f0_hz: np.ndarray, sample_rate: int, hop_length: int, harmonics: int, bands: int
) -> tuple[np.ndarray, np.ndarray]:
    """Measure harmonics and noise around the middle of each hop.

    Parameters
    ----------
    audio : (N * hop_length,) float32
    f0_hz : (N,)
        Low notes are read with a window of 4096 samples, notes above 180 Hz with 2048.
    harmonics, bands : int

    Returns
    -------
    tones : (N, harmonics) float16
        Log amplitude of each harmonic, nepers.
    noise : (N, bands) float16
        Log magnitude in bands from 0 Hz to the Nyquist frequency, nepers, relative to white noise of unit variance.
    """
    frames = len(f0_hz)
    tones = np.empty((frames, harmonics), np.float16)
    noise = np.empty((frames, bands), np.float16)
    padded = np.pad(audio, (N_FFT // 2 - hop_length // 2, N_FFT // 2 + hop_length))
    windows = [_centred_hann(N_FFT), _centred_hann(N_FFT // 2)]
    for start in range(0, frames, BLOCK):
        rows = slice(start, min(start + BLOCK, frames))
        count = rows.stop - rows.start
        cut = padded[start * hop_length : (rows.stop - 1) * hop_length + N_FFT]
        segments = sliding_window_view(cut, N_FFT)[::hop_length][:count]
        high = f0_hz[rows] > 180.0
        for window, chosen in zip(windows, (~high, high), strict=True):
            if chosen.any():
                spectrum = np.abs(np.fft.rfft(segments[chosen] * window, axis=1)).astype(np.float32)
                index = start + np.flatnonzero(chosen)
                tones[index], noise[index] = _read(
                    spectrum, f0_hz[index], window, sample_rate, harmonics, bands
                )
    return tones, noise


def _centred_hann(length: int) -> np.ndarray:
    window = np.zeros(N_FFT, np.float32)
    start = (N_FFT - length) // 2
    window[start : start + length] = np.hanning(length)
    return window


def _read(
    spectrum: np.ndarray, f0_hz: np.ndarray, window: np.ndarray, sample_rate: int, harmonics: int, bands: int
) -> tuple[np.ndarray, np.ndarray]:
    bins = spectrum.shape[1]
    per_bin = sample_rate / N_FFT
    number = np.arange(1, harmonics + 1)
    centre = f0_hz[:, None] * number / per_bin
    inside = centre < bins - 4
    # A peak is looked for within a quarter of the spacing, at most 3 bins, away from there.
    reach = np.minimum(f0_hz[:, None] * 0.25 / per_bin, 3.0)
    peak = np.zeros_like(centre, dtype=np.float32)
    row = np.arange(len(f0_hz))[:, None]
    for step in (-1.0, -0.67, -0.33, 0.0, 0.33, 0.67, 1.0):
        position = np.clip(np.rint(centre + step * reach), 0, bins - 1).astype(np.int64)
        peak = np.maximum(peak, spectrum[row, position])
    amplitude = np.where(inside, peak * 2 / window.sum(), 0.0)
    between = np.clip(np.rint(centre + 0.5 * f0_hz[:, None] / per_bin), 0, bins - 1).astype(np.int64)
    floor = np.minimum(spectrum[row, between], spectrum[row, np.clip(between + 1, 0, bins - 1)])
    floor = floor / np.sqrt(np.sum(window**2))
    positions = np.linspace(0, bins - 1, bands)
    noise = np.empty((len(f0_hz), bands), np.float32)
    for i in range(len(f0_hz)):
        known = inside[i]
        noise[i] = np.interp(positions, between[i][known], floor[i][known]) if known.any() else floor[i].min()
        top = between[i][known][-1] if known.any() else 0
        beyond = positions > top  # no harmonics up there: everything is noise
        noise[i][beyond] = spectrum[i][positions[beyond].astype(int)] / np.sqrt(np.sum(window**2))
    tones = np.log(np.maximum(amplitude, np.exp(FLOOR_NEPERS)))
    # A Rayleigh-distributed magnitude has its median 16 % below the root mean square.
    return tones.astype(np.float16), np.log(np.maximum(noise * 1.2, np.exp(FLOOR_NEPERS))).astype(np.float16)
