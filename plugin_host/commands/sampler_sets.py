"""Write what a sampler is filled with, and say how it went."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import counted
from .exit_codes import ExitCode
from .messages import say, warn
from .progress import progress_bar
from .termination import ended_by_exception

if TYPE_CHECKING:
    from ..sampler.filling import Filling
    from ..sampler.instrument import Layout
    from ..sampler.kept import Kept
    from ..sampler.shot import Shot, Versions

MODEL_HELP = "A model that plays one-shots: a bundled name such as drums, or a file."

Output = Annotated[Path, typer.Option("--output", "-o", help="Folder for the sounds.", show_default=False)]
Bits = Annotated[int, typer.Option("--bits", help="16 (with dither), 24, or 32 (floating point).")]
Format = Annotated[
    str,
    typer.Option("--format", help="wav, or an instrument with its sounds: sfz, decentsampler, hydrogen."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files of these names.")]
Model = Annotated[
    str,
    typer.Option("--model", "-m", help="Which model plays; the one that made it if not given.", show_default=False),
]  # fmt: skip


def write_sounds(
    folder: Path,
    shots: Iterable[Shot],
    count: int,
    sample_rate: int,
    bits: int,
    overwrite: bool,
    inputs: Sequence[Path] = (),
    form: str = "wav",
    layout: Layout | None = None,
) -> int:
    """Write sounds with a bar, and give how many; see `sets.write_set`."""
    from ..sampler.sets import write_set

    with ended_by_exception(), progress_bar() as show:
        return write_set(
            folder,
            shots,
            sample_rate,
            form=form,
            layout=layout,
            bits=bits,
            overwrite=overwrite,
            inputs=inputs,
            on_written=lambda done: show(f"{done} of {count} sounds", done, count),
        )


def versions_for(form: str, velocities: int, takes: int, notes: tuple[int, ...] = ()) -> Versions:
    """Give in how many ways each sound is played, and say it if a format holds fewer than were asked for.

    Raises
    ------
    UsageError
        For an unknown format, or numbers that cannot be.
    """
    from ..sampler.sets import check_format, held_by
    from ..sampler.shot import Versions

    check_format(form)
    wanted = Versions(velocities, takes, notes)
    held = held_by(form, wanted)
    if held != wanted:
        warn(
            f"{form} holds {velocities * held.takes} sounds a key at {counted(velocities, 'velocity', 'velocities')}:"
            f" {held.takes} of {takes} takes are written"
        )
    return held


def tell(filling: Filling, written: int, folder: Path) -> ExitCode:
    """Say how many sounds there are and how many were drawn again; the exit code tells whether they are all there."""
    again = [
        f"{number} {why}"
        for number, why in (
            (filling.too_near, f"nearer than {filling.least_db:.2f} dB to another or to a training sound"),
            (filling.faulty, "silent or else unfit for a sampler"),
        )
        if number
    ]
    drawn_again = filling.too_near + filling.faulty
    remark = f"; {drawn_again} drawn again: {', '.join(again)}" if again else ""
    say(f"{counted(written, 'sound')} in {folder}{remark}" if written else f"no sound was written{remark}")
    if filling.found == filling.count:
        return ExitCode.WELL
    reason, advice = "was unfit for a sampler", "a narrower --spread"
    if filling.too_near:
        reason, advice = "was too near another or a training sound", "a lower --unique or a wider --spread"
    warn(
        f"{counted(filling.found, 'different sound')} could be made where {filling.count} were asked for: draw after draw"
        f" {reason}; give {advice}"
    )
    return ExitCode.FAILED


def tell_remarks(kept: Iterable[Kept]) -> None:
    """Say which sounds were heard anew."""
    for one in kept:
        if one.remark:
            warn(one.remark)
