"""Write what an analyzer gives as a CSV table, frame by frame, under its name only when it is whole."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..model_file.controls import Control
from .atomic_file import PartialFile, output_error

TIME_COLUMN = "time_s"


class TableWriter:
    """A table that is being written; a context manager that removes it unless `commit` is called.

    The first line names the columns: ``time_s``, then each output, of a vector each element as ``name[0]``.

    Parameters
    ----------
    target : Path
        The name it gets.
    outputs : sequence of Control
        What the frames hold. The value of a choice is written as its word.
    frame_s : float
        How long a frame is.

    Raises
    ------
    OutputError
        If nothing can be written there.
    """

    def __init__(self, target: Path, outputs: Sequence[Control], frame_s: float) -> None:
        self._outputs = outputs
        self._frame_s = frame_s
        self._frames = 0
        self._partial = PartialFile(target)
        # Line ends are the same on all systems, so that the same input gives the same bytes.
        self._file = self._partial.path.open("w", encoding="utf-8", newline="")
        self._csv = csv.writer(self._file, lineterminator="\n")
        self._csv.writerow([TIME_COLUMN, *(name for output in outputs for name in output.element_names)])

    def write(self, frames: Mapping[str, NDArray[np.float32]]) -> None:
        """Append frames.

        Parameters
        ----------
        frames : mapping of str to array
            (1, N) for each output, (1, K, N) of a vector of K.

        Raises
        ------
        OutputError
            If the disk is full.
        """
        columns: list[list[str]] = []
        for output in self._outputs:
            rows = frames[output.name][0].reshape(output.size, -1)
            columns += [[_cell(output, value) for value in row] for row in rows]
        count = len(columns[0])
        times = [f"{(self._frames + index) * self._frame_s:.6f}" for index in range(count)]
        self._frames += count
        try:
            self._csv.writerows(zip(times, *columns, strict=True))
        except OSError as error:
            raise output_error(self._partial.target, error) from error

    def commit(self) -> None:
        """Finish the table and give it its name.

        Raises
        ------
        OutputError
            If the disk is full; then nothing appears.
        """
        try:
            self._file.close()
        except OSError as error:
            raise output_error(self._partial.target, error) from error
        self._partial.commit()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except OSError:
            # What could not be flushed is thrown away on the next line.
            pass
        finally:
            self._partial.__exit__(kind, error, trace)


def _cell(output: Control, value: np.float32) -> str:
    """Nine digits give every float32 back."""
    if output.choices:
        return output.choices[min(max(round(float(value)), 0), len(output.choices) - 1)]
    return f"{value:.9g}"
