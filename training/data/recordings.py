"""Finding and reading recordings."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import soxr

from plugin_host.errors import AudioFileError
from plugin_host.sound_files.names import SOUND_SUFFIXES
from plugin_host.sound_files.reader import AudioReader
from plugin_host.sound_files.search import describe, search

from ..errors import RecordingsError

Made = TypeVar("Made")
BEYOND_FULL_SCALE = 100.0
"""Of samples: no microphone and no mix is that loud, but whole numbers that were written as fractions are."""
_BLOCK = 65_536


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
    held = search(folder)
    found = sorted(held.files)
    if not found:
        kinds = ", ".join(sorted(s[1:] for s in SOUND_SUFFIXES))
        passed_over = describe(held.left_out)
        but = f" that is read, only {passed_over}" if passed_over else ""
        raise RecordingsError(f"{folder} holds no audio file{but}; give a folder with recordings ({kinds}).")
    return found


def read_mono(path: Path, sample_rate: int) -> np.ndarray:
    """Read a recording as mono float32 at ``sample_rate``: (T,), full scale = 1.

    Raises
    ------
    RecordingsError
        If the file cannot be read, or holds samples that are not finite, or 100 times full scale and more.
    """
    try:
        with AudioReader(path) as reader:
            mono = np.concatenate([block.mean(0) for block in reader.blocks(_BLOCK)])
    except AudioFileError as error:
        raise RecordingsError(str(error)) from error
    if reader.repaired_samples:
        raise RecordingsError(f"{path} holds samples that are not finite numbers; repair or remove it.")
    peak = float(np.abs(mono).max(initial=0.0))
    if peak >= BEYOND_FULL_SCALE:
        raise RecordingsError(
            f"{path} holds samples up to {peak:.3g}, where full scale is 1; divide them by what was taken for full scale."
        )
    rate = reader.sample_rate
    return mono if rate == sample_rate else np.asarray(soxr.resample(mono, rate, sample_rate), np.float32)


def classes_of(folder: Path) -> dict[str, list[Path]]:
    """Return recordings by class: the name of the sub-folder of ``folder`` that each lies in, however deep below it.

    Raises
    ------
    RecordingsError
        If there is no audio, or some of it lies in no sub-folder.
    """
    classes: dict[str, list[Path]] = {}
    for path in find_recordings(folder):
        parts = path.relative_to(folder).parts
        if len(parts) < 2:
            raise RecordingsError(f"{path} lies in no sub-folder of {folder}; needed is one for each class.")
        classes.setdefault(parts[0], []).append(path)
    return classes


def content_hash(paths: Iterable[Path]) -> str:
    """Hash names and contents of recordings, so that a run knows those that it was begun with.

    One that cannot be read counts by its name: it is left out of what is learned, see `read_usable`.
    """
    whole = hashlib.sha256()
    for path in paths:
        whole.update(os.fsencode(path.name))
        with contextlib.suppress(RecordingsError):
            whole.update(file_hash(path))
    return whole.hexdigest()


def file_hash(path: Path) -> bytes:
    """Hash what a file holds (SHA-256); a file that has not been written since is read only once.

    Raises
    ------
    RecordingsError
        If it cannot be read.
    """
    try:
        state = path.stat()
        return _file_hash(path, state.st_ino, state.st_size, state.st_mtime_ns)
    except OSError as error:
        raise RecordingsError(
            f"{path} cannot be read ({error.strerror}); remove it or replace it."
        ) from error


@cache
def _file_hash(path: Path, *_: int) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


class ReadingReport(Protocol):
    """Takes note of what is read, as a training's reporter does."""

    def prepare(self, what: str, done: int, total: int) -> Any:
        """Take note of what is being read, and how much of how much is done."""
        ...

    def warn(self, sentence: str) -> Any:
        """Take note of what is left out."""
        ...


def read_usable(
    folder: Path,
    paths: Sequence[Path],
    read: Callable[[Path], Made],
    report: ReadingReport,
    enough: Callable[[Mapping[Path, Made]], bool] = lambda _: False,
) -> dict[Path, Made]:
    """Read recordings one after another. Those that cannot be used are named and left out.

    Parameters
    ----------
    folder : Path
        Where they come from.
    paths : sequence of Path
        In the order in which they are read.
    read : callable
        Gives what is made of a recording, or raises RecordingsError with a sentence that says why it cannot be used.
    report : ReadingReport
        Takes note of each recording, and at the end of each that was left out.
    enough : callable
        Given what there is so far, tells whether the rest need not be read.

    Raises
    ------
    RecordingsError
        If none can be used.
    """
    found: dict[Path, Made] = {}
    left_out: list[str] = []
    for number, path in enumerate(paths):
        if enough(found):
            break
        report.prepare(f"reading {path.name}", number, len(paths))
        try:
            found[path] = read(path)
        except RecordingsError as error:
            left_out.append(str(error))
    for sentence in left_out:
        report.warn(sentence)
    if not found:
        raise RecordingsError(f"{folder} holds no recording that sounds: {'; '.join(left_out[:3])}")
    return found
