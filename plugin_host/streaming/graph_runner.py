"""Run one copy of a model's graph: audio and controls in, audio or controls out, its state kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from ..errors import ModelFileError
from ..model_file.document import ModelDocument
from ..model_file.graph_contract import AUDIO_INPUT, AUDIO_OUTPUT

SAMPLES_PER_CALL = 4096
"""The most samples handed to a graph at once: longer calls do not fit the processor's cache."""

_MOST_CALLS = 64
_CALLS_PER_WATCH = 8


@dataclass(frozen=True)
class Call:
    """The memory for calls of one number of frames, and the graph bound from either state to the other.

    Parameters
    ----------
    audio_in, audio_out : array
        (C, frames * hop_length); empty where the model has none.
    controls_out : dict of str to array
        Each output control, (frames,).
    outputs : tuple of array
        All outputs again, flat.
    bound : tuple of onnxruntime.IOBinding
        From the first state to the second, and from the second to the first.
    """

    audio_in: NDArray[np.float32]
    audio_out: NDArray[np.float32]
    controls_out: dict[str, NDArray[np.float32]]
    outputs: tuple[NDArray[np.float32], ...]
    bound: tuple[ort.IOBinding, ort.IOBinding]


class GraphRunner:
    """One running copy of a model at its own rate: memory for its tensors and two sets of states.

    States are read from one set and written to the other, and the sets change places after every call; one
    memory as input and output of a graph at the same time gives wrong results.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
        The graph, which may be shared with other runners.
    document : ModelDocument
        What the graph is.
    controls : mapping of str to array
        Memory of each control's values, one a frame, filled by the caller before each call.
    source : str
        How messages name the model.

    Notes
    -----
    A number of frames seen for the first time costs a binding (some 30 us); the last 64 are kept. Otherwise
    nothing is allocated. A runner is for one thread at a time.
    """

    def __init__(
        self,
        session: ort.InferenceSession,
        document: ModelDocument,
        controls: Mapping[str, NDArray[np.float32]],
        source: str,
    ) -> None:
        self._session = session
        self._document = document
        self._controls = controls
        self._source = source
        self.maximum_frames = frames_per_call(document.hop_length)
        most_samples = document.channels * self.maximum_frames * document.hop_length
        self._audio_in = np.zeros(most_samples if document.has_audio_input else 0, dtype=np.float32)
        self._audio_out = np.zeros(most_samples if document.has_audio_output else 0, dtype=np.float32)
        self._controls_out = {
            control.name: np.zeros(self.maximum_frames, dtype=np.float32) for control in document.outputs
        }
        self._states = tuple(
            {state.name: np.zeros(state.shape, dtype=state.dtype) for state in document.states}
            for _ in range(2)
        )
        self._current = 0
        self._calls: dict[int, Call] = {}
        # Looked at in turn: a network can turn a NaN in its state into finite silence for ever after.
        self._watched = [
            tuple(states[state.name].reshape(-1) for states in self._states)
            for state in document.states
            if state.dtype != "int64"
        ]
        self._calls_until_watch = _CALLS_PER_WATCH
        self._next_watched = 0

    @property
    def state(self) -> dict[str, NDArray[Any]]:
        """A copy of the state after the last call, by name."""
        return {name: array.copy() for name, array in self._states[self._current].items()}

    @state.setter
    def state(self, values: Mapping[str, NDArray[Any]]) -> None:
        for name, array in self._states[self._current].items():
            array[...] = values[name]

    def reset(self) -> None:
        """Start again: every state is zero."""
        for array in self._states[self._current].values():
            array.fill(0)

    def run(self, frames: int, source: NDArray[np.float32] | None = None) -> Call | None:
        """Run the graph over some frames.

        Parameters
        ----------
        frames : int
            1 to `maximum_frames`.
        source : array or None
            Audio in, (C, frames * hop_length), where the model takes any.

        Returns
        -------
        Call or None
            Whose outputs hold the result until the next call, or None where the result is not finite.

        Raises
        ------
        ModelFileError
            If the graph fails.
        """
        call = self._calls.get(frames) or self._bind(frames)
        if source is not None:
            call.audio_in[...] = source
        try:
            self._session.run_with_iobinding(call.bound[self._current])
        except Exception as error:  # ONNX Runtime's exceptions have no common base of their own
            raise ModelFileError(
                f"{self._source}: the graph fails on {frames} frames ({_first_line(error)}); export it again"
            ) from error
        self._current = 1 - self._current
        return call if self._is_finite(call) else None

    def _is_finite(self, call: Call) -> bool:
        for values in call.outputs:
            if not is_finite(values):
                return False
        self._calls_until_watch -= 1
        if self._calls_until_watch > 0 or not self._watched:
            return True
        self._calls_until_watch = _CALLS_PER_WATCH
        self._next_watched = (self._next_watched + 1) % len(self._watched)
        return is_finite(self._watched[self._next_watched][self._current])

    def _bind(self, frames: int) -> Call:
        if len(self._calls) >= _MOST_CALLS:
            del self._calls[next(iter(self._calls))]
        call = self._calls[frames] = self._make_call(frames)
        return call

    def _make_call(self, frames: int) -> Call:
        document = self._document
        shape = (document.channels, frames * document.hop_length)
        audio_in = (
            self._audio_in[: math.prod(shape)].reshape(shape) if document.has_audio_input else self._audio_in
        )
        audio_out = (
            self._audio_out[: math.prod(shape)].reshape(shape)
            if document.has_audio_output
            else self._audio_out
        )
        controls_out = {name: memory[:frames] for name, memory in self._controls_out.items()}
        inputs = {f"control.{name}": memory[None, :frames] for name, memory in self._controls.items()}
        outputs = {f"output.{name}": view[None] for name, view in controls_out.items()}
        if document.has_audio_input:
            inputs[AUDIO_INPUT] = audio_in[None]
        if document.has_audio_output:
            outputs[AUDIO_OUTPUT] = audio_out[None]
        return Call(
            audio_in,
            audio_out,
            controls_out,
            tuple(array.reshape(-1) for array in outputs.values()),
            (
                self._connect(inputs, outputs, self._states[0], self._states[1]),
                self._connect(inputs, outputs, self._states[1], self._states[0]),
            ),
        )

    def _connect(
        self,
        inputs: Mapping[str, NDArray[np.float32]],
        outputs: Mapping[str, NDArray[np.float32]],
        before: Mapping[str, NDArray[Any]],
        after: Mapping[str, NDArray[Any]],
    ) -> ort.IOBinding:
        bound = self._session.io_binding()
        for name, array in (*inputs.items(), *((f"state.{name}", array) for name, array in before.items())):
            bound.bind_input(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)
        for name, array in (
            *outputs.items(),
            *((f"next_state.{name}", array) for name, array in after.items()),
        ):
            bound.bind_output(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)
        return bound


def frames_per_call(hop_length: int) -> int:
    """Give the most frames of one call, at least 1."""
    return max(1, SAMPLES_PER_CALL // hop_length)


def is_finite(values: NDArray[np.floating]) -> bool:
    """Tell whether all of a contiguous vector is finite."""
    # The sum of squares is the quickest look at every value, and vdot the one product that does not warn of
    # bad ones. It overflows before the values do, hence the second look.
    return math.isfinite(np.vdot(values, values)) or bool(np.isfinite(values).all())


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0][:300]
