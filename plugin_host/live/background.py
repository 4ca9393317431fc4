"""Compute in a worker thread while the last block plays; play the input itself when the worker is late."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import StreamError
from ..model_file.document import Role
from ..streaming.controls import check_name, check_value
from ..streaming.finite_guard import repair
from ..streaming.input_checks import check_block
from ..streaming.latency import Latency
from ..streaming.sample_queue import SampleFifo
from ..streaming.stream import Counters, Stream

if TYPE_CHECKING:
    from ..playing.model import Model

_MOST_WAITING = 8


@dataclass
class _Desk:
    """What both threads share, all of it under one lock: blocks to do, blocks done, and what went wrong."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    waiting: deque[tuple[int, NDArray[np.floating], dict[str, float | str]]] = field(default_factory=deque)
    done: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    is_busy: bool = False
    is_closed: bool = False
    failure: Exception | None = None


class BackgroundStream:
    """A stream whose blocks are computed by a worker thread, one block later.

    Every call hands over a block and takes the result of the block before. If that is not there yet, the call
    does not wait: it counts a late block and gives the input of the same moment instead, the dry signal,
    delayed as the wet one would be. A result that comes too late is dropped; the model has heard every block
    all the same, so that it goes on where it should, unless more than eight blocks wait, when the newest are
    left out.

    Parameters
    ----------
    model : Model
        An effect.
    sample_rate, channels
        As for `Stream`.
    block_size : int
        The size of every block.

    Raises
    ------
    StreamError
        Without a `block_size`, or for a model that is no effect.

    Notes
    -----
    The worker sleeps in ONNX Runtime outside Python's lock. Other Python threads that compute can hold
    either side up for the interpreter's switch interval, 5 ms unless ``sys.setswitchinterval`` says
    otherwise.
    """

    def __init__(
        self, model: Model, sample_rate: float | None, channels: int | None, block_size: int | None
    ) -> None:
        if model.document.role is not Role.EFFECT:
            raise StreamError(
                f"{model.name!r} is no effect but of role {model.document.role}: play it in the foreground"
            )
        if block_size is None:
            raise StreamError(f"{model.name!r} can run in the background only with a block_size: give one")
        self._stream = Stream(model, sample_rate, channels, block_size)
        self.model = model
        self.sample_rate = self._stream.sample_rate
        self.channels = self._stream.channels
        self.block_size = block_size
        self.latency: Latency = replace(self._stream.latency, background=block_size)
        self._late_blocks = 0
        self._pending: dict[str, float | str] = {}
        self._dry = SampleFifo(self.channels, 2 * (self.latency.total + block_size))
        self._fade_in = np.linspace(0.0, 1.0, block_size, dtype=np.float32)
        self._desk = _Desk()
        self._start_line()
        self._thread = threading.Thread(
            target=_work, args=(self._stream, self._desk), name="brainsynth-background", daemon=True
        )
        self._thread.start()
        self._finalizer = weakref.finalize(self, _close, self._desk)

    @property
    def latency_samples(self) -> int:
        """By how many samples output lags input: the total of `latency`."""
        return self.latency.total

    @property
    def tail_samples(self) -> int:
        """How long the model goes on sounding after its input has ended, in samples at the stream's rate."""
        return self._stream.tail_samples

    @property
    def counters(self) -> Counters:
        """What has happened since the stream was made; `late_blocks` are those that were played dry."""
        return replace(self._stream.counters, late_blocks=self._late_blocks)

    @property
    def controls(self) -> dict[str, float]:
        """The value that each control has, is moving to, or will move to with the next block."""
        known = self.model.controls
        return self._stream.controls | {
            name: check_value(known[name], v) for name, v in self._pending.items()
        }

    @property
    def is_idle(self) -> bool:
        """Whether the worker has done all that was handed over."""
        with self._desk.changed:
            return _is_idle(self._desk)

    def set(self, **values: float | str) -> None:
        """Move controls to new values from the next block on; see `Stream.set`."""
        known = self.model.controls
        for name, value in values.items():
            check_name(name, known, f"effect {self.model.name!r}")
            check_value(known[name], value)
        self._pending.update(values)

    def process(self, block: NDArray[np.floating]) -> NDArray[np.float32]:
        """Hand over a block (C, block_size) and take (C, block_size), delayed by `latency_samples`.

        Raises
        ------
        StreamError
            For a block of any other shape, or one that is not floating-point.
        """
        samples = check_block(block, self.channels, f"effect {self.model.name!r}")
        if samples.shape[1] != self.block_size:
            raise StreamError(
                f"effect {self.model.name!r} runs in the background with blocks of {self.block_size} "
                f"samples, and {samples.shape[1]} arrived: hand over blocks of that size"
            )
        entry = self._dry.append(self.block_size)
        entry[...] = samples
        repair(entry)
        wet = self._exchange(samples.copy())
        output = self._dry.front(self.block_size).copy()
        self._dry.drop(self.block_size)
        if wet is None:
            self._late_blocks += 1
        elif self._was_late:
            output += (wet - output) * self._fade_in
        else:
            output = wet
        self._was_late = wet is None
        return output

    def flush(self) -> NDArray[np.float32]:
        """End the input and give the rest, (C, `latency_samples` + `tail_samples`); waits for the worker."""
        self._wait()
        last = self._desk.done.get(self._blocks - 1)
        if last is None:
            last = np.zeros((self.channels, self.block_size), dtype=np.float32)
        rest = np.concatenate([last, self._stream.flush()], axis=1)
        self._start_line()
        return rest

    def reset(self) -> None:
        """Start again as if new; waits for the worker."""
        self._wait()
        self._stream.reset()
        self._start_line()

    def close(self) -> None:
        """End the worker thread; it also ends when the stream is no longer used."""
        self._finalizer()
        self._thread.join()

    def _start_line(self) -> None:
        self._blocks = 0
        self._was_late = False
        self._desk.done.clear()
        self._dry.clear()
        self._dry.append_zeros(self.latency.total)

    def _exchange(self, samples: NDArray[np.floating]) -> NDArray[np.float32] | None:
        """Hand over a block and give the result of the one before, or None where there is none yet."""
        desk = self._desk
        with desk.changed:
            if desk.failure is not None or desk.is_closed:
                raise StreamError(
                    f"effect {self.model.name!r} has stopped in the background"
                ) from desk.failure
            if len(desk.waiting) < _MOST_WAITING:
                desk.waiting.append((self._blocks, samples, self._pending))
                self._pending = {}
                desk.changed.notify_all()
            wanted = self._blocks - 1
            self._blocks += 1
            for number in [number for number in desk.done if number < wanted]:
                del desk.done[number]
            if wanted < 0:
                return np.zeros((self.channels, self.block_size), dtype=np.float32)
            return desk.done.pop(wanted, None)

    def _wait(self) -> None:
        with self._desk.changed:
            self._desk.changed.wait_for(lambda: _is_idle(self._desk))


def _work(stream: Stream, desk: _Desk) -> None:
    """Do what lies on the desk until it is closed.

    It knows nothing of the `BackgroundStream`, so that one that is no longer used can go, and close the desk.
    """
    while True:
        with desk.changed:
            desk.is_busy = False
            desk.changed.notify_all()
            desk.changed.wait_for(lambda: desk.waiting or desk.is_closed)
            if desk.is_closed:
                return
            number, samples, controls = desk.waiting.popleft()
            desk.is_busy = True
        try:
            output = stream.process(samples, controls=controls)
        except Exception as error:  # handed to the thread that plays, at its next block
            with desk.changed:
                desk.failure = error
                desk.changed.notify_all()
            return
        with desk.changed:
            desk.done[number] = output


def _close(desk: _Desk) -> None:
    with desk.changed:
        desk.is_closed = True
        desk.changed.notify_all()


def _is_idle(desk: _Desk) -> bool:
    return desk.is_closed or desk.failure is not None or not (desk.waiting or desk.is_busy)
