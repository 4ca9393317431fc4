"""Pink noise to spoil recordings with."""

import hashlib

import numpy as np


def pink_noise(length: int, sample_rate: int, seed: int) -> np.ndarray:
    """Make noise of equal power per octave above 20 Hz.

    Parameters
    ----------
    length : int
        Samples.
    sample_rate : int
        Hz.
    seed : int
        The same seed gives the same noise.

    Returns
    -------
    ndarray
        (length,) float64, RMS 1.
    """
    white = np.random.default_rng(seed).standard_normal(length)
    frequency = np.fft.rfftfreq(length, 1.0 / sample_rate)
    # Flat below 20 Hz: power below hearing would otherwise count in the signal-to-noise ratio.
    pink = np.fft.irfft(np.fft.rfft(white) / np.sqrt(np.maximum(frequency, 20.0)), length)
    return pink / np.sqrt(np.mean(pink**2))


def add_pink_noise(
    audio: np.ndarray, sample_rate: int, snr_db: float, sounding_s: np.ndarray, name: str
) -> np.ndarray:
    """Add pink noise at a level below the mean power of the sounding part.

    Parameters
    ----------
    audio : ndarray
        (T,) mono.
    sample_rate : int
        Hz.
    snr_db : float
        Signal-to-noise ratio over the moments at which the note sounds.
    sounding_s : ndarray
        Those moments, in seconds.
    name : str
        Seeds the noise, so that it is the same for every tracker.

    Returns
    -------
    ndarray
        (T,) float32.
    """
    half = round(0.005 * sample_rate)
    energy = np.concatenate(([0.0], np.cumsum(audio.astype(np.float64) ** 2)))
    centres = np.round(sounding_s * sample_rate).astype(int)
    first, last = np.maximum(centres - half, 0), np.minimum(centres + half, audio.size)
    power = float(np.mean((energy[last] - energy[first]) / (last - first)))
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
    noise = pink_noise(audio.size, sample_rate, seed)
    return (audio + noise * np.sqrt(power * 10.0 ** (-snr_db / 10.0))).astype(np.float32)
