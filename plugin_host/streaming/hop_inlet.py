"""Collect samples of blocks of any size and rate into whole hops at a model's own rate."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .counters import Counters
from .finite_guard import repair
from .rate_conversion import RateConversion, Resampler
from .sample_queue import SampleFifo


class HopInlet:
    """A queue before a model, with a conversion to the model's rate in front of it where the rates differ.

    Parameters
    ----------
    conversion : RateConversion
        From the outside world's rate to the model's.
    channels : int
        C.
    hop_length : int
        Of the model, in samples.
    maximum_frames : int
        The most hops to hand out at once.
    counters : Counters
        Where repaired samples are counted.

    Attributes
    ----------
    piece : int
        The most samples of the outside world to take at once, so that one call of the model holds them.
    """

    def __init__(
        self,
        conversion: RateConversion,
        channels: int,
        hop_length: int,
        maximum_frames: int,
        counters: Counters,
    ) -> None:
        self._hop_length = hop_length
        self._maximum_frames = maximum_frames
        self._counters = counters
        most_samples = maximum_frames * hop_length
        self.piece = most_samples
        self._resampler: Resampler | None = None
        if not conversion.is_identity:
            self.piece = max(1, math.floor((most_samples - 1) * conversion.ratio))
            self._resampler = Resampler(conversion, channels, self.piece)
        self._queue = SampleFifo(channels, 4 * most_samples)

    def reset(self) -> None:
        """Start again, with silence before the first sample."""
        self._queue.clear()
        if self._resampler is not None:
            self._resampler.reset()

    @property
    def is_empty(self) -> bool:
        """Whether no sample waits for the rest of its hop."""
        return len(self._queue) == 0

    def hops(self, samples: NDArray[np.float32]) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Take in samples (C, T), and yield all hops that are whole then.

        Yields
        ------
        tuple of int and array
            How many hops, and their samples, (C, hops * hop_length), in memory that is used again.
        """
        for start in range(0, samples.shape[1], self.piece):
            part = samples[:, start : start + self.piece]
            length = part.shape[1]
            entry = self._queue.append(length) if self._resampler is None else self._resampler.room(length)
            entry[...] = part
            self._counters.repaired_samples += repair(entry)
            if self._resampler is not None:
                self._resampler.convert(self._queue)
            while frames := min(len(self._queue) // self._hop_length, self._maximum_frames):
                yield frames, self._queue.front(frames * self._hop_length)
                self._queue.drop(frames * self._hop_length)
