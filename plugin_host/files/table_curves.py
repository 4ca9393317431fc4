"""Turn a table of controls into curves: a value for each frame, each control moved as its scale says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..model_file.controls import Control, Scale
from ..model_file.document import ModelDocument
from .table_reader import ControlTable, Row

_SLACK_S = 1e-6
"""Times are written with six digits, so that a row may stand this much behind its frame."""


class TableCurves:
    """The frames of a table, one after another, in constant memory.

    Between two rows, linear controls move in a straight line, log controls by equal ratios; integers, choices
    and seeds keep the value of the row before. The value of a trigger stands for the frame in which its row is.
    Before the first row and after the last, the nearest holds; triggers are 0 there.

    Parameters
    ----------
    table : ControlTable
        What to play.
    fixed : mapping
        Values of controls that are not taken from the table.
    document : ModelDocument
        Of the model that is played.
    """

    def __init__(self, table: ControlTable, fixed: Mapping[str, Any], document: ModelDocument) -> None:
        self._columns = [
            (index, column)
            for index, column in enumerate(table.columns)
            if column.control.name not in fixed and column.name not in fixed
        ]
        # Elements of a vector that the table leaves out.
        self._resting = {
            control.name: [
                fixed.get(name, default)
                for name, default in zip(control.element_names, control.defaults, strict=True)
            ]
            for control in document.controls
            if control.name not in fixed
        }
        self._frame_s = document.hop_length / document.sample_rate
        self._unread = table.rows()
        self._rows: list[Row] = []
        self._frame = 0

    def take(self, frames: int) -> dict[str, NDArray[np.float32]]:
        """Give the next frames of every control in the table: (N,), or (K, N) of a vector."""
        start, end = self._frame, self._frame + frames
        self._frame = end
        self._read_until(end * self._frame_s)
        times = np.array([row.time_s for row in self._rows])
        values = np.array([row.values for row in self._rows])
        curves: dict[str, NDArray[np.float32]] = {}
        for index, column in self._columns:
            control = column.control
            if control.is_trigger:
                curve = self._strikes(times, values[:, index], start, frames)
            else:
                now = np.arange(start, end, dtype=np.float64) * self._frame_s
                curve = _curve(control, now, times, values[:, index])
            if control.name not in curves:
                resting = np.array(self._resting[control.name], dtype=np.float32)
                curves[control.name] = np.repeat(resting[:, None], frames, axis=1)
            low, high = np.float32(control.minimum), np.float32(control.maximum)
            curves[control.name][column.element] = np.clip(curve.astype(np.float32), low, high)
        self._forget_before((end - 1) * self._frame_s)
        return {
            column.control.name: curves[column.control.name]
            if column.control.is_vector
            else curves[column.control.name][0]
            for _, column in self._columns
        }

    def _read_until(self, time_s: float) -> None:
        while not self._rows or self._rows[-1].time_s < time_s:
            row = next(self._unread, None)
            if row is None:
                return
            self._rows.append(row)

    def _forget_before(self, time_s: float) -> None:
        """Keep the last row that is not later, from which the next curve starts."""
        keep = 0
        while keep + 1 < len(self._rows) and self._rows[keep + 1].time_s <= time_s:
            keep += 1
        del self._rows[:keep]

    def _strikes(
        self, times: NDArray[np.float64], values: NDArray[np.float64], start: int, frames: int
    ) -> NDArray[np.float64]:
        curve = np.zeros(frames)
        frame_indices = np.floor((times + _SLACK_S) / self._frame_s).astype(np.int64) - start
        within = (frame_indices >= 0) & (frame_indices < frames)
        np.maximum.at(curve, frame_indices[within], values[within])
        return curve


def _curve(
    control: Control, now: NDArray[np.float64], times: NDArray[np.float64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    if control.is_stepped:
        before = np.searchsorted(times, now + _SLACK_S, side="right") - 1
        return values[np.maximum(before, 0)]
    if control.scale is Scale.LOG:
        return np.exp(np.interp(now, times, np.log(values)))
    return np.interp(now, times, values)
