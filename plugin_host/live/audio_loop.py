"""Play an effect live: take a block from a device, process it, give it back before the next one is there."""

from __future__ import annotations

import gc
import math
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import StreamError

_SWITCH_INTERVAL_S = 1e-4
_LOAD_MEMORY_S = 0.5
_LEVEL_MEMORY_S = 0.3


class Device(Protocol):
    """What the loop needs of a sound card, or of anything that keeps time like one."""

    @property
    def sample_rate(self) -> float:
        """Of input and output, in Hz."""
        ...

    @property
    def dropped_samples(self) -> int:
        """How many input samples were lost so far because nobody took them in time."""
        ...

    def read(self, length: int) -> NDArray[np.float32]:
        """Wait for the next `length` samples and give them, (C, `length`)."""
        ...

    def write(self, block: NDArray[np.float32]) -> None:
        """Hand over the next samples to play, (C, T), or (1, T) for all outputs alike."""
        ...


@dataclass(frozen=True)
class Reading:
    """What the meter shows.

    Parameters
    ----------
    blocks, missed : int
        Blocks so far, and those that took longer to process than they last.
    load, load_peak : float
        Processing time as a part of a block's time: of late, and the most ever.
    input_db, output_db : float
        Peaks of late, in dB of full scale; minus infinity for silence.
    dropped_samples : int
        Input lost because nobody took it in time.
    late : int
        Blocks that a worker had not finished in time, and that were played without the effect.
    """

    blocks: int = 0
    missed: int = 0
    load: float = 0.0
    load_peak: float = 0.0
    input_db: float = -math.inf
    output_db: float = -math.inf
    dropped_samples: int = 0
    late: int = 0


class LiveLoop:
    """Runs blocks from a device through an effect and back, in the calling thread or in one of its own.

    Parameters
    ----------
    device : Device
        Where blocks come from and go to.
    process : callable
        Takes a block, (C, T) float32, and gives one of T samples.
    block_size : int
        T, at least 1.
    count_late : callable, optional
        Gives how many blocks were late so far, where a worker computes them.
    """

    def __init__(
        self,
        device: Device,
        process: Callable[[NDArray[np.float32]], NDArray[np.float32]],
        block_size: int,
        count_late: Callable[[], int] | None = None,
    ) -> None:
        if block_size < 1:
            raise StreamError(f"blocks of {block_size} samples cannot be played; use 64 or more")
        self._device = device
        self._process = process
        self._count_late = count_late
        self._block_size = block_size
        self._block_s = block_size / device.sample_rate
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None
        self.reading = Reading()

    def run(self, blocks: int | None = None) -> None:
        """Play in the calling thread until `stop` is called, or for a number of blocks."""
        # Something to play while the first block is taken in: from then on the output is one block ahead.
        self._device.write(np.zeros((1, self._block_size), np.float32))
        done = 0
        while not self._stop.is_set() and (blocks is None or done < blocks):
            block = self._device.read(self._block_size)
            start = time.perf_counter()
            output = self._process(block)
            elapsed_s = time.perf_counter() - start
            self._device.write(output)
            self._note(elapsed_s, block, output)
            done += 1

    @contextmanager
    def running(self) -> Iterator[None]:
        """Play in a thread of its own as long as the context lasts; what failed there is raised at its end.

        Meanwhile Python lets threads take turns fifty times as often as usual, so that the one that draws a
        meter does not make the one that plays wait.
        """
        interval = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_INTERVAL_S)
        gc.collect()
        gc.freeze()
        self._thread = threading.Thread(target=self._run_guarded, name="brainsynth-live", daemon=True)
        self._thread.start()
        try:
            yield
        finally:
            self.stop()
            self._thread.join(timeout=2.0)
            gc.unfreeze()
            sys.setswitchinterval(interval)
        if self._error is not None:
            raise self._error

    @property
    def is_playing(self) -> bool:
        """Whether the thread of `running` is at work; it ends by itself when something fails."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """End the loop after the block that it is at."""
        self._stop.set()

    def _run_guarded(self) -> None:
        try:
            self.run()
        except Exception as error:
            self._error = error

    def _note(self, elapsed_s: float, block: NDArray[np.float32], output: NDArray[np.float32]) -> None:
        before = self.reading
        load = elapsed_s / self._block_s
        keep = math.exp(-self._block_s / _LOAD_MEMORY_S)
        fall_db = 20.0 * self._block_s / _LEVEL_MEMORY_S
        # One new object in one assignment: another thread sees the old or the new one, never a mixture.
        self.reading = Reading(
            blocks=before.blocks + 1,
            missed=before.missed + (load > 1.0),
            load=load + keep * (before.load - load) if before.blocks else load,
            load_peak=max(before.load_peak, load),
            input_db=max(_peak_db(block), before.input_db - fall_db),
            output_db=max(_peak_db(output), before.output_db - fall_db),
            dropped_samples=self._device.dropped_samples,
            late=self._count_late() if self._count_late is not None else 0,
        )


def record(device: Device, duration_s: float, block_size: int) -> NDArray[np.float32]:
    """Take sound from a device without playing any, as to calibrate by: (C, T).

    Raises
    ------
    StreamError
        For a duration that is not above 0.
    """
    if not 0 < duration_s < 3600:
        raise StreamError(f"{duration_s:g} s cannot be recorded; give a few seconds")
    blocks = math.ceil(duration_s * device.sample_rate / block_size)
    return np.concatenate([device.read(block_size) for _ in range(blocks)], axis=1)


def _peak_db(block: NDArray[np.float32]) -> float:
    peak = float(np.abs(block).max(initial=0.0))
    return 20.0 * math.log10(peak) if peak > 0 else -math.inf
