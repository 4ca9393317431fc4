"""Show how far a command has come: a bar where somebody watches, a line now and then where nobody does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .messages import printable, warn

Show = Callable[[str, float, float], None]
"""Takes what is being done, how much of it is done, and how much there is."""

_SHORTEST_GAP_S, _LONGEST_GAP_S = 10.0, 600.0
_GROWTH = 0.1
"""The gap between two lines as a part of the time that has passed, so that a long night leaves no long log."""


@contextmanager
def progress_bar(first: str = "") -> Iterator[Show]:
    """Show on stderr how far the work is.

    In a terminal that is one bar, which disappears at the end. Elsewhere it is a line after ten seconds, and later
    lines at growing distances, ten minutes at most.

    Parameters
    ----------
    first : str
        What is done first. If it is empty the bar appears with the first progress.

    Yields
    ------
    callable
        See `Show`. It may be called as often as there is something new.
    """
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from .tables import open_console

    console = open_console(errors=True)
    if not console.is_terminal:
        yield lines_now_and_then()
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(first, total=None, visible=bool(first))

        def show(what: str, done: float, total: float) -> None:
            bar.update(task, description=printable(what), completed=done, total=total, visible=True)

        yield show


def lines_now_and_then(clock: Callable[[], float] = time.monotonic) -> Show:
    """Give a function that prints a line on stderr when one is due, and else does nothing."""
    begun = clock()
    due = begun + _SHORTEST_GAP_S

    def show(what: str, done: float, total: float) -> None:
        nonlocal due
        now = clock()
        if now < due:
            return
        due = now + min(max(_GROWTH * (now - begun), _SHORTEST_GAP_S), _LONGEST_GAP_S)
        warn(f"{what} ({done / total:.0%})" if total else what)

    return show
