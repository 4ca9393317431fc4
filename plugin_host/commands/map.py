"""`brainsynth map`: draw the sounds that a model of grains has learned from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import UsageError


def map_(
    model: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A model of grains: a bundled name or a file.", show_default=False
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The picture, a .png file.", show_default=False)
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--json", help="The same as numbers, for other programs.", show_default=False),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files of these names.")] = False,
) -> None:
    """Draw the map of a model of grains: the sounds it has learned from, by class.

    Its points and labels are what walk, hits and morph take.
    """
    from ..grains.instrument import Grains
    from ..grains.map_file import write_map
    from ..showing.map_pictures import draw_map
    from .messages import say
    from .named_model import open_model
    from .outputs import refuse_existing, refuse_unwritable

    if output is None and data is None:
        raise UsageError("where the map goes is not said: add --output map.png or --json map.json")
    if output is not None and output.suffix.lower() != ".png":
        raise UsageError(f"the picture {output} must have a name that ends in .png")
    if data is not None and data.suffix.lower() != ".json":
        raise UsageError(f"the numbers {data} must have a name that ends in .json")
    paths = [path for path in (output, data) if path is not None]
    for path in paths:
        refuse_existing(path, overwrite)
    grains = Grains(model, open_model)
    found = len(grains.points)
    for path in paths:
        refuse_unwritable(path)
    if output is not None:
        draw_map(grains, output)
    if data is not None:
        write_map(grains, data)
    say(f"{found} sounds of {grains.name}: {', '.join(grains.classes) or 'no classes'}")
