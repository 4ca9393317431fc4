"""Hold what a model has computed until blocks of any size and rate ask for it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .rate_conversion import RateConversion, Resampler
from .sample_queue import SampleFifo


class SampleOutlet:
    """A queue behind a model, with a conversion from the model's rate before it where the rates differ.

    Parameters
    ----------
    conversion : RateConversion
        From the model's rate to the outside world's.
    channels : int
        C.
    delay : int
        How many samples of silence are given first.
    piece : int
        Samples that usually arrive at once, at the model's rate; only memory depends on it.
    """

    def __init__(self, conversion: RateConversion, channels: int, delay: int, piece: int) -> None:
        self._delay = delay
        self._queue = SampleFifo(channels, 4 * (piece + delay))
        self._resampler = None if conversion.is_identity else Resampler(conversion, channels, piece)
        self.reset()

    def __len__(self) -> int:
        """Give how many samples per channel wait."""
        return len(self._queue)

    def reset(self) -> None:
        """Start again, with the silence that makes the delay."""
        self._queue.clear()
        self._queue.append_zeros(self._delay)
        if self._resampler is not None:
            self._resampler.reset()

    def put(self, samples: NDArray[np.float32]) -> None:
        """Take in samples (C, T) at the model's rate."""
        length = samples.shape[1]
        if self._resampler is None:
            self._queue.append(length)[...] = samples
        else:
            self._resampler.room(length)[...] = samples
            self._resampler.convert(self._queue)

    def take(self, length: int) -> NDArray[np.float32]:
        """Give the oldest samples, (C, `length`), in memory that the next `put` may write to."""
        view = self._queue.front(length)
        self._queue.drop(length)
        return view

    def missing(self, length: int) -> int:
        """Give how many more samples, at the model's rate, are needed before `length` can be taken."""
        missing = length - len(self._queue)
        return missing if self._resampler is None else self._resampler.missing(missing)
