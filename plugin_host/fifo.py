"""Queue samples between parts that work on blocks of different sizes, without allocating once it runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class SampleFifo:
    """A queue of float32 samples, first in, first out, the same number in each of C channels.

    Samples are written and read in place: `append` and `front` give views of the queue's own memory, each one
    contiguous along time. The memory is moved up when its end is reached, and grows only if more samples wait
    than ever before.

    Parameters
    ----------
    channels : int
        C, at least 1.
    capacity : int
        How many samples per channel there is room for at first.
    """

    def __init__(self, channels: int, capacity: int) -> None:
        self._memory = np.zeros((channels, max(capacity, 1)), dtype=np.float32)
        self._start = 0
        self._end = 0

    def __len__(self) -> int:
        """Give how many samples per channel wait."""
        return self._end - self._start

    def append(self, length: int) -> NDArray[np.float32]:
        """Add `length` samples, as yet undefined, and give the view (C, length) to write them into."""
        if self._end + length > self._memory.shape[1]:
            self._make_room(length)
        view = self._memory[:, self._end : self._end + length]
        self._end += length
        return view

    def append_zeros(self, length: int) -> None:
        """Add `length` samples of silence."""
        self.append(length).fill(0.0)

    def front(self, length: int) -> NDArray[np.float32]:
        """Give a view (C, length) of the oldest samples, which stay in the queue until they are dropped."""
        return self._memory[:, self._start : self._start + length]

    def drop(self, length: int) -> None:
        """Forget the oldest `length` samples, which must be waiting."""
        self._start += length

    def clear(self) -> None:
        """Forget all samples."""
        self._start = self._end = 0

    def _make_room(self, length: int) -> None:
        waiting = len(self)
        memory = self._memory
        if waiting + length > memory.shape[1]:
            memory = np.zeros((memory.shape[0], 2 * (waiting + length)), dtype=np.float32)
        # numpy copies overlapping ranges as if through a temporary.
        memory[:, :waiting] = self._memory[:, self._start : self._end]
        self._memory = memory
        self._start, self._end = 0, waiting
