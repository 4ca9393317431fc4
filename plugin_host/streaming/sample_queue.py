"""Queue samples between parts that work on blocks of different sizes, without allocating once it runs."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
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

    Attributes
    ----------
    start : int
        Where in the memory the oldest sample lies, for `windows`.
    """

    def __init__(self, channels: int, capacity: int) -> None:
        self._memory = np.zeros((channels, max(capacity, 1)), dtype=np.float32)
        self.start = 0
        self._end = 0

    def __len__(self) -> int:
        """Give how many samples per channel wait."""
        return self._end - self.start

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
        return self._memory[:, self.start : self.start + length]

    def windows(self, length: int) -> NDArray[np.float32]:
        """Give a view (C, positions, length) of all stretches of the memory; the queue begins at `start`."""
        return sliding_window_view(self._memory, length, axis=1)

    def still_holds(self, windows: NDArray[np.float32]) -> bool:
        """Tell whether such a view is still one of the memory in use, which is another once it has grown."""
        return windows.shape[1] + windows.shape[2] - 1 == self._memory.shape[1]

    def drop(self, length: int) -> None:
        """Forget the oldest `length` samples, which must be waiting."""
        self.start += length

    def clear(self) -> None:
        """Forget all samples."""
        self.start = self._end = 0

    def _make_room(self, length: int) -> None:
        waiting = len(self)
        memory = self._memory
        if waiting + length > memory.shape[1]:
            memory = np.zeros((memory.shape[0], 2 * (waiting + length)), dtype=np.float32)
        # numpy copies overlapping ranges as if through a temporary.
        memory[:, :waiting] = self._memory[:, self.start : self._end]
        self._memory = memory
        self.start, self._end = 0, waiting
