"""What is computed once from recordings or sounds and kept: arrays by a hash of what they come from, and rows of a file.

Both are read through the page cache of the system (memory-mapped), so that a corpus may be larger than the memory.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import UnwritableError


def cache_folder() -> Path:
    """Return where arrays are kept: ``$BRAINSYNTH_CACHE``, or ``~/.cache/brainsynth``."""
    return Path(os.environ.get("BRAINSYNTH_CACHE", Path.home() / ".cache" / "brainsynth")) / "features"


def cache_key(*parts: bytes | str) -> str:
    """Hash what arrays depend on: contents of files, versions, sizes."""
    key = hashlib.sha256()
    for part in parts:
        key.update(part if isinstance(part, bytes) else part.encode())
    return key.hexdigest()[:32]


def cached_arrays(
    key: str, names: Collection[str], compute: Callable[[], Mapping[str, NDArray[np.generic]]]
) -> dict[str, NDArray[np.generic]]:
    """Return arrays by name, memory-mapped and read-only; computed and kept if they are not there.

    Parameters
    ----------
    key : str
        See `cache_key`.
    names : collection of str
        Which arrays there are. If one is missing, as where old files are swept away, all are computed again.
    compute : callable
        Gives the arrays. What it raises is passed on, and nothing is kept.

    Raises
    ------
    UnwritableError
        If they cannot be kept.
    """
    folder = cache_folder() / key
    try:
        kept = _read(folder)
    except (OSError, ValueError, EOFError):
        kept = {}
    if kept.keys() == set(names):
        return kept
    shutil.rmtree(folder, ignore_errors=True)  # cut short by a crash, or partly deleted: do it again
    arrays = compute()
    partial = folder.with_name(f".{key}.{os.getpid()}.partial")
    try:
        partial.mkdir(parents=True, exist_ok=True)
        for name, array in arrays.items():
            np.save(partial / f"{name}.npy", array)
        partial.rename(folder)
    except OSError as error:
        if not folder.is_dir():  # else another process was quicker
            raise UnwritableError(
                f"{folder} cannot be written ({error.strerror or error}); make room there, or set BRAINSYNTH_CACHE to"
                " another folder."
            ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return _read(folder)


def _read(folder: Path) -> dict[str, NDArray[np.generic]]:
    return {path.stem: np.load(path, mmap_mode="r") for path in sorted(folder.glob("*.npy"))}


class RowFile:
    """Rows of one kind in a file, made in order and read as they are needed.

    The file grows row by row, so that a full disk is an error and not a fault of the memory that it is mapped into. It is
    gone on with where it ends; rows in it that are not those wanted are made again in their places.

    Parameters
    ----------
    path : Path, optional
        The file; without one, rows are kept in memory.
    kind : dtype
        Of a row.
    count : int
        How many rows there shall be.
    fill : callable
        Given empty rows and the number of the first of them, computes them.
    valid : callable
        Given the rows (N,) that are there, the first of all, tells which of them are those wanted: (N,) bool.
    on_rows : callable
        Called with how many rows are there, and how many there shall be.
    at_once : int
        How many rows are computed at a time.

    Raises
    ------
    UnwritableError
        If the file cannot be written.
    """

    def __init__(
        self,
        path: Path | None,
        kind: np.dtype,
        count: int,
        fill: Callable[[NDArray[np.void], int], None],
        valid: Callable[[NDArray[np.void]], NDArray[np.bool_]],
        on_rows: Callable[[int, int], None] = lambda *_: None,
        at_once: int = 8,
    ) -> None:
        self._kind, self._count, self._at_once = kind, count, at_once
        self._fill, self._valid, self._on_rows = fill, valid, on_rows
        if path is None:
            self.rows: NDArray[np.void] = np.zeros(count, kind)
            for first in range(0, count, at_once):
                part = self.rows[first : first + at_once]
                fill(part, first)
                on_rows(first + len(part), count)
        else:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._complete(path)
            except OSError as error:
                raise UnwritableError(
                    f"{path} cannot be written ({error.strerror or error}); make room there."
                ) from error
            self.rows = np.memmap(path, kind, "r", shape=(count,))

    def __getitem__(self, numbers: NDArray[np.int64]) -> NDArray[np.void]:
        """Give copies of some rows, read in the order in which they lie on the disk."""
        order = np.argsort(numbers)
        return self.rows[numbers[order]][np.argsort(order)]

    def _complete(self, path: Path) -> None:
        """Make the rows that the file lacks, and those in it that are not wanted."""
        size = self._kind.itemsize
        path.touch()
        there = min(path.stat().st_size // size, self._count)
        wanted = self._valid(np.memmap(path, self._kind, "r", shape=(there,))) if there else np.zeros(0, bool)
        missing = np.concatenate([np.flatnonzero(~wanted), np.arange(there, self._count)])
        done = self._count - len(missing)
        with path.open("r+b") as file:
            for first, last in _runs(missing, self._at_once):
                rows = np.zeros(last - first, self._kind)
                self._fill(rows, first)
                file.seek(first * size)
                file.write(rows.tobytes())
                done += len(rows)
                self._on_rows(done, self._count)


def _runs(numbers: NDArray[np.int64], longest: int) -> Iterator[tuple[int, int]]:
    """Give rising numbers as runs without a gap, from the first to before the last, none longer than ``longest``."""
    for run in np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1):
        for start in range(0, len(run), longest):
            part = run[start : start + longest]
            yield int(part[0]), int(part[-1]) + 1
