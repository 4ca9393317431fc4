"""Run many jobs, in this process or in several, and keep the record of what was made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ..errors import DiskFullError, OutputError
from .atomic_file import remove_leftovers
from .done_record import Made, MadeRecord
from .file_job import FileTask, Outcome, Work, failed
from .plan import IfExists, Job
from .processes import WorkerEnded, Workers
from .report import FileReport, Status

Progress = Callable[[int, float], None]


class Batch:
    """All jobs of one call; `run` yields a report for each file, in the order in which they are done.

    Parameters
    ----------
    task : FileTask
        What is done to each file.
    jobs : sequence of Job
        From `plan_jobs`.
    folder : Path
        The output folder, in which the record is kept.
    if_exists : IfExists
        What is done about an output that is there.
    workers : int
        How many processes; 1 for this one.

    Attributes
    ----------
    reports : dict of int to FileReport
        What became of each job so far, by its position. It is up to date after an interruption too.
    record_problem : str
        Why the record could not be written, in one sentence, or empty. Outputs are made all the same.
    """

    def __init__(
        self, task: FileTask, jobs: Sequence[Job], folder: Path, if_exists: IfExists, workers: int = 1
    ) -> None:
        self._task = task
        self._jobs = jobs
        self._record = MadeRecord(folder)
        self._if_exists = if_exists
        self._workers = workers
        self.reports: dict[int, FileReport] = {}
        self.record_problem = ""

    def run(self, on_progress: Progress = lambda index, done: None) -> Iterator[FileReport]:
        """Do the jobs. `on_progress` gets a job's position and how much of it is done, from 0 to 1.

        After a full disk the files that remain are reported as not tried.
        """
        for folder in {job.target.parent for job in self._jobs}:
            remove_leftovers(folder)
        todo: list[int] = []
        for index, job in enumerate(self._jobs):
            if self._if_exists is IfExists.FAIL and job.target.exists():
                sentence = f"{job.target} exists already; choose --if-exists resume, skip or overwrite"
                self.reports[index] = failed(job, sentence, "UsageError")
                yield self.reports[index]
            else:
                todo.append(index)
        for index, outcome in self._outcomes(todo, on_progress):
            self.reports[index] = outcome.report
            on_progress(index, 1.0)
            if outcome.made is not None:
                self._note(outcome.made)
            yield outcome.report
            if outcome.report.error_kind == DiskFullError.__name__:
                break
        for index in sorted(set(todo) - self.reports.keys()):
            self.reports[index] = not_tried(self._jobs[index])
            yield self.reports[index]

    def _outcomes(self, todo: Sequence[int], on_progress: Progress) -> Iterator[tuple[int, Outcome]]:
        works = [self._work(self._jobs[index]) for index in todo]
        if self._workers <= 1 or len(works) <= 1:
            for index, work in zip(todo, works, strict=True):
                yield index, self._task(work, lambda done, index=index: on_progress(index, done))
            return
        with Workers(self._task, works, self._workers) as workers:
            for found in workers.results():
                for position in workers.in_hand:
                    on_progress(todo[position], workers.progress[position])
                if found is None:
                    continue
                position, outcome = found
                index = todo[position]
                if isinstance(outcome, WorkerEnded):
                    outcome = _ended(self._jobs[index], outcome)
                yield index, outcome

    def _note(self, made: Made) -> None:
        try:
            self._record.add(made)
        except OutputError as error:
            self.record_problem = self.record_problem or str(error)

    def _work(self, job: Job) -> Work:
        name, record = job.name, self._record
        return Work(job, self._if_exists, record.find(name), record.was_begun(name), record.folder)


def not_tried(job: Job) -> FileReport:
    """Report a file that was not come to."""
    return FileReport(str(job.source or ""), str(job.target), Status.NOT_TRIED)


def _ended(job: Job, ended: WorkerEnded) -> Outcome:
    how = (
        f"signal {-ended.exit_code}" if ended.exit_code and ended.exit_code < 0 else f"code {ended.exit_code}"
    )
    sentence = f"{job.source or job.target}: its worker process ended ({how}), as for want of memory; try --workers 1"
    return Outcome(failed(job, sentence, "RuntimeError"))
