"""`brainsynth process`: run an effect over files and folders."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import DiskFullError, OutputError, UsageError
from ..files.plan import Container, IfExists
from .exit_codes import ExitCode

if TYPE_CHECKING:
    from ..files.batch import Batch
    from ..files.file_job import Request
    from ..files.plan import Job
    from ..files.report import FileReport


def process(
    inputs: Annotated[
        list[str],
        typer.Argument(help="Files, folders, or patterns such as 'takes/**/*.wav'.", show_default=False),
    ],
    model: Annotated[
        str, typer.Option("--model", "-m", help="A bundled model or a model file.", show_default=False)
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="A folder; for a single file also a file.", show_default=False),
    ],
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Set a control; may be repeated.")
    ] = None,
    auto: Annotated[
        bool, typer.Option("--auto", help="Suit octave and loudness of each file to the model.")
    ] = False,
    mix: Annotated[
        float, typer.Option("--mix", help="From 0, the input alone, to 1, the model alone.")
    ] = 1.0,
    tail: Annotated[bool, typer.Option("--tail", help="Let outputs ring on after their inputs end.")] = False,
    container: Annotated[
        Container, typer.Option("--container", help="Kind of the outputs.")
    ] = Container.SAME,
    workers: Annotated[int, typer.Option("--workers", "-j", min=0, help="Processes; 0: one per core.")] = 0,
    if_exists: Annotated[
        IfExists,
        typer.Option(
            "--if-exists", help="skip keeps an output that is whole and made from the same in the same way."
        ),
    ] = IfExists.FAIL,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write a JSON report.", show_default=False)
    ] = None,
) -> int:
    """Run an effect over files and folders.

    Outputs are as long as their inputs and in step with them, of the same rate and depth.
    The tree of a folder is mirrored.
    Inputs are never overwritten, and an output appears only when it is whole.
    """
    from ..files.batch import Batch
    from ..files.file_job import FileTask
    from ..files.plan import plan_jobs, refuse_inputs_as_outputs

    if report is not None and report.suffix != ".json":
        raise UsageError(f"the report {report} must have a name that ends in .json")
    request = _make_request(model, settings or [], mix, auto, tail)
    jobs = plan_jobs(inputs, output, container.suffix)
    refuse_inputs_as_outputs([Path(request.model)], [job.target for job in jobs])
    folder = output.parent if output in {job.target for job in jobs} else output
    batch = Batch(FileTask(request), jobs, folder, if_exists, workers or os.cpu_count() or 1)
    reports, interrupted = _run(batch, jobs)
    if report is not None:
        _write_report(report, request, reports, interrupted)
    _summarize(reports)
    return ExitCode.INTERRUPTED if interrupted else _exit_code(reports)


def _make_request(name: str, texts: Sequence[str], mix: float, auto: bool, tail: bool) -> Request:
    """Load the model and try the settings on it, so that what is wrong with them is said once and at once."""
    from ..effects.neural_effect import NeuralEffect
    from ..files.done_record import hash_file
    from ..files.file_job import Request
    from ..playing.model import Model
    from .settings import parse_settings

    model = Model(name)
    settings = parse_settings(texts, model)
    NeuralEffect(model, mix=mix, **settings)
    return Request(str(model.path), hash_file(model.path), settings, mix, auto, tail)


def _run(batch: Batch, jobs: Sequence[Job]) -> tuple[list[FileReport], bool]:
    """Give a report for every job, in their order, and whether it was interrupted; show how far it is."""
    from ..files.batch import not_tried
    from .progress import progress_bar

    sizes = [job.source.stat().st_size if job.source.is_file() else 0 for job in jobs]
    done = [0.0] * len(jobs)
    reports: list[FileReport] = []
    interrupted = False
    with progress_bar(f"0 of {len(jobs)}") as show:

        def show_progress() -> None:
            finished = sum(size * part for size, part in zip(sizes, done, strict=True))
            show(f"{len(reports)} of {len(jobs)}", finished, sum(sizes) or 1)

        def on_progress(index: int, part: float) -> None:
            done[index] = part
            show_progress()

        try:
            for report in batch.run(on_progress):
                reports.append(report)
                show_progress()
        except KeyboardInterrupt:
            interrupted = True
    found = {report.target: report for report in reports}
    return [found.get(str(job.target)) or not_tried(job) for job in jobs], interrupted


def _write_report(path: Path, request: Request, reports: Sequence[FileReport], interrupted: bool) -> None:
    from dataclasses import asdict

    from ..files.plan import refuse_inputs_as_outputs
    from ..files.report import write_report

    refuse_inputs_as_outputs([Path(report.source) for report in reports], [path])
    write_report(path, asdict(request), reports, interrupted)


def _summarize(reports: Sequence[FileReport]) -> None:
    from ..files.report import Status, count

    for report in reports:
        if report.error:
            typer.echo(f"brainsynth: {report.error}", err=True)
        if report.uncalibrated:
            typer.echo(f"{report.source}: played as it is, for {report.uncalibrated}", err=True)
        for number, what in (
            (report.repaired_samples, "samples of the input were NaN or infinite and became 0"),
            (report.clipped_samples, "samples of the output were beyond full scale and clipped"),
            (report.muted_blocks, "times the model's output was not finite and was muted"),
        ):
            if number:
                typer.echo(f"{report.target}: {number} {what}", err=True)
    duration_s = sum(report.duration_s for report in reports)
    processing_s = sum(report.processing_s for report in reports)
    parts = [f"{count(reports, status)} {status}" for status in Status if count(reports, status)]
    if duration_s:
        rtf = processing_s / duration_s
        parts.append(f"{duration_s:.1f} s of sound in {processing_s:.1f} s of processing, rtf {rtf:.3f}")
    typer.echo(", ".join(parts))


def _exit_code(reports: Sequence[FileReport]) -> ExitCode:
    from ..files.report import Status, count

    if any(report.error_kind in (OutputError.__name__, DiskFullError.__name__) for report in reports):
        return ExitCode.ENVIRONMENT
    return ExitCode.FAILED if count(reports, Status.FAILED) else ExitCode.WELL
