"""Hold the states of a model side by side, so that one look at one vector watches many of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..model_file.document import StateTensor

_ALIGNMENT = 64
_LONGEST_LOOK = 8192


class StateMemory:
    """One set of a model's states, all zero at first.

    Parameters
    ----------
    states : sequence of StateTensor
        What the model carries.

    Attributes
    ----------
    arrays : dict of str to array
        Each state by name.
    watched : tuple of array
        Contiguous vectors that together hold every floating-point state. One look is at 8192 values at most,
        so that no block waits long for it.
    """

    def __init__(self, states: Sequence[StateTensor]) -> None:
        self.arrays: dict[str, NDArray[Any]] = {}
        watched: list[NDArray[np.floating]] = []
        for dtype in dict.fromkeys(state.dtype for state in states):
            step = _ALIGNMENT // np.dtype(dtype).itemsize
            group = [state for state in states if state.dtype == dtype]
            lengths = [-(-math.prod(state.shape) // step) * step for state in group]
            memory = zeros(sum(lengths), dtype)
            start = 0
            for state, length in zip(group, lengths, strict=True):
                used = memory[start : start + math.prod(state.shape)]
                self.arrays[state.name] = used.reshape(state.shape)
                start += length
            if dtype != "int64":
                watched += [memory[at : at + _LONGEST_LOOK] for at in range(0, start, _LONGEST_LOOK)]
        # In the order of the document, which is that of everything else that lists them.
        self.arrays = {state.name: self.arrays[state.name] for state in states}
        self.watched = tuple(watched)


def zeros(length: int, dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """Give a vector of zeros that begins at a cache line."""
    size = np.dtype(dtype).itemsize
    memory = np.zeros(length * size + _ALIGNMENT, dtype=np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return memory[start : start + length * size].view(dtype)
