"""Put pedalboard plugins and neural effects in one row, exact to the sample, whole or block by block."""

from __future__ import annotations

import contextlib
import copy
import math
import operator
import threading
from collections.abc import Iterable, Iterator, MutableSequence, Sequence
from typing import Any, Self, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from ..errors import StreamError, counted
from ..streaming.input_checks import (
    MOST_CHANNELS,
    as_rows,
    check_block_size,
    check_buffer_size,
    check_sample_rate,
    is_whole_number,
)
from .chain_pass import ChainPass
from .chain_plugins import check_plugin, copy_plugins, held, make_plugins, refuse_repeated
from .neural_effect import BUFFER_SIZE, NeuralEffect
from .pedalboard_group import shortest_block

_MOST_CHANNELS = MOST_CHANNELS // 2
_FLOAT32 = np.dtype(np.float32)


class Chain(MutableSequence[Any]):
    """A row of pedalboard plugins and neural effects, called like one of them, and a list of them.

    Parameters
    ----------
    plugins : sequence
        pedalboard plugins (its own `Chain` and `Mix` among them), `NeuralEffect` objects and other chains, in
        the order of the signal. They stay the caller's: their settings may be changed while playing. What a
        list does to its parts, such as `append`, ends the stream.
    block_size : int or None
        Blocks played with ``reset=False`` will be of this size or a multiple of it; None for blocks of any
        sizes, at up to 63 samples more latency.

    Raises
    ------
    StreamError
        For something that is neither, one object in two places, or a block size out of range.
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

    Calls from several threads wait for each other, so that blocks of one stream should come from one of them.
    A copy, and what comes back from a pickle, has plugins of its own with the same settings.

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
        self._plugins = _flatten(plugins)
        refuse_repeated(self._plugins)
        self.block_size = check_block_size(block_size, "the chain")
        self._lock = threading.Lock()
        self._pass: ChainPass | None = None
        self._latency_samples: int | None = None

    @property
    def plugins(self) -> tuple[Any, ...]:
        """All plugins, in the order of the signal."""
        return tuple(self._plugins)

    def __len__(self) -> int:
        """Count the plugins."""
        return len(self._plugins)

    def __getitem__(self, index: Any) -> Any:
        """Give a plugin, to change its settings, or a list of several."""
        return self._plugins[index]

    def __setitem__(self, index: Any, plugin: Any) -> None:
        """Put a plugin or the plugins of a chain, for a slice those of a list, in the place of others.

        This ends the stream.
        """
        with self._changing() as plugins:
            if isinstance(index, slice):
                plugins[index] = _flatten(plugin)
                refuse_repeated(plugins)
            else:
                # While two plugins are swapped, one stands in two places: that is refused when it plays.
                plugins[_one_place(index, len(plugins))] = _flatten([plugin])

    def __delitem__(self, index: Any) -> None:
        """Take a plugin or several out; this ends the stream."""
        with self._changing() as plugins:
            del plugins[index]

    def insert(self, index: SupportsIndex, value: Any) -> None:
        """Put a plugin, or the plugins of another chain, before the one at `index`; this ends the stream."""
        place = operator.index(index)
        self[place:place] = [value]

    def clone(self) -> Self:
        """Make a copy: `copy.copy`."""
        return copy.copy(self)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle a chain as what its plugins are made of, and its block size."""
        return _restore, (type(self), copy_plugins(self._plugins), self.block_size)

    def __copy__(self) -> Self:
        """Make another chain, of other plugins with the same settings."""
        make, arguments = self.__reduce__()
        return make(*arguments)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Do as `__copy__` does: the models, which nothing changes, are shared."""
        return self.__copy__()

    def __repr__(self) -> str:
        return f"Chain([{', '.join(map(repr, self._plugins))}])"

    @property
    def latency_samples(self) -> int:
        """By how much blocks with ``reset=False`` lag, at the rate and channels last played or prepared.

        Raises
        ------
        StreamError
            If neither is known yet: call `prepare`.
        """
        if self._latency_samples is None:
            raise StreamError(
                "the chain's latency depends on the sample rate and the number of channels: call "
                "prepare(sample_rate, channels) first"
            )
        return self._latency_samples

    @property
    def repaired_samples(self) -> int:
        """How many NaN and infinite input samples became zeros since the stream began, as a recording or in blocks."""
        running = self._pass
        return running.repaired_samples if running is not None else 0

    def __call__(
        self,
        input_array: NDArray[np.floating],
        sample_rate: float,
        buffer_size: int = BUFFER_SIZE,
        reset: bool = True,
    ) -> NDArray[np.float32]:
        """Run audio through the chain; the same as `process`."""
        return self.process(input_array, sample_rate, buffer_size, reset)

    def process(
        self,
        input_array: NDArray[np.floating],
        sample_rate: float,
        buffer_size: int = BUFFER_SIZE,
        reset: bool = True,
    ) -> NDArray[np.float32]:
        """Run audio through the chain.

        Parameters
        ----------
        input_array : array
            (C, T), or (T,) for one channel: floating-point samples from -1 to 1.
        sample_rate : float
            In Hz, 1000 to 768000.
        buffer_size : int
            How many samples of a whole recording to work on at a time, at least 1; the result is the same.
        reset : bool
            True: a whole recording; the output is on the time line of the input, whatever latency there is in
            the chain. False: the next block of a stream, also of one that began with ``reset=True``; see the
            notes.

        Returns
        -------
        array
            float32, of the shape of `input_array`. With ``reset=False`` it lags by `latency_samples`.

        Raises
        ------
        StreamError
            For audio, a rate, a size or a block that cannot be taken, a rate or number of channels other than that
            of the stream so far, or a plugin that pedalboard cannot play block by block.

        Notes
        -----
        After ``reset=True`` the stream goes on as that of a `Pedalboard` does. Where nothing has to wait, there is no
        latency: the blocks together are the whole recording. This is so for plugins without latency, and with
        effects if the first block is whole hops at their models' own rate; a block that is not is then the last.
        In all other cases there is a latency, and the silence that brought out the first block's end is a part
        of the stream.
        """
        with self._lock:
            running = self._pass
            if (
                not reset
                and running is not None
                and type(input_array) is np.ndarray
                and input_array.shape == running.shape
                and input_array.dtype is _FLOAT32
                and sample_rate == running.sample_rate
                and buffer_size == BUFFER_SIZE
            ):
                # A block like the last one: all of it has been checked.
                return running.process(input_array)
            rate = check_sample_rate(sample_rate, "the chain")
            piece = check_buffer_size(buffer_size, "the chain")
            rows = as_rows(input_array, "the chain")
            if not 1 <= len(rows) <= _MOST_CHANNELS:
                raise StreamError(
                    f"the chain takes audio of shape (channels, samples) with 1 to {_MOST_CHANNELS} "
                    f"channels, and shape {np.shape(input_array)} arrived: transpose it if its rows are samples"
                )
            if reset:
                # As pedalboard does: what plays a plugin in another thread waits until the recording is done.
                with held(self._plugins):
                    output = self._begin(rate, *rows.shape).render(rows, piece)
            else:
                output = self._continue(rate, len(rows)).play(rows)
            return output.reshape(np.shape(input_array))

    def prepare(self, sample_rate: float, channels: int) -> None:
        """Begin a stream of blocks with ``reset=False``, so that the first is no slower than the others.

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
        with self._lock:
            self._pass = None
            self._continue(rate, channels)

    def reset(self) -> None:
        """End the stream: the next block may have another rate or number of channels."""
        with self._lock:
            self._pass = None

    @contextlib.contextmanager
    def _changing(self) -> Iterator[list[Any]]:
        """Lend a copy of the list, to be changed, which then takes its place: several threads may add to it."""
        with self._lock:
            plugins = list(self._plugins)
            yield plugins
            self._plugins, self._pass, self._latency_samples = plugins, None, None

    def _begin(self, sample_rate: float, channels: int, length: int) -> ChainPass:
        """Begin a stream with a recording of a length; nothing waits in it where no block need."""
        effects = [plugin for plugin in self._plugins if isinstance(plugin, NeuralEffect)]
        hop = math.lcm(*(effect.model.document.hop_length for effect in effects))
        fits = self.block_size is None and length >= shortest_block(channels) and length % hop == 0
        is_direct = fits and all(effect.is_direct(sample_rate, hop) for effect in effects)
        block_size = hop if is_direct and effects else self.block_size
        return self._start(ChainPass(self._plugins, sample_rate, channels, block_size, is_direct))

    def _continue(self, sample_rate: float, channels: int) -> ChainPass:
        """Give the stream that is being played, or begin one."""
        running = self._pass
        if running is None:
            running = ChainPass(self._plugins, sample_rate, channels, self.block_size)
            running.require_streaming()
            return self._start(running)
        if (running.sample_rate, running.channels) != (sample_rate, channels):
            raise StreamError(
                f"the chain is playing {counted(running.channels, 'channel')} at {running.sample_rate} Hz, and "
                f"{counted(channels, 'channel')} at {sample_rate} Hz arrived: call reset() before another stream"
            )
        running.require_streaming()
        return running

    def _start(self, running: ChainPass) -> ChainPass:
        self._pass, self._latency_samples = running, running.latency_samples
        return running


def _flatten(plugins: Iterable[Any]) -> list[Any]:
    """Give the plugins of a list, with those of chains in place of the chains."""
    return [
        part
        for plugin in plugins
        for part in (plugin.plugins if isinstance(plugin, Chain) else [check_plugin(plugin)])
    ]


def _one_place(index: SupportsIndex, count: int) -> slice:
    """Give a plugin's place, which may be counted from the end, as a slice; raises IndexError."""
    place = range(count)[index]
    return slice(place, place + 1)


def _restore(kind: type[Chain], copies: list[Any], block_size: int | None) -> Chain:
    """Make a chain from what `Chain.__reduce__` gave."""
    return kind(make_plugins(copies), block_size)
