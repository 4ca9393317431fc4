"""Play a model as part of a Csound note: k-cycles of any length in, whole blocks for the stream, and back."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import CsoundError
from ..streaming.stream import Stream
from .control_arguments import ControlInputs
from .csound_abi import Note
from .stream_pool import Kind


class Player(Protocol):
    """What plays in a note."""

    label: str

    @property
    def core(self) -> Core | None:
        """What it plays with, if it can play."""
        ...

    def perform(self) -> None:
        """Play a k-cycle."""
        ...


class FailedPlayer:
    """Stands for an opcode whose note goes on although an init pass of it has failed.

    Parameters
    ----------
    label : str
        How messages name the opcode.
    """

    def __init__(self, label: str) -> None:
        self.core = None
        self.label = label

    def perform(self) -> None:
        """Refuse to play a k-cycle."""
        raise CsoundError("it cannot play, because its last init pass failed: see the error above")


class Core:
    """What players of all roles share: a stream, its controls, and the orchestra around it.

    Parameters
    ----------
    kind : Kind
        Of the stream.
    stream : Stream
        As new, with its controls set.
    controls : ControlInputs
        What moves while it plays.
    note : Note
        Whose k-cycles are played.
    full_scale : float
        The orchestra's 0dbfs.
    label : str
        How messages name the opcode.
    warn : function
        Takes a sentence for the user.
    """

    def __init__(
        self,
        kind: Kind,
        stream: Stream,
        controls: ControlInputs,
        note: Note,
        full_scale: float,
        label: str,
        warn: Callable[[str], None],
    ) -> None:
        self.kind = kind
        self.stream = stream
        self.controls = controls
        self.note = note
        self.ksmps = int(note.ksmps)
        self.full_scale = full_scale
        self.label = label
        self._warn = warn
        self._repaired, self._muted = stream.counters.repaired_samples, stream.counters.muted_blocks

    def follow(self) -> None:
        """Hand what Csound has changed to the model; raises ControlError for a value out of range."""
        if news := self.controls.changed():
            self.stream.set(**news)

    def watch(self) -> None:
        """Say it when the stream has had to repair its input or to mute the model: once for each."""
        counters = self.stream.counters
        if counters.repaired_samples > self._repaired:
            self._repaired = math.inf
            self._complain(
                "its input holds samples that are no numbers, and hears silence there: look before it"
            )
        if counters.muted_blocks > self._muted:
            self._muted = math.inf
            self._complain(
                "the model gave samples that are no numbers, was muted and started again: lower its input"
            )

    def _complain(self, sentence: str) -> None:
        self._warn(f"{self.label}: {sentence}")


class Inlet:
    """Collect k-cycles of audio until the model can run.

    Parameters
    ----------
    core : Core
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

    def __init__(self, core: Core, addresses: Sequence[int], cycles: int) -> None:
        ksmps = core.ksmps
        self._note = core.note
        self._factor = 1.0 / core.full_scale
        self._cycles = cycles
        self.cycle = 0
        self.is_partial = False
        self.block = np.zeros((len(addresses), cycles * ksmps), dtype=np.float32)
        sources = [_audio(address, ksmps) for address in addresses]
        rows = [row.reshape(cycles, ksmps) for row in self.block]
        self._entries = [list(zip(sources, parts, strict=True)) for parts in zip(*rows, strict=True)]

    def take(self) -> bool:
        """Take a k-cycle and tell whether it completes the block."""
        entries, note = self._entries[self.cycle], self._note
        for source, entry in entries:
            if self._factor == 1.0:
                entry[:] = source
            else:
                np.multiply(source, self._factor, out=entry, casting="unsafe")
        self.is_partial = bool(note.offset or note.early)
        if self.is_partial:
            for _, entry in entries:
                _silence(entry, note)
        self.cycle += 1
        if self.cycle < self._cycles:
            return False
        self.cycle = 0
        return True


