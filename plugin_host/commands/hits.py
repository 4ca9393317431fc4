"""`brainsynth hits`: endless new events of a model of grains."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError, counted
from .messages import say
from .new_sounds import MODEL_HELP, write_new_sounds

if TYPE_CHECKING:
    from ..grains.instrument import Grains
    from ..grains.spots import Spot


def hits(
    model: Annotated[str, typer.Argument(metavar="NAME", help=MODEL_HELP, show_default=False)],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the sounds.", show_default=False)
    ],
    label: Annotated[
        str, typer.Option("--class", help="Of which class; all in turn if not given.", show_default=False)
    ] = "",
    count: Annotated[int, typer.Option("--count", "-n", help="How many different ones.")] = 16,
    spread: Annotated[
        float, typer.Option("--spread", help="How different: 1 is as different as a class's sounds are.")
    ] = 1.0,
    like: Annotated[
        str | None,
        typer.Option(
            "--like",
            help="Near this: a sound, a sound of the map, a point x,y or a seed.",
            show_default=False,
        ),
    ] = None,
    search: Annotated[
        int,
        typer.Option(
            "--search",
            help="With --like a sound: try so many places for a better likeness, some 20 to 40 a second.",
            min=0,
        ),
    ] = 0,
    velocities: Annotated[int, typer.Option("--velocities", help="Of each, from soft to hard.")] = 1,
    takes: Annotated[int, typer.Option("--takes", help="Of each, with small differences (round robin).")] = 1,
    stretch: Annotated[float, typer.Option("--stretch", help="How much longer.", min=0.25, max=4)] = 1.0,
    seed: Annotated[int, typer.Option("--seed", help="Another seed, other hits.", min=0)] = 0,
    note: Annotated[
        float | None,
        typer.Option("--note", help="MIDI note, of a model of notes.", min=12, max=120, show_default=False),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace sounds of these names.")] = False,
) -> None:
    """Write new hits or notes as WAV files: of a class, of all, or near a sound."""
    from ..grains.hits import hits as play
    from ..grains.instrument import Grains
    from .named_model import open_model

    if search and like is None:
        raise UsageError("--search fits a sound: add --like my_snare.wav")
    grains = Grains(model, open_model)
    spot = None if like is None else _find(like, grains, search, seed)
    sounds = play(
        grains, count, label=label, like=spot, spread=spread, velocities=velocities, takes=takes, stretch=stretch,
        seed=seed, note=note,
    )  # fmt: skip
    written = write_new_sounds(
        output, sounds, count * velocities * takes, grains.sample_rate, overwrite, [like]
    )
    say(f"{counted(written, 'sound')} in {output}")


def _find(name: str, grains: Grains, search: int, seed: int) -> Spot:
    from ..grains.drop import fit_spot
    from ..grains.spots import find_spot
    from .progress import progress_bar

    if not search:
        return find_spot(name, grains)
    if not Path(name).is_file():
        raise UsageError(f"--search fits a sound, and there is no file {name}")
    with progress_bar() as show:
        return fit_spot(
            Path(name),
            grains,
            search,
            seed=seed,
            on_progress=lambda done, total, least: show(f"searching, {least:.1f} dB off", done, total),
        )
