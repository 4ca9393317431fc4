"""Play a generator continuously: as many samples out as are asked for."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from ..errors import StreamError
from .control_values import ControlValue
from .input_checks import is_whole_number
from .latency import Latency
from .loaded_graph import LoadedGraph
from .sample_outlet import SampleOutlet
from .stream import Stream

MOST_SAMPLES = 2**28
"""The most samples a call gives: an hour and a half at 48 kHz."""


class GeneratorStream(Stream):
    """A running generator. See `Stream` for its parameters.

    Notes
    -----
    It runs ahead of what is asked of it, by up to a frame, instead of waiting for input: there is no delay
    but the model's own. What it made too much is given first next time.
    """

    def __init__(
        self,
        graph: LoadedGraph,
        sample_rate: float | None = None,
        channels: int | None = None,
        block_size: int | None = None,
        deadline: float | None = None,
    ) -> None:
        super().__init__(graph, sample_rate, channels, block_size, deadline)
        self.latency = Latency(model=self.latency.model)
        most_samples = self._copies.maximum_frames * self.document.hop_length
        self._outlet = SampleOutlet(self._outward, self.channels, 0, most_samples)

    def generate(self, samples: int, /, **controls: ControlValue) -> NDArray[np.float32]:
        """Let the generator play on.

        Parameters
        ----------
        samples : int
            T, how many samples per channel to give; 0 or more.
        **controls
            New values as for `set`, or arrays of one value a frame, (N,) or (C, N), of a vector of K (K, N) or
            (C, K, N), with N from `frames_for`.

        Returns
        -------
        array
            (C, T) float32.

        Raises
        ------
        StreamError
            For a negative or fractional number of samples.
        ControlError
            For an unknown control or a value out of range.
        """
        started = time.perf_counter() if self._deadline is not None else 0.0
        frames = self.frames_for(samples)
        if controls:
            self._take_controls(controls, frames)
        while frames > 0:
            count = min(frames, self._copies.maximum_frames)
            self._outlet.put(self._copies.player(count)(None))
            frames -= count
        output = self._outlet.take(samples).copy()
        if samples:
            self._count_block(samples, started)
        return output

    def frames_for(self, samples: int) -> int:
        """Give how many frames will be computed for the next `samples` samples."""
        if not is_whole_number(samples) or not 0 <= samples <= MOST_SAMPLES:
            raise StreamError(
                f"{self._label} gives a whole number of samples from 0 to {MOST_SAMPLES} a call, and {samples!r} "
                "was asked for"
            )
        return max(0, -(-self._outlet.missing(samples) // self.document.hop_length))

    def flush(self) -> NDArray[np.float32]:
        """Give what was computed and not yet asked for, (C, T), less than a frame; then begin as new."""
        rest = self._outlet.take(len(self._outlet)).copy()
        self.reset()
        return rest

    def reset(self) -> None:
        """Start again as if new: zero state, nothing computed. Controls keep their values."""
        super().reset()
        self._outlet.reset()
