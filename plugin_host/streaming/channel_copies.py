"""Run a model at its own rate over all channels of a stream: one copy per channel, or one for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from ..errors import StreamError
from ..model_file.document import ModelDocument
from .controls import RAMP_SECONDS, ControlRamps
from .finite_guard import FADE_SECONDS, FadeIn
from .graph_runner import GraphRunner, frames_per_call


class Voices:
    """The copies of a model that one stream needs, with the controls they share.

    A model of one channel has a copy, and so a state, for each channel; any other model has one copy for all.
    A copy whose output is not finite is muted for that call, starts again from zero state, and fades in.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
        The graph.
    document : ModelDocument
        What it is.
    channels : int
        Of the stream; if the model has more than one, exactly those.
    source : str
        How messages name the model.
    """

    def __init__(
        self, session: ort.InferenceSession, document: ModelDocument, channels: int, source: str
    ) -> None:
        self._document = document
        self._hop_length = document.hop_length
        self._channels = channels
        self.maximum_frames = frames_per_call(document.hop_length)
        frame_rate = document.sample_rate / document.hop_length
        self.controls = ControlRamps(
            document.controls, max(1, round(RAMP_SECONDS * frame_rate)), self.maximum_frames
        )
        copies = channels if document.channels == 1 else 1
        self._runners = [GraphRunner(session, document, self.controls.buffers, source) for _ in range(copies)]
        self._rows = (
            [slice(index, index + 1) for index in range(copies)] if copies > 1 else [slice(0, channels)]
        )
        fade_length = max(1, round(FADE_SECONDS * document.sample_rate))
        self._fades = [FadeIn(fade_length) for _ in self._runners]
        self.muted_blocks = 0

    def reset(self) -> None:
        """Start again: zero states, controls at their targets, full level."""
        self.controls.reset()
        for runner, fade in zip(self._runners, self._fades, strict=True):
            runner.reset()
            fade.finish()

    def run(self, frames: int, source: NDArray[np.float32] | None, sink: NDArray[np.float32]) -> None:
        """Compute audio.

        Parameters
        ----------
        frames : int
            1 to `maximum_frames`.
        source : array or None
            Audio in, (C, frames * hop_length); None for a generator.
        sink : array
            Where to write the audio that comes out, of the same shape.
        """
        controls = self.controls
        controls.advance(frames)
        per_channel = controls.differ_by_channel
        for index, runner in enumerate(self._runners):
            rows = self._rows[index]
            if per_channel:
                controls.load_channel(index)
            call = runner.run(frames, None if source is None else source[rows])
            output = sink[rows]
            if call is None:
                output.fill(0.0)
                self._restart(index)
                continue
            output[...] = call.audio_out
            if self._fades[index].is_running:
                self._fades[index].apply(output)

    def analyze(self, frames: int, source: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Compute the output controls of an analyzer.

        Parameters
        ----------
        frames : int
            1 to `maximum_frames`.
        source : array
            Audio in, (C, frames * hop_length).

        Returns
        -------
        dict of str to array
            Each output control, (copies, frames); its default where the model failed.
        """
        outputs = self._document.outputs
        found = {output.name: np.empty((self.copies, frames), dtype=np.float32) for output in outputs}
        controls = self.controls
        controls.advance(frames)
        per_channel = controls.differ_by_channel
        for index, runner in enumerate(self._runners):
            if per_channel:
                controls.load_channel(index)
            call = runner.run(frames, source[self._rows[index]])
            for output in outputs:
                found[output.name][index] = (
                    output.defaults[0] if call is None else call.controls_out[output.name]
                )
            if call is None:
                self._restart(index)
        return found

    @property
    def copies(self) -> int:
        """How many copies of the model run: one per channel, or one for all."""
        return len(self._runners)

    @property
    def state(self) -> dict[str, NDArray[Any]]:
        """A copy of all states by name, each (copies, ...)."""
        states = [runner.state for runner in self._runners]
        return {name: np.stack([state[name] for state in states]) for name in states[0]}

    @state.setter
    def state(self, values: Mapping[str, NDArray[Any]]) -> None:
        needed = {state.name: (self.copies, *state.shape) for state in self._document.states}
        found = {name: np.shape(value) for name, value in values.items()}
        if found != needed:
            raise StreamError(f"a state of {found} arrived, and this stream's state is {needed}")
        for index, runner in enumerate(self._runners):
            runner.state = {name: value[index] for name, value in values.items()}

    def _restart(self, index: int) -> None:
        self.muted_blocks += 1
        self._runners[index].reset()
        self._fades[index].start()
