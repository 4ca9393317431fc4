"""Compute in a worker thread while the last block plays; play the input itself when the worker is late."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import StreamError
from ..model_file.document import ModelDocument, Role
from .control_values import ControlValue, find_control
from .counters import Counters
from .finite_guard import repair
from .input_checks import check_block
from .latency import Latency
from .sample_queue import SampleFifo
from .stream import Stream

_MOST_WAITING = 8


@dataclass
class _Exchange:
    """What both threads share, all of it under one lock: blocks to do, blocks done, and what went wrong."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    waiting: deque[tuple[int, NDArray[np.floating], list[dict[str, Any]]]] = field(default_factory=deque)
    done: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    is_busy: bool = False
    is_closed: bool = False
    failure: Exception | None = None


class BackgroundStream:
    """A stream whose blocks are computed by a worker thread, one block later.

    Every call hands over a block and takes the result of the block before. If that is not there yet, the call
    does not wait: it counts a late block and gives the input of the same moment instead, the dry signal,
    delayed as the wet one would be. A result that comes too late is dropped; the model has been given every
    block all the same, so that it goes on where it should, unless more than eight blocks wait, when the
    newest are left out.

    Parameters
    ----------
    stream : Stream
        Of an effect, as new, made for a `block_size`, which is then the size of every block. It is the
        worker's from now on.

    Raises
    ------
    StreamError
        Without a `block_size`, or for a model that is no effect.

    Notes
    -----
    The worker sleeps in ONNX Runtime outside Python's lock. Other Python threads that compute can hold either
    side up for the interpreter's switch interval, 5 ms unless ``sys.setswitchinterval`` says otherwise.
    """

    def __init__(self, stream: Stream) -> None:
        self.document: ModelDocument = stream.document
        self._label = f"effect {self.document.name!r}"
        if self.document.role is not Role.EFFECT:
            raise StreamError(
                f"{self.document.name!r} is no effect but of role {self.document.role}: play it in the "
                "foreground"
            )
        if stream.block_size is None:
            raise StreamError(
                f"{self.document.name!r} can run in the background only with a block_size: give one"
            )
        self._stream = stream
        self.sample_rate = stream.sample_rate
        self.channels = stream.channels
        self.block_size = stream.block_size
        self.latency: Latency = replace(stream.latency, background=self.block_size)
        self._late_blocks = 0
        self._known = {control.name: control for control in self.document.controls}
        self._targets = dict(stream.controls)
        self._pending: list[dict[str, Any]] = []
        self._dry = SampleFifo(self.channels, 2 * (self.latency.total + self.block_size))
        self._fade_in = np.linspace(0.0, 1.0, self.block_size, dtype=np.float32)
        self._exchange = _Exchange()
        self._start()
        self._thread = threading.Thread(
            target=_work, args=(stream, self._exchange), name="brainsynth-background", daemon=True
        )
        self._thread.start()
        # Also at the end of the program: a thread that the interpreter ends inside ONNX Runtime aborts the process.
        self._finalizer = weakref.finalize(self, _end, self._exchange, self._thread)

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
    def controls(self) -> dict[str, float | tuple[float, ...]]:
        """The value that each control has, is moving to, or will move to with the next block."""
        return dict(self._targets)

    @property
    def is_idle(self) -> bool:
        """Whether the worker has done all that was handed over."""
        with self._exchange.changed:
            return _is_idle(self._exchange)

    def set(self, **values: ControlValue) -> None:
        """Move controls to new values from the next block on; see `Stream.set`."""
        for name, numbers in self._stream.check(values).items():
            control, element = find_control(name, self._known, self._label)
            if control.is_trigger:
                continue
            target = self._targets[control.name]
            if element is not None and isinstance(target, tuple):
                numbers = (*target[:element], *numbers, *target[element + 1 :])
            self._targets[control.name] = numbers if control.is_vector else numbers[0]
        self._pending.append(dict(values))

    def process(self, block: NDArray[np.floating]) -> NDArray[np.float32]:
        """Hand over a block (C, block_size) and take (C, block_size), delayed by `latency_samples`.

        Raises
        ------
        StreamError
            For a block of any other shape, or one that is not floating-point.
        """
        samples = check_block(block, self.channels, self._label)
        if samples.shape[1] != self.block_size:
            raise StreamError(
                f"{self._label} runs in the background with blocks of {self.block_size} "
                f"samples, and {samples.shape[1]} arrived: hand over blocks of that size"
            )
        entry = self._dry.append(self.block_size)
        entry[...] = samples
        repair(entry)
        wet = self._hand_over(samples.copy())
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

    def borrow(self, block: NDArray[np.floating]) -> NDArray[np.float32]:
        """Do as `process` does: what the worker gives is nobody else's."""
        return self.process(block)

    def flush(self) -> NDArray[np.float32]:
        """End the input and give the rest, (C, `latency_samples` + `tail_samples`); waits for the worker.

        Raises
        ------
        StreamError
            If the worker has failed, or the stream was closed.
        """
        self._wait()
        last = self._exchange.done.get(self._blocks - 1)
        if last is None:
            last = np.zeros((self.channels, self.block_size), dtype=np.float32)
        rest = np.concatenate([last, self._stream.flush()], axis=1)
        self._start()
        return rest

    def reset(self) -> None:
        """Start again as if new; waits for the worker, and raises StreamError if it has failed."""
        self._wait()
        self._stream.reset()
        self._start()

    def close(self) -> None:
        """End the worker thread; it also ends when the stream is no longer used."""
        self._finalizer()

    def _start(self) -> None:
        self._blocks = 0
        self._was_late = False
        self._exchange.done.clear()
        self._dry.clear()
        self._dry.append_zeros(self.latency.total)

    def _hand_over(self, samples: NDArray[np.floating]) -> NDArray[np.float32] | None:
        """Hand over a block and give the result of the one before, or None where there is none yet."""
        exchange = self._exchange
        with exchange.changed:
            self._refuse_if_stopped()
            if len(exchange.waiting) < _MOST_WAITING:
                exchange.waiting.append((self._blocks, samples, self._pending))
                self._pending = []
                exchange.changed.notify_all()
            wanted = self._blocks - 1
            self._blocks += 1
            for number in [number for number in exchange.done if number < wanted]:
                del exchange.done[number]
            if wanted < 0:
                return np.zeros((self.channels, self.block_size), dtype=np.float32)
            return exchange.done.pop(wanted, None)

    def _wait(self) -> None:
        """Wait until the worker has done all that was handed over, or raise StreamError where it has stopped."""
        with self._exchange.changed:
            self._exchange.changed.wait_for(lambda: _is_idle(self._exchange))
            self._refuse_if_stopped()

    def _refuse_if_stopped(self) -> None:
        failure = self._exchange.failure
        if failure is not None or self._exchange.is_closed:
            reason = f" ({failure})" if failure is not None else ""
            raise StreamError(
                f"{self._label} has stopped in the background{reason}: make another stream"
            ) from failure


def _work(stream: Stream, exchange: _Exchange) -> None:
    """Compute what waits until the exchange is closed.

    It knows nothing of the `BackgroundStream`, so that one that is no longer used can go, and close the exchange.
    """
    while True:
        with exchange.changed:
            exchange.is_busy = False
            exchange.changed.notify_all()
            exchange.changed.wait_for(lambda: exchange.waiting or exchange.is_closed)
            if exchange.is_closed:
                return
            number, samples, changes = exchange.waiting.popleft()
            exchange.is_busy = True
        try:
            for values in changes:
                stream.set(**values)
            output = stream.process(samples)
        except Exception as error:  # handed to the thread that plays, at its next block
            with exchange.changed:
                exchange.failure = error
                exchange.changed.notify_all()
            return
        with exchange.changed:
            exchange.done[number] = output


def _end(exchange: _Exchange, worker: threading.Thread) -> None:
    """Let the worker end after the block that it is at, and wait for that."""
    with exchange.changed:
        exchange.is_closed = True
        exchange.changed.notify_all()
    if worker is not threading.current_thread():
        worker.join()


def _is_idle(exchange: _Exchange) -> bool:
    return exchange.is_closed or exchange.failure is not None or not (exchange.waiting or exchange.is_busy)
