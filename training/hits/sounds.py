"""Sounds that begin at their onset, at one level, and variants of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import RecordingsError
from .augmentation import as_another_sound
from .partial_tracks import PartialTracks, track_partials
from .voice import HOP_LENGTH, SAMPLE_RATE

QUIETEST = 10 ** (-50 / 20)
BEGINS, ENDS = 10 ** (-40 / 20), 10 ** (-60 / 20)
LEAD = 8
"""Samples that are kept before a sound exceeds -40 dB of its peak."""
TOP_RMS = 10 ** (-12 / 20)


@dataclass(frozen=True)
class Sound:
    """A sound that begins at its onset.

    Attributes
    ----------
    name : str
        Its path below the folder, without the suffix.
    label : int
        Which class it belongs to; 0 where there are none.
    samples : (T,) float32
        Without an offset; its loudest moment is at -12 dB.
    tracks : PartialTracks
        Frequencies in the bands of the sinusoids.
    recorded : bool
        Whether it is as it was recorded, and not changed to have more to learn from.
    note : float
        Its pitch as a MIDI note number; 0 where it has none, or none was asked for.
    pitch : (N,) float32, optional
        MIDI note numbers, one a frame, where they were asked for.
    """

    name: str
    label: int
    samples: NDArray[np.float32]
    tracks: PartialTracks
    recorded: bool = True
    note: float = 0.0
    pitch: NDArray[np.float32] | None = None


def variants_of(
    sound: Sound, count: int, longest: int, highest_hz: float, random: np.random.Generator
) -> list[Sound]:
    """Change a sound so many times, each no longer than so many samples, with sinusoids up to a frequency."""
    found: list[Sound] = []
    for _ in range(count):
        changed, semitones = as_another_sound(sound.samples, random)
        samples = trim(changed, Path(sound.name))[0][:longest]
        tracks = track_partials(samples, sound.tracks.count, highest_hz)
        note = sound.note + semitones if sound.note else 0.0
        found.append(Sound(sound.name, sound.label, samples, tracks, recorded=False, note=note))
    return found


def trim(samples: NDArray[np.float32], path: Path) -> tuple[NDArray[np.float32], float]:
    """Take offset and silence away and bring a sound to one level; give by how many dB it was louder.

    Raises
    ------
    RecordingsError
        If it is silent, or nearly so, or shorter than two frames.
    """
    samples = samples - np.float32(samples.mean() if len(samples) else 0.0)
    peak = float(np.abs(samples).max(initial=0.0))
    if peak < QUIETEST:
        raise RecordingsError(
            f"{path} is silent or nearly so, at most {20 * np.log10(peak + 1e-10):.0f} dB; left out."
        )
    loud = np.flatnonzero(np.abs(samples) > peak * BEGINS)
    audible = np.flatnonzero(np.abs(samples) > peak * ENDS)
    samples = np.pad(samples, (LEAD, 0))[loud[0] : audible[-1] + LEAD + 1]
    if len(samples) < 2 * HOP_LENGTH:
        raise RecordingsError(
            f"{path} sounds for {len(samples)} samples, fewer than two grains of {HOP_LENGTH}; left out."
        )
    frames = np.pad(samples, (0, -len(samples) % HOP_LENGTH)).reshape(-1, HOP_LENGTH)
    power = np.convolve((frames**2).mean(1), np.full(4, 0.25))
    gain = TOP_RMS / float(np.sqrt(power.max()))
    return (samples * gain).astype(np.float32), -20 * float(np.log10(gain))


def faded(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Let a sound (T,) that was cut end within 50 ms."""
    fade = np.ones(len(samples), np.float32)
    fade[-SAMPLE_RATE // 20 :] = np.cos(np.linspace(0, np.pi / 2, SAMPLE_RATE // 20)) ** 2
    return samples * fade


def cut(samples: NDArray[np.float32], start: int, length: int) -> NDArray[np.float32]:
    """Take a part of a sound (T,), with silence before and after it: (length,)."""
    found = np.zeros(length, np.float32)
    part = samples[max(start, 0) : max(start + length, 0)]
    begin = min(max(-start, 0), length)
    found[begin : begin + len(part)] = part
    return found


def shares(sounds: Sequence[Sound]) -> NDArray[np.float64]:
    """How often each sound is drawn: a class by the root of its number, and half of the time as it was recorded."""
    labels = np.array([sound.label for sound in sounds])
    found = 1.0 / np.sqrt(np.bincount(labels)[labels])
    recorded = np.array([sound.recorded for sound in sounds])
    for side in (recorded, ~recorded):
        found[side] /= max(found[side].sum(), 1e-9)
    return found / found.sum()
