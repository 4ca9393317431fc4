"""Play an effect with its settings: the model's stream and the dry/wet mix."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..streaming.counters import Counters
from .block_pass import BlockPass
from .dry_wet import DryWetMix
from .effect_settings import EffectSettings
from .wrapped_stream import WetStream


class EffectPass(BlockPass):
    """One running pass of an effect. At every block it takes over what has changed in the settings.

    Parameters
    ----------
    stream : WetStream
        Of the effect, as new.
    settings : EffectSettings
        What to take over.
    step : int
        Of which the length of every block is a multiple.
    completes : bool
        As for `BlockPass`.
    """

    def __init__(
        self, stream: WetStream, settings: EffectSettings, step: int = 1, completes: bool = False
    ) -> None:
        super().__init__(stream.sample_rate, stream.channels, step, completes)
        self._stream = stream
        self._settings = settings
        self._borrow = stream.borrow
        self._seen = settings.taken
        self._mix = DryWetMix(stream.channels, stream.latency.total, stream.sample_rate, settings.mix)
        self.latency = stream.latency
        self.tail_samples = stream.tail_samples
        self._take_over()

    @property
    def latency_samples(self) -> int:
        """The total of `latency`."""
        return self.latency.total

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

    def _take_over(self) -> None:
        settings, version = self._settings, self._settings.version
        self._stream.set(**settings.values)
        for values in settings.triggers(self._seen, version):
            self._stream.set(**values)
        self._seen = version
        self._mix.set(settings.mix)
