"""Run an analyzer over audio files: each becomes a table with a row for every frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from ..playing.model import Model
from .input_file import InputFile
from .plan import ANALYZER_FILES, Job
from .reader import AudioReader
from .report import FileReport, Status
from .request import Request
from .table_writer import TableWriter

BLOCK_SIZE = 8192
Frames = dict[str, NDArray[np.float32]]


class AnalyzerFiles:
    """Makes a table of each audio file.

    Parameters
    ----------
    model : Model
        An analyzer. One of a single channel listens to the mean of a file's channels.
    request : Request
        What is to be done.
    """

    kinds = ANALYZER_FILES

    def __init__(self, model: Model, request: Request) -> None:
        self._model = model
        self._request = request

    def make(self, job: Job, on_progress: Callable[[float], None]) -> tuple[FileReport, str]:
        """Make a table; `on_progress` gets how much is done, from 0 to 1. Give its report and the input's hash."""
        document = self._model.document
        with AudioReader(job.input) as reader:
            source = InputFile(job.input)
            stream = self._model.stream(reader.sample_rate, 1 if document.channels == 1 else reader.channels)
            stream.set(**self._request.settings)

            def analyze() -> Iterator[Frames]:
                samples = 0
                for block in reader.blocks(BLOCK_SIZE):
                    samples += block.shape[1]
                    yield stream.analyze(block.mean(axis=0, keepdims=True) if stream.channels == 1 else block)
                    on_progress(samples / reader.frames)
                yield stream.flush()

            with TableWriter(
                job.target, document.outputs, document.hop_length / document.sample_rate
            ) as writer:
                lag = round(document.latency_samples / document.hop_length)
                for frames in _without_first(analyze(), lag):
                    writer.write(frames)
                digest = source.finish()
                writer.commit()
        report = FileReport(
            source=str(job.input),
            target=str(job.target),
            status=Status.MADE,
            duration_s=reader.duration_s,
            sample_rate=reader.sample_rate,
            channels=reader.channels,
            latency_samples=stream.latency_samples,
            repaired_samples=reader.repaired_samples,
            muted_blocks=stream.counters.muted_blocks,
            settings=self._request.settings,
        )
        return report, digest


def _without_first(found: Iterator[Frames], lag: int) -> Iterator[Frames]:
    """Leave out the first `lag` frames, in which the model is not yet where they stand."""
    for frames in found:
        count = next(iter(frames.values())).shape[-1]
        dropped = min(lag, count)
        lag -= dropped
        if count > dropped:
            yield {name: values[..., dropped:] for name, values in frames.items()}
