"""Keep the manifest of a data set: a line of JSON for each sound, written once its file is."""

from __future__ import annotations

import json
import math
import os
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..files.atomic_file import output_error, write_whole
from ..synths.parameters import SynthParameter

MANIFEST_NAME = "manifest.jsonl"
SHARD = 1000
_QUIETEST_DB = -200.0
SILENT_DB = -60.0
"""A sound whose peak is below this is silent, in dB of full scale."""

_PROBLEMS = 20


def sound_name(index: int) -> str:
    """Give the path of a sound within its data set: a thousand to a folder."""
    return f"sounds/{index // SHARD:04d}/{index:06d}.flac"


def find_files(folder: Path, indices: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Give for each sound whether it has a file that is not empty; each folder is listed only once."""
    present: set[str] = set()
    for shard in np.unique(indices // SHARD).tolist():
        try:
            with os.scandir((folder / sound_name(shard * SHARD)).parent) as entries:
                present.update(entry.name for entry in entries if entry.stat().st_size)
        except OSError:
            continue
    names = (Path(sound_name(index)).name for index in indices.tolist())
    return np.fromiter((name in present for name in names), bool, len(indices))


@dataclass(frozen=True)
class ManifestEntry:
    """What the manifest says of one sound: that it was made, or why it could not be.

    Parameters
    ----------
    index : int
        Its number in the data set.
    parameters : mapping of str to float or str
        Of the sound, in their units; a choice by its word.
    peak_db : float
        The largest sample, in dB of full scale.
    draws : int
        How many times parameters were drawn for it.
    failed : str
        Why there is no sound; empty if there is.
    notes : mapping
        What else the line says of it, such as the recording that it is; not read back.
    """

    index: int
    parameters: Mapping[str, float | str]
    peak_db: float = _QUIETEST_DB
    draws: int = 1
    failed: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def silent(self) -> bool:
        """Whether its peak is below -60 dB."""
        return self.peak_db < SILENT_DB

    @property
    def clipped(self) -> bool:
        """Whether samples were beyond full scale and are cut off in the file."""
        return self.peak_db > 0

    def to_line(self) -> str:
        """Give it as a line of JSON."""
        content: dict[str, Any] = {"index": self.index}
        if self.failed:
            content |= {"failed": self.failed}
        else:
            content |= {
                "file": sound_name(self.index),
                "peak_db": round(self.peak_db, 2),
                "silent": self.silent,
                "clipped": self.clipped,
                "draws": self.draws,
            }
        return json.dumps(content | dict(self.notes) | {"parameters": dict(self.parameters)}) + "\n"


def peak_db(sound: NDArray[np.float32]) -> float:
    """Give the largest absolute sample in dB of full scale, rounded away from 0 dB where it is beyond."""
    peak = float(np.max(np.abs(sound), initial=0))
    decibels = 20 * math.log10(max(peak, 10 ** (_QUIETEST_DB / 20)))
    return max(round(decibels, 2), 0.01) if peak > 1 else round(decibels, 2)


class ManifestWriter:
    """Appends entries; several processes may write the same manifest.

    Raises
    ------
    OutputError
        If the manifest cannot be opened.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / MANIFEST_NAME
        try:
            self._handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        except OSError as error:
            raise output_error(self._path, error) from error

    def add(self, entry: ManifestEntry) -> None:
        """Append an entry, in one piece.

        Raises
        ------
        OutputError
            If the disk is full.
        """
        content = entry.to_line().encode()
        try:
            written = os.write(self._handle, content)
            while written < len(content):
                # Only a disk with no room takes a part; the rest fails and says so.
                written += os.write(self._handle, content[written:])
        except OSError as error:
            raise output_error(self._path, error) from error

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)


