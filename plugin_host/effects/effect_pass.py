"""Play an effect with its settings: the model's stream and the dry/wet mix."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..streaming.aligned import aligned
from ..streaming.control_values import ControlValue
from ..streaming.counters import Counters
from ..streaming.latency import Latency
from .dry_wet import DryWetMix
from .effect_settings import EffectSettings


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

    def reset(self) -> None:
        """Start again."""
        ...


class EffectPass:
    """One running pass of an effect. At every block it takes over what has changed in the settings.

    Parameters
    ----------
    stream : WetStream
        Of the effect, as new.
    settings : EffectSettings
        What to take over.
    """

    def __init__(self, stream: WetStream, settings: EffectSettings) -> None:
        self._stream = stream
        self._settings = settings
        self._borrow = stream.borrow
        self._seen = settings.taken
        self._mix = DryWetMix(stream.channels, stream.latency.total, stream.sample_rate, settings.mix)
        self.sample_rate = stream.sample_rate
        self.channels = stream.channels
        self.latency = stream.latency
        self.latency_samples = stream.latency.total
        self.tail_samples = stream.tail_samples
        # Of the last block, so that a caller can tell at a glance that the next one needs no check.
        self.shape: tuple[int, ...] = ()
        self._take_over()

    @property
    def counters(self) -> Counters:
        """What has happened in the stream."""
        return self._stream.counters

    def process(self, block: NDArray[np.floating]) -> NDArray[np.float32]:
        """Play a block (C, T) and give (C, T), new, delayed by `latency_samples`."""
        return self.borrow(block).copy()

    def borrow(self, block: NDArray[np.floating]) -> NDArray[np.float32]:
        """Do as `process` does, and lend the result: the next block changes it."""
        if self._settings.version != self._seen:
            self._take_over()
        wet = self._borrow(block)
        mix = self._mix
        return wet if mix.is_wet else mix.apply(block, wet)

    def render(self, audio: NDArray[np.float32], piece: int) -> NDArray[np.float32]:
        """Play a whole recording (C, T), `piece` samples at a time, and give (C, T) on the same time line."""
        output = np.empty(audio.shape, dtype=np.float32)
        pieces = (audio[:, start : start + piece] for start in range(0, audio.shape[1], piece))
        end = 0
        for part in aligned(self, pieces, piece=piece):
            start, end = end, end + part.shape[1]
            output[:, start:end] = part
        return output

    def reset(self) -> None:
        """Start again from zero state, with the settings as they are."""
        self._stream.reset()
        self._mix.reset()
        self._take_over()

    def _take_over(self) -> None:
        settings, version = self._settings, self._settings.version
        self._stream.set(**settings.values)
        for values in settings.triggers(self._seen, version):
            self._stream.set(**values)
        self._seen = version
        self._mix.set(settings.mix)
