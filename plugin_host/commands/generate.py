"""`brainsynth generate`: make a data set of a synth's sounds and their parameters."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError, counted
from .exit_codes import ExitCode
from .messages import say, warn

_NOT_BESIDE_LIKE = {
    "count": "--count",
    "sampling": "--sampling",
    "seed": "--seed",
    "steps": "--steps",
    "settings_list": "--list",
    "redraw_silent": "--redraw-silent",
    "redraw_clipped": "--redraw-clipped",
}

if TYPE_CHECKING:
    from ..datasets.maker import Tally


def generate(
    context: typer.Context,
    synth: Annotated[str, typer.Argument(help="A bundled synth, a .csd or a .vst3.", show_default=False)],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="Folder of the data set; one begun earlier continues.", show_default=False
        ),
    ],
    count: Annotated[
        int | None,
        typer.Option(
            "--count", "-n", help="Number of sounds; by default all of a grid or list.", show_default=False
        ),
    ] = None,
    sampling: Annotated[
        str,
        typer.Option(
            "--sampling", help="random, grid (--steps), musical (near the synth's presets) or list (--list)."
        ),
    ] = "random",
    seed: Annotated[int, typer.Option("--seed", help="Another seed gives other sounds.")] = 0,
    steps: Annotated[
        list[str] | None,
        typer.Option(
            "--steps",
            metavar="NAME=N,...",
            help="For a grid: number of values of a parameter; may be repeated.",
        ),
    ] = None,
    settings_list: Annotated[
        Path | None,
        typer.Option("--list", help="Your own parameters: .csv, .jsonl or a manifest.", show_default=False),
    ] = None,
    like: Annotated[
        Path | None,
        typer.Option(
            "--like",
            metavar="RECORDINGS",
            help="Sounds are recordings, and parameters what a search finds that comes near each.",
            show_default=False,
        ),
    ] = None,
    renders: Annotated[
        int | None,
        typer.Option(
            "--renders",
            help="For --like: sounds to render for each recording; 60 by default.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", "-j", min=0, help="Processes; 0: one per core, 1: only this one.")
    ] = 0,
    redraw_silent: Annotated[
        bool, typer.Option("--redraw-silent", help="Draw again if a sound is silent.")
    ] = False,
    redraw_clipped: Annotated[
        bool, typer.Option("--redraw-clipped", help="Draw again if a sound is clipped.")
    ] = False,
) -> int:
    """Make a data set: thousands of sounds of a synth, and the parameters of each.

    With --like the sounds are recordings, and the parameters those of the synth that are found to come near them.
    You can stop it at any moment. The same command continues where it stopped. A .csd needs Csound 6.
    """
    from ..datasets.found_settings import RENDERS, generate_like
    from ..datasets.generation import generate
    from .progress import progress_bar

    if like is not None:
        _refuse_beside_like(context)
    elif renders is not None:
        raise UsageError("--renders is for recordings, and there are none: add --like RECORDINGS")
    begun = time.monotonic()
    with progress_bar() as show:
        sounds = _SoundCount(show)
        try:
            if like is not None:
                tally = generate_like(
                    synth,
                    like,
                    output,
                    RENDERS if renders is None else renders,
                    workers=workers,
                    on_preparation=lambda done, most: show("getting to know the synth, once", done, most),
                    on_progress=sounds.update,
                    on_problem=warn,
                )
            else:
                tally = generate(
                    synth,
                    output,
                    count,
                    seed=seed,
                    sampling=_refine(sampling, steps, settings_list),
                    steps=parse_steps(steps or []),
                    settings_list=settings_list,
                    workers=workers,
                    redraw_silent=redraw_silent,
                    redraw_clipped=redraw_clipped,
                    on_progress=sounds.update,
                    on_problem=warn,
                )
        except KeyboardInterrupt:
            warn(f"{counted(sounds.done, 'sound is', 'sounds are')} in {output}; the same command continues")
            raise
    _summarize(tally, sounds.total, output, time.monotonic() - begun)
    return ExitCode.FAILED if tally.failed else ExitCode.WELL


def _refuse_beside_like(context: typer.Context) -> None:
    """Refuse options that choose parameters, beside recordings for which they are searched."""
    given = [
        option
        for name, option in _NOT_BESIDE_LIKE.items()
        if (source := context.get_parameter_source(name)) is not None and source.name != "DEFAULT"
    ]
    if given:
        raise UsageError(
            f"{', '.join(given)}: with --like there is a sound for each recording, and its parameters are searched for;"
            f" leave {'it' if len(given) == 1 else 'them'} out, or leave out --like"
        )


def parse_steps(texts: Sequence[str]) -> dict[str, int]:
    """Turn ``name=5,other=3`` into numbers by name; raises UsageError for anything else."""
    steps: dict[str, int] = {}
    for part in ",".join(texts).split(","):
        if not part.strip():
            continue
        name, _, number = (piece.strip() for piece in part.partition("="))
        if not number.isdecimal():
            raise UsageError(f"--steps {part} is no number of values; write --steps name=5,other=3")
        steps[name] = int(number)
    return steps


def _refine(sampling: str, steps: Sequence[str] | None, settings_list: Path | None) -> str:
    """Take steps for a grid and a list for a list, where nothing else was said."""
    if sampling != "random":
        return sampling
    return "list" if settings_list is not None else "grid" if steps else sampling


class _SoundCount:
    """Counts the sounds that exist, and shows them with sounds per second."""

    def __init__(self, show: Callable[[str, float, float], None]) -> None:
        self.done = self.total = 0
        self._show = show
        self._began = 0.0
        self._found = 0

    def update(self, done: int, total: int) -> None:
        if not self.total or done < self.done:
            self._began, self._found = time.monotonic(), done
        self.done, self.total = done, total
        passed = time.monotonic() - self._began
        rate = f", {_rate(done - self._found, passed)}" if passed > 1 else ""
        self._show(f"{done} of {counted(total, 'sound')}{rate}", done, total)


def _rate(count: int, seconds: float) -> str:
    """Say how quickly so many were made, by the minute where a second is too short to tell."""
    rate = count / max(seconds, 1e-3)
    return f"{rate:.0f} a second" if rate >= 1 else f"{60 * rate:.0f} a minute"


def _summarize(tally: Tally, total: int, folder: Path, seconds: float) -> None:
    parts = [f"{total} {'sound' if total == 1 else 'sounds'} in {folder}"]
    if tally.made:
        parts.append(f"{tally.made} made in {seconds:.0f} s, {_rate(tally.made, seconds)}")
    counts: tuple[tuple[int, str], ...] = (
        (tally.silent, "silent"),
        (tally.clipped, "clipped"),
        (tally.redrawn, "drawn again"),
        (tally.failed, "failed (see the manifest)"),
    )
    parts += [f"{number} {what}" for number, what in counts if number]
    say(", ".join(parts))
