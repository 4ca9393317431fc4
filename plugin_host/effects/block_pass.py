"""Go on with a stream whose first block was played as a whole recording, as pedalboard's plugins do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..errors import StreamError
from ..streaming.aligned import without_first


class BlockPass(ABC):
    """One running pass of an effect or a chain.

    Parameters
    ----------
    sample_rate : float
        In Hz.
    channels : int
        C.
    step : int
        Of which the length of every block is a multiple.
    completes : bool
        Whether a block that does not fit is completed with silence, and is then the last. So it is where
        nobody declared the size of blocks, and the first one's was taken for it.

    Attributes
    ----------
    shape : tuple of int
        Of the last block, so that a caller can tell at a glance that the next one needs no check.
    """

    def __init__(self, sample_rate: float, channels: int, step: int, completes: bool) -> None:
        self.sample_rate = sample_rate
        self.channels = channels
        self.shape: tuple[int, ...] = ()
        self._step = step
        self._completes = completes
        self._has_ended = False

    @property
    @abstractmethod
    def latency_samples(self) -> int:
        """By how much blocks lag."""

    @abstractmethod
    def process(self, block: NDArray[np.floating]) -> NDArray[np.float32]:
        """Play a block (C, T) that fits, and give (C, T), delayed by `latency_samples`."""

    def render(self, audio: NDArray[np.float32], piece: int) -> NDArray[np.float32]:
        """Play a recording (C, T), about `piece` samples at a time, and give (C, T) on the same time line.

        The pass has to be new. The stream can go on: the silence that has brought out the recording's end, as
        long as the latency, is then a part of it, as it is in pedalboard.
        """
        output = np.empty(audio.shape, dtype=np.float32)
        played = map(self.process, self._pieces(audio, max(piece // self._step, 1) * self._step))
        end = 0
        for part in without_first(played, self.latency_samples):
            start, end = end, min(end + part.shape[1], audio.shape[1])
            output[:, start:end] = part[:, : end - start]
        return output

    def missing(self, length: int) -> int:
        """Tell how many samples would make a block of this length one that fits."""
        return -length % self._step

    def play(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Play the next block (C, T) of a stream, whether or not it fits, and give (C, T).

        Raises
        ------
        StreamError
            After a block that did not fit and had to be the last, or for one that does not fit where a size
            was declared.
        """
        if self._has_ended:
            raise StreamError(
                "the last block was shorter than those before and ended the stream: call reset(), or declare a "
                "block_size; a stream that begins with reset() and reset=False takes blocks of any sizes"
            )
        missing = self.missing(block.shape[1]) if self._completes else 0
        if missing == 0:
            output = self.process(block)
            self.shape = block.shape
            return output
        self._has_ended = True
        self.shape = ()
        return self.process(np.pad(block, ((0, 0), (0, missing))))[:, : block.shape[1]]

    def _pieces(self, audio: NDArray[np.float32], piece: int) -> Iterator[NDArray[np.float32]]:
        """Cut a recording, followed by the silence that brings out its end, into blocks that fit."""
        length = audio.shape[1]
        whole = length // piece * piece
        for start in range(0, whole, piece):
            yield audio[:, start : start + piece]
        after = self.latency_samples + self.missing(length + self.latency_samples)
        rest = np.pad(audio[:, whole:], ((0, 0), (0, after if length else 0)))
        for start in range(0, rest.shape[1], piece):
            yield rest[:, start : start + piece]
