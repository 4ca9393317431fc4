"""`brainsynth morph`: events between two events."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import counted
from .messages import say
from .new_sounds import SPOT_HELP, write_new_sounds


def morph(
    first: Annotated[str, typer.Argument(metavar="A", help=SPOT_HELP, show_default=False)],
    second: Annotated[str, typer.Argument(metavar="B", help="The same.", show_default=False)],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the sounds.", show_default=False)
    ],
    model: Annotated[
        str, typer.Option("--model", "-m", help="A model of grains: a bundled name or a file.")
    ] = "drums",
    steps: Annotated[
        int,
        typer.Option("--steps", help="How many, both ends included; of an odd number one is in the middle."),
    ] = 9,
    stretch: Annotated[float, typer.Option("--stretch", help="How much longer.", min=0.25, max=4)] = 1.0,
    note: Annotated[
        float | None,
        typer.Option(
            "--note",
            help="MIDI note of all, of a model of notes; if not given, from A's to B's.",
            min=12,
            max=120,
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace sounds of these names.")] = False,
) -> None:
    """Write whole events between two others as WAV files, from the first to the second in even steps."""
    from ..grains.hits import morph as play
    from ..grains.instrument import Grains
    from ..grains.spots import find_spot
    from .named_model import open_model

    grains = Grains(model, open_model)
    ends = [find_spot(name, grains) for name in (first, second)]
    sounds = play(grains, ends[0], ends[1], steps, stretch, note)
    written = write_new_sounds(output, iter(sounds), steps, grains.sample_rate, overwrite, [first, second])
    say(f"{counted(written, 'sound')} in {output}")
