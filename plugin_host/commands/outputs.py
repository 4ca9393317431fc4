"""Files that commands write: try them before the work for them has begun, and write sounds."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError, counted
from .messages import warn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def refuse_other_than_sound(path: Path) -> None:
    """Refuse a name that says no kind of sound that can be written.

    Raises
    ------
    UsageError
        If it does; the sentence lists the endings that do.
    """
    from ..sound_files.names import SOUND_SUFFIXES

    if path.suffix.lower() not in SOUND_SUFFIXES:
        raise UsageError(
            f"the sound '{path}' must have a name that ends in {', '.join(sorted(SOUND_SUFFIXES))}"
        )


def refuse_existing(path: Path, overwrite: bool) -> None:
    """Refuse to replace a file, unless that was asked for.

    Raises
    ------
    UsageError
        If it is there.
    """
    if path.exists() and not overwrite:
        raise UsageError(f"{path} is there already: choose another --output, or --overwrite")


def refuse_unwritable(path: Path) -> None:
    """Try whether a file can be made, of which nothing is left; its folder is made where it does not exist.

    What killed programs left half written in the folder is removed.

    Raises
    ------
    OutputError
        If it cannot, or the disk is full.
    """
    from ..files.atomic_file import PartialFile, output_error, remove_leftovers

    if path.is_dir():
        raise output_error(path, IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)))
    with PartialFile(path) as partial:
        remove_leftovers(path.parent)
        obstacle = partial.find_obstacle()
    if obstacle is not None:
        raise obstacle


def write_sound(
    path: Path, sound: NDArray[np.float32], sample_rate: int, encoding: tuple[str, str], advice: str = ""
) -> None:
    """Write a sound (C, T), and say how many samples were clipped, and what helps against it.

    Raises
    ------
    OutputError
        If it cannot be written, or the disk is full.
    AudioFileError
        If the container does not take the sample rate or the number of channels.
    """
    from ..files.writer import AudioWriter

    channels, frames = sound.shape
    with AudioWriter(path, sample_rate, channels, *encoding, frames=frames) as writer:
        writer.write(sound)
        writer.commit()
    if writer.clipped_samples:
        warning = (
            f"{counted(writer.clipped_samples, 'sample was', 'samples were')} beyond full scale and clipped"
        )
        warn(f"{path}: {warning}{advice}")
