"""What a spectral loss overlooks in a note: its beginning, its end, and what moves while it is held.

Each measure looks at one note, (T,) at 48 kHz, without the rumble of its room (`without_rumble`), and gives NaN
where the note does not hold what is measured.
"""

from dataclasses import dataclass

import numpy as np
import scipy.signal

from benchmarks.common.mel import hann
from benchmarks.common.metrics import cents
from benchmarks.common.recordings import SAMPLE_RATE

RUMBLE_HZ = 40.0
ENVELOPE_S = 0.005
SOUNDING_DB = 30.0
"""A note sounds from the first moment to the last that are within so many decibels of its loudest."""

HELD_S = (0.3, 0.2, 1.5)
"""A note is held from so long after its onset to so long before its end, and for the third at most."""

ONSET_S = 0.06
TREBLE_HZ = (4000.0, 10000.0)
BEGINNING_S = 0.22
BELOW_PITCH = 0.75

ATTACK_DB = (-20.0, -3.0)
RELEASE_DB = (-30.0, -3.0)

OCTAVES_HZ = (63, 125, 250, 500, 1000, 2000, 4000, 8000, 16000)
"""Nominal centres of the octave bands; a band reaches half an octave to either side."""

FRAME_S, FRAME_HOP_S = 0.04, 0.01
TREND_S = 0.5
MOVING_RANGE_DB = 50.0
VIBRATO_HZ = (3.0, 9.0)
LEAST_MOVING_S = 0.3
LEAST_VIBRATO_S = 0.4
STEADY_CENTS = 150.0
"""Further from the median, the pitch is not the note's: the tracker has leapt."""


@dataclass(frozen=True)
class Parts:
    """Where the parts of a note lie.

    Attributes
    ----------
    onset, end : int
        Samples: the note sounds from the one until before the other.
    held : slice
        Samples of the sustained tone: from 0.3 s after the onset to 0.2 s before the end, 1.5 s at most; the
        middle half of a note for which that leaves less than half.
    """

    onset: int
    end: int
    held: slice


def without_rumble(audio: np.ndarray) -> np.ndarray:
    """Take out what lies below 40 Hz: rooms rumble there, no instrument sounds, and a model learns none of it.

    Parameters
    ----------
    audio : ndarray
        (T,) at 48 kHz.

    Returns
    -------
    ndarray
        (T,) float64.
    """
    return _filtered(audio, "highpass", RUMBLE_HZ)


def envelope(audio: np.ndarray, f0_hz: float) -> np.ndarray:
    """Smooth the power of a note over 5 ms, or over a period where that is longer: a tone that is held does not ripple.

    Parameters
    ----------
    audio : ndarray
        (T,) at 48 kHz.
    f0_hz : float
        The note's pitch, above 0.

    Returns
    -------
    ndarray
        (T,) mean square around each sample, 0 or above.
    """
    length = min(audio.size, round(max(ENVELOPE_S, 1.0 / f0_hz) * SAMPLE_RATE))
    energy = np.concatenate(([0.0], np.cumsum(np.square(audio, dtype=np.float64))))
    first = np.arange(audio.size) - length // 2
    inside = np.clip(np.stack((first, first + length)), 0, audio.size)
    return (energy[inside[1]] - energy[inside[0]]) / length


def find_parts(audio: np.ndarray, f0_hz: float) -> Parts | None:
    """Find where a note begins, is held and ends.

    Parameters
    ----------
    audio : ndarray
        (T,) at 48 kHz: one note.
    f0_hz : float
        Its pitch, above 0.

    Returns
    -------
    Parts or None
        None for silence.
    """
    power = envelope(audio, f0_hz)
    loudest = power.max(initial=0.0)
    if loudest < 1e-12:
        return None
    sounding = np.flatnonzero(power >= loudest * 10.0 ** (-SOUNDING_DB / 10.0))
    onset, end = int(sounding[0]), int(sounding[-1]) + 1
    after, before, most = (round(s * SAMPLE_RATE) for s in HELD_S)
    first, last = onset + after, end - before
    if last - first < (end - onset) // 2 and last - first < most:
        first, last = onset + (end - onset) // 4, end - (end - onset) // 4
    return Parts(onset, end, slice(first, min(last, first + most)))


