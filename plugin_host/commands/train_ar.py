"""`brainsynth train ar`: teach the AR model to hear filters."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .training_packages import training_packages

SYNTH = "allpole"
SOUNDS = 2000


def ar(
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="The run's folder; one begun earlier goes on.", show_default=False),
    ],
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
    device: Annotated[
        str | None, typer.Option("--device", help="cpu or cuda; CUDA where there is one.", show_default=False)
    ] = None,
) -> None:
    """Learn to hear the all-pole filter of a sound. Ctrl-C stops it, the same command goes on where it was.

    What is learned from are sounds of Csound whose filters are known, and recordings, if there are any. Needs Csound 6 to
    make the sounds.
    """
    with training_packages():
        from rich.progress import Progress as Bar

        from training.recordings import find_recordings
        from training.train_ar import ArTraining, Progress, train_ar

        from ..synth.dataset import DataSet
        from ..synth.generation import generate
        from .tables import open_console

        settings = ArTraining() if steps is None else ArTraining(steps=steps)
        console = open_console(errors=True)
        with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
            shown = bar.add_task("rendering")

            def on_sounds(done: int, total: int) -> None:
                bar.update(shown, completed=done, total=total)

            def on_reading(name: str, done: int, total: int) -> None:
                bar.update(shown, description=f"reading {name}", completed=done, total=total)

            def on_step(progress: Progress) -> None:
                bar.update(
                    shown,
                    description=f"loss {progress.loss:.3f}",
                    completed=progress.step,
                    total=progress.steps,
                )

            if recordings is not None:
                find_recordings(recordings)  # so that a folder without any is told before sounds are made
            if data is None:
                data = out.with_name(f"{out.name}-sounds")
                generate(SYNTH, data, SOUNDS, on_progress=on_sounds)
            sounds = DataSet(data)
            for problem in sounds.problems:
                _warn(problem)
            sha256 = sounds.facts.synth_sha256
            train_ar(sounds, sha256, out, recordings, settings, None, device, on_reading, on_step, _warn)
    typer.echo(f"Trained. Next: brainsynth export {out} -o {out.name}.onnx")


def _warn(sentence: str) -> None:
    typer.echo(f"brainsynth: {sentence}", err=True)
