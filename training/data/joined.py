"""Arrays laid end to end without copying them, so that a corpus of many recordings stays on the disk."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

MOST_OPEN = 64
"""Files that stay mapped. Each takes a file descriptor, of which a process often has no more than 256 to 1,024."""


class JoinedArrays:
    """Rows of several arrays, numbered through. Those of .npy files stay there until rows are asked for.

    Parameters
    ----------
    parts : sequence of (N_i, ...) arrays or JoinedArrays
        One or more, alike but for their lengths.

    Attributes
    ----------
    shape : tuple of int
        (N, ...), N being the sum of all lengths.
    dtype : dtype

    Examples
    --------
    >>> joined = JoinedArrays([np.arange(3), np.arange(10, 12)])
    >>> joined[np.array([[0, 3], [4, 2]])].tolist()
    [[0, 10], [11, 2]]
    """

    def __init__(self, parts: Sequence[NDArray[np.generic] | JoinedArrays]) -> None:
        self._parts: list[NDArray[np.generic] | _Mapped] = []
        for part in parts:
            self._parts += part._parts if isinstance(part, JoinedArrays) else [_let_go(part)]
        kinds = {(part.dtype, part.shape[1:]) for part in self._parts}
        if len(kinds) != 1:
            raise ValueError(f"arrays of {len(kinds)} kinds arrived ({kinds}); needed are arrays of one kind")
        self._ends = np.cumsum([part.shape[0] for part in self._parts])
        ((self.dtype, row),) = kinds
        self.shape = (int(self._ends[-1]), *row)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: NDArray[np.integer]) -> NDArray[np.generic]:
        """Give copies of the rows of these numbers: (...,) -> (..., *shape of a row).

        Raises
        ------
        IndexError
            If a number is below 0 or not below the length.
        """
        numbers = rows.reshape(-1)
        if numbers.size and not 0 <= numbers.min() <= numbers.max() < len(self):
            raise IndexError(f"rows {numbers.min()} to {numbers.max()} were asked for; there are {len(self)}")
        which = np.searchsorted(self._ends, numbers, side="right")
        found = np.empty((numbers.size, *self.shape[1:]), self.dtype)
        for number in np.unique(which):
            part, chosen = self._parts[number], which == number
            array = part.open() if isinstance(part, _Mapped) else part
            found[chosen] = array[numbers[chosen] - (self._ends[number] - part.shape[0])]
        return found.reshape(*rows.shape, *self.shape[1:])


class _Mapped:
    """What is needed to map an array's file again."""

    def __init__(self, file: str, array: NDArray[np.generic]) -> None:
        self._file, self.dtype, self.shape = file, array.dtype, array.shape

    def open(self) -> NDArray[np.generic]:
        return _map(self._file).reshape(self.shape)


def _let_go(array: NDArray[np.generic]) -> NDArray[np.generic] | _Mapped:
    """Keep of the memory-mapped array of a .npy file, whatever its shape is now, only where it lies."""
    root = array
    while isinstance(root.base, np.ndarray):
        root = root.base
    file = str(root.filename) if isinstance(root, np.memmap) else ""
    whole = array.dtype == root.dtype and array.size == root.size and array.flags.c_contiguous
    return _Mapped(file, array) if whole and file.endswith(".npy") else array


@lru_cache(MOST_OPEN)
def _map(file: str) -> NDArray[np.generic]:
    return open_memmap(file, mode="r")
