"""Read a user's list of settings: CSV, JSON lines, or the manifest of a data set."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import UsageError, counted


def read_settings(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """Read the settings of many sounds.

    Parameters
    ----------
    path : Path
        A .csv whose first line names the parameters, or else JSON lines: an object of values by name, or a line
        of a data set's manifest.

    Returns
    -------
    list of (int, dict)
        The number of a line, from 1, and its values by name; those of a .csv are texts.

    Raises
    ------
    UsageError
        If the file cannot be read, or a line is neither.
    """
    try:
        # Spreadsheets put a mark before the first name.
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(
            f"the list {path} cannot be read ({error.strerror}); give a .csv or .jsonl"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the list {path} is no text in UTF-8; save it as such") from error
    lines = text.splitlines()
    if path.suffix.lower() == ".csv":
        return _read_csv(path, lines)
    found: list[tuple[int, dict[str, Any]]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise UsageError(f"line {number} of {path} is no JSON object: {error}") from error
        values = entry.get("parameters", entry) if isinstance(entry, dict) else None
        if not isinstance(values, dict):
            raise UsageError(f"line {number} of {path} is no JSON object of values by name")
        found.append((number, values))
    return found


def _read_csv(path: Path, lines: Sequence[str]) -> list[tuple[int, dict[str, Any]]]:
    reader = csv.reader(lines, skipinitialspace=True)
    names = [name.strip() for name in next(reader, [])]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"the first line of {path} names {name!r} twice; needed is a column for each name"
            )
        if ";" in name:
            raise UsageError(
                f"the first line of {path} names {name!r}; separate by commas, and write 0.5 with a point"
            )
    found: list[tuple[int, dict[str, Any]]] = []
    for row in reader:
        if not row:
            continue
        if len(row) != len(names):
            raise UsageError(
                f"line {reader.line_num} of {path} has {counted(len(row), 'value')} and the first line names {len(names)}"
            )
        found.append((reader.line_num, {name: cell.strip() for name, cell in zip(names, row, strict=True)}))
    return found
