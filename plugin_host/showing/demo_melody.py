"""Make a sound to try models with: a short tune, something between whistling and humming."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 48_000

_FORMANTS = ((420.0, 110.0, 1.0), (1150.0, 160.0, 0.35), (2700.0, 300.0, 0.12))
"""Centre and bandwidth in Hz and weight of the resonances: a mouth that is nearly closed."""


@dataclass(frozen=True)
class Note:
    """A note of the tune.

    Parameters
    ----------
    midi : int
        Its pitch, 69 for A4.
    beats : float
        From its beginning to the next one's.
    level : float
        How loud, from 0 to 1.
    held : float
        The part of its time that it sounds: below 1 for detached notes, 1 where it is bound to the next.
    """

    midi: int
    beats: float
    level: float
    held: float = 1.0


TUNE = (
    Note(62, 1.0, 0.55),
    Note(65, 0.5, 0.6),
    Note(69, 1.5, 0.75, 0.9),
    Note(70, 0.5, 0.7, 0.5),
    Note(69, 0.5, 0.65, 0.5),
    Note(67, 0.5, 0.6, 0.5),
    Note(65, 0.5, 0.55, 0.6),
    Note(67, 1.0, 0.7),
    Note(64, 0.5, 0.55),
    Note(60, 1.5, 0.5, 0.85),
    Note(65, 0.5, 0.7),
    Note(69, 0.5, 0.8),
    Note(74, 2.0, 1.0, 0.95),
    Note(72, 0.5, 0.7),
    Note(69, 0.5, 0.6),
    Note(62, 2.5, 0.6, 0.9),
)


def make_melody(
    notes: tuple[Note, ...] = TUNE, beat_s: float = 0.58, sample_rate: int = SAMPLE_RATE
) -> NDArray[np.float32]:
    """Sing a tune.

    Parameters
    ----------
    notes : tuple of Note
        The tune.
    beat_s : float
        How long a beat lasts, in seconds.
    sample_rate : int
        Hz.

    Returns
    -------
    array, (1, T) float32
        With a moment of silence at each end; its peak is at -6 dB of full scale. The same every time.

    Notes
    -----
    Bound notes glide into each other, vibrato sets in late and grows, loud notes are brighter:
    this is what a player does, and a picture shows whether a model follows it.
    """
    midi, level, since_onset_s = _score_to_curves(notes, beat_s, sample_rate)
    time_s = np.arange(len(midi)) / sample_rate
    glide = _smooth(midi, 0.035, sample_rate)
    swell = np.clip((since_onset_s - 0.18) / 0.5, 0, 1)
    vibrato = 0.35 * swell * np.sin(2 * np.pi * 5.4 * time_s + 0.3 * np.sin(2 * np.pi * 0.7 * time_s))
    f0_hz = 440.0 * 2.0 ** ((glide + vibrato - 69) / 12)
    envelope = _smooth(level, 0.02, sample_rate) * (1 + 0.12 * swell * np.sin(2 * np.pi * 5.4 * time_s + 0.9))
    tone = _sing(f0_hz, envelope, sample_rate)
    breath = _breath(len(tone), sample_rate) * (0.25 + envelope) * (envelope > 1e-3)
    sound = envelope * tone + 0.012 * breath
    return (0.5 * sound / np.abs(sound).max()).astype(np.float32)[None]


def _score_to_curves(
    notes: tuple[Note, ...], beat_s: float, sample_rate: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Give pitch (MIDI), level and seconds since the onset for every sample; rests hold the pitch."""
    lead = round(0.25 * sample_rate)
    midi, level, since = [np.full(lead, float(notes[0].midi))], [np.zeros(lead)], [np.zeros(lead)]
    for note in notes:
        length = round(note.beats * beat_s * sample_rate)
        sample = np.arange(length)
        fade = 1 - 0.35 * sample / length
        midi.append(np.full(length, float(note.midi)))
        level.append(note.level * fade * (sample < note.held * length))
        since.append(sample / sample_rate)
    rest = round(0.6 * sample_rate)
    midi.append(np.full(rest, float(notes[-1].midi)))
    level.append(np.zeros(rest))
    since.append(np.zeros(rest))
    return np.concatenate(midi), np.concatenate(level), np.concatenate(since)


def _smooth(curve: NDArray[np.float64], duration_s: float, sample_rate: int) -> NDArray[np.float64]:
    """Round off the corners of a curve with a raised cosine of this length, centred."""
    window = np.hanning(2 * (round(duration_s * sample_rate) // 2) + 3)[1:-1]
    half = len(window) // 2
    padded = np.concatenate([np.full(half, curve[0]), curve, np.full(half, curve[-1])])
    size = 1 << (len(padded) + len(window)).bit_length()
    spectrum = np.fft.rfft(padded, size) * np.fft.rfft(window / window.sum(), size)
    return np.fft.irfft(spectrum, size)[2 * half : 2 * half + len(curve)]


def _sing(f0_hz: NDArray[np.float64], envelope: NDArray[np.float64], sample_rate: int) -> NDArray[np.float64]:
    """Add up harmonics, each as strong as the mouth lets it through, the upper ones weaker in soft notes."""
    phase = 2 * np.pi * np.cumsum(f0_hz) / sample_rate
    softness = 2.6 - 1.2 * np.clip(envelope, 0, 1)
    tone = np.zeros(len(f0_hz))
    for k in range(1, 25):
        frequency = k * f0_hz
        mouth = sum(weight / (1 + ((frequency - f) / width) ** 2) for f, width, weight in _FORMANTS)
        # The whistle in it: the fundamental sounds whatever the mouth does.
        strength = (0.5 if k == 1 else 0.0) + mouth * np.exp(-softness * np.log(k) * 0.6)
        tone += strength * (frequency < 0.45 * sample_rate) * np.sin(k * phase)
    return tone


def _breath(length: int, sample_rate: int) -> NDArray[np.float64]:
    """Give noise around 2.5 kHz."""
    spectrum = np.fft.rfft(np.random.default_rng(7).normal(size=length))
    frequency = np.fft.rfftfreq(length, 1 / sample_rate)
    noise = np.fft.irfft(spectrum / (1 + ((frequency - 2500) / 1800) ** 2), length)
    return noise / noise.std()
