"""Read of a recording what an analyzer of parameters hears: its beginning, however long the silence before it is."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..sound_files.reader import AudioReader
from .target_sound import AUDIBLE


def read_from_onset(path: Path, seconds: float) -> tuple[NDArray[np.float32], int, int]:
    """Read an audio file from a moment before its onset.

    Parameters
    ----------
    path : Path
    seconds : float
        How much is read at least, where there is as much.

    Returns
    -------
    array, (C, T) float32
    sample_rate : int
        Hz.
    repaired : int
        How many samples were NaN or infinite and are 0.

    Raises
    ------
    AudioFileError
        If it cannot be read.
    """
    with AudioReader(path) as reader:
        sound = np.zeros((reader.channels, 0), np.float32)
        for block in reader.blocks(reader.sample_rate):
            if np.abs(block.mean(axis=0)).max() > AUDIBLE:
                rest = reader.read(math.ceil(seconds * reader.sample_rate))
                sound = np.concatenate([sound, block, rest], axis=1)
                break
            # One with channels that cancel each other is kept: without an onset, it is all there is to report on.
            sound = sound if np.abs(sound).max(initial=0.0) > AUDIBLE else block
        return sound, reader.sample_rate, reader.repaired_samples
