"""Prepare a sound for a parameter analyzer: one channel, from its onset on, of one rate and length."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..errors import InferenceError, StreamError
from ..streaming.input_checks import as_rows, check_sample_rate
from ..streaming.rate_conversion import resample
from .noise_floor import out_of_floor

AUDIBLE = 10 ** (-70 / 20)
"""Samples smaller than this are silence."""

_SLOT = 64
_END_S, _FADE_S, _FADED, _FAINT = 0.05, 0.01, 0.25, 5 * AUDIBLE
"""What counts as the end; the longest fade of a cut; how much is left in its second half; what is nearly silence anyway."""

FLOOR_S = 10.0
"""Seconds of a floor that may come before a sound."""

_BEFORE = 1000
"""Samples that are taken from before an onset: more than any filter reaches."""

_BLOCK = 2**18
_MOST_CHANNELS = 64
_BESIDE_RANGE_DB = 6.0


def from_onset(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give a sound (T,) from its first audible sample on, empty if there is none."""
    audible = np.abs(sound) > AUDIBLE
    return sound[int(audible.argmax()) :] if audible.any() else sound[:0]


def as_target(
    audio: NDArray[np.floating], sample_rate: float, to_rate: int, frames: int, hop_length: int
) -> NDArray[np.float32]:
    """Prepare a sound for an analyzer of parameters, from its first audible sample on, or from where it leaves a floor.

    Parameters
    ----------
    audio : array
        (C, T), or (T,) for one channel: floating-point samples, full scale 1.
    sample_rate, to_rate : float, int
        The sound's rate and the one wanted, in Hz.
    frames : int
        Samples wanted: what is longer is cut, what is shorter ends in silence.
    hop_length : int
        Samples that must be there from the onset on.

    Returns
    -------
    ndarray, (T,) float32
        `frames` samples; fewer, in whole hops, if the sound was cut off: nobody knows that silence followed.

    Raises
    ------
    StreamError
        For audio or a rate that cannot be taken.
    InferenceError
        If the sound is silent or too short.
    """
    rate = check_sample_rate(sample_rate, "parameter inference")
    if np.ndim(audio) == 2 and np.shape(audio)[0] > max(_MOST_CHANNELS, np.shape(audio)[1]):
        raise StreamError(
            f"audio of the shape {np.shape(audio)} arrived, and channels come first: pass audio.T"
        )
    length = math.ceil((frames + 2000) * rate / to_rate)
    mono = _beginning(as_rows(audio, "parameter inference"), length + round(FLOOR_S * rate))
    sounding = from_onset(mono)
    floor = out_of_floor(sounding, rate)
    onset = len(mono) - len(sounding) + floor
    before = min(onset, _BEFORE)
    converted = resample(mono[onset - before : onset + length], rate, to_rate)
    # What comes before an onset out of noise is audible, and no part of it.
    sound = (converted[round(before * to_rate / rate) :] if floor else from_onset(converted))[:frames]
    if len(sound) < hop_length:
        raise InferenceError(
            f"the sound lasts {len(sound) / to_rate * 1000:.0f} ms from its onset on; needed are"
            f" {math.ceil(hop_length / to_rate * 1000)} ms or more"
        )
    if len(sound) < frames and sounds_to_the_end(sound, to_rate):
        before_fade = len(sound) - round(_FADE_S * to_rate)
        return sound[: max(1, before_fade // hop_length) * hop_length]
    return np.pad(sound, (0, frames - len(sound)))


def _beginning(channels: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Give the mean (T,) of channels (C, T) from a little before its first audible sample, and as much from there on.

    No more of a long recording is touched than that. Raises InferenceError if it is silent.
    """
    audible = False
    for start in range(0, channels.shape[1], _BLOCK):
        block = _mended(channels[:, start : start + _BLOCK])
        sounding = from_onset(block.mean(axis=0))
        if len(sounding):
            onset = start + block.shape[1] - len(sounding)
            return _mended(channels[:, max(0, onset - _BEFORE) : onset + length]).mean(axis=0)
        audible = audible or bool(np.abs(block).max(initial=0.0) > AUDIBLE)
    if audible:
        raise InferenceError("the sound's channels cancel each other; give one of them alone")
    raise InferenceError("the sound is silent: no sample is above -70 dB of full scale; give a louder sound")


def _mended(channels: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.nan_to_num(channels, nan=0.0, posinf=0.0, neginf=0.0)


def sounds_to_the_end(sound: NDArray[np.float32], sample_rate: float) -> bool:
    """Tell whether a sound (T,) is cut off, with no fade or one of up to 10 ms, rather than that it ends.

    A sound that ends falls below a quarter of its last 50 ms earlier than 5 ms before its end.
    """
    levels = np.abs(sound[-round(_END_S * sample_rate) :])
    last = levels[-round(_FADE_S / 2 * sample_rate) :]
    loudest = float(levels.max(initial=0.0))
    return loudest > _FAINT and float(last.max()) > _FADED * loudest


def loudest_db(sound: NDArray[np.float32]) -> float:
    """Give the level of the loudest 64 samples of a sound (T,) in dB of full scale."""
    slots = sound[: len(sound) // _SLOT * _SLOT].reshape(-1, _SLOT)
    return 10 * math.log10(max(float(np.square(slots).mean(axis=1).max(initial=0.0)), 1e-12))


def gain_into_range(level_db: float, low_db: float, high_db: float) -> float:
    """Give the gain in dB that brings a level to the nearer end of a range, 0 if it is within 6 dB of it."""
    if level_db < low_db - _BESIDE_RANGE_DB:
        return low_db - level_db
    return high_db - level_db if level_db > high_db + _BESIDE_RANGE_DB else 0.0