class EffectPlayer:
    """An effect in a note: audio in, audio out, every k-cycle.

    Parameters
    ----------
    core : Core
        Whose stream takes blocks of `cycles` k-cycles.
    inlet : Inlet
        What it hears.
    outputs : sequence of int
        Addresses of Csound's audio variables, one a channel.
    """

    def __init__(self, core: Core, inlet: Inlet, outputs: Sequence[int]) -> None:
        self.core = core
        self.label = core.label
        self._process = core.stream.process
        self._inlet = inlet
        self._full_scale = core.full_scale
        self._sinks = list(enumerate(_audio(address, core.ksmps) for address in outputs))
        self._played = np.zeros_like(inlet.block)
        ends = range(core.ksmps, inlet.block.shape[1] + 1, core.ksmps)
        self._parts = [slice(end - core.ksmps, end) for end in ends]

    def perform(self) -> None:
        """Play a k-cycle."""
        inlet = self._inlet
        if inlet.take():
            self.core.follow()
            self._played = self._process(inlet.block)
            self.core.watch()
        part = self._parts[inlet.cycle]
        for index, sink in self._sinks:
            if self._full_scale == 1.0:
                sink[:] = self._played[index, part]
            else:
                np.multiply(self._played[index, part], self._full_scale, out=sink)
        if inlet.is_partial:
            for _, sink in self._sinks:
                _silence(sink, self.core.note)


class AnalyzerPlayer:
    """An analyzer in a note: audio in; numbers out, which stay until the next frame is complete.

    Parameters
    ----------
    core, inlet
        As for `EffectPlayer`.
    outputs : sequence of ctypes.c_double
        One for each output control, in the model's order.
    """

    def __init__(self, core: Core, inlet: Inlet, outputs: Sequence[ctypes.c_double]) -> None:
        self.core = core
        self.label = core.label
        self._inlet = inlet
        controls = core.stream.model.document.outputs
        self._cells = [(control.name, cell) for control, cell in zip(controls, outputs, strict=True)]
        for control, cell in zip(controls, outputs, strict=True):
            cell.value = control.default

    def perform(self) -> None:
        """Play a k-cycle."""
        if not self._inlet.take():
            return
        self.core.follow()
        found = self.core.stream.analyze(self._inlet.block)
        self.core.watch()
        for name, cell in self._cells:
            values = found[name]
            if values.shape[1]:
                cell.value = values[0, -1]


class GeneratorPlayer:
    """A generator in a note: audio out, every k-cycle. It runs ahead by less than a hop, at no delay.

    Parameters
    ----------
    core, outputs
        As for `EffectPlayer`.
    """

    def __init__(self, core: Core, outputs: Sequence[int]) -> None:
        self.core = core
        self.label = core.label
        self._sinks = [_audio(address, core.ksmps) for address in outputs]
        stream, document = core.stream, core.stream.model.document
        # The stream computes a frame when the frame's first sample is asked for, so that asking for a whole
        # frame gives what asking for k-cycles would give.
        hop_length = round(document.hop_length * stream.sample_rate / document.sample_rate)
        self._length = max(core.ksmps, hop_length)
        self._made = np.zeros((len(outputs), 0), dtype=np.float32)
        self._position = 0

    def perform(self) -> None:
        """Play a k-cycle."""
        core, note = self.core, self.core.note
        start, end = note.offset, core.ksmps - note.early
        if note.offset or note.early:
            for sink in self._sinks:
                _silence(sink, note)
        while start < end:
            if self._position == self._made.shape[1]:
                core.follow()
                self._made = core.stream.generate(self._length)
                core.watch()
                self._position = 0
            first = self._position
            self._position = min(first + end - start, self._made.shape[1])
            stop = start + self._position - first
            for sink, row in zip(self._sinks, self._made, strict=True):
                np.multiply(row[first : self._position], core.full_scale, out=sink[start:stop])
            start = stop


def _audio(address: int, ksmps: int) -> NDArray[np.float64]:
    """Give Csound's own memory of an audio variable."""
    return np.ctypeslib.as_array((ctypes.c_double * ksmps).from_address(address))


def _silence(samples: NDArray[np.floating], note: Note) -> None:
    """Keep what lies before a note's first sample and after its last one silent."""
    samples[: note.offset] = 0.0
    samples[len(samples) - note.early :] = 0.0
