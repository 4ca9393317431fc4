"""Make test sounds and play them in blocks of any sizes."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from plugin_host.streaming.stream import Stream

Audio = NDArray[np.float32]


def noise(length: int, channels: int = 1, seed: int = 0) -> Audio:
    return np.random.default_rng(seed).uniform(-1, 1, (channels, length)).astype(np.float32)


def cut(length: int, size: int | str) -> Iterator[slice]:
    random = np.random.default_rng(length)
    start = 0
    while start < length:
        step = int(random.integers(1, 1500)) if isinstance(size, str) else size
        yield slice(start, min(start + step, length))
        start += step


def play(stream: Stream, audio: Audio, size: int | str) -> Audio:
    return np.concatenate([stream.process(audio[:, part]) for part in cut(audio.shape[1], size)], axis=1)
