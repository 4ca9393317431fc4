"""Play one pass of a chain: cut the input into blocks and hand them from segment to segment."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import StreamError, counted
from ..streaming.finite_guard import repair
from ..streaming.sample_queue import SampleFifo
from .block_pass import BlockPass
from .chain_plugins import refuse_repeated
from .neural_effect import NeuralEffect
from .pedalboard_group import BoardPlayer, shortest_block

_BLOCK_SIZE = 64


class Segment(Protocol):
    """Part of a chain that plays blocks and lags by a fixed number of samples."""

    @property
    def latency_samples(self) -> int:
        """By how much output lags input."""
        ...

    def process(self, block: NDArray[np.float32], /) -> NDArray[np.float32]:
        """Play a block (C, T) and give (C, T)."""
        ...

    def borrow(self, block: NDArray[np.float32], /) -> NDArray[np.float32]:
        """Do as `process` does, and lend the result: the next block changes it."""
        ...


class ChainPass(BlockPass):
    """One running pass of a chain: a queue that makes blocks of `unit` samples, then the segments.

    Parameters
    ----------
    plugins : sequence
        pedalboard plugins and neural effects.
    sample_rate : float
        In Hz.
    channels : int
        C.
    block_size : int or None
        Of which every block will be a multiple, or None for any sizes.
    completes : bool
        As for `BlockPass`. With plugins of pedalboard alone, which have no latency, blocks then go to them as they
        are.

    Raises
    ------
    StreamError
        If an object is in the chain twice, or a plugin gives nothing.
    """

    def __init__(
        self,
        plugins: Sequence[Any],
        sample_rate: float,
        channels: int,
        block_size: int | None,
        completes: bool = False,
    ) -> None:
        super().__init__(sample_rate, channels, block_size or 1, completes)
        refuse_repeated(plugins)
        self.repaired_samples = 0
        self._block_size = block_size
        declared = block_size or 1
        board_block = _board_block_size(block_size, channels)
        # A neural effect on its own takes any block; a row waits for whole blocks once, here.
        is_alone = len(plugins) < 2 and all(isinstance(plugin, NeuralEffect) for plugin in plugins)
        self._unit = declared if is_alone or declared % board_block == 0 else board_block
        self._segments = _make_segments(plugins, sample_rate, channels, board_block, self._unit)
        self._is_straight = completes and block_size is None
        if self._is_straight and any(segment.latency_samples for segment in self._segments):
            self._is_straight = self._completes = False
        if self._is_straight:
            self._unit = 1
        self._players = [segment.borrow for segment in self._segments]
        self._waiting = self._unit - math.gcd(declared, self._unit)
        self._inlet = SampleFifo(channels, 4 * (self._unit + declared))
        self._outlet = SampleFifo(channels, 4 * (self._unit + declared))
        self._outlet.append_zeros(self._waiting)

    @property
    def latency_samples(self) -> int:
        """By how much blocks lag: waiting for a whole unit, and the latency of every segment."""
        return self._waiting + sum(segment.latency_samples for segment in self._segments)

    def require_streaming(self) -> None:
        """Raise StreamError where a plugin cannot be played block by block."""
        for segment in self._segments:
            if isinstance(segment, BoardPlayer) and not segment.can_stream:
                raise StreamError(
                    f"pedalboard cannot play {segment.names} block by block without breaking the sound: use "
                    "reset=True on whole recordings, or leave it out"
                )

    def process(self, block: NDArray[np.floating]) -> NDArray[np.float32]:
        """Play a block (C, T) and give (C, T); raises StreamError if T is no multiple of the block size."""
        length = block.shape[1]
        if self._block_size is not None and length % self._block_size:
            raise StreamError(
                f"the chain was made for block_size={self._block_size} and takes multiples of it, and "
                f"{counted(length, 'sample')} arrived: make it with block_size=None for blocks of any sizes"
            )
        if self._waiting == 0 and length:
            # Whole units, now and always: nothing has to wait. The first segment must not see what is broken.
            sound = block
            if not math.isfinite(np.vdot(block, block)):
                sound = block.copy()
                self.repaired_samples += repair(sound)
            for borrow in self._players:
                sound = borrow(sound)
            return sound.copy()
        entry = self._inlet.append(length)
        entry[...] = block
        self.repaired_samples += repair(entry)
        ready = len(self._inlet) // self._unit * self._unit
        if ready:
            played = self._inlet.front(ready)
            for borrow in self._players:
                played = borrow(played)
            self._outlet.append(ready)[...] = played
            self._inlet.drop(ready)
        output = self._outlet.front(length).copy()
        self._outlet.drop(length)
        return output

    def render(self, audio: NDArray[np.float32], piece: int) -> NDArray[np.float32]:
        """Play a recording (C, T), and give (C, T) on the same time line; see `BlockPass.render`."""
        if any(not _can_stream(segment) for segment in self._segments):
            return self._render_one_by_one(audio)
        return super().render(audio, max(audio.shape[1], 1) if self._is_straight else piece)

    def missing(self, length: int) -> int:
        """Tell how many samples would make a block of this length one that fits."""
        shortest = shortest_block(self.channels) if self._is_straight and length else 0
        return max(shortest - length, super().missing(length))

    def _render_one_by_one(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        """Play a whole recording with each segment in turn, where one cannot play blocks."""
        length = audio.shape[1]
        latency = sum(segment.latency_samples for segment in self._segments)
        # Silence after the end, so that the sound that is still under way comes out, up to whole blocks.
        total = -(-(length + latency) // self._unit) * self._unit
        played = np.zeros((self.channels, total), dtype=np.float32)
        played[:, :length] = audio
        self.repaired_samples += repair(played)
        if length == 0:
            return played
        lag = 0
        for segment in self._segments:
            if isinstance(segment, BoardPlayer) and not segment.can_stream:
                played = segment.render(played)
            else:
                played = segment.process(played)
                lag += segment.latency_samples
        return played[:, lag : lag + length].copy()


def _can_stream(segment: Segment) -> bool:
    return not isinstance(segment, BoardPlayer) or segment.can_stream


def _board_block_size(block_size: int | None, channels: int) -> int:
    """Give the size of the blocks that pedalboard sees: 64 where it fits, and never too short."""
    if block_size is None or block_size % _BLOCK_SIZE == 0:
        return _BLOCK_SIZE
    return math.ceil(shortest_block(channels) / block_size) * block_size


def _make_segments(
    plugins: Sequence[Any], sample_rate: float, channels: int, board_block: int, unit: int
) -> list[Segment]:
    segments: list[Segment] = []
    for is_neural, group in itertools.groupby(plugins, lambda plugin: isinstance(plugin, NeuralEffect)):
        if is_neural:
            segments.extend(effect.player(sample_rate, channels, unit) for effect in group)
        else:
            segments.append(BoardPlayer(list(group), sample_rate, channels, board_block))
    return segments
