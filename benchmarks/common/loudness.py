"""Loudness by the book, to hold the streaming one against."""

import librosa
import numpy as np


def a_weighting(frequency_hz: np.ndarray) -> np.ndarray:
    """Give the A-weighting (IEC 61672-1) as a factor of amplitude.

    Parameters
    ----------
    frequency_hz : ndarray
        Any shape, 0 or above.

    Returns
    -------
    ndarray
        As ``frequency_hz``: 0 at 0 Hz, 1 at 1 kHz, at most 1.16.
    """
    with np.errstate(divide="ignore"):  # 0 Hz lies infinitely far down
        return 10.0 ** (librosa.A_weighting(frequency_hz, min_db=None) / 20.0)


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
