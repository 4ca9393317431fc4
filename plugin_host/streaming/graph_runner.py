"""Run one copy of a model's graph: audio and controls in, audio or controls out, its state kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from ..errors import ModelFileError, counted
from ..model_file.document import ModelDocument
from ..model_file.graph_contract import AUDIO_INPUT, AUDIO_OUTPUT
from .finite_guard import is_finite
from .loaded_graph import LoadedGraph
from .state_memory import StateMemory, zeros

SAMPLES_PER_CALL = 4096
"""The most samples handed to a graph at once: longer calls do not fit the processor's cache."""

_MOST_CALLS = 64
_CALLS_PER_WATCH = 8


class ControlMemory(Protocol):
    """Where a graph reads the values of its controls."""

    def memory(self, name: str, frames: int) -> NDArray[np.float32]:
        """Give the memory, contiguous, of a control's values in calls of some frames: (N,), or (K, N)."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """The graph bound to memory for calls of one number of frames.

    Parameters
    ----------
    audio_in, audio_out : array
        (C, frames * hop_length); empty where the model has none.
    controls_out : dict of str to array
        Each output control, (frames,), of a vector (K, frames).
    run : callable
        Runs the graph and tells whether all of its output is finite; raises ModelFileError if it fails.
    """

    audio_in: NDArray[np.float32]
    audio_out: NDArray[np.float32]
    controls_out: dict[str, NDArray[np.float32]]
    run: Callable[[], bool]


class GraphRunner:
    """One running copy of a model at its own rate: memory for its tensors and two sets of states.

    States are read from one set and written to the other, and the sets change places after every call; one
    memory as input and output of a graph at the same time gives wrong results.

    Parameters
    ----------
    graph : LoadedGraph
        What to run; other runners may share it.
    controls : ControlMemory
        Filled by the caller before each call.
    maximum_frames : int, optional
        The most frames in one call. Unless given, as many as fit the processor's cache; a whole recording,
        which nobody waits for, runs quicker in longer calls where the weights are large.

    Notes
    -----
    A number of frames seen for the first time costs a binding (some 30 us); the last 64 are kept. Otherwise
    nothing is allocated. A runner is for one thread at a time.
    """

    def __init__(
        self, graph: LoadedGraph, controls: ControlMemory, maximum_frames: int | None = None
    ) -> None:
        document = graph.document
        self._graph = graph
        self._controls = controls
        self.maximum_frames = maximum_frames or frames_per_call(document.hop_length)
        most_samples = document.channels * self.maximum_frames * document.hop_length
        self._audio_in = zeros(most_samples if document.has_audio_input else 0)
        self._audio_out = zeros(most_samples if document.has_audio_output else 0)
        sizes = sum(control.size for control in document.outputs)
        self._controls_out = zeros(sizes * self.maximum_frames)
        self._states = (StateMemory(document.states), StateMemory(document.states))
        # How many calls there were: its last bit says which set of states is the current one.
        self._count = [0]
        self._calls: dict[int, Call] = {}

    @property
    def state(self) -> dict[str, NDArray[Any]]:
        """A copy of the state after the last call, by name."""
        return {name: array.copy() for name, array in self._current.arrays.items()}

    @state.setter
    def state(self, values: Mapping[str, NDArray[Any]]) -> None:
        for name, array in self._current.arrays.items():
            array[...] = values[name]

    def reset(self) -> None:
        """Start again: every state is zero."""
        for array in self._current.arrays.values():
            array.fill(0)

    def call(self, frames: int) -> Call:
        """Give the graph bound for calls of 1 to `maximum_frames` frames."""
        call = self._calls.get(frames)
        if call is None:
            if len(self._calls) >= _MOST_CALLS:
                del self._calls[next(iter(self._calls))]
            call = self._calls[frames] = self._bind(frames)
        return call

    @property
    def _current(self) -> StateMemory:
        return self._states[self._count[0] & 1]

    def _bind(self, frames: int) -> Call:
        document = self._graph.document
        shape = (document.channels, frames * document.hop_length)
        audio_in = self._audio_in[: math.prod(shape)].reshape(shape if document.has_audio_input else -1)
        audio_out = self._audio_out[: math.prod(shape)].reshape(shape if document.has_audio_output else -1)
        controls_out, length = _lay_out(document, self._controls_out, frames)
        inputs = {
            f"control.{control.name}": self._controls.memory(control.name, frames)[None]
            for control in document.controls
        }
        outputs = {f"output.{name}": view[None] for name, view in controls_out.items()}
        if document.has_audio_input:
            inputs[AUDIO_INPUT] = audio_in[None]
        if document.has_audio_output:
            outputs[AUDIO_OUTPUT] = audio_out[None]
        first, second = self._states
        runs = (
            _connect(self._graph.session, inputs, outputs, first, second),
            _connect(self._graph.session, inputs, outputs, second, first),
        )
        checked = audio_out.reshape(-1) if document.has_audio_output else self._controls_out[:length]
        return Call(audio_in, audio_out, controls_out, self._closure(frames, runs, checked))

    def _closure(
        self, frames: int, runs: tuple[Callable[[], None], Callable[[], None]], checked: NDArray[np.float32]
    ) -> Callable[[], bool]:
        """Bind all that a call needs, because what a block has to look up is no longer in the cache."""
        counter, watched = self._count, tuple(states.watched for states in self._states)
        parts, source = len(watched[0]), self._graph.source
        vdot, isfinite = np.vdot, math.isfinite

        def run() -> bool:
            count = counter[0]
            try:
                runs[count & 1]()
            except Exception as error:  # ONNX Runtime's exceptions have no common base of their own
                raise ModelFileError(
                    f"{source}: the graph fails on {counted(frames, 'frame')} ({_first_line(error)}); export it again"
                ) from error
            counter[0] = count = count + 1
            if not isfinite(vdot(checked, checked)) and not is_finite(checked):
                return False
            if count % _CALLS_PER_WATCH or not parts:
                return True
            # Looked at in turn: a network can turn a NaN in its state into finite silence for ever after.
            return is_finite(watched[count & 1][count // _CALLS_PER_WATCH % parts])

        return run


def frames_per_call(hop_length: int) -> int:
    """Give the most frames of one call, at least 1."""
    return max(1, SAMPLES_PER_CALL // hop_length)


def _lay_out(
    document: ModelDocument, memory: NDArray[np.float32], frames: int
) -> tuple[dict[str, NDArray[np.float32]], int]:
    """Place the output controls one after the other, and say how much memory that takes."""
    views: dict[str, NDArray[np.float32]] = {}
    start = 0
    for control in document.outputs:
        part = memory[start : start + control.size * frames]
        views[control.name] = part.reshape(control.size, frames) if control.is_vector else part
        start += len(part)
    return views, start


def _connect(
    session: ort.InferenceSession,
    inputs: Mapping[str, NDArray[np.float32]],
    outputs: Mapping[str, NDArray[np.float32]],
    before: StateMemory,
    after: StateMemory,
) -> Callable[[], None]:
    """Bind a graph's inputs and outputs, and give what runs it."""
    bound = session.io_binding()
    states_in = {f"state.{name}": array for name, array in before.arrays.items()}
    states_out = {f"next_state.{name}": array for name, array in after.arrays.items()}
    for name, array in {**inputs, **states_in}.items():
        bound.bind_input(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)
    for name, array in {**outputs, **states_out}.items():
        bound.bind_output(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)
    # ONNX Runtime's own method only hands on to this one, at the price of one more Python function a block.
    inner, binding = getattr(session, "_sess", None), getattr(bound, "_iobinding", None)
    if inner is None or binding is None:
        return partial(session.run_with_iobinding, bound)
    return partial(inner.run_with_iobinding, binding, None)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0][:300]
