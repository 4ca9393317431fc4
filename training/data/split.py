"""What is trained on, and what is kept aside to measure by."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SOUND_EVERY, MOST_SOUNDS = 40, 512


def is_held_out(path: Path) -> bool:
    """Tell whether a recording is kept aside for measuring: one in ten, by a hash of its name, whatever the folder holds."""
    return int(hashlib.sha256(path.name.encode()).hexdigest(), 16) % 10 == 0


def split_recordings(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Split into recordings to train on and recordings to measure on.

    With fewer than ten the hash may keep aside none or all; then the last one is kept aside, and a single recording is
    used for both.
    """
    train = [p for p in paths if not is_held_out(p)]
    held_out = [p for p in paths if is_held_out(p)]
    if train and held_out:
        return train, held_out
    if len(paths) == 1:
        return list(paths), list(paths)
    return list(paths[:-1]), list(paths[-1:])


def split_numbers(count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the numbers of the sounds to train on, and of every fortieth, kept aside; of few sounds every fourth."""
    numbers = np.arange(count)
    apart = numbers % (SOUND_EVERY if count >= 10 * SOUND_EVERY else 4) == 0
    held_out = numbers[apart][:MOST_SOUNDS]
    return np.setdiff1d(numbers, held_out), held_out
