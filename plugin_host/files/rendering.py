"""Run a sound of any length through an effect in constant memory, its latency taken out."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from ..effects.effect_pass import EffectPlayer


def render_blocks(
    player: EffectPlayer, blocks: Iterable[NDArray[np.float32]], tail: bool = False, piece: int = 8192
) -> Iterator[NDArray[np.float32]]:
    """Yield the output that belongs to the input, from its first sample to its last.

    Parameters
    ----------
    player : EffectPlayer
        As new, made for blocks of any sizes.
    blocks : iterable of arrays
        (C, T) float32 each.
    tail : bool
        Go on after the input's end until the effect has rung out.
    piece : int
        How many samples of silence to play at a time after the input's end.

    Yields
    ------
    array
        (C, T) float32, T at least 1; together as long as the input, or longer by the tail.
    """
    early = player.latency_samples
    after = player.latency_samples + (player.tail_samples if tail else 0)
    for block in itertools.chain(blocks, _silence(player.channels, after, piece)):
        output = player.process(block)
        dropped = min(early, output.shape[1])
        early -= dropped
        if output.shape[1] > dropped:
            yield output[:, dropped:]


def _silence(channels: int, length: int, piece: int) -> Iterator[NDArray[np.float32]]:
    for start in range(0, length, piece):
        yield np.zeros((channels, min(piece, length - start)), np.float32)
