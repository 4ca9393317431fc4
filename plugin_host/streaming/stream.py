"""Play a model continuously: any block size, any sample rate, any number of channels."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from ..errors import StreamError, counted
from ..model_file.document import ModelDocument, Role
from .channel_copies import ChannelCopies
from .control_values import ControlValue, is_curve
from .counters import Counters
from .input_checks import check_block, check_block_size, check_channels, check_sample_rate
from .latency import Latency, plan_stream
from .loaded_graph import LoadedGraph
from .rate_conversion import RateConversion

_VERBS = {Role.EFFECT: "process", Role.ANALYZER: "analyze", Role.GENERATOR: "generate"}


class Stream(ABC):
    """One running instance of a model, with its own state, controls and delay.

    Made by `Model.stream`, which gives an `EffectStream`, played by `process`, an `AnalyzerStream`, played by
    `analyze`, or a `GeneratorStream`, played by `generate`.

    Parameters
    ----------
    graph : LoadedGraph
        What to play; its session is shared with all other streams of the model.
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

    Attributes
    ----------
    document : ModelDocument
        What the model is.
    sample_rate, channels, block_size
        As above, with the model's own in place of None.
    counters : Counters
        What has happened so far.
    latency : Latency
        By how many samples, at the stream's rate, output lags input, by cause.
    step : int
        Of which the length of every block is a multiple.

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
        graph: LoadedGraph,
        sample_rate: float | None = None,
        channels: int | None = None,
        block_size: int | None = None,
        deadline: float | None = None,
    ) -> None:
        document = graph.document
        self.document: ModelDocument = document
        self._label = graph.label
        self.sample_rate = check_sample_rate(
            document.sample_rate if sample_rate is None else sample_rate, self._label
        )
        self.channels = check_channels(
            document.channels if channels is None else channels, document.channels, self._label
        )
        self.block_size = check_block_size(block_size, self._label)
        self.counters = Counters()
        self._deadline = deadline
        self._inward = RateConversion.between(self.sample_rate, document.sample_rate)
        self._outward = RateConversion.between(document.sample_rate, self.sample_rate)
        plan = plan_stream(document, self.sample_rate, self.block_size)
        self.step: int = plan.step
        self.latency: Latency = plan.latency
        self._copies = ChannelCopies(graph, self.channels, self.counters)

    def __repr__(self) -> str:
        what = f"{counted(self.channels, 'channel')} at {self.sample_rate} Hz, block_size={self.block_size}"
        return f"<{type(self).__name__} of {self._label}, {what}>"

    @property
    def latency_samples(self) -> int:
        """By how many samples, at the stream's rate, output lags input: the total of `latency`."""
        return self.latency.total

    @property
    def tail_samples(self) -> int:
        """How long the model goes on sounding after its input has ended, in samples at the stream's rate."""
        return math.ceil(self.document.tail_samples * self._inward.ratio)

    @property
    def controls(self) -> dict[str, float | tuple[float, ...]]:
        """The value that each control has or is moving to, by name: of a vector a tuple, 0 for a trigger."""
        return self._copies.controls.targets

    @property
    def state(self) -> dict[str, NDArray[Any]]:
        """A copy of the model's state by name, each (copies, ...): one copy per channel, or one for all.

        It can be set to such a copy. Samples that wait in the stream for a whole hop are not part of it.
        """
        return self._copies.state

    @state.setter
    def state(self, values: Mapping[str, NDArray[Any]]) -> None:
        self._copies.state = values

    def set(self, **values: ControlValue) -> None:
        """Move controls to new values, in a straight line over 20 ms; integers, choices and seeds jump.

        Values set before the first block hold from its first sample. The value of a trigger stands for the
        next frame and is 0 in all others; values set faster than frames pass stand for one frame each. A
        vector takes as many numbers as it has; ``stream.set(**{"z[3]": 0.5})`` sets one of them.

        Raises
        ------
        ControlError
            For an unknown name or a value out of range. Nothing is changed then.
        """
        self._copies.controls.set(values, self._label)

    def check(self, values: Mapping[str, ControlValue]) -> dict[str, tuple[float, ...]]:
        """Give the numbers that `set` would take, or raise ControlError."""
        return self._copies.controls.check(values, self._label)

    def borrow(self, block: NDArray[np.floating]) -> NDArray[np.float32]:
        """Run a block through an effect without a copy of the result; see `EffectStream.borrow`."""
        self._refuse(Role.EFFECT)

    def process(
        self,
        block: NDArray[np.floating],
        *,
        controls: Mapping[str, ControlValue] | None = None,
        sample_rate: float | None = None,
    ) -> NDArray[np.float32]:
        """Run a block through an effect; see `EffectStream.process`."""
        self._refuse(Role.EFFECT)

    def analyze(
        self,
        block: NDArray[np.floating],
        *,
        controls: Mapping[str, ControlValue] | None = None,
        sample_rate: float | None = None,
    ) -> dict[str, NDArray[np.float32]]:
        """Run a block through an analyzer; see `AnalyzerStream.analyze`."""
        self._refuse(Role.ANALYZER)

    def generate(self, samples: int, /, **controls: ControlValue) -> NDArray[np.float32]:
        """Let a generator play on; see `GeneratorStream.generate`."""
        self._refuse(Role.GENERATOR)

    def frames_for(self, samples: int) -> int:
        """Give how many frames a generator will compute for the next `samples` samples."""
        self._refuse(Role.GENERATOR)

    @abstractmethod
    def flush(self) -> Any:
        """End the input and give the rest; the stream is then as new, with its controls where they were."""

    def reset(self) -> None:
        """Start again as if new: zero state, silence in every queue. Controls keep their values."""
        self._copies.reset()

    def __reduce__(self) -> NoReturn:
        # A copy would share the memory that the graph writes its states into.
        raise StreamError(f"a stream of {self._label} cannot be copied or pickled: make another of its model")

    def _refuse(self, role: Role) -> NoReturn:
        right = _VERBS[self.document.role]
        raise StreamError(f"{self._label} cannot {_VERBS[role]}: call {right} instead")

    def _check_block(self, block: object) -> NDArray[np.float32]:
        samples = check_block(block, self.channels, self._label)
        if samples.shape[1] % self.step:
            raise StreamError(
                f"{self._label} was made for block_size={self.block_size} and takes multiples of "
                f"{self.step} samples, and {samples.shape[1]} arrived: make the stream with block_size=None "
                "for blocks of any sizes"
            )
        return samples

    def _check_rate(self, sample_rate: float | None) -> None:
        if sample_rate is None or sample_rate == self.sample_rate:
            return
        check_sample_rate(sample_rate, self._label)
        raise StreamError(
            f"{self._label} runs at {self.sample_rate} Hz and a block at {sample_rate} Hz arrived: a stream "
            "keeps its rate, so flush this one and make another"
        )

    def _take_controls(
        self, controls: Mapping[str, ControlValue], frames: int, is_whole: bool = True
    ) -> None:
        """Take new values or, where what comes next is whole frames, arrays of one value a frame."""
        ramps = self._copies.controls
        curves = {
            name: value for name, value in controls.items() if is_curve(ramps.controls.get(name), value)
        }
        if curves and not is_whole:
            raise StreamError(
                f"{self._label} takes controls frame by frame only with blocks of whole hops of "
                f"{self.document.hop_length} samples at {self.document.sample_rate} Hz: use such blocks or "
                "give single values"
            )
        single = {name: value for name, value in controls.items() if name not in curves}
        ramps.check(single, self._label)
        if curves:
            ramps.automate(curves, frames, self.channels, self._label)
        if single:
            ramps.set(single, self._label)

    def _count_block(self, length: int, started: float) -> None:
        self.counters.blocks += 1
        self._copies.controls.finish_automation()
        if self._deadline is None:
            return
        if time.perf_counter() - started > self._deadline * length / self.sample_rate:
            self.counters.late_blocks += 1
