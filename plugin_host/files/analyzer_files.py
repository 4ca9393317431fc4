"""Run an analyzer over audio files: each becomes a table with a row for every frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from ..playing.model import Model
from ..sound_files.reader import AudioReader
from ..streaming.aligned import aligned_frames
from .input_file import InputFile
from .plan import ANALYZER_FILES, Job
from .report import FileReport, Status
from .request import Request
from .table_writer import TableWriter

BLOCK_SIZE = 8192


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
        with AudioReader(job.input, self._request.accept_truncated) as reader:
            source = InputFile(job.input)
            stream = self._model.stream(reader.sample_rate, 1 if document.channels == 1 else reader.channels)
            stream.set(**self._request.settings)

            def blocks() -> Iterator[NDArray[np.float32]]:
                for block in reader.blocks(BLOCK_SIZE):
                    yield block.mean(axis=0, keepdims=True) if stream.channels == 1 else block
                    on_progress(reader.share_read)

            with TableWriter(
                job.target, document.outputs, document.hop_length / document.sample_rate
            ) as writer:
                for frames in aligned_frames(stream, blocks()):
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