def onset_treble_db(audio: np.ndarray, parts: Parts) -> float:
    """Compare the treble's share of a note's first 60 ms with its share of the sustained tone.

    Parameters
    ----------
    audio : ndarray
        (T,) at 48 kHz.
    parts : Parts
        Of the note.

    Returns
    -------
    float
        Energy from 4 to 10 kHz over all energy, in dB, of the onset minus that of the sustained tone: above 0
        where the onset is the brighter.
    """
    first = slice(parts.onset, parts.onset + round(ONSET_S * SAMPLE_RATE))
    treble = _filtered(audio, "bandpass", TREBLE_HZ)
    return _over_db(treble[first], audio[first]) - _over_db(treble[parts.held], audio[parts.held])


def onset_treble_level_db(audio: np.ndarray, parts: Parts) -> float:
    """Compare the treble's level in a note's first 60 ms with its level in the sustained tone.

    Parameters
    ----------
    audio : ndarray
        (T,) at 48 kHz.
    parts : Parts
        Of the note.

    Returns
    -------
    float
        Power from 4 to 10 kHz of the onset over that of the sustained tone, in dB: unlike `onset_treble_db`
        it is low where all of the note rises slowly.
    """
    first = slice(parts.onset, parts.onset + round(ONSET_S * SAMPLE_RATE))
    treble = _filtered(audio, "bandpass", TREBLE_HZ)
    return _over_db(treble[first], treble[parts.held])


def below_pitch_db(audio: np.ndarray, parts: Parts, f0_hz: float) -> float:
    """Compare what lies below a note's pitch with all of the note, in its first 220 ms.

    Parameters
    ----------
    audio : ndarray
        (T,) at 48 kHz.
    parts : Parts
        Of the note.
    f0_hz : float
        The pitch it should have.

    Returns
    -------
    float
        Energy below three quarters of the pitch over all energy, in dB: near 0 where a wrong, lower pitch
        sounds. NaN for notes so low that only rumble lies below them (67 Hz).
    """
    if BELOW_PITCH * f0_hz < 1.25 * RUMBLE_HZ:
        return float("nan")
    first = slice(parts.onset, parts.onset + round(BEGINNING_S * SAMPLE_RATE))
    return _over_db(_filtered(audio, "lowpass", BELOW_PITCH * f0_hz)[first], audio[first])


def attack_ms(audio: np.ndarray, parts: Parts, f0_hz: float) -> float:
    """Time how long a note rises, from 20 to 3 dB below its sustained level.

    Parameters
    ----------
    audio : ndarray
        (T,) at 48 kHz.
    parts : Parts
        Of the note.
    f0_hz : float
        Its pitch.

    Returns
    -------
    float
        Milliseconds from the last moment below the one to the first above the other.
    """
    return 1000.0 * _rise_s(_below_sustained_db(audio, parts, f0_hz), ATTACK_DB)


def decay_ms(audio: np.ndarray, parts: Parts, f0_hz: float) -> float:
    """Time how long a note dies away, from 3 to 30 dB below its sustained level.

    Parameters
    ----------
    audio : ndarray
        (T,) at 48 kHz.
    parts : Parts
        Of the note.
    f0_hz : float
        Its pitch.

    Returns
    -------
    float
        Milliseconds from the last moment above the one to the first below the other that follows; NaN where
        the recording ends before.
    """
    level_db = _below_sustained_db(audio, parts, f0_hz)
    return 1000.0 * _rise_s(level_db[::-1], RELEASE_DB)


def moving_db(audio: np.ndarray, parts: Parts) -> float:
    """Measure how much the levels of octave bands move against the whole while a note is held.

    Parameters
    ----------
    audio : ndarray
        (T,) at 48 kHz.
    parts : Parts
        Of the note.

    Returns
    -------
    float
        Standard deviation over time of a band's level minus that of all, in frames of 40 ms, without what is
        slower than about half a second; the median over the bands from 125 Hz up that are within 50 dB of the
        strongest. NaN where the note is held for less than 0.3 s.
    """
    held = audio[parts.held]
    if held.size < round(LEAST_MOVING_S * SAMPLE_RATE):
        return float("nan")
    length, hop = round(FRAME_S * SAMPLE_RATE), round(FRAME_HOP_S * SAMPLE_RATE)
    frames = np.lib.stride_tricks.sliding_window_view(held.astype(np.float64), length)[::hop]
    power = np.abs(np.fft.rfft(frames * hann(length), axis=1)) ** 2
    bands = _octave_power(power, length)[:, 1:]
    level_db = 10.0 * np.log10(np.maximum(bands, 1e-20) / np.maximum(power.sum(axis=1, keepdims=True), 1e-20))
    mean = bands.mean(axis=0)
    strong = mean >= mean.max() * 10.0 ** (-MOVING_RANGE_DB / 10.0)
    return float(np.median(np.std(_without_trend(level_db[:, strong]), axis=0)))


