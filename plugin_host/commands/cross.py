"""`brainsynth cross`: apply the filter of one sound to another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import naming


def cross(
    filter_sound: Annotated[
        Path,
        typer.Argument(
            metavar="FILTER", help="The sound that gives its filter, such as a voice.", show_default=False
        ),
    ],
    excitation: Annotated[
        Path, typer.Argument(help="The sound to filter, such as strings or noise.", show_default=False)
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The audio file to write.", show_default=False)
    ],
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Set a control; may be repeated.")
    ] = None,
    model: Annotated[
        str,
        typer.Option("--model", "-m", help="An effect with two channels: a bundled model or a model file."),
    ] = "ar.cross",
    repeat: Annotated[
        bool, typer.Option("--repeat", help="Repeat the excitation for as long as the other sound lasts.")
    ] = False,
) -> None:
    """Apply the filter of one sound to another: an instrument that speaks.

    The output has the length, rate, channels and depth of the excitation.
    """
    from ..effects.cross_synthesis import cross_synthesize, repeat_until
    from ..files.plan import refuse_inputs_as_outputs
    from ..files.writer import choose_encoding
    from ..sound_files.reader import AudioReader
    from ..streaming.input_checks import check_sample_rate
    from .named_model import open_model
    from .outputs import refuse_unwritable, write_sound
    from .settings import parse_settings

    loaded = open_model(model)
    controls = parse_settings(settings or [], loaded)
    refuse_inputs_as_outputs([filter_sound, excitation, loaded.path], [output])
    refuse_unwritable(output)
    with AudioReader(filter_sound) as first, AudioReader(excitation) as second:
        taken, filtered = first.read_rest(), second.read_rest()
    for path, reader in ((filter_sound, first), (excitation, second)):
        with naming(path):
            check_sample_rate(reader.sample_rate, f"effect {loaded.name!r}")
    if repeat:
        filtered = repeat_until(filtered, round(taken.shape[1] * second.sample_rate / first.sample_rate))
    encoding = choose_encoding(output.suffix, second.container, second.subtype)
    made = cross_synthesize(taken, first.sample_rate, filtered, second.sample_rate, loaded, **controls)
    write_sound(output, made, second.sample_rate, encoding, advice="; --set gain=-6")
