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

if TYPE_CHECKING:
    from ..datasets.sound_maker import Tally


def generate(
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

    You can stop it at any moment. The same command continues where it stopped. A .csd needs Csound 6.
    """
    from ..datasets.generation import generate
    from .progress import progress_bar

    begun = time.monotonic()
    with progress_bar() as show:
        sounds = _SoundCount(show)
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
                on_progress=sounds.update,
                on_problem=warn,
            )
        except KeyboardInterrupt:
            warn(f"{counted(sounds.done, 'sound is', 'sounds are')} in {output}; the same command continues")
            raise
    _summarize(tally, sounds.total, output, time.monotonic() - begun)
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
        rate = f", {(done - self._found) / passed:.0f} a second" if passed > 1 else ""
        self._show(f"{done} of {counted(total, 'sound')}{rate}", done, total)


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
    say(", ".join(parts))
