"""Write sets of sounds as files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ..files.safe_name import safe_name
from .new_folder import NewFolder
from .shot import Shot
from .wav_file import check_bits, wav_bytes


def write_set(
    folder: Path,
    shots: Iterable[Shot],
    sample_rate: int,
    *,
    bits: int = 24,
    overwrite: bool = False,
    inputs: Sequence[Path] = (),
    on_written: Callable[[int], None] = lambda _: None,
) -> int:
    """Write sounds as WAV files into a folder, where all appear at once, and give how many.

    Parameters
    ----------
    folder : Path
        Made if it does not exist.
    shots : iterable of Shot
    sample_rate : int
        Hz.
    bits : int
        16, 24, or 32 for floating point.
    overwrite : bool
        Whether files of the same names are replaced.
    inputs : sequence of Path
        Files that are never replaced.
    on_written : callable
        Takes how many are made.

    Raises
    ------
    UsageError
        If a file may not be replaced.
    OutputError
        If the folder cannot be written, or the disk is full. Then nothing has changed.
    """
    check_bits(bits)
    written = 0
    with NewFolder(folder, overwrite, inputs) as new:
        for shot in shots:
            new.write(
                f"{safe_name(shot.name)}.wav",
                wav_bytes(shot.sound, sample_rate, bits, shot.name, shot.recipe),
            )
            written += 1
            on_written(written)
        new.commit()
    return written
