"""Make what a model plays fit for a sampler: begun, ended, without offset and clipping; and say what cannot be mended."""

from __future__ import annotations

import numpy as np

from ..grains.hits import ended
from .source import Sound

ONSET = 10 ** (-40 / 20)
LEAD_S = 0.0005
LATEST_S = 0.001
FADE_S = 0.01
FULL_SCALE = 0.999
FAINTEST = 10 ** (-50 / 20)
OFFSET = 10 ** (-60 / 20)
DECAY_DB = 40.0


def finished(sound: Sound, sample_rate: int) -> Sound:
    """Let a sound (T,) begin half a millisecond before it exceeds -40 dB of its peak, and end at -60 dB.

    Its mean becomes zero, by a slow arc that is zero at both ends. Louder than full scale it is turned down.
    """
    sound = sound[max(0, _onset(sound) - round(LEAD_S * sample_rate)) :]
    sound = ended(sound, sample_rate).copy()
    fade = min(round(FADE_S * sample_rate), len(sound))
    if fade:
        # One that had not died away when the model ended it.
        sound[-fade:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    if len(sound) > 2:
        arc = np.hanning(len(sound))
        sound = (sound - arc * (sound.mean(dtype=np.float64) / arc.mean())).astype(np.float32)
    peak = float(np.abs(sound).max(initial=0.0))
    return sound * np.float32(FULL_SCALE / peak) if peak > FULL_SCALE else sound


def fault_of(sound: Sound, sample_rate: int) -> str:
    """Say what is wrong with a one-shot (T,), or give an empty text.

    It may not be silent, begin later than a millisecond, have an offset, clip, or end before it has lost 40 dB.
    """
    peak = float(np.abs(sound).max(initial=0.0))
    if not peak >= FAINTEST:
        return "it is silent"
    if peak >= 1:
        return "it clips"
    if _onset(sound) > LATEST_S * sample_rate:
        return "it begins late"
    if abs(float(sound.mean(dtype=np.float64))) > OFFSET * peak:
        return "it has an offset"
    # Before the fade that every sound ends with.
    size = round(FADE_S * sample_rate)
    if len(sound) < 3 * size:
        return "" if len(sound) > size else "it is shorter than 10 ms"
    levels = np.square(sound[: len(sound) // size * size], dtype=np.float64).reshape(-1, size).mean(1)
    last = np.square(sound[-2 * size : -size], dtype=np.float64).mean()
    return "" if last <= levels.max() * 10 ** (-DECAY_DB / 10) else "it does not die away"


def _onset(sound: Sound) -> int:
    return int(np.argmax(np.abs(sound) > np.abs(sound).max(initial=0.0) * ONSET)) if len(sound) else 0
