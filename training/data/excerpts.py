"""Excerpts of recordings that lie end to end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def rows_around(
    rows: NDArray[np.integer], lengths: Sequence[int] | NDArray[np.integer], length: int
) -> NDArray[np.int64]:
    """Give the rows of excerpts around given rows, each within the recording that its row belongs to.

    An excerpt has its row in the middle, or is moved so far that it begins or ends with the recording: beginnings and ends
    are met often, as they should be where recordings are short notes.

    Parameters
    ----------
    rows : (B,)
        Numbered through all recordings, from 0.
    lengths : (R,)
        Rows of each recording, in their order.
    length : int
        Rows of an excerpt.

    Returns
    -------
    (B, length)

    Raises
    ------
    ValueError
        If a recording that was asked for is shorter than an excerpt.
    """
    ends = np.cumsum(lengths)
    which = np.searchsorted(ends, rows, side="right")
    begins, last = (ends - lengths)[which], ends[which] - length
    if (last < begins).any():
        shortest = int(np.asarray(lengths)[which].min())
        raise ValueError(f"excerpts of {length} rows were asked for, and a recording has {shortest}")
    first = np.clip(rows - length // 2, begins, last)
    return first[:, None] + np.arange(length)
