"""What every note's player works with: the stream and its controls, and the k-cycles of audio it collects."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..streaming.stream import Stream
from .control_arguments import ControlInputs
from .csound_abi import InstrumentInstance
from .stream_pool import StreamKind


class NoteContext:
    """What a note's player works with: a stream, its controls, and the orchestra around it.

    Parameters
    ----------
    kind : StreamKind
        Of the stream.
    stream : Stream
        As new, with its controls set.
    controls : ControlInputs
        What moves while it plays.
    instance : InstrumentInstance
        The note whose k-cycles are played.
    full_scale : float
        The orchestra's 0dbfs.
    label : str
        How messages name the opcode.
    warn : function
        Takes a sentence for the user.
    """

    def __init__(
        self,
        kind: StreamKind,
        stream: Stream,
        controls: ControlInputs,
        instance: InstrumentInstance,
        full_scale: float,
        label: str,
        warn: Callable[[str], None],
    ) -> None:
        self.kind = kind
        self.stream = stream
        self.controls = controls
        self.instance = instance
        self.ksmps = int(instance.ksmps)
        self.full_scale = full_scale
        self.label = label
        self._warn = warn
        self._repaired, self._muted = stream.counters.repaired_samples, stream.counters.muted_blocks

    def apply_changes(self) -> None:
        """Pass on to the model the controls that Csound has changed; raises ControlError for a value out of range."""
        for changes in self.controls.changes():
            self.stream.set(**changes)

    def report_repairs(self) -> None:
        """Warn, once for each, when the stream has repaired its input or muted the model."""
        counters = self.stream.counters
        if counters.repaired_samples > self._repaired:
            self._repaired = math.inf
            self._complain(
                "its input holds samples that are not numbers and are played as silence: look at what comes before it"
            )
        if counters.muted_blocks > self._muted:
            self._muted = math.inf
            self._complain(
                "the model gave samples that are not numbers, so it was muted and restarted: lower its input"
            )

    def _complain(self, sentence: str) -> None:
        self._warn(f"{self.label}: {sentence}")


class InputCollector:
    """Collect k-cycles of audio until the model can run.

    Parameters
    ----------
    context : NoteContext
        The orchestra around it.
    addresses : sequence of int
        Of Csound's audio variables, one a channel.
    cycles : int
        How many k-cycles make a block.

    Attributes
    ----------
    block : array
        (C, cycles * ksmps), from -1 to 1.
    cycle : int
        How many of the block's k-cycles are there.
    is_partial : bool
        Whether the note begins or ends within the k-cycle last taken.
    """

    def __init__(self, context: NoteContext, addresses: Sequence[int], cycles: int) -> None:
        ksmps = context.ksmps
        self._instance = context.instance
        self._factor = 1.0 / context.full_scale
        self._cycles = cycles
        self.cycle = 0
        self.is_partial = False
        self.block = np.zeros((len(addresses), cycles * ksmps), dtype=np.float32)
        sources = [audio_variable(address, ksmps) for address in addresses]
        rows = [row.reshape(cycles, ksmps) for row in self.block]
        self._destinations = [list(zip(sources, parts, strict=True)) for parts in zip(*rows, strict=True)]

    def take(self) -> bool:
        """Take a k-cycle and return whether it completes the block."""
        destinations, instance = self._destinations[self.cycle], self._instance
        for source, destination in destinations:
            if self._factor == 1.0:
                destination[:] = source
            else:
                np.multiply(source, self._factor, out=destination, casting="unsafe")
        self.is_partial = bool(instance.offset or instance.early)
        if self.is_partial:
            for _, destination in destinations:
                silence_outside(destination, instance)
        self.cycle += 1
        if self.cycle < self._cycles:
            return False
        self.cycle = 0
        return True


def audio_variable(address: int, ksmps: int) -> NDArray[np.float64]:
    """Give Csound's own memory of an audio variable."""
    return np.ctypeslib.as_array((ctypes.c_double * ksmps).from_address(address))


def silence_outside(samples: NDArray[np.floating], instance: InstrumentInstance) -> None:
    """Keep what lies before a note's first sample and after its last one silent."""
    samples[: instance.offset] = 0.0
    samples[len(samples) - instance.early :] = 0.0
