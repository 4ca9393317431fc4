"""Put pedalboard plugins and neural effects in one row, exact to the sample, whole or block by block."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import StreamError
from ..streaming.input_checks import (
    MOST_CHANNELS,
    as_rows,
    check_block_size,
    check_sample_rate,
    is_whole_number,
)
from .chain_pass import ChainPass
from .neural_effect import NeuralEffect
from .pedalboard_group import import_pedalboard

_MOST_CHANNELS = MOST_CHANNELS // 2
_FLOAT32 = np.dtype(np.float32)


class Chain:
    """A row of pedalboard plugins and neural effects, called like one of them.

    Parameters
    ----------
    plugins : sequence
        pedalboard plugins (its own `Chain` and `Mix` among them), `NeuralEffect` objects and other chains, in
        the order of the signal. They stay the caller's: they may be changed while playing.
    block_size : int or None
        Blocks played with ``reset=False`` will be of this size or a multiple of it; None for blocks of any
        sizes, at up to 63 samples more latency.

    Raises
    ------
    StreamError
        For something that is neither, or a block size out of range.
    MissingPackageError
        If pedalboard is needed and not installed.

    Notes
    -----
    Neighbouring pedalboard plugins run as one board, in blocks of 64 samples (of `block_size` where 64 does
    not divide it), because pedalboard starts a plugin anew whenever its blocks grow. Blocks in any sizes and
    a whole recording so give the same samples, neural effects to the last bits of float32.

    What pedalboard itself cannot do stays out of reach. `PitchShift` and `GSMFullRateCompressor` give silence
    or broken sound when they are played block by block; they are recognised by trying them out, play in whole
    recordings, and are refused with ``reset=False``. A plugin object can be in only one place at a time, as
    its state is its own. docs/chain.md has the whole list.

    Examples
    --------
    >>> chain = Chain([pedalboard.Compressor(), NeuralEffect("cello"), pedalboard.Reverb()])  # doctest: +SKIP
    >>> output = chain(audio, 44100)  # doctest: +SKIP
    """

    def __init__(self, plugins: Sequence[Any], block_size: int | None = None) -> None:
        if not isinstance(plugins, Iterable):
            raise StreamError(
                f"a chain takes a list of plugins, and one {type(plugins).__name__} arrived: put it into a list"
            )
        self.plugins: tuple[Any, ...] = tuple(itertools.chain.from_iterable(map(_flatten, plugins)))
        self.block_size = check_block_size(block_size, "the chain")
        self._pass: ChainPass | None = None

    def __len__(self) -> int:
        """Count the plugins."""
        return len(self.plugins)

    def __getitem__(self, index: int) -> Any:
        """Give a plugin, to change its settings."""
        return self.plugins[index]

    def __iter__(self) -> Iterator[Any]:
        """Go through the plugins in the order of the signal."""
        return iter(self.plugins)

    def __repr__(self) -> str:
        return f"Chain([{', '.join(map(repr, self.plugins))}])"

    @property
    def latency_samples(self) -> int:
        """By how much blocks with ``reset=False`` lag, at the rate and channels last played or prepared.

        Raises
        ------
        StreamError
            If neither is known yet: call `prepare`.
        """
        if self._pass is None:
            raise StreamError(
                "the chain's latency depends on the sample rate and the number of channels: call "
                "prepare(sample_rate, channels) first"
            )
        return self._pass.latency_samples

    @property
    def repaired_samples(self) -> int:
        """How many NaN and infinite input samples were replaced by zeros since the stream began."""
        return self._pass.repaired_samples if self._pass is not None else 0

    def __call__(
        self, input_array: NDArray[np.floating], sample_rate: float, reset: bool = True
    ) -> NDArray[np.float32]:
        """Run audio through the chain; the same as `process`."""
        return self.process(input_array, sample_rate, reset)

    def process(
        self, input_array: NDArray[np.floating], sample_rate: float, reset: bool = True
    ) -> NDArray[np.float32]:
        """Run audio through the chain.

        Parameters
        ----------
        input_array : array
            (C, T), or (T,) for one channel: floating-point samples from -1 to 1.
        sample_rate : float
            In Hz, 1000 to 768000.
        reset : bool
            True: a whole recording; the output is on the time line of the input, whatever latency there is in
            the chain. False: the next block of a stream.

        Returns
        -------
        array
            float32, of the shape of `input_array`. With ``reset=False`` it lags by `latency_samples`.

        Raises
        ------
        StreamError
            For audio, a rate or a block that cannot be taken, a rate or number of channels other than that of
            the stream so far, or a plugin that pedalboard cannot play block by block.
        """
        running = self._pass
        if (
            not reset
            and running is not None
            and type(input_array) is np.ndarray
            and input_array.shape == running.shape
            and input_array.dtype is _FLOAT32
            and sample_rate == running.sample_rate
        ):
            # A block like the last one: all of it has been checked.
            return running.process(input_array)
        rate = check_sample_rate(sample_rate, "the chain")
        rows = as_rows(input_array, "the chain")
        if not 1 <= len(rows) <= _MOST_CHANNELS:
            raise StreamError(
                f"the chain takes audio of shape (channels, samples) with 1 to {_MOST_CHANNELS} "
                f"channels, and shape {np.shape(input_array)} arrived: transpose it if its rows are samples"
            )
        if reset:
            self.reset()
            output = ChainPass(self.plugins, rate, len(rows), self.block_size).render(rows)
        else:
            running = self._prepare(rate, len(rows))
            output = running.process(rows)
            running.shape = rows.shape
        return output.reshape(np.shape(input_array))

    def prepare(self, sample_rate: float, channels: int) -> None:
        """Get ready for blocks with ``reset=False``, so that the first is no slower than the others.

        Raises
        ------
        StreamError
            For a rate or a number of channels that the chain cannot take.
        """
        rate = check_sample_rate(sample_rate, "the chain")
        if not is_whole_number(channels) or not 1 <= channels <= _MOST_CHANNELS:
            raise StreamError(
                f"the chain takes 1 to {_MOST_CHANNELS} channels, and {channels!r} was asked for"
            )
        if self._pass is not None and (self._pass.sample_rate, self._pass.channels) == (rate, channels):
            return
        self.reset()
        self._prepare(rate, channels)

    def reset(self) -> None:
        """End the stream: the next block may have another rate or number of channels."""
        self._pass = None

    def _prepare(self, sample_rate: float, channels: int) -> ChainPass:
        running = self._pass
        if running is None:
            running = ChainPass(self.plugins, sample_rate, channels, self.block_size)
            running.require_streaming()
            self._pass = running
        elif (running.sample_rate, running.channels) != (sample_rate, channels):
            raise StreamError(
                f"the chain is playing {running.channels} channels at {running.sample_rate} Hz, and {channels} "
                f"channels at {sample_rate} Hz arrived: call reset() before another stream"
            )
        return running


def _flatten(plugin: Any) -> tuple[Any, ...]:
    if isinstance(plugin, Chain):
        return plugin.plugins
    if isinstance(plugin, NeuralEffect):
        return (plugin,)
    if isinstance(plugin, import_pedalboard().Plugin):
        return (plugin,)
    raise StreamError(
        f"a chain takes pedalboard plugins, NeuralEffect objects and chains, and {type(plugin).__name__} "
        "arrived: wrap a model in NeuralEffect"
    )
