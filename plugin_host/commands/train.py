"""`brainsynth train`: teach a model an instrument."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .training_packages import training_packages

app = typer.Typer(help="Train a model on recordings.", no_args_is_help=True)


@app.callback()
def families() -> None:
    """Train a model on recordings. Needs pip install 'brainsynth[train]'."""


@app.command("timbre")
def timbre(
    recordings: Annotated[
        Path,
        typer.Argument(help="A folder of recordings of one instrument, nested or not.", show_default=False),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="The run's folder; one begun earlier goes on.", show_default=False),
    ],
    steps: Annotated[
        int | None,
        typer.Option(
            "--steps",
            min=1,
            help="How long to train; 2600 if not given, about ten minutes.",
            show_default=False,
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option("--device", help="cpu or cuda; CUDA where there is one.", show_default=False)
    ] = None,
) -> None:
    """Learn the timbre of one instrument. Ctrl-C stops it, the same command goes on where it was."""
    with training_packages():
        from rich.progress import Progress as Bar

        from training.train_timbre import Progress, TimbreTraining, train_timbre

        from .tables import open_console

        settings = TimbreTraining() if steps is None else TimbreTraining(steps=steps)
        console = open_console(errors=True)
        with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
            shown = bar.add_task("reading")

            def on_features(name: str, done: int, total: int) -> None:
                bar.update(shown, description=f"reading {name}", completed=done, total=total)

            def on_step(progress: Progress) -> None:
                description = f"{progress.lesson}, loss {progress.loss:.3f}"
                bar.update(shown, description=description, completed=progress.step, total=progress.steps)

            def on_warning(sentence: str) -> None:
                typer.echo(f"brainsynth: {sentence}", err=True)

            train_timbre(recordings, out, settings, None, device, on_features, on_step, on_warning)
    typer.echo(f"Trained. Next: brainsynth export {out} -o {out.name}.onnx")
