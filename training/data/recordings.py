"""Finding, reading and splitting recordings."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr

from ..errors import RecordingsError

SUFFIXES = frozenset({".wav", ".flac", ".mp3", ".aif", ".aiff", ".ogg", ".oga", ".opus"})


def find_recordings(folder: Path) -> list[Path]:
    """Return all audio files below ``folder``, however deep, sorted by path; or the one file that it is.

    Raises
    ------
    RecordingsError
        If the folder does not exist or holds no audio.
    """
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        raise RecordingsError(f"{folder} does not exist; give a folder with recordings of one instrument.")
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    if not found:
        kinds = ", ".join(sorted(s[1:] for s in SUFFIXES))
        raise RecordingsError(f"{folder} holds no audio file; give a folder with recordings ({kinds}).")
    return found


def read_mono(path: Path, sample_rate: int) -> np.ndarray:
    """Read a recording as mono float32 at ``sample_rate``: (T,), full scale = 1.

    Raises
    ------
    RecordingsError
        If the file cannot be read, or holds samples that are not finite.
    """
    try:
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError) as error:
        raise RecordingsError(
            f"{path} cannot be read as audio ({error}); remove it or replace it."
        ) from error
    mono = audio.mean(1)
    if not np.isfinite(mono).all():
        raise RecordingsError(f"{path} holds samples that are not finite numbers; repair or remove it.")
    return mono if rate == sample_rate else np.asarray(soxr.resample(mono, rate, sample_rate), np.float32)


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
