"""`brainsynth kit`: a whole drum kit after one sound."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import counted
from .messages import say
from .sampler_sets import Bits, Format, Output, Overwrite, tell_remarks, versions_for, write_sounds


def kit(
    sound: Annotated[
        Path, typer.Argument(metavar="SOUND", help="A drum sound of any kind.", show_default=False)
    ],
    output: Output,
    model: Annotated[
        str, typer.Option("--model", "-m", help="A model of drums with classes: a bundled name or a file.")
    ] = "drums",
    label: Annotated[
        str,
        typer.Option("--class", help="Of which class the sound is; heard if not given.", show_default=False),
    ] = "",
    strength: Annotated[
        float,
        typer.Option("--strength", help="How much like the sound: 0 is the middle of each class, to 2."),
    ] = 1.0,
    velocities: Annotated[int, typer.Option("--velocities", help="Of each class, from soft to hard.")] = 5,
    takes: Annotated[int, typer.Option("--takes", help="Of each, with small differences (round robin).")] = 4,
    form: Format = "sfz",
    bits: Bits = 24,
    overwrite: Overwrite = False,
) -> None:
    """Write a drum kit that goes with one sound: every class of the model, as the sound is among its own class."""
    from ..sampler.instrument import Layout
    from ..sampler.kept import open_kept
    from ..sampler.kits import kit as play
    from ..sampler.places import check_label
    from ..sampler.source import open_one_shots
    from .named_model import open_model

    source = open_one_shots(model, open_model)
    versions = versions_for(form, velocities, takes)
    check_label(source, label)
    kept = open_kept(sound, source)
    tell_remarks([kept])
    recipe = kept.recipe.model_copy(update={"label": label}) if label else kept.recipe
    shots = play(source, recipe, versions=versions, strength=strength)
    title, classes = f"{sound.stem}-kit", source.classes
    layout = Layout(title, classes, len(classes), source.licence)
    written = write_sounds(
        output,
        shots,
        len(classes) * versions.count,
        source.sample_rate,
        bits,
        overwrite,
        [sound],
        form,
        layout,
    )
    say(f"{counted(written, 'sound')} of {counted(len(classes), 'class', 'classes')} in {output}")
