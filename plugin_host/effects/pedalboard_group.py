"""Run neighbouring pedalboard plugins as one board, in blocks of one size, with the latency they really have.

The only module that imports pedalboard, besides what plays through a sound card.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingPackageError, StreamError
from ..streaming.sample_queue import SampleFifo

_LONGEST_LATENCY_SECONDS = 10.0
_PROBE_SAMPLES = 8192
# Far above rounding, far below what a plugin that loses or repeats samples does to noise at -20 dB.
_PROBE_TOLERANCE = 1e-3


def import_pedalboard() -> Any:
    """Give the pedalboard package, or raise MissingPackageError with the command that installs it."""
    try:
        return importlib.import_module("pedalboard")
    except ImportError as error:
        raise MissingPackageError(
            "a chain with pedalboard plugins needs the package pedalboard: run `pip install pedalboard`"
        ) from error


def plugins_within(plugins: Iterable[Any]) -> Iterator[Any]:
    """Go through plugins of pedalboard and all that is in their containers."""
    container = import_pedalboard().PluginContainer
    for plugin in plugins:
        yield plugin
        if isinstance(plugin, container):
            yield from plugins_within(plugin)


def shortest_block(channels: int) -> int:
    """Give how many samples pedalboard needs: it takes the shorter axis for the channels, of which one needs no axis."""
    return 1 if channels == 1 else channels + 1


class BoardPlayer:
    """One running pass of neighbouring pedalboard plugins at one rate.

    pedalboard starts a plugin anew, without a word, when blocks grow, so that all blocks have one size here.
    A plugin with latency gives fewer samples at first; how many is measured on the plugins themselves when
    the player is made.

    Parameters
    ----------
    plugins : sequence of pedalboard.Plugin
        Used, and reset, in place: they can be changed while playing.
    sample_rate : float
        In Hz.
    channels : int
        C.
    block_size : int
        Size of the blocks that the plugins see, at least that of `shortest_block`.

    Raises
    ------
    StreamError
        If a plugin gives nothing within ten seconds.
    """

    def __init__(self, plugins: Sequence[Any], sample_rate: float, channels: int, block_size: int) -> None:
        self._board = import_pedalboard().Pedalboard(list(plugins))
        self._names = ", ".join(type(plugin).__name__ for plugin in plugins)
        self._sample_rate = sample_rate
        self._channels = channels
        self._block_size = block_size
        self._outlet = SampleFifo(channels, 4 * block_size)
        self.latency_samples = 0
        self.reset()
        self.latency_samples = self._measure_latency()
        self.can_stream = self.latency_samples == 0 or self._streams_faithfully()
        self.reset()

    @property
    def names(self) -> str:
        """The plugins' names, for messages."""
        return self._names

    def reset(self) -> None:
        """Start again, with the plugins as they are set."""
        self._board.reset()
        self._outlet.clear()
        self._outlet.append_zeros(self.latency_samples)

    def process(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Play a block (C, T), T a multiple of the block size, and give (C, T), delayed by `latency_samples`.

        Raises
        ------
        StreamError
            If a plugin now withholds more than it did when it was measured.
        """
        return self.borrow(block).copy()

    def borrow(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Do as `process` does, and lend the result: the next block changes it."""
        length = block.shape[1]
        played = self._play(block)
        if played.shape[1] == length and len(self._outlet) == 0:
            return played
        self._outlet.append(played.shape[1])[...] = played
        if len(self._outlet) < length:
            raise StreamError(
                f"the latency of {self._names} has grown while playing: call reset() and start again"
            )
        output = self._outlet.front(length)
        self._outlet.drop(length)
        return output

    def render(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        """Play a whole recording (C, T) and give it on the same time line, as pedalboard itself does."""
        length = audio.shape[1]
        missing = max(0, self._block_size - length)
        padded = np.pad(audio, ((0, 0), (0, missing)))
        played = self._board.process(padded, self._sample_rate, buffer_size=self._block_size, reset=True)
        self.reset()
        return np.asarray(played, dtype=np.float32).reshape(self._channels, -1)[:, :length]

    def _play(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        # One axis is the samples, whatever their number: a block of one sample in two axes is ambiguous.
        samples = block[0] if self._channels == 1 else block
        played = self._board.process(samples, self._sample_rate, buffer_size=self._block_size, reset=False)
        return np.asarray(played, dtype=np.float32).reshape(self._channels, -1)

    def _measure_latency(self) -> int:
        """Count the samples that the plugins withhold, until that number has stood still for a while."""
        silence = np.zeros((self._channels, self._block_size), dtype=np.float32)
        sent = received = withheld = steady = 0
        while steady < _PROBE_SAMPLES and sent < _LONGEST_LATENCY_SECONDS * self._sample_rate:
            received += self._play(silence).shape[1]
            sent += self._block_size
            if received == sent:
                break
            steady = 0 if sent - received > withheld else steady + self._block_size
            withheld = max(withheld, sent - received)
        if received == 0:
            raise StreamError(
                f"{self._names} gave no sound within {_LONGEST_LATENCY_SECONDS:g} s: leave it out of the "
                "chain"
            )
        return withheld + self._spare_samples()

    def _spare_samples(self) -> int:
        """Give what converters of rates may withhold later than any trial would show.

        The rounding of pedalboard's `Resample` adds up to one sample of its slower rate, after seconds.
        """
        resample = import_pedalboard().Resample
        rates = [
            part.target_sample_rate for part in plugins_within(self._board) if isinstance(part, resample)
        ]
        return sum(math.ceil(self._sample_rate / rate) for rate in rates)

    def _streams_faithfully(self) -> bool:
        """Tell whether plugins with latency give the same in blocks as whole; some do not."""
        blocks = -(-(self.latency_samples + _PROBE_SAMPLES) // self._block_size)
        length = blocks * self._block_size
        noise = np.random.default_rng(0).uniform(-0.1, 0.1, (self._channels, length)).astype(np.float32)
        self._board.reset()
        parts = [
            self._play(noise[:, start : start + self._block_size])
            for start in range(0, length, self._block_size)
        ]
        in_blocks = np.concatenate(parts, axis=1)
        whole = self.render(noise)[:, : in_blocks.shape[1]]
        return bool(np.max(np.abs(in_blocks - whole), initial=0.0) < _PROBE_TOLERANCE)
