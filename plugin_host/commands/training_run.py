"""What all commands that train have in common: where the run goes, on which device, and what is said about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

RunFolder = Annotated[
    Path, typer.Option("--out", "-o", help="The run's folder; one begun earlier goes on.", show_default=False)
]
Device = Annotated[
    str | None, typer.Option("--device", help="cpu or cuda; CUDA where there is one.", show_default=False)
]


@contextmanager
def training_bar(first: str) -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar where somebody watches; what is given takes what is being done, how much is done and how much there is."""
    from rich.progress import Progress

    from .tables import open_console

    console = open_console(errors=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        shown = bar.add_task(first)

        def show(what: str, done: int, total: int) -> None:
            bar.update(shown, description=what, completed=done, total=total)

        yield show


def warn(sentence: str) -> None:
    """Say what is doubtful, and go on."""
    typer.echo(f"brainsynth: {sentence}", err=True)


def say_what_comes_next(run: Path) -> None:
    """Say that a training is done, and how to get a model file of it."""
    typer.echo(f"Trained. Next: brainsynth export {run} -o {run.name}.onnx")
