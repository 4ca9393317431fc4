"""What an effect plays: a model's stream, and what stands around one."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..streaming.control_values import ControlValue
from ..streaming.counters import Counters
from ..streaming.latency import Latency


class WetStream(Protocol):
    """What an effect's pass needs of a stream, in the foreground or in the background."""

    sample_rate: float
    channels: int
    latency: Latency

    @property
    def tail_samples(self) -> int:
        """How long the model goes on sounding after its input."""
        ...

    @property
    def counters(self) -> Counters:
        """What has happened so far."""
        ...

    def set(self, **values: ControlValue) -> None:
        """Move controls."""
        ...

    def borrow(self, block: NDArray[np.floating]) -> NDArray[np.float32]:
        """Play a block; the result may be changed by the next one."""
        ...


class WrappedStream:
    """A stream with something before or behind it; by itself it changes nothing.

    Parameters
    ----------
    stream : WetStream
        As new.
    channels : int
        C, of what goes in and comes out.
    """

    def __init__(self, stream: WetStream, channels: int) -> None:
        self._stream = stream
        self.sample_rate = stream.sample_rate
        self.channels = channels
        self.latency = stream.latency

    @property
    def tail_samples(self) -> int:
        """How long it goes on sounding after its input."""
        return self._stream.tail_samples

    @property
    def counters(self) -> Counters:
        """What has happened in the stream."""
        return self._stream.counters

    def set(self, **values: ControlValue) -> None:
        """Move controls."""
        self._stream.set(**values)

    def borrow(self, block: NDArray[np.floating]) -> NDArray[np.float32]:
        """Play a block (C, T); the result may be changed by the next one."""
        return self._stream.borrow(block)
