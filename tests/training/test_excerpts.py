"""Excerpts of recordings that lie end to end: none runs across a seam, and every moment is met."""

from __future__ import annotations

import numpy as np
import pytest

from training.data.excerpts import rows_around


@pytest.mark.parametrize("length", [1, 4, 5, 7])
def test_excerpts_lie_within_the_recording_that_they_are_around(length: int) -> None:
    lengths = [7, 30, 7, 12]
    recording = np.repeat(np.arange(4), lengths)
    rows = rows_around(np.arange(56), lengths, length)
    assert rows.shape == (56, length)
    assert (np.diff(rows) == 1).all()
    np.testing.assert_array_equal(recording[rows], np.repeat(recording[:, None], length, 1))
    # Each holds the row that it is around, and all beginnings and ends are met as often as half an excerpt is long.
    assert (rows == np.arange(56)[:, None]).any(1).all()
    assert set(rows.flat) == set(range(56))
    assert (rows[:, 0] == 7).sum() == length // 2 + 1
    np.testing.assert_array_equal(rows[7 + 15], 7 + 15 - length // 2 + np.arange(length))


def test_a_recording_shorter_than_an_excerpt_is_refused() -> None:
    with pytest.raises(ValueError, match="excerpts of 5 rows were asked for, and a recording has 4"):
        rows_around(np.array([2, 12]), [10, 4], 5)
    assert rows_around(np.array([2]), [10, 4], 5).shape == (1, 5)
