"""Take the latency out of what was played block by block: the one place where that is done."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .analyzer_stream import Frames
from .stream import Stream

Audio: TypeAlias = NDArray[np.float32]


class Player(Protocol):
    """What plays blocks and lags by a fixed number of samples: a stream, an effect, a chain."""

    @property
    def channels(self) -> int:
        """C."""
        ...

    @property
    def latency_samples(self) -> int:
        """By how much output lags input."""
        ...

    @property
    def tail_samples(self) -> int:
        """How long it goes on sounding after its input has ended."""
        ...

    def process(self, block: Audio, /) -> Audio:
        """Play a block (C, T) and give (C, T)."""
        ...


def aligned(
    player: Player, blocks: Iterable[Audio], tail: bool = False, piece: int = 8192
) -> Iterator[Audio]:
    """Play a sound of any length in constant memory, and yield what belongs to it on its own time line.

    Parameters
    ----------
    player : Player
        As new, made for blocks of any sizes.
    blocks : iterable of array
        (C, T) each.
    tail : bool
        Go on after the input's end until the player has rung out.
    piece : int
        How many samples of silence to play at a time after the input's end, at least 1.

    Yields
    ------
    array
        (C, T) float32, T at least 1; together as long as the input, or longer by the tail.
    """
    after = player.latency_samples + (player.tail_samples if tail else 0)
    sound = itertools.chain(blocks, _silence(player.channels, after, piece))
    yield from without_first(map(player.process, sound), player.latency_samples)


def aligned_frames(stream: Stream, blocks: Iterable[Audio]) -> Iterator[Frames]:
    """Analyze a sound of any length in constant memory, and yield the frames that belong to it.

    Parameters
    ----------
    stream : Stream
        Of an analyzer, as new.
    blocks : iterable of array
        (C, T) each.

    Yields
    ------
    dict of str to array
        Each output, (C, N), of a vector (C, K, N), N from 0 up; together a frame for every hop begun.
    """
    lag = round(stream.document.latency_samples / stream.document.hop_length)
    for frames in _analyze_all(stream, blocks):
        count = next(iter(frames.values())).shape[-1]
        dropped = min(lag, count)
        lag -= dropped
        yield {name: values[..., dropped:] for name, values in frames.items()}


def _analyze_all(stream: Stream, blocks: Iterable[Audio]) -> Iterator[Frames]:
    yield from map(stream.analyze, blocks)
    yield stream.flush()


def without_first(blocks: Iterable[Audio], lag: int) -> Iterator[Audio]:
    """Leave out the first `lag` samples of a sound in blocks (C, T), and blocks of nothing."""
    for block in blocks:
        dropped = min(lag, block.shape[1])
        lag -= dropped
        if block.shape[1] > dropped:
            yield block[:, dropped:]


def _silence(channels: int, length: int, piece: int) -> Iterator[Audio]:
    for start in range(0, length, piece):
        yield np.zeros((channels, min(piece, length - start)), dtype=np.float32)
