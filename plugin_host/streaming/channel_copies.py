"""Run a model at its own rate over all channels of a stream: one copy per channel, or one for all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import StreamError
from ..model_file.controls import Control
from .control_ramps import RAMP_SECONDS, ControlRamps
from .counters import Counters
from .finite_guard import FADE_SECONDS, FadeIn, repair
from .graph_runner import GraphRunner, frames_per_call
from .loaded_graph import LoadedGraph

_MOST_PLAYERS = 64

Audio: TypeAlias = NDArray[np.float32]


class ChannelCopies:
    """The copies of a model that one stream needs, with the controls they share.

    A model of one channel has a copy, and so a state, for each channel; any other model has one copy for all.
    A copy whose output is not finite is muted for that call, starts again from zero state, and fades in.

    Parameters
    ----------
    graph : LoadedGraph
        The model.
    channels : int
        C, of the stream; if the model has more than one, exactly those.
    counters : Counters
        Where repaired samples and muted calls are counted.
    """

    def __init__(self, graph: LoadedGraph, channels: int, counters: Counters) -> None:
        document = graph.document
        self._document = document
        self._counters = counters
        self.maximum_frames = frames_per_call(document.hop_length)
        frame_rate = document.sample_rate / document.hop_length
        self.controls = ControlRamps(
            document.controls, max(1, round(RAMP_SECONDS * frame_rate)), self.maximum_frames
        )
        copies = channels if document.channels == 1 else 1
        self._runners = [GraphRunner(graph, self.controls) for _ in range(copies)]
        self._rows = [slice(index, index + 1) for index in range(copies)]
        if copies == 1:
            self._rows = [slice(0, channels)]
        fade_length = max(1, round(FADE_SECONDS * document.sample_rate))
        self._fades = [FadeIn(fade_length) for _ in self._runners]
        self._players: dict[int, Callable[[Audio | None], Audio]] = {}
        # What several copies give is put together here.
        self._joined = np.zeros((channels, self.maximum_frames * document.hop_length), dtype=np.float32)

    def reset(self) -> None:
        """Start again: zero states, controls at their targets, full level."""
        self.controls.reset()
        for runner, fade in zip(self._runners, self._fades, strict=True):
            runner.reset()
            fade.finish()

    def player(self, frames: int) -> Callable[[Audio | None], Audio]:
        """Give the function that computes audio in calls of 1 to `maximum_frames` frames.

        Returns
        -------
        callable
            Takes audio, (C, frames * hop_length), or None for a generator; samples that are not finite are
            taken for zeros. Gives audio of the same shape, in memory that the next call writes to.
        """
        player = self._players.get(frames)
        if player is None:
            if len(self._players) >= _MOST_PLAYERS:
                self._players.clear()
            player = self._players[frames] = self._join(frames)
        return player

    def analyze(self, frames: int, source: Audio) -> dict[str, Audio]:
        """Compute the output controls of an analyzer.

        Parameters
        ----------
        frames : int
            1 to `maximum_frames`.
        source : array
            Audio in, (C, frames * hop_length), finite.

        Returns
        -------
        dict of str to array
            Each output control, (copies, frames), of a vector (copies, K, frames); its default where the
            model failed.
        """
        outputs = self._document.outputs
        controls = self.controls
        if controls.is_moving:
            controls.advance(frames)
        found = {
            output.name: np.empty(
                (self.copies, *([output.size] if output.is_vector else []), frames), dtype=np.float32
            )
            for output in outputs
        }
        for index, runner in enumerate(self._runners):
            if controls.differ_by_channel:
                controls.load_channel(index)
            call = runner.call(frames)
            call.audio_in[...] = source[self._rows[index]]
            is_good = call.run()
            for output in outputs:
                values = found[output.name][index]
                values[...] = call.controls_out[output.name] if is_good else _defaults(output)
            if not is_good:
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

    def _join(self, frames: int) -> Callable[[Audio | None], Audio]:
        """Give the player of all copies together."""
        players = [self._bind(index, frames) for index in range(self.copies)]
        if self.copies == 1:
            return players[0]
        controls, load_channel = self.controls, self.controls.load_channel
        joined = self._joined[:, : frames * self._document.hop_length]
        copies = [(index, joined[row], row, players[index]) for index, row in enumerate(self._rows)]

        def play(source: Audio | None) -> Audio:
            for index, sink, row, player in copies:
                # The first copy's player has moved the controls, to the values of the first channel.
                if index and controls.differ_by_channel:
                    load_channel(index)
                sink[...] = player(None if source is None else source[row])
            return joined

        return play

    def _bind(self, index: int, frames: int) -> Callable[[Audio | None], Audio]:
        """Bind all that one copy needs, because what a block has to look up is no longer in the cache."""
        call = self._runners[index].call(frames)
        audio_in, audio_out, run = call.audio_in, call.audio_out, call.run
        samples = audio_in.reshape(-1)
        controls, fade, counters = self.controls, self._fades[index], self._counters
        is_first = index == 0
        vdot, isfinite = np.vdot, math.isfinite

        def play(source: Audio | None) -> Audio:
            if controls.is_moving and is_first:
                controls.advance(frames)
            if source is not None:
                audio_in[...] = source
                if not isfinite(vdot(samples, samples)):
                    counters.repaired_samples += repair(audio_in)
            if not run():
                audio_out.fill(0.0)
                self._restart(index)
            elif fade.is_running:
                fade.apply(audio_out)
            return audio_out

        return play

    def _restart(self, index: int) -> None:
        self._counters.muted_blocks += 1
        self._runners[index].reset()
        self._fades[index].start()


def _defaults(output: Control) -> NDArray[np.float32]:
    """Give an output's default in the shape of its values in one frame."""
    defaults = np.array(output.defaults, dtype=np.float32)
    return defaults[:, None] if output.is_vector else defaults
