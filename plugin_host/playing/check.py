"""Hold the outcome of one comparison in the proof of a model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_SAMPLES = 2**22
"""Of all channels together that a check plays, for a stranger's file may declare any latency and tail."""


@dataclass(frozen=True)
class Check:
    """The outcome of one comparison.

    Parameters
    ----------
    tensor : str
        The output compared, ``output.audio`` or ``output.<name>``, or the state, ``next_state.<name>``.
    compared : str
        How the input was cut up, ``"whole"``, ``"1 frame"``, ``"random"`` and so on; or what else was looked at,
        ``"reaction"``, ``"delay"``, ``"tail"``.
    error : float
        The largest absolute difference, measured by what is allowed where it occurs.
    tolerance : float
        The largest allowed there.
    unit : str
        Of both; empty for that of the tensor.
    """

    tensor: str
    compared: str
    error: float
    tolerance: float
    unit: str = ""

    @property
    def passed(self) -> bool:
        """Whether the error is within its tolerance; one that is no number is not."""
        return self.error <= self.tolerance

    @property
    def figures(self) -> tuple[str, str]:
        """The error and what is allowed, as people read them."""
        if self.unit:
            return f"{self.error:.0f} {self.unit}", f"{self.tolerance:.0f} {self.unit}"
        return f"{self.error:.2e}", f"{self.tolerance:.0e}"


def worst(
    tensor: str,
    compared: str,
    played: NDArray[np.float32],
    expected: NDArray[np.float32],
    allowed: NDArray[np.float64],
) -> Check:
    """Give the difference that is the largest share of what is allowed at its place; NaN is the largest of all."""
    errors = np.abs(played.astype(np.float64) - expected)
    place = np.unravel_index(np.argmax(errors / allowed), errors.shape)
    return Check(tensor, compared, float(errors[place]), float(allowed[place]))
