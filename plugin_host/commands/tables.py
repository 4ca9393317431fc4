"""Print tables that hold what users named: paths and names stay as they are, brackets and all."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .messages import printable

_WIDTH_OF_A_FILE = 4000


def open_console(errors: bool = False) -> Console:
    """Give a console; where its output goes into a file or pipe, lines are long rather than broken."""
    stream = sys.stderr if errors else sys.stdout
    return Console(file=stream, highlight=False, width=None if stream.isatty() else _WIDTH_OF_A_FILE)


def show(console: Console, text: str, style: str = "") -> None:
    """Print a line of plain text, in which nothing is taken for markup or obeyed by a terminal."""
    console.print(Text(printable(text), style))


def make_table(headings: Sequence[str], right: Sequence[str] = ()) -> Table:
    """Make a table without lines; columns named in `right` hold numbers and are set to the right."""
    table = Table(box=None, pad_edge=False, show_header=any(headings), header_style="bold")
    for heading in headings:
        table.add_column(heading, justify="right" if heading in right else "left", overflow="fold")
    return table


def add_row(table: Table, *cells: str | Text) -> None:
    """Add a row of plain texts, in which nothing is taken for markup or obeyed by a terminal, or of styled ones."""
    table.add_row(*(Text(printable(cell)) if isinstance(cell, str) else cell for cell in cells))
