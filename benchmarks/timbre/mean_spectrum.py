"""A harmonic-plus-noise instrument with one mean spectrum for all notes: what models must surpass."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.common.cache import cached_arrays
from benchmarks.common.loudness import a_weighted_loudness_db
from benchmarks.common.mel import hann
from benchmarks.common.metrics import cents
from benchmarks.common.recordings import SAMPLE_RATE, Recording, read_audio
from benchmarks.common.sounding import sounding_times
from benchmarks.pitch.trackers import Yin
from benchmarks.pitch.tracking import PitchTrack

N_HARMONICS = 100
N_BANDS = 65
N_FFT = 4096
HIGHEST_HZ = 20000.0
LOUDNESS_WINDOW = 1024


@dataclass(frozen=True)
class MeanSpectrum:
    """An instrument reduced to the mean of its notes.

    Attributes
    ----------
    harmonics : ndarray
        (100,) amplitudes of the harmonics, of a note of power 1/2.
    noise : ndarray
        (65,) power of the noise per bin of a 4096-point transform, in bands of equal width from 0 to 24 kHz,
        beside that note.
    """

    harmonics: np.ndarray
    noise: np.ndarray

    def play(self, pitch: PitchTrack, loudness_db: np.ndarray, length: int, seed: int = 0) -> np.ndarray:
        """Sound with a given pitch and loudness.

        Parameters
        ----------
        pitch : PitchTrack
            Its frequency is followed, voiced or not.
        loudness_db : ndarray
            (N,) A-weighted, one value every 128 samples.
        length : int
            Samples.
        seed : int
            Of the noise.

        Returns
        -------
        ndarray
            (length,) float32 at 48 kHz.
        """
        time_s = np.arange(length) / SAMPLE_RATE
        f0_hz = np.exp(np.interp(time_s, pitch.times_s, np.log(pitch.f0_hz)))
        raw = self._harmonic_part(f0_hz) + self._noise_part(length, seed)
        has_db = a_weighted_loudness_db(raw, SAMPLE_RATE, win_length=LOUDNESS_WINDOW)
        middle_s = (np.arange(has_db.size) + 0.5) * 128 / SAMPLE_RATE
        gain_db = np.interp(time_s, middle_s, loudness_db - has_db)
        return (raw * 10.0 ** (gain_db / 20.0)).astype(np.float32)

    def _harmonic_part(self, f0_hz: np.ndarray) -> np.ndarray:
        turn = np.exp(2j * np.pi * np.cumsum(f0_hz) / SAMPLE_RATE)
        total, power = np.zeros(f0_hz.size), np.zeros(f0_hz.size)
        phasor = np.ones_like(turn)
        for number, amplitude in enumerate(self.harmonics, start=1):
            phasor *= turn
            audible = amplitude * (number * f0_hz < HIGHEST_HZ)
            total += audible * np.imag(phasor)
            power += audible**2
        return total / np.sqrt(np.maximum(power, 1e-9))

    def _noise_part(self, length: int, seed: int) -> np.ndarray:
        white = np.random.default_rng(seed).standard_normal(length)
        edges = np.linspace(0.0, SAMPLE_RATE / 2, N_BANDS + 1)
        power = np.interp(
            np.fft.rfftfreq(length, 1.0 / SAMPLE_RATE), (edges[1:] + edges[:-1]) / 2, self.noise
        )
        return np.fft.irfft(np.fft.rfft(white) * np.sqrt(power * N_FFT), length)


def play_recording(
    spectrum: MeanSpectrum, audio: np.ndarray, pitch: PitchTrack, gain_db: float = 0.0
) -> np.ndarray:
    """Play the pitch and loudness of a recording.

    Parameters
    ----------
    spectrum : MeanSpectrum
        The instrument.
    audio : ndarray
        (T,) at 48 kHz, whose loudness is followed.
    pitch : PitchTrack
        The pitch to play.
    gain_db : float
        Added to the loudness.

    Returns
    -------
    ndarray
        (T,) float32.
    """
    loudness_db = a_weighted_loudness_db(audio, SAMPLE_RATE, win_length=LOUDNESS_WINDOW)
    return spectrum.play(pitch, loudness_db + gain_db, audio.size)


def fit_mean_spectrum(recordings: Sequence[Recording]) -> MeanSpectrum:
    """Take the mean spectrum of notes.

    Parameters
    ----------
    recordings : sequence of Recording
        Single notes of one instrument; those whose pitch is not that of their names are skipped.

    Returns
    -------
    MeanSpectrum
        Each note weighs the same.

    Raises
    ------
    ValueError
        If no note has the pitch of its name.
    """
    names = "\n".join(sorted(recording.path.name for recording in recordings))

    def compute() -> dict[str, np.ndarray]:
        found = [spectra for recording in recordings if (spectra := _note_spectrum(recording)) is not None]
        if not found:
            raise ValueError(f"none of {len(recordings)} recordings has the pitch of its name")
        harmonics = np.nan_to_num(_nanmean(np.stack([note[0] for note in found])))
        noise = _nanmean(np.stack([note[1] for note in found]))
        return {"harmonics": harmonics / np.sqrt(np.sum(harmonics**2)), "noise": np.nan_to_num(noise)}

    return MeanSpectrum(**cached_arrays(f"mean_spectrum/1\n{names}", compute))


def _note_spectrum(recording: Recording) -> tuple[np.ndarray, np.ndarray] | None:
    audio = read_audio(recording.path)
    sounding = sounding_times(audio, SAMPLE_RATE, range_db=30.0)[::4]
    if sounding.size == 0:
        return None
    pitch = Yin()(audio).at(sounding)
    right = np.abs(cents(pitch.f0_hz, recording.note_hz)) <= 80.0
    if right.sum() < 5:
        return None
    padded = np.pad(audio, N_FFT // 2)
    starts = np.round(sounding[right] * SAMPLE_RATE).astype(int)
    window = hann(N_FFT)
    frames = padded[starts[:, None] + np.arange(N_FFT)] * window
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2 / (N_FFT * np.sum(window**2))
    parts = [_frame_parts(*pair) for pair in zip(power, pitch.f0_hz[right], strict=True)]
    amplitudes, noise = (np.stack(part) for part in zip(*parts, strict=True))
    level = np.sqrt(np.nansum(amplitudes**2, axis=1, keepdims=True))
    return _nanmean(amplitudes / level), _nanmean(noise) / np.mean(level**2)


def _frame_parts(power: np.ndarray, f0_hz: float) -> tuple[np.ndarray, np.ndarray]:
    # A sine of amplitude A leaves A**2 / 4 in the five bins of the Hann window's main lobe.
    bin_hz = SAMPLE_RATE / N_FFT
    numbers = np.arange(1, N_HARMONICS + 1)
    numbers = numbers[numbers * f0_hz < HIGHEST_HZ]
    nearest = np.round(numbers * f0_hz / bin_hz).astype(int)
    lobes = power[nearest[:, None] + np.arange(-2, 3)].sum(axis=1)
    amplitudes = np.full(N_HARMONICS, np.nan)
    amplitudes[: numbers.size] = 2.0 * np.sqrt(lobes)

    position = np.arange(power.size) * bin_hz / f0_hz
    between = np.abs(position - np.round(position)) * f0_hz > 2.5 * bin_hz
    band = np.minimum(np.arange(power.size) * N_BANDS // power.size, N_BANDS - 1)
    counts = np.bincount(band[between], minlength=N_BANDS)
    sums = np.bincount(band[between], weights=power[between], minlength=N_BANDS)
    return amplitudes, np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _nanmean(values: np.ndarray) -> np.ndarray:
    counts = np.sum(~np.isnan(values), axis=0)
    return np.where(counts > 0, np.nansum(values, axis=0) / np.maximum(counts, 1), np.nan)
