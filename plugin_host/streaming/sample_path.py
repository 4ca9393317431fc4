"""Carry samples from blocks of any size and rate to a model that wants whole hops at its own, and back."""

from __future__ import annotations

import math

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from ..model_file.document import ModelDocument, Role
from .channel_copies import Voices
from .finite_guard import repair
from .graph_runner import is_finite
from .latency import Latency, plan_blocks
from .rate_conversion import RateConversion, Resampler
from .sample_queue import SampleFifo


class Line:
    """The way of the samples: rate conversion, queue, model, rate conversion, queue, each where it is needed.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
        The graph.
    document : ModelDocument
        What it is.
    sample_rate : float
        Of the outside world, in Hz.
    channels : int
        C.
    block_size : int or None
        Of the blocks to come; None for any.
    source : str
        How messages name the model.

    Attributes
    ----------
    latency : Latency
        By how much output lags input.
    step : int
        Of which every block is a multiple.
    voices : Voices
        The copies of the model.
    repaired_samples : int
        NaN and infinite input samples replaced by zeros so far.
    """

    def __init__(
        self,
        session: ort.InferenceSession,
        document: ModelDocument,
        sample_rate: float,
        channels: int,
        block_size: int | None,
        source: str,
    ) -> None:
        inward = RateConversion.between(sample_rate, document.sample_rate)
        outward = RateConversion.between(document.sample_rate, sample_rate)
        back = outward if document.has_audio_output else None
        plan = plan_blocks(document.hop_length, block_size, inward, back, document.latency_samples)
        self._document = document
        self._channels = channels
        self._hop_length = document.hop_length
        self._rate_ratio = inward.ratio
        self.repaired_samples = 0
        self.step = plan.step
        # A generator runs ahead of what is asked of it instead of waiting for input.
        self.latency = plan.latency if document.has_audio_input else Latency(model=plan.latency.model)
        self.voices = Voices(session, document, channels, source)
        converts = not inward.is_identity
        most_samples = self.voices.maximum_frames * document.hop_length
        self._piece = max(1, math.floor((most_samples - 1) * inward.ratio)) if converts else most_samples
        self._group = max(self._piece // plan.step * plan.step, plan.step)
        # Blocks of whole hops at the model's own rate need no queue: nothing ever waits in it.
        self._is_direct = (
            not converts and plan.step % document.hop_length == 0 and self._group <= most_samples
        )
        self._inlet = SampleFifo(channels, 4 * most_samples)
        self._outlet = SampleFifo(channels, 4 * (self._piece + self.latency.total + document.hop_length))
        self._to_model = self._from_model = None
        if converts and document.has_audio_input:
            self._to_model = Resampler(inward, channels, self._piece)
        if converts and document.has_audio_output:
            self._from_model = Resampler(outward, channels, most_samples)
        self.reset()

    @property
    def tail_samples(self) -> int:
        """How long the model goes on sounding after its input, in samples of the outside world."""
        return math.ceil(self._document.tail_samples * self._rate_ratio)

    def reset(self) -> None:
        """Start again as if new: zero state, silence in every queue."""
        self._inlet.clear()
        self._outlet.clear()
        self._outlet.append_zeros(self.latency.reblocking + self.latency.resampling)
        for resampler in (self._to_model, self._from_model):
            if resampler is not None:
                resampler.reset()
        self.voices.reset()
        self._taken = 0
        self._frames = 0
        self._found: list[dict[str, NDArray[np.float32]]] = []

    def is_whole(self, length: int) -> bool:
        """Tell whether the next block, of this length, is whole frames of the model, sample for sample."""
        return self._rate_ratio == 1 and len(self._inlet) == 0 and length % self._hop_length == 0

    def play(self, samples: NDArray[np.float32], output: NDArray[np.float32]) -> None:
        """Play a block (C, T) through an effect and write what comes out into `output` (C, T)."""
        for start in range(0, samples.shape[1], self._group):
            part = slice(start, start + self._group)
            if self._is_direct:
                self._play_directly(samples[:, part], output[:, part])
            else:
                self._take_in(samples[:, part])
                self._give_out(output[:, part])

    def finish(self) -> NDArray[np.float32]:
        """Give what an effect holds back and what rings on, (C, total latency + tail)."""
        rest = self.latency.total + self.tail_samples
        while (missing := rest - len(self._outlet)) > 0:
            self._take_in(np.zeros((self._channels, min(missing, self._piece)), dtype=np.float32))
        return self._outlet.front(rest).copy()

    def analyze(self, samples: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Play a block (C, T) into an analyzer and give the frames it completes, each output (copies, N)."""
        self._take_in(samples)
        self._taken += samples.shape[1]
        return self._collect()

    def finish_analysis(self) -> dict[str, NDArray[np.float32]]:
        """Give the frames not yet given, up to one for every hop begun and those of the model's latency."""
        own_samples = math.ceil(self._taken / self._rate_ratio) + self._document.latency_samples
        silence = np.zeros((self._channels, min(self._piece, self._hop_length)), dtype=np.float32)
        while self._frames * self._hop_length < own_samples:
            self._take_in(silence)
        return self._collect()

    def frames_for(self, samples: int) -> int:
        """Give how many frames a generator has to compute for the next `samples` samples."""
        missing = samples - len(self._outlet)
        if self._from_model is not None:
            missing = self._from_model.missing(missing)
        return max(0, -(-missing // self._hop_length))

    def generate(self, frames: int, output: NDArray[np.float32]) -> None:
        """Compute frames of a generator, and write the next samples into `output` (C, T)."""
        while frames > 0:
            count = min(frames, self.voices.maximum_frames)
            self._run(count, None)
            frames -= count
        self._give_out(output)

    def rest(self) -> NDArray[np.float32]:
        """Give what a generator has computed and not yet given, (C, T)."""
        return self._outlet.front(len(self._outlet)).copy()

    def _play_directly(self, samples: NDArray[np.float32], output: NDArray[np.float32]) -> None:
        if not all(map(is_finite, samples)):
            samples = samples.copy()
            self.repaired_samples += repair(samples)
        self.voices.run(samples.shape[1] // self._hop_length, samples, output)

    def _take_in(self, samples: NDArray[np.float32]) -> None:
        """Take in samples and run the graph over every whole hop there is then."""
        for start in range(0, samples.shape[1], self._piece):
            part = samples[:, start : start + self._piece]
            length = part.shape[1]
            entry = self._inlet.append(length) if self._to_model is None else self._to_model.room(length)
            entry[...] = part
            self.repaired_samples += repair(entry)
            if self._to_model is not None:
                self._to_model.convert(self._inlet)
            while frames := min(len(self._inlet) // self._hop_length, self.voices.maximum_frames):
                self._run(frames, self._inlet.front(frames * self._hop_length))
                self._inlet.drop(frames * self._hop_length)

    def _run(self, frames: int, source: NDArray[np.float32] | None) -> None:
        length = frames * self._hop_length
        if self._document.role is Role.ANALYZER and source is not None:
            self._found.append(self.voices.analyze(frames, source))
            self._frames += frames
        elif self._from_model is None:
            self.voices.run(frames, source, self._outlet.append(length))
        else:
            self.voices.run(frames, source, self._from_model.room(length))
            self._from_model.convert(self._outlet)

    def _give_out(self, output: NDArray[np.float32]) -> None:
        length = output.shape[1]
        output[...] = self._outlet.front(length)
        self._outlet.drop(length)

    def _collect(self) -> dict[str, NDArray[np.float32]]:
        found, self._found = self._found, []
        if len(found) == 1:
            return found[0]
        nothing = np.zeros((self.voices.copies, 0), dtype=np.float32)
        names = [control.name for control in self._document.outputs]
        return {name: np.concatenate([nothing, *(part[name] for part in found)], axis=1) for name in names}
