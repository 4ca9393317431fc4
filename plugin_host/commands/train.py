"""`brainsynth train`: teach a model an instrument."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError
from . import train_ar
from .training_packages import training_packages
from .training_run import Device, RunFolder, say_what_comes_next, training_bar, warn

if TYPE_CHECKING:
    from training.families.parameters.train import ParameterTraining

    from ..datasets.training_feed import DataSetFeed, EndlessFeed

app = typer.Typer(help="Train a model.", no_args_is_help=True)


@app.callback()
def families() -> None:
    """Train a model. Needs pip install 'brainsynth[train]'."""


@app.command("timbre")
def timbre(
    recordings: Annotated[
        Path,
        typer.Argument(help="A folder of recordings of one instrument, nested or not.", show_default=False),
    ],
    out: RunFolder,
    steps: Annotated[
        int | None,
        typer.Option(
            "--steps",
            min=1,
            help="How long to train; 2600 if not given, about ten minutes.",
            show_default=False,
        ),
    ] = None,
    device: Device = None,
) -> None:
    """Learn the timbre of one instrument. Ctrl-C stops it, the same command goes on where it was."""
    with training_packages():
        from training.families.timbre.train import Progress, TimbreTraining, train_timbre

        settings = TimbreTraining() if steps is None else TimbreTraining(steps=steps)
        with training_bar("reading") as show:

            def on_features(name: str, done: int, total: int) -> None:
                show(f"reading {name}", done, total)

            def on_step(progress: Progress) -> None:
                show(f"{progress.lesson}, loss {progress.loss:.3f}", progress.step, progress.steps)

            train_timbre(recordings, out, settings, None, device, on_features, on_step, warn)
    say_what_comes_next(out)


@app.command("params")
def params(
    out: RunFolder,
    data: Annotated[
        Path | None,
        typer.Argument(help="A data set made by brainsynth generate.", show_default=False),
    ] = None,
    synth: Annotated[
        str | None,
        typer.Option(
            "--synth",
            help="Without a data set: a .csd or bundled synth; sounds are rendered, trained on and deleted.",
            show_default=False,
        ),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option("--steps", min=1, help="How long to train; 12000 if not given.", show_default=False),
    ] = None,
    disk_limit: Annotated[
        float, typer.Option("--disk-limit", min=0.01, help="With --synth: the most that sounds take, in GB.")
    ] = 1.0,
    device: Device = None,
) -> None:
    """Learn to hear a synth's parameters. Ctrl-C stops it, the same command goes on where it was."""
    if (data is None) == (synth is None):
        raise UsageError("give either a data set or --synth, as in: brainsynth train params DATA --out RUN")
    with training_packages():
        from training.families.parameters.train import ParameterTraining

        from ..datasets.dataset import DataSet
        from ..datasets.training_feed import DataSetFeed, EndlessFeed

        settings = ParameterTraining() if steps is None else ParameterTraining(steps=steps)
        if data is not None:
            found = DataSet(data)
            for problem in found.problems:
                warn(problem)
            if found.skipped:
                warn(f"{found.skipped} sounds of {data} cannot be used; training on the other {len(found)}")
            _train_params(DataSetFeed(found, warn), out, settings, device)
        elif synth is not None:
            folder = out.with_name(f"{out.name}-sounds")
            with EndlessFeed(synth, folder, int(disk_limit * 1e9), warn) as endless:
                _train_params(endless, out, settings, device)
    say_what_comes_next(out)


app.command("ar")(train_ar.ar)


def _train_params(
    sounds: DataSetFeed | EndlessFeed, out: Path, settings: ParameterTraining, device: str | None
) -> None:
    from training.families.parameters.train import Progress, train_params

    from ..datasets.training_feed import DataSetFeed, resynthesis_of
    from ..errors import MissingPackageError

    try:
        resynthesise = resynthesis_of(sounds if isinstance(sounds, DataSetFeed) else sounds.held_out)
    except MissingPackageError:
        resynthesise = None  # the logs go without sounds rendered anew
    with training_bar("listening") as show:

        def on_step(progress: Progress) -> None:
            left = f"{progress.seconds_left / 60:.0f} min left"
            what = f"loss {progress.loss:.3f}, {progress.rate:.0f} sounds a second, {left}"
            show(what, progress.step, progress.steps)

        train_params(sounds, out, settings, None, device, resynthesise, show, on_step)
