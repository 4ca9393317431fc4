"""`brainsynth generate`: make a data set of a synth's sounds and their parameters."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError
from .exit_codes import ExitCode

if TYPE_CHECKING:
    from ..datasets.sound_maker import Tally


def generate(
    synth: Annotated[str, typer.Argument(help="A bundled synth or a .csd.", show_default=False)],
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

    You can stop it at any moment. The same command continues where it stopped. Needs Csound 6.
    """
    from ..datasets.generation import generate

    begun = time.monotonic()
    with _Bar() as bar:
        try:
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
                on_progress=bar.note,
                on_problem=lambda sentence: typer.echo(f"brainsynth: {sentence}", err=True),
            )
        except KeyboardInterrupt:
            typer.echo(f"{bar.done} sounds are in {output}; the same command continues", err=True)
            raise
    _summarize(tally, bar.total, output, time.monotonic() - begun)
    return ExitCode.FAILED if tally.failed else ExitCode.WELL


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


class _Bar:
    """A bar that shows sounds per second and the time left; shows nothing if there is no terminal."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        from .tables import open_console

        console = open_console(errors=True)
        columns = (
            MofNCompleteColumn(),
            BarColumn(),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
            TextColumn("left"),
        )
        self.done = self.total = 0
        self._began = 0.0
        self._there = 0
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._shown = self._bar.add_task("", total=None)

    def note(self, done: int, total: int) -> None:
        if not self.total:
            self._began, self._there = time.monotonic(), done
        self.done, self.total = done, total
        passed = time.monotonic() - self._began
        rate = f"{(done - self._there) / passed:.0f} sounds a second" if passed > 1 else ""
        self._bar.update(self._shown, completed=done, total=total, description=rate)

    def __enter__(self) -> _Bar:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


def _summarize(tally: Tally, total: int, folder: Path, seconds: float) -> None:
    parts = [f"{total} {'sound' if total == 1 else 'sounds'} in {folder}"]
    if tally.made:
        parts.append(f"{tally.made} made in {seconds:.0f} s, {tally.made / max(seconds, 1e-3):.0f} a second")
    counts: tuple[tuple[int, str], ...] = (
        (tally.silent, "silent"),
        (tally.clipped, "clipped"),
        (tally.redrawn, "drawn again"),
        (tally.failed, "failed (see the manifest)"),
    )
    parts += [f"{number} {what}" for number, what in counts if number]
    typer.echo(", ".join(parts))
