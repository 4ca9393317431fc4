"""Do one file: keep what is there, or let the maker for the model's role make it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from ..errors import HostError, OutputError, UsageError, naming
from ..model_file.document import Role
from ..playing.model import Model
from .analyzer_files import AnalyzerFiles
from .done_record import Made, hash_file, note_begun
from .effect_files import EffectFiles
from .generator_files import GeneratorFiles
from .input_file import hash_input
from .plan import FileKinds, IfExists, Job
from .report import FileReport, Status
from .request import Request


@dataclass(frozen=True)
class Work:
    """A job, and what is done about an output that is there.

    Parameters
    ----------
    job : Job
    if_exists : IfExists
    known : Made or None
        What the record says of the output.
    begun : bool
        Whether an earlier call began this output where there was none, and did not come to record it: it may have been
        stopped in between, so what is there is its own.
    record_folder : Path or None
        Where the record is, if there is one.
    """

    job: Job
    if_exists: IfExists = IfExists.OVERWRITE
    known: Made | None = None
    begun: bool = False
    record_folder: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a file, and the line for the record where it was made."""

    report: FileReport
    made: Made | None = None


class Maker(Protocol):
    """Makes one output after another, as the role of its model has it.

    Attributes
    ----------
    kinds : FileKinds
        Which files it reads and writes.
    """

    kinds: FileKinds

    def __init__(self, model: Model, request: Request) -> None: ...

    def make(self, job: Job, on_progress: Callable[[float], None], /) -> tuple[FileReport, str]:
        """Make a file; `on_progress` gets how much is done, from 0 to 1. Give its report and the input's hash."""
        ...


MAKERS: Mapping[Role, type[Maker]] = {
    Role.EFFECT: EffectFiles,
    Role.ANALYZER: AnalyzerFiles,
    Role.GENERATOR: GeneratorFiles,
}


class FileTask:
    """Does one file after another with one loaded model.

    Parameters
    ----------
    request : Request
        What is to be done. The model is loaded at the first call, so that a new task can be sent to a worker.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._maker: Maker | None = None

    def __call__(self, work: Work, on_progress: Callable[[float], None]) -> Outcome:
        """Do a file; `on_progress` gets how much is done, from 0 to 1. What fails is reported, not raised."""
        job = work.job
        try:
            if self._may_be_kept(work):
                return Outcome(FileReport(str(job.source or ""), str(job.target), Status.KEPT))
            if work.if_exists is IfExists.RESUME and job.target.exists() and not work.begun:
                raise UsageError(
                    f"{job.target} exists already, and is not what this command makes of this input;"
                    " choose another folder, or --if-exists skip or overwrite"
                )
            if work.record_folder is not None and not job.target.exists():
                # Where the record cannot be written, whoever adds what was made says so.
                with contextlib.suppress(OutputError):
                    note_begun(work.record_folder, job.name)
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
            work.if_exists in (IfExists.RESUME, IfExists.SKIP)
            and known is not None
            and known.request_sha256 == self._request.fingerprint(job.target)
            and job.target.is_file()
            and (job.source is None or job.source.is_file())
            and known.input_sha256 == hash_input(job.source)
            and known.output_sha256 == hash_file(job.target)
        )

    def _make(self, job: Job, on_progress: Callable[[float], None]) -> Outcome:
        started = time.perf_counter()
        if self._maker is None:
            model = Model(self._request.model)
            self._maker = MAKERS[model.document.role](model, self._request)
        with naming(job.source or job.target):
            report, input_sha256 = self._maker.make(job, on_progress)
        report = replace(report, processing_s=time.perf_counter() - started)
        fingerprint = self._request.fingerprint(job.target)
        return Outcome(report, Made(job.name, input_sha256, fingerprint, hash_file(job.target)))


def failed(job: Job, error: str, kind: str) -> FileReport:
    """Report a file that could not be made, in one sentence."""
    return FileReport(str(job.source or ""), str(job.target), Status.FAILED, error, kind)
