"""Show a bar while a command works, where somebody watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(first: str = "") -> Iterator[Callable[[str, float, float], None]]:
    """Show one bar on stderr if that is a terminal; it disappears at the end.

    Parameters
    ----------
    first : str
        What is done first. If it is empty the bar appears with the first progress.

    Yields
    ------
    callable
        Takes what is being done, how much of it is done, and how much there is.
    """
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from .tables import open_console

    console = open_console(errors=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(first, total=None, visible=bool(first))

        def show(what: str, done: float, total: float) -> None:
            bar.update(task, description=what, completed=done, total=total, visible=True)

        yield show