def octave_bands_db(audio: np.ndarray, parts: Parts) -> np.ndarray:
    """Measure how a sustained tone's energy is spread over octaves.

    Parameters
    ----------
    audio : ndarray
        (T,) at 48 kHz.
    parts : Parts
        Of the note.

    Returns
    -------
    ndarray
        (9,) the level of each of `OCTAVES_HZ` relative to that of all, in dB; -120 at least.
    """
    held = audio[parts.held].astype(np.float64)
    power = np.abs(np.fft.rfft(held * hann(held.size))) ** 2
    share = _octave_power(power[None], held.size)[0] / max(float(power.sum()), 1e-20)
    return 10.0 * np.log10(np.maximum(share, 1e-12))


def vibrato_cents(f0_hz: np.ndarray, frame_rate: float) -> float:
    """Measure how deep a pitch swings 3 to 9 times a second.

    Parameters
    ----------
    f0_hz : ndarray
        (N,) the pitch of a sustained tone, above 0.
    frame_rate : float
        Values of it in a second.

    Returns
    -------
    float
        Cents from the middle to the top of a sine that swings as much; NaN where there is less than 0.4 s,
        or a fifth of it lies further than 150 cents from the median.
    """
    if f0_hz.size < LEAST_VIBRATO_S * frame_rate:
        return float("nan")
    swing = cents(f0_hz, float(np.median(f0_hz)))
    steady = np.flatnonzero(np.abs(swing) <= STEADY_CENTS)
    if steady.size < 0.8 * swing.size:
        return float("nan")
    swing = scipy.signal.detrend(np.interp(np.arange(swing.size), steady, swing[steady]))
    band = scipy.signal.butter(2, VIBRATO_HZ, "bandpass", fs=frame_rate, output="sos")
    return float(np.sqrt(2.0) * np.std(scipy.signal.sosfiltfilt(band, swing)))


def _filtered(audio: np.ndarray, kind: str, edges_hz: float | tuple[float, float]) -> np.ndarray:
    # Filters, not the spectrum of the part: a part is cut out of a tone, and its edges would sound in every band.
    sections = scipy.signal.butter(6, edges_hz, kind, fs=SAMPLE_RATE, output="sos")
    return scipy.signal.sosfiltfilt(sections, audio.astype(np.float64), padlen=0)


def _over_db(sound: np.ndarray, reference: np.ndarray) -> float:
    power, other = (float(np.mean(np.square(part))) for part in (sound, reference))
    return 10.0 * float(np.log10(max(power, 1e-20) / max(other, 1e-20)))


def _below_sustained_db(audio: np.ndarray, parts: Parts, f0_hz: float) -> np.ndarray:
    power = envelope(audio, f0_hz)
    return 10.0 * np.log10(np.maximum(power, 1e-20) / np.mean(power[parts.held]))


def _rise_s(level_db: np.ndarray, between_db: tuple[float, float]) -> float:
    low, high = between_db
    above = np.flatnonzero(level_db >= high)
    below = np.flatnonzero(level_db[: above[0]] < low) if above.size else above
    return (above[0] - below[-1]) / SAMPLE_RATE if below.size else float("nan")


def _octave_power(power: np.ndarray, n_fft: int) -> np.ndarray:
    octave = np.log2(np.maximum(np.fft.rfftfreq(n_fft, 1.0 / SAMPLE_RATE), 1.0) / OCTAVES_HZ[4]) + 4.0
    number = np.round(octave).astype(int)
    return np.stack([power[:, number == band].sum(axis=1) for band in range(len(OCTAVES_HZ))], axis=1)


def _without_trend(values: np.ndarray) -> np.ndarray:
    window = hann(2 * round(TREND_S / FRAME_HOP_S))[1:, None]
    weight = scipy.signal.convolve(np.ones((len(values), 1)), window, "same")
    return values - scipy.signal.convolve(values, window, "same") / weight
