"""Loudness by the book, to hold the streaming one against."""

import numpy as np


def a_weighting(frequency_hz: np.ndarray) -> np.ndarray:
    """Give the A-weighting of the standard as a factor of amplitude.

    Parameters
    ----------
    frequency_hz : ndarray
        Any shape, 0 or above.

    Returns
    -------
    ndarray
        As ``frequency_hz``: 0 at 0 Hz, 1 at 1 kHz, at most 1.16.

    Notes
    -----
    IEC 61672-1:2013, equation E.1: a double zero at 0 Hz for each of two high-pass stages, double poles at
    20.6 and 12194 Hz, single ones at 107.7 and 737.9 Hz.
    """
    squared = np.square(frequency_hz, dtype=np.float64)
    low, first, second, high = (pole**2 for pole in (20.598997, 107.65265, 737.86223, 12194.217))

    def response(f2: np.ndarray | float) -> np.ndarray:
        below = (f2 + low) * np.sqrt((f2 + first) * (f2 + second))
        return np.asarray(high * np.square(f2) / (below * (f2 + high)))

    return response(squared) / response(1000.0**2)


def a_weighted_loudness_db(
    audio: np.ndarray, sample_rate: int, hop_length: int = 128, win_length: int | None = None
) -> np.ndarray:
    """Measure the A-weighted level of a recording, frame by frame.

    Parameters
    ----------
    audio : ndarray
        (T,) mono, full scale 1.
    sample_rate : int
        Hz.
    hop_length : int
        Samples from frame to frame.
    win_length : int, optional
        Samples a frame looks at, centred on its hop; the hop alone if left out.

    Returns
    -------
    ndarray
        (N,) dB relative to a mean square of 1, -100 at least; N = T / hop_length, rounded up.

    Notes
    -----
    The analogue curve is applied to the spectrum of the whole recording, without phase: nothing is delayed.
    """
    win_length = win_length or hop_length
    n_frames = -(-audio.size // hop_length)
    # The curve has no phase, so its response spreads to both sides; a second of silence takes in the wrap.
    length = 1 << (audio.size + sample_rate).bit_length()
    spectrum = np.fft.rfft(audio, length) * a_weighting(np.fft.rfftfreq(length, 1.0 / sample_rate))
    energy = np.concatenate(([0.0], np.cumsum(np.fft.irfft(spectrum, length)[: audio.size] ** 2)))
    first = np.arange(n_frames) * hop_length + (hop_length - win_length) // 2
    inside = np.clip(np.stack((first, first + win_length)), 0, audio.size)
    mean_square = (energy[inside[1]] - energy[inside[0]]) / win_length
    return 10.0 * np.log10(np.maximum(mean_square, 0.0) + 1e-10)
