"""Distances between sounds, between pitches and between loudnesses."""

import numpy as np

from benchmarks.common.loudness import a_weighted_loudness_db
from benchmarks.common.mel import magnitudes, mel_filters, mel_spectrogram_db

FFT_SIZES = (2048, 1024, 512, 256, 128, 64)


def at_same_level(
    reference: np.ndarray, estimate: np.ndarray, level_db: float = -20.0
) -> tuple[np.ndarray, np.ndarray]:
    """Bring the reference to a level and the estimate along with it, so that soft notes count like loud ones.

    Parameters
    ----------
    reference, estimate : ndarray
        (T,) each.
    level_db : float
        RMS of the reference afterwards.

    Returns
    -------
    tuple of ndarray
        Both, times the same factor.
    """
    rms = np.sqrt(np.mean(np.square(reference, dtype=np.float64)))
    gain = 10.0 ** (level_db / 20.0) / max(rms, 1e-9)
    return reference * gain, estimate * gain


def multi_scale_spectral_loss(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Compare spectrograms of six resolutions (Engel et al. 2020, equation 4, with a weight of 1 on the log).

    Parameters
    ----------
    reference, estimate : ndarray
        (T,) each, mono.

    Returns
    -------
    float
        Sum over FFT sizes 2048 to 64 (Hann windows, 75 % overlap) of the mean absolute difference of
        magnitudes and of their natural logarithms; 0 for equal sounds. Magnitudes below 1e-5 count as 1e-5
        in the logarithm.
    """
    total = 0.0
    for n_fft in FFT_SIZES:
        one, other = (magnitudes(audio, n_fft, n_fft // 4) for audio in (reference, estimate))
        total += np.mean(np.abs(one - other))
        total += np.mean(np.abs(np.log(np.maximum(one, 1e-5)) - np.log(np.maximum(other, 1e-5))))
    return float(total)


def log_mel_l1_db(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> float:
    """Compare mel spectrograms in decibels.

    Parameters
    ----------
    reference, estimate : ndarray
        (T,) each, mono.
    sample_rate : int
        Hz, at least 40000.

    Returns
    -------
    float
        Mean absolute difference in dB over 128 bands from 30 Hz to 20 kHz, 43 ms windows at 48 kHz; what is
        more than 80 dB below the reference's loudest band counts as that.
    """
    filters = mel_filters(sample_rate, 2048, 128, 30.0, 20000.0)
    one, other = (mel_spectrogram_db(audio, filters, 512) for audio in (reference, estimate))
    floor = one.max() - 80.0
    return float(np.mean(np.abs(np.maximum(one, floor) - np.maximum(other, floor))))


def loudness_l1_db(
    reference: np.ndarray, estimate: np.ndarray, sample_rate: int, times_s: np.ndarray, gain_db: float = 0.0
) -> float:
    """Compare A-weighted loudness over 43 ms around given moments.

    Parameters
    ----------
    reference, estimate : ndarray
        (T,) each, mono.
    sample_rate : int
        Hz.
    times_s : ndarray
        (M,) the moments, in seconds.
    gain_db : float
        What the estimate should be louder by.

    Returns
    -------
    float
        Mean absolute difference in dB.
    """
    hop_length = round(0.005 * sample_rate)
    win_length = round(0.043 * sample_rate)
    one, other = (
        a_weighted_loudness_db(audio, sample_rate, hop_length, win_length) for audio in (reference, estimate)
    )
    frames = np.minimum((times_s * sample_rate / hop_length).astype(int), one.size - 1)
    return float(np.mean(np.abs(one[frames] + gain_db - other[frames])))


def cents(f0_hz: np.ndarray, reference_hz: float | np.ndarray) -> np.ndarray:
    """Give the distance from a reference in cents.

    Parameters
    ----------
    f0_hz : ndarray
        Hz, above 0.
    reference_hz : float or ndarray
        Hz, above 0.

    Returns
    -------
    ndarray
        As ``f0_hz``; 1200 is an octave above.
    """
    return 1200.0 * np.log2(f0_hz / reference_hz)


def pitch_figures(errors_cents: np.ndarray, voiced: np.ndarray) -> dict[str, float]:
    """Sum up a tracker's errors over many frames.

    Parameters
    ----------
    errors_cents : ndarray
        (M,) of every sounding frame.
    voiced : ndarray
        (M,) bool, what the tracker said.

    Returns
    -------
    dict of str to float
        Percent of all frames: ``within_50`` cents, ``octave`` errors (within 50 cents of one octave or more,
        up or down), ``gross`` errors (over 200 cents, octaves too), ``called_voiced``; percent of those
        called voiced: ``within_50_of_voiced``, ``octave_of_voiced``, ``gross_of_voiced``; ``median_cents``,
        the median size of those. NaN where there is no frame.
    """
    size = np.abs(errors_cents)
    octave = np.round(errors_cents / 1200.0)
    octave_error = (octave != 0) & (np.abs(errors_cents - 1200.0 * octave) <= 50.0)

    def percent(which: np.ndarray) -> float:
        return 100.0 * float(np.mean(which)) if which.size else float("nan")

    return {
        "within_50": percent(size <= 50.0),
        "octave": percent(octave_error),
        "gross": percent(size > 200.0),
        "called_voiced": percent(voiced),
        "within_50_of_voiced": percent(size[voiced] <= 50.0),
        "octave_of_voiced": percent(octave_error[voiced]),
        "gross_of_voiced": percent(size[voiced] > 200.0),
        "median_cents": float(np.median(size[voiced])) if voiced.any() else float("nan"),
    }
