"""Read a CSV table of controls row by row, and refuse one that a model cannot be played from."""

from __future__ import annotations

import csv
import difflib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import ControlError, TableFileError, counted
from ..model_file.controls import Control
from ..streaming.control_values import read_value
from .table_writer import TIME_COLUMN

LARGEST_DURATION_S = 1e6


@dataclass(frozen=True)
class Column:
    """A column of a table that is one of a model's numbers: of a vector control, one of its elements."""

    position: int
    name: str
    control: Control
    element: int


@dataclass(frozen=True)
class Row:
    """The values of all columns at one time."""

    time_s: float
    values: tuple[float, ...]


class ControlTable:
    """A table of controls, checked from its first line to its last before it is played.

    Parameters
    ----------
    path : Path
        CSV in UTF-8: the first line names the columns, one of which is ``time_s``; times rise from line to line.
    controls : sequence of Control
        Those of the model. A column is one of them by its name, or by ``name[0]`` one element of a vector.
    owner : str
        How messages name the model.
    needs_duration : bool
        Whether the table must say how long it lasts, which takes two rows.

    Attributes
    ----------
    columns : tuple of Column
        Those that the model takes.
    left_out : tuple of str
        The names of those that it does not know.
    duration_s : float
        From time 0 until one step after the last row, the step being that before the last row.

    Raises
    ------
    TableFileError
        With line and column, what was found there and what is needed.
    """

    def __init__(
        self, path: Path, controls: Sequence[Control], owner: str, needs_duration: bool = True
    ) -> None:
        self._path = path
        elements = {
            name: (control, element)
            for control in controls
            for element, name in enumerate(control.element_names)
        }
        names = next((cells for _, cells in self._lines()), None)
        if names is None:
            raise TableFileError(
                f"{path} is empty; its first line must name the columns, such as "
                f"{TIME_COLUMN},{next(iter(elements))}"
            )
        self._check_names(names, list(elements), owner)
        self._width = len(names)
        self._time_position = names.index(TIME_COLUMN)
        self.columns = tuple(
            Column(position, name, *elements[name]) for position, name in enumerate(names) if name in elements
        )
        self.left_out = tuple(name for name in names if name not in elements and name != TIME_COLUMN)
        before, last = None, None
        for row in self.rows():
            before, last = last, row
        if last is None:
            raise TableFileError(f"{path} has no rows below its first line; at least one is needed")
        if before is None and needs_duration:
            raise TableFileError(
                f"{path} has a single row and does not say how long it lasts; add rows or give --seconds"
            )
        self.duration_s = last.time_s + (last.time_s - before.time_s if before is not None else 0.0)

    def rows(self) -> Iterator[Row]:
        """Read on from the first row to the last; raises TableFileError at the first that is wrong."""
        before: float | None = None
        lines = self._lines()
        next(lines, None)
        for line, cells in lines:
            if len(cells) != self._width:
                raise TableFileError(
                    f"{self._path}, line {line}: it has {counted(len(cells), 'cell')} for {counted(self._width, 'column')}"
                )
            time_s = self._number(cells[self._time_position], line, TIME_COLUMN)
            if not 0 <= time_s <= LARGEST_DURATION_S:
                raise TableFileError(
                    f"{self._path}, line {line}, column {TIME_COLUMN}: {time_s:g} is no time from 0 to "
                    f"{LARGEST_DURATION_S:g} seconds"
                )
            if before is not None and time_s <= before:
                raise TableFileError(
                    f"{self._path}, line {line}, column {TIME_COLUMN}: {time_s:g} comes after {before:g}; "
                    "times must rise from line to line"
                )
            before = time_s
            yield Row(time_s, tuple(self._value(cells[c.position], line, c) for c in self.columns))

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the number and the cells of each line that has any."""
        try:
            # Spreadsheets put a mark at the beginning of UTF-8.
            with self._path.open(encoding="utf-8-sig", newline="") as file:
                reader = csv.reader(file, strict=True)
                for cells in reader:
                    if cells:
                        yield reader.line_num, [cell.strip() for cell in cells]
        except FileNotFoundError as error:
            raise TableFileError(f"{self._path} does not exist") from error
        except OSError as error:
            raise TableFileError(f"{self._path} cannot be read: {error.strerror or error}") from error
        except (UnicodeDecodeError, csv.Error) as error:
            raise TableFileError(
                f"{self._path} is no table of text; a CSV file in UTF-8 is needed, as an analyzer writes it"
            ) from error

    def _check_names(self, names: list[str], known: list[str], owner: str) -> None:
        if TIME_COLUMN not in names:
            hint = "; separate columns by commas" if len(names) == 1 and ";" in names[0] else ""
            raise TableFileError(
                f"{self._path} has no column {TIME_COLUMN}: its first line must name the columns, such as "
                f"{TIME_COLUMN},{known[0]}{hint}"
            )
        for name in names:
            if name and names.count(name) > 1:
                raise TableFileError(f"{self._path} has two columns {name}; leave one of them out")
        if not set(names) & set(known):
            unknown = next((name for name in names if name != TIME_COLUMN), "")
            near = difflib.get_close_matches(unknown, known, 1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise TableFileError(
                f"{self._path} has no column that is a control of {owner}: {hint}it has {', '.join(known)}"
            )

    def _value(self, text: str, line: int, column: Column) -> float:
        control = column.control
        value = text if control.choices else self._number(text, line, column.name)
        try:
            return read_value(control, value)
        except ControlError as error:
            raise TableFileError(f"{self._path}, line {line}, column {column.name}: {error}") from error

    def _number(self, text: str, line: int, name: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            found = repr(text) if text else "an empty cell"
            raise TableFileError(
                f"{self._path}, line {line}, column {name}: {found} is no finite number; write one, such as 0.5"
            )
        return number
