"""How far two sounds are apart, in the four measures of Hayes et al. 2025 (arXiv 2506.07199).

Spectrograms, mel bands and cepstra are librosa's with its defaults: frames centred, Slaney's bands, 80 dB of range. Sounds
are (T,) at one rate; the shorter of two is filled up with silence.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

MSS_SCALES = ((0.010, 0.005, 32), (0.025, 0.010, 64), (0.100, 0.050, 128))
"""Window and hop in seconds, and mel bands, of the three spectrograms of `mss`."""

RANGE_DB = 80.0
CEPSTRA, CEPSTRAL_BANDS = 20, 128
_FAINTEST = 1e-10

Array = NDArray[np.float64]
Sound = NDArray[np.floating]


def distances(target: Sound, sound: Sound, sample_rate: int) -> dict[str, float]:
    """Give all four measures of two sounds (T,) by name: ``mss``, ``wmfcc``, ``sot``, ``rms_cosine``.

    The first three are 0 for equal sounds, the last is 1.
    """
    return {
        "mss": mss(target, sound, sample_rate),
        "wmfcc": wmfcc(target, sound, sample_rate),
        "sot": sot(target, sound, sample_rate),
        "rms_cosine": rms_cosine(target, sound, sample_rate),
    }


def mss(target: Sound, sound: Sound, sample_rate: int) -> float:
    """Give the mean difference in dB of mel spectrograms of three resolutions, each in dB below its own maximum."""
    return MssTarget(target, sample_rate).mss(sound)


class MssTarget:
    """A target that many sounds are compared with by `mss`; its own spectrograms are made once.

    Parameters
    ----------
    target : array
        (T,)
    sample_rate : int
        Hz.
    """

    def __init__(self, target: Sound, sample_rate: int) -> None:
        self.target, self.sample_rate = np.asarray(target), sample_rate
        self._spectrograms = mel_spectrograms_db(self.target, sample_rate)

    def mss(self, sound: Sound) -> float:
        """Give the distance of a sound (T,) from the target."""
        target, wanted = self.target, self._spectrograms
        if len(sound) != len(target):
            target, sound = _of_one_length(target, sound)
            wanted = mel_spectrograms_db(target, self.sample_rate)
        found = mel_spectrograms_db(sound, self.sample_rate)
        return float(np.mean([np.abs(a - b).mean() for a, b in zip(wanted, found, strict=True)]))


def mel_spectrograms_db(
    sound: Sound, sample_rate: int, reference: float | None = None
) -> list[NDArray[np.float32]]:
    """Give the three spectrograms of `mss`, (bands, frames) each.

    They are in dB of a reference power, or of the maximum of each, and not more than 80 dB below that maximum.
    """
    return [mel_spectrogram_db(sound, sample_rate, *scale, reference) for scale in MSS_SCALES]


def mel_spectrogram_db(
    sound: Sound,
    sample_rate: int,
    window_s: float,
    hop_s: float,
    bands: int,
    reference: float | None = None,
) -> NDArray[np.float32]:
    """Give one such spectrogram, (bands, frames)."""
    n_fft = int(window_s * sample_rate)
    power = np.square(_magnitudes(sound, n_fft, int(hop_s * sample_rate)))
    return _decibels(mel_bands(sample_rate, n_fft, bands) @ power.T, reference)


def wmfcc(target: Sound, sound: Sound, sample_rate: int) -> float:
    """Give the mean difference of 20 cepstral coefficients along the best time warp of one sound onto the other.

    A step along both sounds at once counts twice, and the sum is divided by both lengths (Sakoe and Chiba 1978,
    symmetric form, P = 0).
    """
    target, sound = _of_one_length(target, sound)
    a, b = _cepstra(target, sample_rate), _cepstra(sound, sample_rate)
    cost = np.abs(a[:, None] - b[None]).mean(-1, dtype=np.float64)
    return _warp(cost) / (len(a) + len(b))


def sot(target: Sound, sound: Sound, sample_rate: int) -> float:
    """Give the mean over time of the Wasserstein distance of magnitude spectra, the width of the spectrum being 1."""
    target, sound = _of_one_length(target, sound)
    n_fft, hop = int(0.05 * sample_rate), int(0.02 * sample_rate)
    shares = []
    for one in (target, sound):
        magnitude = _magnitudes(one, n_fft, hop).astype(np.float64)
        shares.append(magnitude / np.maximum(magnitude.sum(1, keepdims=True), 1e-6))
    apart = np.abs(np.cumsum(shares[0] - shares[1], axis=1)).sum(1) / shares[0].shape[1]
    return float(apart.mean())


def rms_cosine(target: Sound, sound: Sound, sample_rate: int) -> float:
    """Give the cosine of the angle between the courses of the level, 50 ms long, every 25 ms; 0 beside silence."""
    target, sound = _of_one_length(target, sound)
    length, hop = int(0.05 * sample_rate), int(0.025 * sample_rate)
    a, b = (
        np.sqrt(np.square(_frames(one, length, hop), dtype=np.float64).mean(1)) for one in (target, sound)
    )
    norms = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / norms if norms > 0 else 0.0


def _of_one_length(a: Sound, b: Sound) -> tuple[Sound, Sound]:
    length = max(len(a), len(b))
    return np.pad(a, (0, length - len(a))), np.pad(b, (0, length - len(b)))


def _frames(sound: Sound, length: int, hop: int) -> NDArray[np.float32]:
    """Cut a sound into frames (N, length) whose middles are ``hop`` apart, the first at its beginning."""
    padded = np.pad(np.asarray(sound, np.float32), length // 2)
    return np.lib.stride_tricks.sliding_window_view(padded, length)[::hop]


def _magnitudes(sound: Sound, n_fft: int, hop: int) -> NDArray[np.float32]:
    """Magnitudes (N, n_fft // 2 + 1) under a periodic Hann window."""
    return np.abs(np.fft.rfft(_frames(sound, n_fft, hop) * _hann(n_fft)))


@lru_cache(16)
def _hann(length: int) -> NDArray[np.float32]:
    return np.hanning(length + 1)[:-1].astype(np.float32)


def _decibels(power: NDArray[np.float32], reference: float | None) -> NDArray[np.float32]:
    """Power in dB of a reference, or of the maximum without one, not more than 80 dB below the maximum."""
    reference = float(power.max()) if reference is None else reference
    level = 10 * np.log10(np.maximum(power, _FAINTEST)) - 10 * math.log10(max(reference, _FAINTEST))
    return np.maximum(level, level.max() - RANGE_DB)


def _cepstra(sound: Sound, sample_rate: int) -> NDArray[np.float32]:
    """Mel-frequency cepstral coefficients (N, 20), 50 ms long, every 10 ms."""
    n_fft = int(0.05 * sample_rate)
    power = np.square(_magnitudes(sound, n_fft, int(0.01 * sample_rate)))
    level = _decibels(mel_bands(sample_rate, n_fft, CEPSTRAL_BANDS) @ power.T, 1.0)
    return (_cosines() @ level).T


@lru_cache(1)
def _cosines() -> NDArray[np.float32]:
    """The first rows of an orthonormal cosine transform (type II)."""
    k, n = np.arange(CEPSTRA)[:, None], np.arange(CEPSTRAL_BANDS)[None]
    rows = np.cos(np.pi * k * (2 * n + 1) / (2 * CEPSTRAL_BANDS)) * math.sqrt(2 / CEPSTRAL_BANDS)
    rows[0] /= math.sqrt(2)
    return rows.astype(np.float32)


@lru_cache(16)
def mel_bands(sample_rate: int, n_fft: int, bands: int) -> NDArray[np.float32]:
    """Triangles (bands, n_fft // 2 + 1) of one area each on Slaney's mel scale, up to half the sample rate."""
    edges = _mel_to_hz(np.linspace(0.0, _hz_to_mel(sample_rate / 2), bands + 2))
    hertz = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.minimum((hertz - low) / (middle - low), (high - hertz) / (high - middle)).clip(0)
    return (triangles * 2 / (high - low)).astype(np.float32)


_KNEE_HZ, _HZ_PER_MEL, _STEP = 1000.0, 200.0 / 3, math.log(6.4) / 27


def _hz_to_mel(hertz: float) -> float:
    """Slaney's scale: linear up to 1 kHz, logarithmic above."""
    if hertz < _KNEE_HZ:
        return hertz / _HZ_PER_MEL
    return _KNEE_HZ / _HZ_PER_MEL + math.log(hertz / _KNEE_HZ) / _STEP


def _mel_to_hz(mel: Array) -> Array:
    knee = _KNEE_HZ / _HZ_PER_MEL
    return np.where(mel < knee, mel * _HZ_PER_MEL, _KNEE_HZ * np.exp(_STEP * np.maximum(mel - knee, 0.0)))


def _warp(cost: Array) -> float:
    """Least sum of costs on a way from the first pair of frames to the last, diagonal steps counted twice."""
    rows, columns = cost.shape
    # One diagonal after another: none of its cells needs another one. Cell (i, j) is entry i of diagonal i + j.
    before = last = np.full(rows + 1, np.inf)
    for diagonal in range(rows + columns - 1):
        first, stop = max(0, diagonal - columns + 1), min(rows, diagonal + 1)
        i = np.arange(first, stop)
        here = cost[i, diagonal - i]
        new = np.full(rows + 1, np.inf)
        # Entry i + 1 holds row i, so that row -1 is there, too.
        new[i + 1] = here + np.minimum(np.minimum(last[i], last[i + 1]), before[i] + here)
        if diagonal == 0:
            new[1] = here[0]
        before, last = last, new
    return float(last[rows])
