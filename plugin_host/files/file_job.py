"""Do one file: keep what is there, or calibrate, process and write it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from ..effects.calibration import ANALYZER, calibrate
from ..effects.neural_effect import NeuralEffect
from ..errors import AudioFileError, CalibrationError, HostError, NothingToCalibrateError
from ..playing.model import Model
from ..streaming.aligned import aligned
from .done_record import Made, hash_file, hash_request
from .plan import Job
from .reader import AudioReader
from .report import FileReport, Status
from .writer import AudioWriter, choose_encoding

BLOCK_SIZE = 8192
LONGEST_CALIBRATION_S = 60


@dataclass(frozen=True)
class Request:
    """What is to be done to every file.

    Parameters
    ----------
    model : str
        The path of an effect.
    model_sha256 : str
        Of that file's bytes.
    settings : dict of str to float or str
        Its controls, checked already.
    mix : float
        From 0, the input alone, to 1, the model alone.
    auto : bool
        Set octave and loudness for each file, from its first minute, unless `settings` say otherwise. A file without
        a pitch to go by is played as it is, and its report says so.
    tail : bool
        Let the output ring on after the input's end; else it is exactly as long as the input.
    """

    model: str
    model_sha256: str
    settings: dict[str, Any] = field(default_factory=dict)
    mix: float = 1.0
    auto: bool = False
    tail: bool = False

    def fingerprint(self, target: Path) -> str:
        """Tell apart all requests that may give different outputs: SHA-256 in hexadecimal."""
        values = asdict(self) | {"suffix": target.suffix.lower(), "version": metadata.version("brainsynth")}
        # The file's content counts, not where it is.
        del values["model"]
        return hash_request(values)


@dataclass(frozen=True)
class Work:
    """A job, and what the record knows of its output where that may be kept."""

    job: Job
    known: Made | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a file, and the line for the record where it was made."""

    report: FileReport
    made: Made | None = None


class FileTask:
    """Does one file after another with one loaded model.

    Parameters
    ----------
    request : Request
        What is to be done. The model is loaded at the first call, so that a new task can be sent to a worker.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._model: Model | None = None
        self._analyzer: Model | None = None

    def __call__(self, work: Work, on_progress: Callable[[float], None]) -> Outcome:
        """Do a file; `on_progress` gets how much is done, from 0 to 1. What fails is told, not raised."""
        job = work.job
        try:
            if self._may_be_kept(work):
                return Outcome(FileReport(str(job.source), str(job.target), Status.KEPT))
            return self._make(job, on_progress)
        except HostError as error:
            return Outcome(failed(job, str(error), type(error).__name__))
        except OSError as error:
            return Outcome(
                failed(job, f"{job.source} cannot be read: {error.strerror or error}", "AudioFileError")
            )

    def _may_be_kept(self, work: Work) -> bool:
        known, job = work.known, work.job
        return (
            known is not None
            and known.request_sha256 == self._request.fingerprint(job.target)
            and job.target.is_file()
            and job.source.is_file()
            and known.input_sha256 == hash_file(job.source)
            and known.output_sha256 == hash_file(job.target)
        )

    def _make(self, job: Job, on_progress: Callable[[float], None]) -> Outcome:
        started = time.perf_counter()
        model = self._model = self._model or Model(self._request.model)
        with AudioReader(job.source) as reader:
            before = job.source.stat()
            settings, uncalibrated = self._settings_for(reader, model)
            effect = NeuralEffect(model, mix=self._request.mix, **settings)
            player = effect.player(reader.sample_rate, reader.channels, None)
            encoding = choose_encoding(job.target.suffix, reader.container, reader.subtype)
            with AudioWriter(
                job.target, reader.sample_rate, reader.channels, *encoding, reader.frames
            ) as writer:
                for output in aligned(player, reader.blocks(BLOCK_SIZE), self._request.tail):
                    writer.write(output)
                    on_progress(min(writer.frames_written / reader.frames, 1.0))
                made = Made(job.name, hash_file(job.source), self._request.fingerprint(job.target), "")
                after = job.source.stat()
                if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
                    raise AudioFileError(
                        f"{job.source} changed while it was read; run again when it is finished"
                    )
                writer.commit()
        report = FileReport(
            source=str(job.source),
            target=str(job.target),
            status=Status.MADE,
            duration_s=reader.duration_s,
            processing_s=time.perf_counter() - started,
            sample_rate=reader.sample_rate,
            channels=reader.channels,
            latency_samples=player.latency_samples,
            repaired_samples=reader.repaired_samples,
            clipped_samples=writer.clipped_samples,
            muted_blocks=player.counters.muted_blocks,
            settings=settings,
            uncalibrated=uncalibrated,
        )
        return Outcome(report, replace(made, output_sha256=hash_file(job.target)))

    def _settings_for(self, reader: AudioReader, model: Model) -> tuple[dict[str, Any], str]:
        """Give the controls, and why there was nothing to calibrate by, where that is so."""
        if not self._request.auto:
            return self._request.settings, ""
        with AudioReader(reader.path) as start:
            audio = start.read(LONGEST_CALIBRATION_S * start.sample_rate)
        self._analyzer = self._analyzer or Model(ANALYZER)
        try:
            found = calibrate(model, audio, reader.sample_rate, self._analyzer)
        except NothingToCalibrateError as error:
            return self._request.settings, str(error)
        except CalibrationError as error:
            raise CalibrationError(f"{reader.path}: {error}") from error
        return {**found, **self._request.settings}, ""


def failed(job: Job, error: str, kind: str) -> FileReport:
    """Report a file that could not be made, in one sentence."""
    return FileReport(str(job.source), str(job.target), Status.FAILED, error, kind)
