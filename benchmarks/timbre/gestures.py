"""What a player does with a note: its dynamics and its vibrato; and how to give them to another note.

Timbre transfer keeps the source's gestures on purpose, so a judge of timbre must not decide by them.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates

from benchmarks.pitch.tracking import VOICED, PitchTrack

FRAME_S = 0.005
SOUNDING_DB = 40.0
HIGHEST_GAIN_DB = 20.0
WIDEST_CENTS = 100.0
BEGINNING_S, END_S = 0.15, 0.2


@dataclass(frozen=True)
class Gesture:
    """The course of a note from its first to its last sounding moment, every 5 ms.

    Attributes
    ----------
    begin_s : float
        When it begins to sound, within 40 dB of its loudest moment.
    level_db : ndarray
        (N,) decibels below the loudest moment.
    cents : ndarray
        (N,) away from the note's median pitch, a semitone at most; 0 where there is no pitch.
    """

    begin_s: float
    level_db: np.ndarray
    cents: np.ndarray


def gesture_of(audio: np.ndarray, sample_rate: int, pitch: PitchTrack) -> Gesture:
    """Read the gesture off a recording of one note.

    Parameters
    ----------
    audio : ndarray
        (T,) mono.
    sample_rate : int
        Hz.
    pitch : PitchTrack
        Of the same recording.

    Returns
    -------
    Gesture
        The level is smoothed over 20 ms and the pitch over 40 ms, so that tremolo and vibrato stay, and the
        waveform and the tracker's unrest do not show.
    """
    hop = round(FRAME_S * sample_rate)
    frames = max(1, audio.size // hop)
    whole = np.zeros(frames * hop)
    whole[: min(audio.size, whole.size)] = audio[: whole.size]
    power = np.convolve((whole.reshape(frames, hop) ** 2).mean(axis=1), np.full(4, 0.25), "same")
    level = 10.0 * np.log10(np.maximum(power, 1e-12))
    level -= level.max()
    sounding = np.flatnonzero(level > -SOUNDING_DB)
    first, last = int(sounding[0]), int(sounding[-1]) + 1
    found = pitch.at((np.arange(first, last) + 0.5) * FRAME_S)
    voiced = found.voicing >= VOICED
    cents = np.zeros(last - first)
    if voiced.any():
        cents[voiced] = 1200.0 * np.log2(found.f0_hz[voiced] / np.median(found.f0_hz[voiced]))
        cents[np.abs(cents) > WIDEST_CENTS] = 0.0
    smooth = np.convolve(np.pad(cents, 4, mode="edge"), np.full(8, 1 / 8), "same")[4:-4]
    return Gesture(first * FRAME_S, level[first:last], smooth)


def with_gesture(audio: np.ndarray, sample_rate: int, own: Gesture, other: Gesture) -> np.ndarray:
    """Play the sounding part of a note with another note's gesture.

    Parameters
    ----------
    audio : ndarray
        (T,) mono.
    sample_rate : int
        Hz.
    own : Gesture
        Of this note; it is taken away.
    other : Gesture
        Is put on. Its beginning (150 ms) and its end (200 ms) keep their speed; what is between is stretched to
        this note's length.

    Returns
    -------
    ndarray
        (M,) float32. Nothing is raised by more than 20 dB: that would show the room and not the instrument.
    """
    positions = _matching_positions(own.level_db.size, other.level_db.size)
    level_db, cents = (np.interp(positions, np.arange(x.size), x) for x in (other.level_db, other.cents))
    hop = round(FRAME_S * sample_rate)
    begin = round(own.begin_s * sample_rate)
    note = audio[begin : begin + own.level_db.size * hop]

    def every_sample(values: np.ndarray) -> np.ndarray:
        return np.interp(np.arange(note.size) / hop, np.arange(values.size) + 0.5, values)

    # How far a tape has to run at constant pitch, from the note as it is and to the note as it shall be.
    unwound, wound = (np.cumsum(2.0 ** (every_sample(x) / 1200.0)) for x in (own.cents, cents))
    moments = np.interp(wound - wound[0], unwound - unwound[0], np.arange(note.size))
    warped = map_coordinates(note, [moments], order=3, mode="constant")
    gain_db = every_sample(np.minimum(level_db - own.level_db, HIGHEST_GAIN_DB))
    return (warped * 10.0 ** (gain_db / 20.0)).astype(np.float32)


def _matching_positions(length: int, other: int) -> np.ndarray:
    """Give for each frame of a note the matching frame of the other, as a fraction."""
    begin = min(round(BEGINNING_S / FRAME_S), length // 3, other // 3)
    end = min(round(END_S / FRAME_S), length // 3, other // 3)
    return np.interp(
        np.arange(length), [0, begin, length - 1 - end, length - 1], [0, begin, other - 1 - end, other - 1]
    )
