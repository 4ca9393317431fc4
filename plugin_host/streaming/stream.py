"""Play a model continuously: any block size, any sample rate, any number of channels."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import StreamError
from ..model_file.document import Role
from .input_checks import check_block, check_block_size, check_channels, check_sample_rate, is_whole_number
from .latency import Latency
from .sample_path import Line

if TYPE_CHECKING:
    from ..playing.model import Model

_VERBS = {Role.EFFECT: "process", Role.ANALYZER: "analyze", Role.GENERATOR: "generate"}


@dataclass
class Counters:
    """What has happened in a stream since it was made; `reset` leaves them alone.

    Parameters
    ----------
    blocks : int
        Blocks taken or given.
    late_blocks : int
        Those that took longer than the deadline.
    repaired_samples : int
        NaN and infinite input samples that were replaced by zeros.
    muted_blocks : int
        Calls of the graph whose output was not finite, each muted, with the model started again.
    """

    blocks: int = 0
    late_blocks: int = 0
    repaired_samples: int = 0
    muted_blocks: int = 0


class Stream:
    """One running instance of a model, with its own state, controls and delay.

    Made by `Model.stream`. An effect is played by `process`, an analyzer by `analyze`, a generator by
    `generate`.

    Parameters
    ----------
    model : Model
        What to play; its graph is shared with all its other streams.
    sample_rate : float or None
        Of all blocks, in Hz, 1000 to 768000; None for the model's own. Another rate than the model's is
        converted.
    channels : int or None
        C; None for the model's own. A model of one channel takes 1 to 64, each with a state of its own.
    block_size : int or None
        Blocks will be of this size, or of any multiple of its greatest common divisor with the hop, at the
        delay ``hop - gcd``; None for blocks of any sizes, even changing ones, at the delay ``hop - 1``.
    deadline : float or None
        Count a block as late that takes longer than this share of its own duration (1.0: all of it). None: do
        not look.

    Raises
    ------
    StreamError
        For a value outside these ranges.

    Notes
    -----
    Output lags input by `latency_samples`, from the first block to the last, whatever their sizes. After a
    size of block has been seen once, the only allocation is the array that is returned. A stream is for one
    thread at a time.
    """

    def __init__(
        self,
        model: Model,
        sample_rate: float | None = None,
        channels: int | None = None,
        block_size: int | None = None,
        deadline: float | None = None,
    ) -> None:
        document = model.document
        self.model = model
        self._name = f"{document.role} {document.name!r}"
        self._role = document.role
        rate = document.sample_rate if sample_rate is None else sample_rate
        self.sample_rate = check_sample_rate(rate, self._name)
        count = document.channels if channels is None else channels
        self.channels = check_channels(count, document.channels, self._name)
        self.block_size = check_block_size(block_size, self._name)
        self.counters = Counters()
        self._deadline = deadline
        self._line = Line(
            model.session, document, self.sample_rate, self.channels, self.block_size, model.source
        )

    @property
    def latency(self) -> Latency:
        """By how many samples, at the stream's rate, output lags input, by cause."""
        return self._line.latency

    @property
    def latency_samples(self) -> int:
        """By how many samples, at the stream's rate, output lags input: the total of `latency`."""
        return self._line.latency.total

    @property
    def tail_samples(self) -> int:
        """How long the model goes on sounding after its input has ended, in samples at the stream's rate."""
        return self._line.tail_samples

    @property
    def controls(self) -> dict[str, float]:
        """The value that each control has or is moving to, by name."""
        return self._line.voices.controls.targets

    @property
    def state(self) -> dict[str, NDArray[Any]]:
        """A copy of the model's state by name, each (copies, ...): one copy per channel, or one for all.

        It can be set to such a copy. Samples that wait in the stream for a whole hop are not part of it.
        """
        return self._line.voices.state

    @state.setter
    def state(self, values: Mapping[str, NDArray[Any]]) -> None:
        self._line.voices.state = values

    def set(self, **values: float | str) -> None:
        """Move controls to new values, in a straight line over 20 ms; integers and choices jump.

        Values set before the first block hold from its first sample.

        Raises
        ------
        ControlError
            For an unknown name or a value out of range. Nothing is changed then.
        """
        self._line.voices.controls.set(values, self._name)

    def process(
        self,
        block: NDArray[np.floating],
        *,
        controls: Mapping[str, float | str | NDArray[np.floating]] | None = None,
        sample_rate: float | None = None,
    ) -> NDArray[np.float32]:
        """Run a block through an effect.

        Parameters
        ----------
        block : array
            (C, T), or (T,) for one channel: floating-point samples from -1 to 1. T may be 0.
        controls : mapping, optional
            New values as for `set`, or arrays of one value a frame, (N,) or (C, N), for blocks of N whole
            hops at the model's own rate.
        sample_rate : float, optional
            Only compared: a rate other than the stream's is an error.

        Returns
        -------
        array
            (C, T) float32, new, delayed by `latency_samples`.

        Raises
        ------
        StreamError
            For a block of another shape or type, one that is no multiple of the step that `block_size`
            allows, a changed sample rate, or a model that is no effect.
        ControlError
            For an unknown control or a value out of range.
        """
        started = time.perf_counter() if self._deadline is not None else 0.0
        samples = self._accept(Role.EFFECT, block, sample_rate)
        length = samples.shape[1]
        output = np.empty((self.channels, length), dtype=np.float32)
        if length == 0:
            return output
        if controls:
            self._apply(controls, length)
        self._line.play(samples, output)
        self._finish_block(length, started)
        return output

    def analyze(
        self,
        block: NDArray[np.floating],
        *,
        controls: Mapping[str, float | str | NDArray[np.floating]] | None = None,
        sample_rate: float | None = None,
    ) -> dict[str, NDArray[np.float32]]:
        """Run a block through an analyzer.

        Parameters
        ----------
        block, controls, sample_rate
            As for `process`.

        Returns
        -------
        dict of str to array
            For each output control its values in the frames that this block completed, (C, N) float32, N from
            0 up; (1, N) where the model takes several channels at once.

        Raises
        ------
        StreamError, ControlError
            As `process` does.
        """
        started = time.perf_counter() if self._deadline is not None else 0.0
        samples = self._accept(Role.ANALYZER, block, sample_rate)
        length = samples.shape[1]
        if length and controls:
            self._apply(controls, length)
        found = self._line.analyze(samples)
        if length:
            self._finish_block(length, started)
        return found

    def generate(
        self, samples: int, /, **controls: float | str | NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """Let a generator play on.

        Parameters
        ----------
        samples : int
            T, how many samples per channel to give; 0 or more.
        **controls
            New values as for `set`, or arrays of one value a frame, (N,) or (C, N), with N from `frames_for`.

        Returns
        -------
        array
            (C, T) float32.

        Raises
        ------
        StreamError
            For a negative or fractional number of samples, or a model that is no generator.
        ControlError
            For an unknown control or a value out of range.

        Notes
        -----
        The model works in whole frames and may be up to one ahead; what it made too much is given first next
        time.
        """
        started = time.perf_counter() if self._deadline is not None else 0.0
        self._require(Role.GENERATOR)
        frames = self.frames_for(samples)
        self._set_or_automate(controls, frames)
        output = np.empty((self.channels, samples), dtype=np.float32)
        self._line.generate(frames, output)
        if samples:
            self._finish_block(samples, started)
        return output

    def frames_for(self, samples: int) -> int:
        """Give how many frames a generator will compute for the next `samples` samples."""
        if not is_whole_number(samples) or samples < 0:
            raise StreamError(
                f"{self._name} gives a whole number of samples from 0 up, and {samples!r} was asked for"
            )
        return self._line.frames_for(samples)

    def flush(self) -> Any:
        """End the input and give the rest; the stream is then as new, with its controls where they were.

        Returns
        -------
        array or dict of str to array
            Effect: (C, `latency_samples` + the model's tail), the last of the input and what rings after it.
            Analyzer: the frames not yet given, as `analyze` gives them, the last one completed with silence.
            Generator: what was computed already and not yet asked for, less than a frame.
        """
        if self._role is Role.EFFECT:
            rest: Any = self._line.finish()
        elif self._role is Role.ANALYZER:
            rest = self._line.finish_analysis()
        else:
            rest = self._line.rest()
        self.reset()
        return rest

    def reset(self) -> None:
        """Start again as if new: zero state, silence in every queue. Controls keep their values."""
        self._line.reset()

    def _accept(self, role: Role, block: object, sample_rate: float | None) -> NDArray[np.float32]:
        if self._role is not role:
            self._require(role)
        if sample_rate is not None and sample_rate != self.sample_rate:
            check_sample_rate(sample_rate, self._name)
            raise StreamError(
                f"{self._name} runs at {self.sample_rate} Hz and a block at {sample_rate} Hz arrived: a "
                "stream keeps its rate, so flush this one and make another"
            )
        samples = check_block(block, self.channels, self._name)
        if samples.shape[1] % self._line.step:
            raise StreamError(
                f"{self._name} was made for block_size={self.block_size} and takes multiples of "
                f"{self._line.step} samples, "
                f"and {samples.shape[1]} arrived: make the stream with block_size=None for blocks of any "
                "sizes"
            )
        return samples

    def _require(self, role: Role) -> None:
        if self._role is not role:
            raise StreamError(f"{self._name} cannot {_VERBS[role]}: call {_VERBS[self._role]} instead")

    def _apply(self, controls: Mapping[str, object], length: int) -> None:
        """Take new values or, where the block is whole frames, arrays of one value a frame."""
        has_curves = any(np.ndim(value) for value in controls.values())  # pyright: ignore[reportArgumentType]
        if has_curves and not self._line.is_whole(length):
            raise StreamError(
                f"{self._name} takes controls frame by frame only with blocks of whole hops of "
                f"{self.model.document.hop_length} samples at {self.model.document.sample_rate} Hz: "
                "use such blocks or give single values"
            )
        self._set_or_automate(controls, length // self.model.document.hop_length)

    def _set_or_automate(self, controls: Mapping[str, object], frames: int) -> None:
        single = {name: value for name, value in controls.items() if not np.ndim(value)}  # pyright: ignore
        curves = {name: value for name, value in controls.items() if name not in single}
        ramps = self._line.voices.controls
        ramps.check(single, self._name)
        if curves:
            ramps.automate(curves, frames, self.channels, self._name)
        if single:
            ramps.set(single, self._name)

    def _finish_block(self, length: int, started: float) -> None:
        line, counters = self._line, self.counters
        counters.blocks += 1
        counters.repaired_samples = line.repaired_samples
        counters.muted_blocks = line.voices.muted_blocks
        line.voices.controls.finish_automation()
        if self._deadline is None:
            return
        if time.perf_counter() - started > self._deadline * length / self.sample_rate:
            counters.late_blocks += 1
