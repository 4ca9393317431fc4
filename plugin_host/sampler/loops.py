"""Find what of a held note can be repeated."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .source import Sound

BEGIN, END = 0.35, 0.7
"""Between which shares of a sound the loop lies."""

PERIODS_TRIED = 16
"""Some of so many periods ends nearly on a sample."""

ALIKE = 0.98
"""Of two ends of one shape and level, 1. A note that loses 2 dB from one to the other has less."""


class Loop(NamedTuple):
    """From the sample ``start`` up to and without the sample ``end``."""

    start: int
    end: int


def find_loop(sound: Sound, sample_rate: int, note: int | None) -> Loop | None:
    """Find a loop in a sound (T,) of a MIDI note: whole periods whose two ends are alike.

    None for sounds without a note, and for those that die away, where a loop would hold up what should fall.
    """
    if note is None:
        return None
    period = sample_rate / (440 * 2 ** ((note - 69) / 12))
    size = round(2 * period)
    end, begin = round(END * len(sound)), round(BEGIN * len(sound))
    if end - begin < 4 * size:
        return None
    # The end is where the sound crosses zero upwards; the start, whole periods before, where it looks the same.
    crossings = np.flatnonzero((sound[end - size : end - 1] < 0) & (sound[end - size + 1 : end] >= 0))
    if not len(crossings):
        return None
    end = end - size + int(crossings[-1]) + 1
    wanted = sound[end - size // 2 : end + size // 2].astype(np.float64)
    middle = end - round((end - begin) // period * period)
    reach = round(PERIODS_TRIED / 2 * period)
    best, start = 0.0, 0
    for candidate in range(max(middle - reach, size), min(middle + reach, end - size)):
        here = sound[candidate - size // 2 : candidate - size // 2 + len(wanted)].astype(np.float64)
        alike = 2 * (here @ wanted) / max(here @ here + wanted @ wanted, 1e-12)
        if alike > best:
            best, start = alike, candidate
    return Loop(start, end) if best >= ALIKE else None