@dataclass
class Manifest:
    """A manifest as arrays, sorted by the sounds' numbers.

    Attributes
    ----------
    indices : ndarray, (N,) int64
        The numbers of the sounds that were made.
    values : ndarray, (N, P) float64
        Their parameters, in their units.
    peaks_db : ndarray, (N,) float64
        Their peaks.
    failed : dict of int to str
        The numbers of those that could not be made, and why.
    problems : list of str
        A sentence about each of the first broken lines.
    broken : int
        How many lines are broken.
    """

    indices: NDArray[np.int64]
    values: NDArray[np.float64]
    peaks_db: NDArray[np.float64]
    failed: dict[int, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    broken: int = 0


def read_manifest(folder: Path, parameters: Sequence[SynthParameter]) -> Manifest:
    """Read a manifest. The last entry about a sound counts; broken lines are named and counted.

    A million lines take some ten seconds, and no more memory than the numbers in them.

    Raises
    ------
    OSError
        If it exists and cannot be read.
    """
    path = folder / MANIFEST_NAME
    reader = _EntryReader(parameters)
    if path.is_file():
        with path.open("rb") as file:
            for number, text in enumerate(file, 1):
                reader.read(number, text)
    manifest = reader.finish()
    manifest.problems = [
        f"line {number} of {path} is broken ({why})"
        for number, why in sorted(reader.broken.items())[:_PROBLEMS]
    ]
    return manifest


def drop_broken_lines(folder: Path, parameters: Sequence[SynthParameter]) -> None:
    """Rewrite a manifest without its broken lines.

    Raises
    ------
    OutputError
        If it cannot be written; then it is unchanged.
    """
    path = folder / MANIFEST_NAME
    reader = _EntryReader(parameters)
    lines = path.read_bytes().splitlines(keepends=True)
    for number, text in enumerate(lines, 1):
        reader.read(number, text)
    reader.finish()
    kept = [text for number, text in enumerate(lines, 1) if number not in reader.broken]
    write_whole(path, b"".join(kept).decode())


class _EntryReader:
    """Reads entries line by line into arrays, and checks the ranges of all values at once."""

    def __init__(self, parameters: Sequence[SynthParameter]) -> None:
        self.broken: dict[int, str] = {}
        self._parameters = parameters
        self._names = [parameter.name for parameter in parameters]
        self._words = [
            (column, {word: position for position, word in enumerate(parameter.choices)})
            for column, parameter in enumerate(parameters)
            if parameter.choices
        ]
        self._failed: dict[int, str] = {}
        self._lines, self._indices = array("q"), array("q")
        self._values, self._peaks = array("d"), array("d")

    def read(self, number: int, text: bytes) -> None:
        """Take a line and its number, from 1."""
        try:
            if not text.endswith(b"\n"):
                raise ValueError("its end is missing")
            entry = json.loads(text)
            index = int(entry["index"])
            if "failed" in entry:
                self._failed[index] = str(entry["failed"])
                return
            named = entry["parameters"]
            row = [named[name] for name in self._names]
            if len(named) != len(row):
                raise ValueError(f"it has {next(name for name in named if name not in self._names)}")
            for column, words in self._words:
                row[column] = words[row[column]]
            values, peak = array("d", row), float(entry["peak_db"])
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            self.broken[number] = _why(error)
            return
        self._lines.append(number)
        self._indices.append(index)
        self._values.extend(values)
        self._peaks.append(peak)

    def finish(self) -> Manifest:
        """Give what was read, without what is out of range."""
        values = np.array(self._values).reshape(-1, len(self._names))
        low = np.array([parameter.minimum for parameter in self._parameters])
        high = np.array([parameter.maximum for parameter in self._parameters])
        stepped = np.array([parameter.is_stepped for parameter in self._parameters])
        fit = (values >= low) & (values <= high) & (~stepped | (values == np.rint(values)))
        for position in np.flatnonzero(~fit.all(axis=1)).tolist():
            column = int(np.argmin(fit[position]))
            self.broken[self._lines[position]] = f"{self._names[column]} is {values[position, column]:g}"
        indices = np.array(self._indices, np.int64)
        good = np.flatnonzero(fit.all(axis=1))
        # The last of several lines about a sound, in the order of the sounds.
        _, last = np.unique(indices[good][::-1], return_index=True)
        kept = good[len(good) - 1 - last]
        made = indices[kept]
        made_indices = set(made.tolist()) if self._failed else set()
        failed = {index: why for index, why in self._failed.items() if index not in made_indices}
        return Manifest(made, values[kept], np.array(self._peaks)[kept], failed, broken=len(self.broken))


def _why(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"there is no {error.args[0]!r}"
    if isinstance(error, UnicodeDecodeError | json.JSONDecodeError):
        return "it is no JSON"
    return str(error) if type(error) is ValueError else "it does not describe a sound"
