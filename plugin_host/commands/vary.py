"""`brainsynth vary`: the neighbours of a sound that was kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .exit_codes import ExitCode
from .sampler_sets import Bits, Model, Output, Overwrite, tell, tell_remarks, write_sounds


def vary(
    sound: Annotated[
        Path,
        typer.Argument(
            metavar="SOUND", help="A sound of fill, or any other with --model.", show_default=False
        ),
    ],
    output: Output,
    count: Annotated[int, typer.Option("--count", "-n", help="How many.")] = 20,
    spread: Annotated[float, typer.Option("--spread", help="How different: 0 to 2.")] = 1.0,
    unique: Annotated[float, typer.Option("--unique", help="How far from each other, as for fill.")] = 0.0,
    seed: Annotated[int, typer.Option("--seed", help="Another seed, other sounds.", min=0)] = 0,
    model: Model = "",
    bits: Bits = 24,
    overwrite: Overwrite = False,
) -> ExitCode:
    """Write sounds near one that fill has made, or near any other that the model can hear."""
    from ..sampler.filling import vary as draw
    from ..sampler.kept import open_together
    from .named_model import open_model

    source, kept = open_together([sound], model, open_model)
    tell_remarks(kept)
    filling = draw(
        source, kept[0].recipe, count, spread=spread, unique=unique, seed=seed, prefix=f"{sound.stem}-near"
    )
    written = write_sounds(output, filling, count, source.sample_rate, bits, overwrite, [sound])
    return tell(filling, written, output)
