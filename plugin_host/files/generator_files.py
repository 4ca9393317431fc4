"""Play a generator from tables of its controls, or with constant controls: each becomes an audio file."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from ..playing.model import Model
from ..streaming.aligned import without_first
from .input_file import InputFile
from .plan import GENERATOR_FILES, Job
from .report import FileReport, Status
from .request import Request
from .table_curves import TableCurves
from .table_reader import ControlTable
from .writer import AudioWriter, choose_encoding

BLOCK_SIZE = 8192


class GeneratorFiles:
    """Makes an audio file of each table.

    Parameters
    ----------
    model : Model
        A generator.
    request : Request
        What is to be done. Controls that it sets are not taken from tables.
    """

    kinds = GENERATOR_FILES

    def __init__(self, model: Model, request: Request) -> None:
        self._model = model
        self._request = request

    def make(self, job: Job, on_progress: Callable[[float], None]) -> tuple[FileReport, str]:
        """Make a file; `on_progress` gets how much is done, from 0 to 1. Give its report and the input's hash."""
        document = self._model.document
        rate = self._request.sample_rate or document.sample_rate
        table = self._read_table(job)
        source = InputFile(job.source)
        curves = TableCurves(table, self._request.settings, document) if table is not None else None
        seconds = self._request.seconds or (table.duration_s if table is not None else 0.0)
        samples = max(1, round(seconds * rate))
        stream = self._model.stream(rate)
        stream.set(**self._request.settings)
        encoding = choose_encoding(job.target.suffix, "WAV", "PCM_24")

        def generate() -> Iterator[NDArray[np.float32]]:
            left = samples + stream.latency_samples
            while left > 0:
                length = min(BLOCK_SIZE, left)
                moving = curves.take(stream.frames_for(length)) if curves is not None else {}
                yield stream.generate(length, **moving)
                left -= length

        with AudioWriter(job.target, rate, stream.channels, *encoding, samples) as writer:
            for output in without_first(generate(), stream.latency_samples):
                writer.write(output)
                on_progress(writer.frames_written / samples)
            digest = source.finish()
            writer.commit()
        report = FileReport(
            source=str(job.source or ""),
            target=str(job.target),
            status=Status.MADE,
            duration_s=samples / rate,
            sample_rate=rate,
            channels=stream.channels,
            latency_samples=stream.latency_samples,
            clipped_samples=writer.clipped_samples,
            muted_blocks=stream.counters.muted_blocks,
            settings=self._request.settings,
            left_out=table.left_out if table is not None else (),
        )
        return report, digest

    def _read_table(self, job: Job) -> ControlTable | None:
        if job.source is None:
            return None
        document = self._model.document
        return ControlTable(
            job.source,
            document.controls,
            f"{document.role} {document.name!r}",
            needs_duration=self._request.seconds is None,
        )
