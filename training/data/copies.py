"""Which recordings are one sound: copies, also in another format, at another rate or level.

A model must not be measured by a copy of what it was trained on. A coarse picture of a sound, which survives coding and
gain, tells copies from other sounds: different takes of one note of an orchestra's instruments are 3.5 dB and more apart
in some part of it, and a copy as MP3 or Vorbis mostly by less than 1 dB.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import welch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

MOMENTS = 16
LOWEST_HZ, SEMITONES = 55.0, 84
FAINTEST_DB = -30.0
ALIKE_DB, ALIKE_S = 2.0, 0.1
"""Sounds whose pictures differ by no more in any part, nor their durations, are one."""


@dataclass(frozen=True)
class SoundPrint:
    """What a recording is known by, whatever its file is called.

    Attributes
    ----------
    content : str
        Hash of the samples, 64 hexadecimal digits.
    picture : (MOMENTS + SEMITONES,) float32
        Levels of sixteen equal parts and of semitones, dB below the highest of each.
    duration_s : float
    """

    content: str
    picture: NDArray[np.float32]
    duration_s: float

    @property
    def share(self) -> float:
        """Where the hash lies among all hashes, from 0 to 1: any recording is as likely to lie anywhere."""
        return int(self.content[:16], 16) / 16**16


def print_of(audio: NDArray[np.float32], sample_rate: int) -> SoundPrint:
    """Take the print of mono sound (T,), one sample or more."""
    parts = [np.mean(np.square(part, dtype=np.float64)) for part in np.array_split(audio, MOMENTS)]
    n_fft = 1 << (sample_rate // 2).bit_length()  # a semitone at 55 Hz is two bins
    padded = np.pad(audio, (0, max(0, n_fft - len(audio))))
    hertz, power = welch(padded, sample_rate, nperseg=n_fft)
    semitone = np.round(12 * np.log2(np.maximum(hertz, 1.0) / LOWEST_HZ)).astype(int)
    inside = (semitone >= 0) & (semitone < SEMITONES)
    bands = np.bincount(semitone[inside], power[inside], SEMITONES)
    picture = np.concatenate([_levels_db(np.array(parts)), _levels_db(bands)]).astype(np.float32)
    content = hashlib.sha256(audio.astype(np.float32).tobytes()).hexdigest()
    return SoundPrint(content, picture, len(audio) / sample_rate)


def _levels_db(power: NDArray[Any]) -> NDArray[np.float64]:
    highest = max(float(power.max()), 1e-30)
    return 10 * np.log10(np.maximum(power / highest, 10 ** (FAINTEST_DB / 10)))


def groups_of_copies(prints: Sequence[SoundPrint]) -> NDArray[np.int64]:
    """Number the sounds: copies, and copies of copies, have one number. (N,), from 0."""
    # Equal durations and pictures are one condition: no coordinate may differ by more than its tolerance.
    points = [np.append(p.picture / ALIKE_DB, p.duration_s / ALIKE_S) for p in prints]
    pairs = KDTree(np.stack(points)).query_pairs(1.0, p=np.inf, output_type="ndarray")
    joined = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(len(prints),) * 2)
    return connected_components(joined, directed=False)[1].astype(np.int64)
