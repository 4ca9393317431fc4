"""Sounds that jump by an octave at a known moment."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.common.metrics import cents
from benchmarks.common.notes import KnownNote
from benchmarks.common.recordings import SAMPLE_RATE
from benchmarks.pitch.tracking import Tracker, track_pitch

BEFORE_S = 0.4
AFTER_S = 0.4
LOWEST_HZ = 110.0
STEADY_CENTS = 35.0


@dataclass(frozen=True)
class OctaveStep:
    """A sound with a jump in it.

    Attributes
    ----------
    audio : ndarray
        (T,) float32 at 48 kHz.
    step_s : float
        When the pitch changes.
    f0_hz : float
        The pitch from then on.
    """

    audio: np.ndarray
    step_s: float
    f0_hz: float


def synthetic_steps(count: int, seed: int = 0) -> Iterator[OctaveStep]:
    """Make tones of many timbres that jump up or down an octave.

    Parameters
    ----------
    count : int
        How many.
    seed : int
        Draws pitch (110 Hz to 1.76 kHz on both sides of the step), timbre, level (-40 to -10 dB) and phases.

    Yields
    ------
    OctaveStep
        The fundamental's phase runs on through the step.
    """
    rng = np.random.default_rng(seed)
    for _ in range(count):
        low_hz = LOWEST_HZ * 2.0 ** rng.uniform(0.0, 3.0)
        ends = (low_hz, 2.0 * low_hz) if rng.random() < 0.5 else (2.0 * low_hz, low_hz)
        step_s = BEFORE_S + rng.uniform(0.0, 0.05)
        time_s = np.arange(round((step_s + AFTER_S) * SAMPLE_RATE)) / SAMPLE_RATE
        f0_hz = np.where(time_s < step_s, *ends)
        phase = 2.0 * np.pi * np.cumsum(f0_hz) / SAMPLE_RATE
        # From a flute's few harmonics to a reed's many; a clarinet's even ones are weak.
        slope, even = rng.uniform(0.5, 2.5), rng.choice([1.0, 1.0, 0.1])
        audio = np.zeros(time_s.size)
        for number in range(1, int(16000.0 / ends[0]) + 1):
            amplitude = number**-slope * (1.0 if number % 2 else even)
            audio += (
                amplitude
                * np.sin(number * phase + rng.uniform(0.0, 2.0 * np.pi))
                * (number * f0_hz < 16000.0)
            )

        level = 10.0 ** (rng.uniform(-40.0, -10.0) / 20.0)
        audio *= level / np.sqrt(np.mean(audio**2))
        yield OctaveStep(audio.astype(np.float32), step_s, ends[1])


def spliced_steps(notes: Sequence[KnownNote], judge: Tracker) -> Iterator[OctaveStep]:
    """Join held parts of two notes an octave apart, played by the same instrument.

    Parameters
    ----------
    notes : sequence of KnownNote
        Those that do not hold their pitch for long enough between attack and end are passed over.
    judge : Tracker
        Tells whether they do.

    Yields
    ------
    OctaveStep
        Each pair both ways, at equal level, the one fading into the other over 2 ms.
    """
    held = [
        (note, part)
        for note in notes
        if note.f0_hz >= LOWEST_HZ and (part := held_part(note, judge)) is not None
    ]
    for low, low_part in held:
        for high, high_part in held:
            octave_apart = high.recording.midi == low.recording.midi + 12
            if octave_apart and high.recording.instrument == low.recording.instrument:
                yield _spliced(low_part, high_part, high.f0_hz)
                yield _spliced(high_part, low_part, low.f0_hz)


def held_part(note: KnownNote, judge: Tracker) -> np.ndarray | None:
    """Take the part of a note between attack and end, where it holds its pitch.

    Parameters
    ----------
    note : KnownNote
        A note.
    judge : Tracker
        Tells whether it does.

    Returns
    -------
    ndarray or None
        (T,) `BEFORE_S` or `AFTER_S` of it, whichever is longer, at an RMS of 0.05; None where there is no such part.
    """
    # The attack wavers and the end is reverberation: what lies between is the note.
    first_s, last_s = note.sounding_s[0] + 0.1, note.sounding_s[-1] - 0.15
    length_s = max(BEFORE_S, AFTER_S)
    if last_s - first_s < length_s:
        return None
    found = track_pitch(judge, note.audio).at(np.arange(first_s, first_s + length_s, 0.01))
    if np.abs(cents(found.f0_hz, note.f0_hz)).max() > STEADY_CENTS:
        return None
    start = round(first_s * SAMPLE_RATE)
    part = note.audio[start : start + round(length_s * SAMPLE_RATE)].astype(np.float64)
    return part * (0.05 / np.sqrt(np.mean(part**2)))


def _spliced(before: np.ndarray, after: np.ndarray, f0_hz: float) -> OctaveStep:
    fade = round(0.002 * SAMPLE_RATE)
    ramp = np.linspace(0.0, 1.0, fade)
    joint = before[-fade:] * (1.0 - ramp) + after[:fade] * ramp
    audio = np.concatenate((before[:-fade], joint, after[fade:]))
    # The new note is the louder one from the middle of the fade.
    return OctaveStep(audio.astype(np.float32), (before.size - fade / 2) / SAMPLE_RATE, f0_hz)
