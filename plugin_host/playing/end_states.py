"""Compare the states that a model ends in, which outputs may show only much later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .check import Check

STATE_TOLERANCE = 1e-3
"""Of a state after the last call, relative to its peak where that is above one: phases and levels add last bits up."""


def state_difference(found: NDArray[Any], right: NDArray[Any]) -> float:
    """Give the largest difference of two states as a share of the peak where that is above one; counters as they are.

    A difference that is no number, or states of different shapes, are infinitely different.
    """
    if found.shape != right.shape:
        return float("inf")
    errors = np.abs(found.astype(np.float64) - right)
    is_counter = np.issubdtype(right.dtype, np.integer)
    peak = 1.0 if is_counter else max(1.0, float(np.max(np.abs(right), initial=0.0)))
    error = float(np.max(errors, initial=0.0)) / peak
    return error if np.isfinite(error) else float("inf")


def check_end_states(
    compared: str, found: Mapping[str, NDArray[Any]], right: Mapping[str, NDArray[Any]]
) -> tuple[Check, ...]:
    """Compare the states at the end of the same input in other blocks: the worst of them, if there are any."""
    checks = [
        Check(f"next_state.{name}", compared, state_difference(found[name], values), STATE_TOLERANCE)
        for name, values in right.items()
    ]
    return (max(checks, key=lambda check: check.error),) if checks else ()
