"""`brainsynth fill`: a folder of new one-shots, none like another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .exit_codes import ExitCode
from .sampler_sets import (
    MODEL_HELP,
    Bits,
    Format,
    Output,
    Overwrite,
    tell,
    tell_remarks,
    versions_for,
    write_sounds,
)


def fill(
    model: Annotated[str, typer.Argument(metavar="NAME", help=MODEL_HELP, show_default=False)],
    output: Output,
    count: Annotated[int, typer.Option("--count", "-n", help="How many different ones.")] = 200,
    label: Annotated[
        str, typer.Option("--class", help="Of which class; all in turn if not given.", show_default=False)
    ] = "",
    spread: Annotated[
        float, typer.Option("--spread", help="How different: 1 is as different as a class's sounds are.")
    ] = 1.0,
    like: Annotated[Path | None, typer.Option("--like", help="Near this sound.", show_default=False)] = None,
    unique: Annotated[
        float,
        typer.Option(
            "--unique",
            help="How far from each other and from the training sounds: 1 is as far as those are from their nearest.",
        ),
    ] = 0.5,
    velocities: Annotated[int, typer.Option("--velocities", help="Of each, from soft to hard.")] = 1,
    takes: Annotated[int, typer.Option("--takes", help="Of each, with small differences (round robin).")] = 1,
    stretch: Annotated[float, typer.Option("--stretch", help="How much longer.", min=0.25, max=4)] = 1.0,
    seed: Annotated[int, typer.Option("--seed", help="Another seed, other sounds.", min=0)] = 0,
    note: Annotated[
        int | None,
        typer.Option(
            "--note", help="MIDI note of sounds that have a pitch.", min=0, max=127, show_default=False
        ),
    ] = None,
    form: Format = "wav",
    bits: Bits = 24,
    overwrite: Overwrite = False,
) -> ExitCode:
    """Fill a folder with new one-shots, each different from the others and from what the model has learned from."""
    from ..sampler.filling import Like
    from ..sampler.filling import fill as draw
    from ..sampler.following import without_note
    from ..sampler.instrument import Layout
    from ..sampler.kept import open_kept
    from ..sampler.source import notes_for, open_one_shots
    from .named_model import open_model

    source = open_one_shots(model, open_model)
    versions = versions_for(form, velocities, takes, notes_for(source, note, over_the_keys=form != "wav"))
    near = None
    if like is not None:
        kept = open_kept(like, source)
        tell_remarks([kept])
        near = Like.of(kept.recipe)
    filling = draw(
        source,
        count,
        label=label,
        like=near,
        spread=spread,
        unique=unique,
        versions=versions,
        stretch=stretch,
        seed=seed,
        without_note=without_note(source) if form != "wav" else frozenset(),
    )
    title = f"{source.name}-{label}" if label else source.name
    written = write_sounds(
        output,
        filling,
        filling.files,
        source.sample_rate,
        bits,
        overwrite,
        [like] if like else [],
        form,
        Layout(title, filling.labels, count, source.licence),
    )
    return tell(filling, written, output)
