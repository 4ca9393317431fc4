"""`brainsynth train ar`: teach the AR model to hear filters."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .training_packages import training_packages
from .training_run import Device, RunFolder, say_what_comes_next, training_bar, warn

SYNTH = "allpole"
SOUNDS = 2000


def ar(
    out: RunFolder,
    recordings: Annotated[
        Path | None,
        typer.Argument(help="A folder of recordings of any kind, nested or not.", show_default=False),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            help=f"Sounds made by brainsynth generate {SYNTH}; {SOUNDS} are made beside the run if not given.",
            show_default=False,
        ),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            "--steps",
            min=1,
            help="How long to train; 3600 if not given, about 25 minutes.",
            show_default=False,
        ),
    ] = None,
    device: Device = None,
) -> None:
    """Learn to hear the all-pole filter of a sound. Ctrl-C stops it, the same command goes on where it was.

    What is learned from are sounds of Csound whose filters are known, and recordings, if there are any. Needs Csound 6 to
    make the sounds.
    """
    with training_packages():
        from training.data.recordings import find_recordings
        from training.families.lpc.train import ArTraining, Progress, train_ar

        from ..datasets.dataset import DataSet
        from ..datasets.generation import generate

        settings = ArTraining() if steps is None else ArTraining(steps=steps)
        with training_bar("rendering") as show:

            def on_sounds(done: int, total: int) -> None:
                show("rendering", done, total)

            def on_reading(name: str, done: int, total: int) -> None:
                show(f"reading {name}", done, total)

            def on_step(progress: Progress) -> None:
                show(f"loss {progress.loss:.3f}", progress.step, progress.steps)

            if recordings is not None:
                find_recordings(recordings)  # so that a folder without any is told before sounds are made
            if data is None:
                data = out.with_name(f"{out.name}-sounds")
                generate(SYNTH, data, SOUNDS, on_progress=on_sounds)
            sounds = DataSet(data)
            for problem in sounds.problems:
                warn(problem)
            sha256 = sounds.info.synth_sha256
            train_ar(sounds, sha256, out, recordings, settings, None, device, on_reading, on_step, warn)
    say_what_comes_next(out)
