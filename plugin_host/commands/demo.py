"""`brainsynth demo`: play the bundled instruments and draw pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .messages import say, warn


def demo(
    source: Annotated[
        Path | None, typer.Argument(help="A sound of your own; by default a melody.", show_default=False)
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for sounds and pictures.")] = Path(
        "out"
    ),
) -> None:
    """Play a melody, or a sound of yours, through every bundled instrument, and draw pictures."""
    from ..showing.demo import demo as play_all
    from .tables import add_row, make_table, open_console

    numbers = ("rtf", "latency")
    table = make_table(("instrument", *numbers, "set to", "sound", "picture"), right=numbers)
    for result in play_all(output, source):
        add_row(
            table,
            result.model,
            f"{result.rtf:.4f}",
            f"{result.latency_ms:.1f} ms",
            ", ".join(f"{name} {value:+g}" for name, value in result.settings.items()),
            result.sound.name,
            result.picture.name,
        )
        warn(f"{result.model} is done")
    open_console().print(table)
    melody = "" if source is not None else "; the melody itself is melody.wav"
    say(f"The files are in {output.resolve()}{melody}.")
    typer.echo("rtf: processing time over the sound's time. latency: of live playing in blocks of 128.")
