"""`brainsynth walk`: play a path through the space of a model of grains."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import UsageError
from .messages import say
from .new_sounds import MODEL_HELP, SPOT_HELP


def walk(
    model: Annotated[str, typer.Argument(metavar="NAME", help=MODEL_HELP, show_default=False)],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The audio file to write.", show_default=False)
    ],
    path: Annotated[
        str, typer.Option("--path", help="line, circle, spiral, loop, or a .json file of points.")
    ] = "line",
    first: Annotated[
        str | None, typer.Option("--from", metavar="A", help=SPOT_HELP, show_default=False)
    ] = None,
    second: Annotated[
        str | None, typer.Option("--to", metavar="B", help="The same.", show_default=False)
    ] = None,
    seconds: Annotated[float, typer.Option("--seconds", help="How long; --bars has priority.")] = 8.0,
    jitter: Annotated[
        float,
        typer.Option("--jitter", help="How far it steps back and forth at random, as a share of the path."),
    ] = 0.0,
    bpm: Annotated[
        float | None,
        typer.Option("--bpm", help="Tempo; there is an attack at every beat.", show_default=False),
    ] = None,
    bars: Annotated[
        float | None, typer.Option("--bars", help="Length in bars of four beats.", show_default=False)
    ] = None,
    loudness: Annotated[float, typer.Option("--loudness", help="In dB, -80 to 0.", min=-80, max=0)] = -20.0,
    temperature: Annotated[
        float, typer.Option("--temperature", help="How far each grain strays.", min=0, max=2)
    ] = 0.0,
    seed: Annotated[int, typer.Option("--seed", help="Another seed, another walk.", min=0)] = 0,
    note: Annotated[
        float | None,
        typer.Option(
            "--note",
            help="MIDI note, of a model of notes; if not given, a line goes from A's to B's.",
            min=12,
            max=120,
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file of this name.")] = False,
) -> None:
    """Play a path through the grains of a model, of any length.

    circle and loop end where they began and can be repeated without a click.
    """
    from ..files.plan import refuse_inputs_as_outputs
    from ..files.writer import choose_encoding
    from ..grains.instrument import Grains
    from ..grains.paths import shape_of, sounds_in
    from ..grains.spots import find_spot
    from ..grains.walk import seconds_of
    from ..grains.walk import walk as play
    from .named_model import open_model
    from .outputs import refuse_existing, refuse_other_than_sound, refuse_unwritable, write_sound

    if bars is not None and bpm is None:
        raise UsageError("--bars needs a tempo: add --bpm 120")
    length = seconds if bpm is None or bars is None else seconds_of(bpm, bars)
    beat_s = 0.0 if bpm is None else seconds_of(bpm, 0.25)
    shape_of(path)
    refuse_other_than_sound(output)
    encoding = choose_encoding(output.suffix, "WAV", "PCM_24")
    given = [Path(name) for name in (first, second) if name and Path(name).is_file()]
    refuse_inputs_as_outputs([*given, *sounds_in(path)], [output])
    refuse_existing(output, overwrite)
    grains = Grains(model, open_model)
    ends = [None if name is None else find_spot(name, grains) for name in (first, second)]
    refuse_unwritable(output)
    sound = play(
        grains, path, ends[0], ends[1], length,
        jitter=jitter, beat_s=beat_s, loudness_db=loudness, temperature=temperature, seed=seed,
        note=note,
    )  # fmt: skip
    write_sound(output, sound[None], grains.sample_rate, encoding, advice="; --loudness -26")
    say(f"{len(sound) / grains.sample_rate:.1f} s in {output}")
