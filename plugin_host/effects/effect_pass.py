"""Play an effect with its settings: the model's stream, the dry/wet mix, values set from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..streaming.latency import Latency
from ..streaming.stream import Counters
from .dry_wet import DryWetMix

if TYPE_CHECKING:
    from ..playing.model import Model


class EffectSettings:
    """The values of an effect's controls and its mix, which any number of players follow.

    Parameters
    ----------
    controls : dict of str to float
        Checked values by name.
    mix : float
        Share of the processed signal, 0 to 1.
    """

    def __init__(self, controls: dict[str, float], mix: float) -> None:
        self.controls = controls
        self.mix = mix
        self.version = 0

    def set_control(self, name: str, value: float) -> None:
        """Change a control to a checked value."""
        self.controls[name] = value
        self.version += 1

    def set_mix(self, mix: float) -> None:
        """Change the mix to a checked value."""
        self.mix = mix
        self.version += 1


class EffectPlayer:
    """One running pass of an effect. At every block it takes over what has changed in the settings.

    Parameters
    ----------
    model : Model
        An effect.
    settings : EffectSettings
        What to follow.
    sample_rate, channels, block_size
        As for `Stream`.
    """

    def __init__(
        self,
        model: Model,
        settings: EffectSettings,
        sample_rate: float,
        channels: int,
        block_size: int | None = None,
    ) -> None:
        self._stream = model.stream(sample_rate, channels, block_size)
        self._settings = settings
        self._mix = DryWetMix(channels, self._stream.latency_samples, sample_rate, settings.mix)
        self._tail_samples = self._stream.tail_samples
        self.sample_rate = self._stream.sample_rate
        self.channels = channels
        self._follow()

    @property
    def latency(self) -> Latency:
        """By how much output lags input, by cause."""
        return self._stream.latency

    @property
    def latency_samples(self) -> int:
        """The total of `latency`."""
        return self._stream.latency_samples

    @property
    def tail_samples(self) -> int:
        """How long the effect rings after its input has ended, in samples at its rate."""
        return self._tail_samples

    @property
    def counters(self) -> Counters:
        """What has happened in the stream."""
        return self._stream.counters

    def process(self, block: NDArray[np.floating]) -> NDArray[np.float32]:
        """Play a block (C, T) and give (C, T), delayed by `latency_samples`."""
        if self._settings.version != self._version:
            self._follow()
        wet = self._stream.process(block)
        if wet.shape[1]:
            self._mix.apply(block, wet)
        return wet

    def render(self, audio: NDArray[np.floating], piece: int) -> NDArray[np.float32]:
        """Play a whole recording (C, T), `piece` samples at a time, and give (C, T) on the same time line."""
        length = audio.shape[1]
        latency = self.latency_samples
        output = np.empty(audio.shape, dtype=np.float32)
        silence = np.zeros((self.channels, min(piece, latency)), dtype=np.float32)
        for start in range(0, length + latency, piece):
            end = min(start + piece, length + latency)
            block = audio[:, start:end]
            if end > length:
                block = np.concatenate([block, silence[:, : end - max(start, length)]], axis=1)
            played = self.process(block)
            first, last = max(start - latency, 0), max(end - latency, 0)
            if last > first:
                output[:, first:last] = played[:, first - last :]
        return output

    def reset(self) -> None:
        """Start again from zero state, with the settings as they are."""
        self._stream.reset()
        self._mix.reset()
        self._follow()

    def _follow(self) -> None:
        self._version = self._settings.version
        self._stream.set(**self._settings.controls)
        self._mix.set(self._settings.mix)
