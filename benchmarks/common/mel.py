"""Mel spectrograms."""

import warnings

import librosa
import numpy as np


def hann(length: int) -> np.ndarray:
    """Make a periodic Hann window.

    Parameters
    ----------
    length : int
        Samples.

    Returns
    -------
    ndarray
        (length,) 0..1.
    """
    return 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(length) / length)


def magnitudes(audio: np.ndarray, n_fft: int, hop_length: int) -> np.ndarray:
    """Compute a magnitude spectrogram with a Hann window, frames centred on multiples of the hop.

    Parameters
    ----------
    audio : ndarray
        (T,) mono.
    n_fft, hop_length : int
        Samples.

    Returns
    -------
    ndarray
        (K, N): K = n_fft // 2 + 1 bins, N = T // hop_length + 1 frames.
    """
    padded = np.pad(audio, (n_fft // 2, n_fft // 2))
    if padded.size < n_fft:
        padded = np.pad(padded, (0, n_fft - padded.size))
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop_length]
    return np.abs(np.fft.rfft(frames * hann(n_fft), axis=1)).T


def mel_edges_hz(n_bands: int, lowest_hz: float, highest_hz: float) -> np.ndarray:
    """Place band edges equally far apart on the mel scale (O'Shaughnessy 1987).

    Parameters
    ----------
    n_bands : int
        M.
    lowest_hz, highest_hz : float
        Where the first band begins and the last ends.

    Returns
    -------
    ndarray
        (M + 2,) Hz; band m rises from edge m to m + 1, its centre, and falls to m + 2.
    """
    first, last = 2595.0 * np.log10(1.0 + np.array([lowest_hz, highest_hz]) / 700.0)
    return 700.0 * (10.0 ** (np.linspace(first, last, n_bands + 2) / 2595.0) - 1.0)


def mel_filters(
    sample_rate: int, n_fft: int, n_bands: int, lowest_hz: float, highest_hz: float
) -> np.ndarray:
    """Make triangular filters, equally wide on the mel scale, each with a peak of 1.

    Parameters
    ----------
    sample_rate : int
        Hz.
    n_fft : int
        Samples of the transform they are applied to.
    n_bands : int
        Filters.
    lowest_hz, highest_hz : float
        Where the first begins and the last ends.

    Returns
    -------
    ndarray
        (n_bands, n_fft // 2 + 1), 0..1.

    Raises
    ------
    ValueError
        If the bands are so narrow that one holds no bin.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an empty band, which is refused below
        filters = librosa.filters.mel(
            sr=sample_rate,
            n_fft=n_fft,
            n_mels=n_bands,
            fmin=lowest_hz,
            fmax=highest_hz,
            htk=True,
            norm=None,
            dtype=np.float64,
        )
    if not filters.any(axis=1).all():
        raise ValueError(f"{n_bands} mel bands are too many for n_fft {n_fft} at {sample_rate} Hz")
    return filters


def mel_spectrogram_db(
    audio: np.ndarray, filters: np.ndarray, hop_length: int, floor_db: float = -120.0
) -> np.ndarray:
    """Compute a mel power spectrogram in decibels.

    Parameters
    ----------
    audio : ndarray
        (T,) mono.
    filters : ndarray
        (M, n_fft // 2 + 1), from :func:`mel_filters`.
    hop_length : int
        Samples.
    floor_db : float
        Power below this is shown as this.

    Returns
    -------
    ndarray
        (M, N) dB.
    """
    power = magnitudes(audio, 2 * (filters.shape[1] - 1), hop_length) ** 2
    return 10.0 * np.log10(np.maximum(filters @ power, 10.0 ** (floor_db / 10.0)))
