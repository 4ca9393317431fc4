"""Play a model as part of a Csound note: k-cycles of any length in, whole blocks for the stream, and back."""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ..errors import CsoundError
from .note_context import InputCollector, NoteContext, audio_variable, silence_outside


class NotePlayer(Protocol):
    """Plays a model in a note."""

    @property
    def context(self) -> NoteContext | None:
        """What it works with; None if it cannot play."""
        ...

    def perform(self) -> None:
        """Play a k-cycle."""
        ...


class NotePlayers(dict[int, NotePlayer]):
    """The players of all notes, by the address of the opcode; an opcode that was not prepared has one that refuses."""

    def __missing__(self, address: int) -> NotePlayer:
        """Give the player of an opcode that Csound performs although its init pass was skipped."""
        return SilentNotePlayer(
            CsoundError(
                "it cannot play, because its init pass was skipped: let igoto, tigoto or goto lead past its"
                " performance too, or to a reinit before it plays"
            )
        )


class SilentNotePlayer:
    """Stands for an opcode that has nothing to play with.

    Parameters
    ----------
    error : BaseException
        Why.
    """

    context = None

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def perform(self) -> None:
        """Refuse to play a k-cycle."""
        raise self._error


class EffectNotePlayer:
    """An effect in a note: audio in, audio out, every k-cycle.

    Parameters
    ----------
    context : NoteContext
        Whose stream takes blocks of `cycles` k-cycles.
    collector : InputCollector
        Gives it its input.
    outputs : sequence of int
        Addresses of Csound's audio variables, one a channel.
    """

    def __init__(self, context: NoteContext, collector: InputCollector, outputs: Sequence[int]) -> None:
        self.context = context
        self._borrow = context.stream.borrow
        self._collector = collector
        self._full_scale = context.full_scale
        self._sinks = list(enumerate(audio_variable(address, context.ksmps) for address in outputs))
        self._played = np.zeros_like(collector.block)
        ends = range(context.ksmps, collector.block.shape[1] + 1, context.ksmps)
        self._parts = [slice(end - context.ksmps, end) for end in ends]

    def perform(self) -> None:
        """Play a k-cycle."""
        collector = self._collector
        self.context.controls.watch()
        if collector.take():
            self.context.apply_changes()
            self._played = self._borrow(collector.block)
            self.context.report_repairs()
        part = self._parts[collector.cycle]
        for index, sink in self._sinks:
            if self._full_scale == 1.0:
                sink[:] = self._played[index, part]
            else:
                np.multiply(self._played[index, part], self._full_scale, out=sink)
        if collector.is_partial:
            for _, sink in self._sinks:
                silence_outside(sink, self.context.instance)


class AnalyzerNotePlayer:
    """An analyzer in a note: audio in; numbers out, which stay until the next frame is complete.

    Parameters
    ----------
    context, collector
        As for `EffectNotePlayer`.
    outputs : sequence of ctypes.c_double
        One for each number of each output, in the model's order; the last outputs may have none.
    """

    def __init__(
        self, context: NoteContext, collector: InputCollector, outputs: Sequence[ctypes.c_double]
    ) -> None:
        self.context = context
        self._collector = collector
        cells = iter(outputs)
        self._cells = []
        for output in context.stream.document.outputs:
            own = list(itertools.islice(cells, output.size))
            if not own:
                break
            self._cells.append((output.name, own))
            for cell, default in zip(own, output.defaults, strict=True):
                cell.value = default

    def perform(self) -> None:
        """Play a k-cycle."""
        self.context.controls.watch()
        if not self._collector.take():
            return
        self.context.apply_changes()
        found = self.context.stream.analyze(self._collector.block)
        self.context.report_repairs()
        for name, cells in self._cells:
            values = found[name]
            if values.shape[-1]:
                for cell, value in zip(cells, np.atleast_1d(values[0, ..., -1]), strict=True):
                    cell.value = float(value)


class GeneratorNotePlayer:
    """A generator in a note: audio out, every k-cycle. It runs ahead by less than a hop, at no delay.

    Parameters
    ----------
    context, outputs
        As for `EffectNotePlayer`.
    """

    def __init__(self, context: NoteContext, outputs: Sequence[int]) -> None:
        self.context = context
        self._sinks = [audio_variable(address, context.ksmps) for address in outputs]
        stream, document = context.stream, context.stream.document
        # The stream computes a frame when the frame's first sample is asked for, so that asking for a whole
        # frame gives what asking for k-cycles would give.
        hop_length = round(document.hop_length * stream.sample_rate / document.sample_rate)
        self._length = max(context.ksmps, hop_length)
        self._made = np.zeros((len(outputs), 0), dtype=np.float32)
        self._position = 0

    def perform(self) -> None:
        """Play a k-cycle."""
        context, instance = self.context, self.context.instance
        context.controls.watch()
        start, end = instance.offset, context.ksmps - instance.early
        if instance.offset or instance.early:
            for sink in self._sinks:
                silence_outside(sink, instance)
        while start < end:
            if self._position == self._made.shape[1]:
                context.apply_changes()
                self._made = context.stream.generate(self._length)
                context.report_repairs()
                self._position = 0
            first = self._position
            self._position = min(first + end - start, self._made.shape[1])
            stop = start + self._position - first
            for sink, row in zip(self._sinks, self._made, strict=True):
                np.multiply(row[first : self._position], context.full_scale, out=sink[start:stop])
            start = stop
