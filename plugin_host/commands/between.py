"""`brainsynth between`: the way from one sound to another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import counted
from .messages import say
from .sampler_sets import Bits, Model, Output, Overwrite, tell_remarks, write_sounds


def between(
    first: Annotated[
        Path,
        typer.Argument(metavar="A", help="A sound of fill, or any other with --model.", show_default=False),
    ],
    second: Annotated[Path, typer.Argument(metavar="B", help="The same.", show_default=False)],
    output: Output,
    steps: Annotated[int, typer.Option("--steps", help="How many, both ends included.")] = 9,
    model: Model = "",
    bits: Bits = 24,
    overwrite: Overwrite = False,
) -> None:
    """Write the sounds on the way from one sound to another, in even steps."""
    from ..sampler.between import between as play
    from ..sampler.kept import open_together
    from .named_model import open_model

    source, kept = open_together([first, second], model, open_model)
    tell_remarks(kept)
    shots = play(source, kept[0].recipe, kept[1].recipe, steps)
    written = write_sounds(output, shots, steps, source.sample_rate, bits, overwrite, [first, second])
    say(f"{counted(written, 'sound')} in {output}")
