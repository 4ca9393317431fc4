"""The two ways of samples through an effect: straight to the graph, or through queues before and behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .channel_copies import ChannelCopies
from .hop_inlet import HopInlet
from .sample_outlet import SampleOutlet


class EffectPath(Protocol):
    """Plays blocks of up to `longest` samples. What it gives is its own memory, which the next block changes."""

    longest: int

    def player(self, length: int) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
        """Give the function that plays blocks (C, `length`) and gives (C, `length`)."""
        ...

    def is_whole(self, length: int) -> bool:
        """Tell whether the next block, of this length, is whole frames of the model, sample for sample."""
        ...

    def flush(self, length: int) -> NDArray[np.float32]:
        """Play silence, and give the `length` samples that come out, (C, `length`), new."""
        ...

    def reset(self) -> None:
        """Start again as if new, but for the model itself."""
        ...


class DirectPath:
    """Blocks of whole hops at the model's own rate: nothing ever waits.

    Parameters
    ----------
    copies : ChannelCopies
        The model.
    channels : int
        C.
    hop_length : int
        Of the model, in samples.
    longest : int
        The most samples of one block, a multiple of the hop.
    """

    def __init__(self, copies: ChannelCopies, channels: int, hop_length: int, longest: int) -> None:
        self.longest = longest
        self._copies = copies
        self._channels = channels
        self._hop_length = hop_length

    def player(self, length: int) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
        """Give the graph's own player."""
        return self._copies.player(length // self._hop_length)

    def is_whole(self, length: int) -> bool:
        """Give True: all blocks are."""
        return True

    def flush(self, length: int) -> NDArray[np.float32]:
        """Play silence, the last hop whole."""
        hop = self._hop_length
        longest = self._copies.maximum_frames * hop
        output = np.empty((self._channels, -(-length // hop) * hop), dtype=np.float32)
        start = 0
        while start < length:
            size = max(min((length - start) // hop * hop, longest), hop)
            output[:, start : start + size] = self.player(size)(np.zeros((self._channels, size), np.float32))
            start += size
        return output[:, :length]

    def reset(self) -> None:
        """Do nothing: nothing waits."""


class QueuedPath:
    """Blocks of any size and rate: a queue before the model and one behind it, each with its conversion.

    Parameters
    ----------
    copies : ChannelCopies
        The model.
    channels : int
        C.
    inlet : HopInlet
        Before it.
    outlet : SampleOutlet
        Behind it, with the delay for which the inlet may wait.
    hop_length : int or None
        Of the model; None where the rates differ.
    longest : int
        The most samples of one block.
    """

    def __init__(
        self,
        copies: ChannelCopies,
        channels: int,
        inlet: HopInlet,
        outlet: SampleOutlet,
        hop_length: int | None,
        longest: int,
    ) -> None:
        self.longest = longest
        self._copies = copies
        self._channels = channels
        self._inlet = inlet
        self._outlet = outlet
        self._hop_length = hop_length

    def player(self, length: int) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
        """Give one function for all lengths."""
        return self._play

    def is_whole(self, length: int) -> bool:
        """Tell whether nothing waits and the block is whole hops at the model's own rate."""
        return self._hop_length is not None and self._inlet.is_empty and length % self._hop_length == 0

    def flush(self, length: int) -> NDArray[np.float32]:
        """Play silence until there is enough."""
        while (missing := length - len(self._outlet)) > 0:
            self._take_in(np.zeros((self._channels, min(missing, self._inlet.piece)), dtype=np.float32))
        return self._outlet.take(length).copy()

    def reset(self) -> None:
        """Empty the queues."""
        self._inlet.reset()
        self._outlet.reset()

    def _play(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        self._take_in(samples)
        return self._outlet.take(samples.shape[1])

    def _take_in(self, samples: NDArray[np.float32]) -> None:
        for frames, hops in self._inlet.hops(samples):
            self._outlet.put(self._copies.player(frames)(hops))
