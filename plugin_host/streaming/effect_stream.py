"""Play an effect continuously: a block in, a block out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from .control_values import ControlValue
from .effect_path import DirectPath, EffectPath, QueuedPath
from .hop_inlet import HopInlet
from .loaded_graph import LoadedGraph
from .sample_outlet import SampleOutlet
from .stream import Stream

_FLOAT32 = np.dtype(np.float32)


class EffectStream(Stream):
    """A running effect. See `Stream` for its parameters.

    Notes
    -----
    Blocks of whole hops at the model's own rate go straight to the graph. All others wait in queues, and are
    converted where the rates differ.
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
        self._path = self._make_path()
        self._empty = np.empty((self.channels, 0), dtype=np.float32)
        # What a block like the last one needs: its shape has been checked, and its player found.
        self._shape: tuple[int, ...] = ()
        self._play: Callable[[NDArray[np.float32]], NDArray[np.float32]] = self._play_long

    def process(
        self,
        block: NDArray[np.floating],
        *,
        controls: Mapping[str, ControlValue] | None = None,
        sample_rate: float | None = None,
    ) -> NDArray[np.float32]:
        """Run a block through the effect.

        Parameters
        ----------
        block : array
            (C, T), or (T,) for one channel: floating-point samples from -1 to 1. T may be 0.
        controls : mapping, optional
            New values as for `set`, or arrays of one value a frame, (N,) or (C, N), of a vector of K (K, N) or
            (C, K, N), for blocks of N whole hops at the model's own rate.
        sample_rate : float, optional
            Only compared: a rate other than the stream's is an error.

        Returns
        -------
        array
            (C, T) float32, new, delayed by `latency_samples`.

        Raises
        ------
        StreamError
            For a block of another shape or type, one that is no multiple of the step that `block_size`
            allows, or a changed sample rate.
        ControlError
            For an unknown control or a value out of range.
        """
        if controls or sample_rate is not None or self._deadline is not None:
            return self._process_with(block, controls, sample_rate)
        return self.borrow(block).copy()

    def borrow(self, block: NDArray[np.floating]) -> NDArray[np.float32]:
        """Run a block through the effect, as `process` does, and lend the result: the next block changes it."""
        if type(block) is not np.ndarray or block.shape != self._shape or block.dtype is not _FLOAT32:
            block = self._accept(block)
            if block.shape[1] == 0:
                return self._empty
        output = self._play(block)  # pyright: ignore[reportArgumentType] - float32 has been made sure of
        self.counters.blocks += 1
        return output

    def flush(self) -> NDArray[np.float32]:
        """End the input and give the rest; the stream is then as new, with its controls where they were.

        Returns
        -------
        array
            (C, `latency_samples` + `tail_samples`) float32: the last of the input, and what rings after it.
        """
        rest = self._path.flush(self.latency_samples + self.tail_samples)
        self.reset()
        return rest

    def reset(self) -> None:
        """Start again as if new: zero state, silence in every queue. Controls keep their values."""
        super().reset()
        self._path.reset()

    def _make_path(self) -> EffectPath:
        copies, hop_length = self._copies, self.document.hop_length
        most_samples = copies.maximum_frames * hop_length
        is_own_rate = self._inward.is_identity
        if is_own_rate and self.step == hop_length:
            return DirectPath(copies, self.channels, hop_length, most_samples)
        inlet = HopInlet(self._inward, self.channels, hop_length, copies.maximum_frames, self.counters)
        delay = self.latency.reblocking + self.latency.resampling
        outlet = SampleOutlet(self._outward, self.channels, delay, most_samples)
        longest = max(inlet.piece // self.step * self.step, self.step)
        return QueuedPath(copies, self.channels, inlet, outlet, hop_length if is_own_rate else None, longest)

    def _accept(self, block: object) -> NDArray[np.float32]:
        """Check a block, and find the player for all that are like it."""
        samples = self._check_block(block)
        if samples.shape != self._shape:
            length = samples.shape[1]
            self._play = self._path.player(length) if 0 < length <= self._path.longest else self._play_long
            self._shape = samples.shape if length else ()
        return samples

    def _play_long(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        output = np.empty(samples.shape, dtype=np.float32)
        for start in range(0, samples.shape[1], self._path.longest):
            part = samples[:, start : start + self._path.longest]
            output[:, start : start + part.shape[1]] = self._path.player(part.shape[1])(part)
        return output

    def _process_with(
        self,
        block: object,
        controls: Mapping[str, ControlValue] | None,
        sample_rate: float | None,
    ) -> NDArray[np.float32]:
        started = time.perf_counter()
        self._check_rate(sample_rate)
        samples = self._accept(block)
        length = samples.shape[1]
        if length == 0:
            return self._empty.copy()
        if controls:
            is_whole = self._path.is_whole(length)
            self._take_controls(controls, length // self.document.hop_length, is_whole)
        output = self._play(samples).copy()
        self._count_block(length, started)
        return output
