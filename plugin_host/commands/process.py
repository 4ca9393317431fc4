"""`brainsynth process`: run a model over files and folders."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import DiskFullError, OutputError, UsageError, counted
from ..files.plan import Container, IfExists
from .exit_codes import ExitCode
from .messages import say, warn

if TYPE_CHECKING:
    from ..files.batch import Batch
    from ..files.plan import Job
    from ..files.report import FileReport
    from ..files.request import Request
    from ..model_file.document import Role
    from ..playing.model import Model

_LONGEST_S = 86_400.0


class Channels(StrEnum):
    """How a model of one channel plays several; see `NeuralEffect`."""

    SEPARATE = "separate"
    LINKED = "linked"


def process(
    model: Annotated[
        str, typer.Option("--model", "-m", help="A bundled model or a model file.", show_default=False)
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="A folder; for a single file also a file.", show_default=False),
    ],
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, folders, or patterns such as 'takes/**/*.wav': audio, for a generator tables.",
            show_default=False,
        ),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Set a control; may be repeated.")
    ] = None,
    auto: Annotated[
        bool, typer.Option("--auto", help="Move files out of the model's range into it; set the noise gate.")
    ] = False,
    mix: Annotated[
        float, typer.Option("--mix", help="From 0, the input alone, to 1, the model alone.")
    ] = 1.0,
    channels: Annotated[
        Channels, typer.Option("--channels", help="linked hears several as one, and keeps their panning.")
    ] = Channels.SEPARATE,
    low_cut: Annotated[
        float | None,
        typer.Option(
            "--low-cut", metavar="HZ", help="Cut rumble that a model plays; 0: none.", show_default=False
        ),
    ] = None,
    tail: Annotated[bool, typer.Option("--tail", help="Let outputs ring on after their inputs end.")] = False,
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", help="How long a generator plays.", show_default=False),
    ] = None,
    rate: Annotated[
        int | None, typer.Option("--rate", help="Sample rate of a generator's outputs.", show_default=False)
    ] = None,
    accept_truncated: Annotated[
        bool, typer.Option("--accept-truncated", help="Take what is there of audio that is cut off.")
    ] = False,
    container: Annotated[
        Container, typer.Option("--container", help="Kind of the outputs.")
    ] = Container.SAME,
    workers: Annotated[int, typer.Option("--workers", "-j", min=0, help="Processes; 0: one per core.")] = 0,
    if_exists: Annotated[
        IfExists,
        typer.Option(
            "--if-exists",
            help="resume and skip keep what is whole and was made from the same in the same way; of any other file,"
            " resume makes a failure, skip a new one.",
        ),
    ] = IfExists.RESUME,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write a JSON report.", show_default=False)
    ] = None,
) -> int:
    """Run a model over files and folders.

    An effect makes audio of audio, in step with it and of the same length, rate and depth.
    An analyzer makes a table of audio: a CSV file with a row for every frame.
    A generator makes audio of such a table, or of --set and --seconds alone.
    The tree of a folder is mirrored.
    Inputs are never overwritten, and an output appears only when it is whole.
    """
    from ..files.batch import Batch
    from ..files.file_job import MAKERS, FileTask
    from ..files.plan import left_out, refuse_inputs_as_outputs
    from ..files.report import write_report
    from .named_model import open_model
    from .outputs import refuse_unwritable

    if report is not None and report.suffix != ".json":
        raise UsageError(f"the report {report} must have a name that ends in .json")
    loaded = open_model(model)
    request = _make_request(
        loaded, settings or [], mix, auto, channels, low_cut, tail, seconds, rate, accept_truncated
    )
    jobs = _plan(loaded, inputs or [], output, container.suffix, seconds)
    refuse_inputs_as_outputs([Path(request.model)], [job.target for job in jobs])
    if report is not None:
        refuse_inputs_as_outputs([job.source for job in jobs if job.source], [report])
        refuse_unwritable(report)
    if passed_over := left_out(inputs or [], output, MAKERS[loaded.document.role].kinds):
        warn(
            f"left out: {passed_over}; convert such sounds to wav or flac, and name linked folders themselves"
        )
    folder = output.parent if output in {job.target for job in jobs} else output
    batch = Batch(FileTask(request), jobs, folder, if_exists, workers or os.cpu_count() or 1)
    reports, interrupted = _run(batch, jobs)
    if report is not None:
        write_report(report, asdict(request), reports, interrupted)
    _summarize(reports)
    if batch.record_problem:
        warn(f"{batch.record_problem}; outputs are whole, but the next call will not know them for its own")
    if interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.ENVIRONMENT if batch.record_problem else _exit_code(reports)


def _make_request(
    model: Model,
    texts: Sequence[str],
    mix: float,
    auto: bool,
    channels: Channels,
    low_cut: float | None,
    tail: bool,
    seconds: float | None,
    rate: int | None,
    accept_truncated: bool,
) -> Request:
    """Try the settings on the model, so that what is wrong with them is said once and at once."""
    from ..effects.neural_effect import NeuralEffect
    from ..files.done_record import hash_file
    from ..files.request import Request
    from ..model_file.document import Role
    from .settings import parse_settings

    settings, role = parse_settings(texts, model), model.document.role
    is_for_effects = {
        "--mix": mix != 1.0,
        "--auto": auto,
        "--channels": channels is not Channels.SEPARATE,
        "--low-cut": low_cut is not None,
        "--tail": tail,
    }
    _refuse_options(role, is_for_effects, {"--seconds": seconds is not None, "--rate": rate is not None})
    if accept_truncated and role is Role.GENERATOR:
        raise UsageError(
            "--accept-truncated is for a model that reads audio, and this is a generator; leave it out"
        )
    if role is Role.EFFECT:
        NeuralEffect(model, mix=mix, channels=channels, low_cut_hz=low_cut or 0.0, **settings)
    else:
        model.stream(rate).set(**settings)
    if seconds is not None and not 0 < seconds <= _LONGEST_S:
        raise UsageError(f"--seconds {seconds:g} is no length; give a number above 0, up to {_LONGEST_S:g}")
    digest = hash_file(model.path)
    return Request(
        str(model.path), digest, settings, mix, auto, channels, low_cut, tail, seconds, rate, accept_truncated
    )


def _refuse_options(role: Role, for_effects: dict[str, bool], for_generators: dict[str, bool]) -> None:
    """Refuse what would be passed over in silence."""
    from ..model_file.document import Role

    options = {option: (given, Role.EFFECT) for option, given in for_effects.items()}
    options |= {option: (given, Role.GENERATOR) for option, given in for_generators.items()}
    for option, (given, needed) in options.items():
        if given and role is not needed:
            article = "an" if role in (Role.EFFECT, Role.ANALYZER) else "a"
            raise UsageError(
                f"{option} is for a model of role {needed}, and this is {article} {role}; leave it out"
            )


def _plan(
    model: Model, inputs: Sequence[str], output: Path, suffix: str | None, seconds: float | None
) -> list[Job]:
    from ..files.file_job import MAKERS
    from ..files.plan import plan_jobs, plan_without_input
    from ..model_file.document import Role

    kinds = MAKERS[model.document.role].kinds
    if inputs:
        return plan_jobs(inputs, output, suffix, kinds)
    if model.document.role is not Role.GENERATOR:
        raise UsageError(f"no input was named; name an {kinds.what}, a folder or a pattern")
    if seconds is None:
        raise UsageError(
            "no input was named; name a table of controls, or say how long to play with --seconds"
        )
    return plan_without_input(output, kinds)


def _run(batch: Batch, jobs: Sequence[Job]) -> tuple[list[FileReport], bool]:
    """Give a report for every job, in their order, and whether it was interrupted; show how far it is."""
    from ..files.batch import not_tried
    from .progress import progress_bar

    sizes = [_size(job.source) for job in jobs]
    total = sum(sizes) or 1
    parts = [0.0] * len(jobs)
    finished = 0.0
    interrupted = False
    with progress_bar(f"0 of {len(jobs)}") as show:

        def on_progress(index: int, part: float) -> None:
            nonlocal finished
            finished += sizes[index] * (part - parts[index])
            parts[index] = part
            show(f"{len(batch.reports)} of {len(jobs)}", finished, total)

        try:
            for _ in batch.run(on_progress):
                show(f"{len(batch.reports)} of {len(jobs)}", finished, total)
        except KeyboardInterrupt:
            interrupted = True
    return [batch.reports.get(index) or not_tried(job) for index, job in enumerate(jobs)], interrupted


def _size(source: Path | None) -> int:
    """Give how much work a file is, compared with others."""
    if source is None:
        return 1
    return source.stat().st_size if source.is_file() else 0


def _summarize(reports: Sequence[FileReport]) -> None:
    from ..files.report import Status, count

    for report in reports:
        if report.error:
            warn(report.error)
        if report.uncalibrated:
            warn(f"{report.source}: played as it is, for {report.uncalibrated}")
        if report.left_out:
            listed = ", ".join(name or "(no name)" for name in report.left_out)
            warn(f"{report.source}: columns that the model does not know were left out: {listed}")
        for number, what, fate in (
            (report.repaired_samples, "sample", "of the input, NaN or infinite, became 0"),
            (report.clipped_samples, "sample", "of the output beyond full scale had to be clipped"),
            (report.muted_blocks, "time", "the model's output was not finite and was muted"),
        ):
            if number:
                warn(f"{report.target}: {counted(number, what)} {fate}")
    duration_s = sum(report.duration_s for report in reports)
    processing_s = sum(report.processing_s for report in reports)
    parts = [f"{count(reports, status)} {status}" for status in Status if count(reports, status)]
    if duration_s:
        rtf = processing_s / duration_s
        parts.append(f"{duration_s:.1f} s of sound in {processing_s:.1f} s of processing, rtf {rtf:.3f}")
    say(", ".join(parts))


def _exit_code(reports: Sequence[FileReport]) -> ExitCode:
    from ..files.report import Status, count

    if any(report.error_kind in (OutputError.__name__, DiskFullError.__name__) for report in reports):
        return ExitCode.ENVIRONMENT
    return ExitCode.FAILED if count(reports, Status.FAILED) else ExitCode.WELL
