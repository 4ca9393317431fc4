"""Play an effect live: a device hands over blocks, each is processed while the one before it is heard."""

from __future__ import annotations

import gc
import math
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import DeviceError, StreamError

_SWITCH_INTERVAL_S = 1e-4
_LOAD_MEMORY_S = 0.5
_LEVEL_MEMORY_S = 0.3
_LONGEST_SILENCE_S = 5.0
"""How long a device may take to start; a sound server needs up to two seconds."""

Play = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Takes what came in, (C, T), and gives what is to be played, (C, T), or (1, T) for all outputs alike."""


class Device(Protocol):
    """What the loop needs of a sound card, or of anything that keeps time like one."""

    @property
    def name(self) -> str:
        """What messages call it."""
        ...

    @property
    def sample_rate(self) -> float:
        """Of input and output, in Hz."""
        ...

    @property
    def block_size(self) -> int:
        """How many samples it hands over at a time."""
        ...

    @property
    def dropouts(self) -> int:
        """How often so far input was lost or output had a gap, because nobody was there in time."""
        ...

    @property
    def is_active(self) -> bool:
        """Whether blocks come; one that was unplugged may end by itself."""
        ...

    def running(self, play: Play) -> AbstractContextManager[None]:
        """Call `play` with each block, in the device's own thread, while the context lasts.

        When `play` raises, the device plays silence and calls no more.
        """
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
    dropouts : int
        How often the device lost input or had nothing to play.
    late : int
        Blocks that a worker had not finished in time, and that were played without the effect.
    """

    blocks: int = 0
    missed: int = 0
    load: float = 0.0
    load_peak: float = 0.0
    input_db: float = -math.inf
    output_db: float = -math.inf
    dropouts: int = 0
    late: int = 0


class LiveLoop:
    """Runs a device's blocks through an effect and keeps the meter.

    Parameters
    ----------
    device : Device
        Where blocks come from and go to.
    process : callable
        Takes a block, (C, T) float32, and gives one of T samples.
    count_late : callable, optional
        Gives how many blocks were late so far, where a worker computes them.
    """

    def __init__(self, device: Device, process: Play, count_late: Callable[[], int] | None = None) -> None:
        self._device = device
        self._process = process
        self._count_late = count_late
        self._ended = threading.Event()
        self._error: BaseException | None = None
        self._heard_s = 0.0
        self.reading = Reading()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Play while the context lasts. What failed meanwhile is raised at its end, an interrupt or not.

        Meanwhile Python lets threads take turns fifty times as often as usual, so that the one that draws a
        meter does not make the one that plays wait. It may be entered again, to go on.
        """
        interval = sys.getswitchinterval()
        self._ended.clear()
        self._error = None
        self._heard_s = time.monotonic()
        sys.setswitchinterval(_SWITCH_INTERVAL_S)
        gc.collect()
        gc.freeze()
        try:
            with self._device.running(self._play):
                yield
        finally:
            gc.unfreeze()
            sys.setswitchinterval(interval)
            self._ended.set()
            if self._error is not None:
                raise self._error

    def wait(self, seconds: float) -> bool:
        """Wait while it plays, a second at most, or nobody sees that a device has gone silent.

        Returns
        -------
        bool
            Whether it plays on; False as soon as something has failed, or when no blocks come any more.
        """
        silent_s = time.monotonic() - self._heard_s
        if not self._ended.is_set() and (silent_s > _LONGEST_SILENCE_S or not self._device.is_active):
            self._error = DeviceError(
                f"{self._device.name} gives no sound any more; was it unplugged? If not, try larger blocks"
            )
            self._ended.set()
        return not self._ended.wait(min(seconds, 1.0))

    def _play(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        self._heard_s = time.monotonic()
        start = time.perf_counter()
        try:
            output = self._process(block)
            self._note(time.perf_counter() - start, block, output)
        except Exception as error:
            self._error = error
            self._ended.set()
            raise
        return output

    def _note(self, elapsed_s: float, block: NDArray[np.float32], output: NDArray[np.float32]) -> None:
        before = self.reading
        block_s = block.shape[1] / self._device.sample_rate
        load = elapsed_s / block_s
        keep = math.exp(-block_s / _LOAD_MEMORY_S)
        fall_db = 20.0 * block_s / _LEVEL_MEMORY_S
        # One new object in one assignment: another thread sees the old or the new one, never a mixture.
        self.reading = Reading(
            blocks=before.blocks + 1,
            missed=before.missed + (load > 1.0),
            load=load + keep * (before.load - load) if before.blocks else load,
            load_peak=max(before.load_peak, load),
            input_db=max(_peak_db(block), before.input_db - fall_db),
            output_db=max(_peak_db(output), before.output_db - fall_db),
            dropouts=self._device.dropouts,
            late=self._count_late() if self._count_late is not None else 0,
        )


def record(device: Device, duration_s: float) -> NDArray[np.float32]:
    """Take sound from a device and play silence, as to calibrate by: (C, T), T whole blocks.

    Raises
    ------
    StreamError
        For a duration that is not above 0, or 3600 s and more.
    DeviceError
        If the device gives no sound.
    """
    if not 0 < duration_s < 3600:
        raise StreamError(f"{duration_s:g} s cannot be recorded; give a few seconds")
    wanted = math.ceil(duration_s * device.sample_rate / device.block_size)
    blocks: list[NDArray[np.float32]] = []

    def take(block: NDArray[np.float32]) -> NDArray[np.float32]:
        blocks.append(block.copy())
        return np.zeros_like(block)

    loop = LiveLoop(device, take)
    with loop.running():
        while len(blocks) < wanted and loop.wait(_LEVEL_MEMORY_S / 10):
            pass
    return np.concatenate(blocks[:wanted], axis=1)


def _peak_db(block: NDArray[np.float32]) -> float:
    peak = float(np.abs(block).max(initial=0.0))
    return 20.0 * math.log10(peak) if peak > 0 else -math.inf
