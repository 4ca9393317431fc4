"""Play an analyzer continuously: a block in, the frames out that it completed."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .control_values import ControlValue
from .hop_inlet import HopInlet
from .loaded_graph import LoadedGraph
from .stream import Stream

Frames = dict[str, NDArray[np.float32]]


class AnalyzerStream(Stream):
    """A running analyzer. See `Stream` for its parameters."""

    def __init__(
        self,
        graph: LoadedGraph,
        sample_rate: float | None = None,
        channels: int | None = None,
        block_size: int | None = None,
        deadline: float | None = None,
    ) -> None:
        super().__init__(graph, sample_rate, channels, block_size, deadline)
        self._inlet = HopInlet(
            self._inward,
            self.channels,
            self.document.hop_length,
            self._copies.maximum_frames,
            self.counters,
        )
        self._samples = 0
        self._frames = 0

    def analyze(
        self,
        block: NDArray[np.floating],
        *,
        controls: Mapping[str, ControlValue] | None = None,
        sample_rate: float | None = None,
    ) -> Frames:
        """Run a block through the analyzer.

        Parameters
        ----------
        block, controls, sample_rate
            As for `EffectStream.process`.

        Returns
        -------
        dict of str to array
            For each output control its values in the frames that this block completed, (C, N) float32, N from
            0 up, of a vector of K (C, K, N); (1, N) where the model takes several channels at once.

        Raises
        ------
        StreamError, ControlError
            As `EffectStream.process` does.
        """
        started = time.perf_counter() if self._deadline is not None else 0.0
        self._check_rate(sample_rate)
        samples = self._check_block(block)
        length = samples.shape[1]
        if length and controls:
            hop_length = self.document.hop_length
            is_whole = self._inward.is_identity and self._inlet.is_empty and length % hop_length == 0
            self._take_controls(controls, length // hop_length, is_whole)
        found = self._take_in(samples)
        self._samples += length
        if length:
            self._count_block(length, started)
        return self._join(found)

    def flush(self) -> Frames:
        """End the input and give the rest; the stream is then as new, with its controls where they were.

        Returns
        -------
        dict of str to array
            The frames not yet given, as `analyze` gives them: one for every hop begun, completed with silence,
            and those of the model's own latency.
        """
        needed = math.ceil(self._samples / self._inward.ratio) + self.document.latency_samples
        hop_length = self.document.hop_length
        silence = np.zeros((self.channels, min(self._inlet.piece, hop_length)), dtype=np.float32)
        found: list[Frames] = []
        while self._frames * hop_length < needed:
            found += self._take_in(silence)
        self.reset()
        return self._join(found)

    def reset(self) -> None:
        """Start again as if new: zero state, silence in every queue. Controls keep their values."""
        super().reset()
        self._inlet.reset()
        self._samples = self._frames = 0

    def _take_in(self, samples: NDArray[np.float32]) -> list[Frames]:
        found: list[Frames] = []
        for frames, hops in self._inlet.hops(samples):
            found.append(self._copies.analyze(frames, hops))
            self._frames += frames
        return found

    def _join(self, found: list[Frames]) -> Frames:
        if len(found) == 1:
            return found[0]
        joined: Frames = {}
        for output in self.document.outputs:
            shape = (self._copies.copies, output.size, 0) if output.is_vector else (self._copies.copies, 0)
            parts = [np.zeros(shape, dtype=np.float32), *(part[output.name] for part in found)]
            joined[output.name] = np.concatenate(parts, axis=-1)
        return joined
