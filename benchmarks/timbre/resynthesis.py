"""Resynthesise a recording from its harmonics and noise, frame by frame.

The result is as near to the recording as oscillators and filtered noise come without knowing the
instrument. A judge of synthesised sounds must still recognise it.
"""

import numpy as np

from benchmarks.common.mel import hann
from benchmarks.common.recordings import SAMPLE_RATE
from benchmarks.pitch.tracking import PitchTrack

HOP_LENGTH = 240
N_FFT = 4096
N_HARMONICS = 120
N_BANDS = 65
HIGHEST_HZ = 20000.0
NOISE_WINDOW = 960


def resynthesise(audio: np.ndarray, pitch: PitchTrack) -> np.ndarray:
    """Resynthesise a recording from its own harmonics and noise.

    Parameters
    ----------
    audio : ndarray
        (T,) at 48 kHz.
    pitch : PitchTrack
        Followed whether voiced or not.

    Returns
    -------
    ndarray
        (T,) float32.
    """
    f0_hz = pitch.at(np.arange(0, audio.size, HOP_LENGTH) / SAMPLE_RATE).f0_hz
    # Six periods separate the harmonics; a longer window would smear vibrato into noise.
    periods = 6.0 * SAMPLE_RATE / float(np.median(f0_hz))
    window_length = int(2 ** np.ceil(np.log2(np.clip(periods, 1024, N_FFT))))
    spectra = _spectra(audio, f0_hz.size, window_length)
    parts = [_frame_parts(spectrum, f0, window_length) for spectrum, f0 in zip(spectra, f0_hz, strict=True)]
    amplitudes, noise = (np.stack(part) for part in zip(*parts, strict=True))
    return (_oscillators(amplitudes, pitch, audio.size) + _noise(noise, audio.size)).astype(np.float32)


def _spectra(audio: np.ndarray, n_frames: int, window_length: int) -> np.ndarray:
    """Transform windows centred on every hop: (N, K), a sine of amplitude 1 reaching 1/2."""
    padded = np.pad(audio, (window_length // 2, window_length // 2 + HOP_LENGTH))
    starts = np.arange(n_frames)[:, None] * HOP_LENGTH
    window = hann(window_length)
    frames = padded[starts + np.arange(window_length)] * window
    return np.abs(np.fft.rfft(frames, N_FFT, axis=1)) / window.sum()


def _frame_parts(spectrum: np.ndarray, f0_hz: float, window_length: int) -> tuple[np.ndarray, np.ndarray]:
    """Give the harmonics' amplitudes (120,) and the noise's power per hertz (65,)."""
    bin_hz, lobe_hz = SAMPLE_RATE / N_FFT, SAMPLE_RATE / window_length
    number = np.arange(1, N_HARMONICS + 1)
    number = number[number * f0_hz < HIGHEST_HZ]
    reach = max(1, round(0.5 * lobe_hz / bin_hz))
    near = np.round(number * f0_hz / bin_hz).astype(int)[:, None] + np.arange(-reach, reach + 1)
    amplitudes = np.zeros(N_HARMONICS)
    amplitudes[: number.size] = 2.0 * spectrum[np.clip(near, 0, spectrum.size - 1)].max(axis=1)

    position = np.arange(spectrum.size) * bin_hz / f0_hz
    between = np.abs(position - np.round(position)) * f0_hz > min(2.2 * lobe_hz, 0.45 * f0_hz)
    band = np.minimum(np.arange(spectrum.size) * N_BANDS // spectrum.size, N_BANDS - 1)[between]
    counts = np.bincount(band, minlength=N_BANDS)
    power = np.bincount(band, weights=spectrum[between] ** 2, minlength=N_BANDS)
    known = np.flatnonzero(counts)
    mean_power = np.interp(np.arange(N_BANDS), known, power[known] / counts[known])
    # A Hann window is 3/2 bins of its own length wide to noise.
    return amplitudes, mean_power / (1.5 * lobe_hz)


def _oscillators(amplitudes: np.ndarray, pitch: PitchTrack, length: int) -> np.ndarray:
    time_s = np.arange(length) / SAMPLE_RATE
    frame_s = np.arange(len(amplitudes)) * HOP_LENGTH / SAMPLE_RATE
    f0_hz = np.exp(np.interp(time_s, pitch.times_s, np.log(pitch.f0_hz)))
    turn = np.exp(2j * np.pi * np.cumsum(f0_hz) / SAMPLE_RATE)
    phasor, total = np.ones_like(turn), np.zeros(length)
    for amplitude in amplitudes.T:
        phasor *= turn
        total += np.interp(time_s, frame_s, amplitude) * np.imag(phasor)
    return total


def _noise(power: np.ndarray, length: int) -> np.ndarray:
    """Overlap windows of noise of the power per hertz given for every hop, (N, 65)."""
    half = NOISE_WINDOW // 2
    white = np.random.default_rng(0).standard_normal(length + 2 * NOISE_WINDOW)
    window = np.sqrt(hann(NOISE_WINDOW))
    frequency = np.fft.rfftfreq(NOISE_WINDOW, 1.0 / SAMPLE_RATE)
    centre = (np.arange(N_BANDS) + 0.5) * SAMPLE_RATE / 2 / N_BANDS
    total = np.zeros(white.size)
    for frame in range(0, len(power), half // HOP_LENGTH):
        piece = slice(frame * HOP_LENGTH, frame * HOP_LENGTH + NOISE_WINDOW)
        gain = np.sqrt(np.interp(frequency, centre, power[frame]) * SAMPLE_RATE)
        total[piece] += window * np.fft.irfft(np.fft.rfft(window * white[piece]) * gain, NOISE_WINDOW)
    return total[half : half + length]
