"""Describe the golden pair of a model file: what its author computed, and how close a host must come."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, FiniteFloat

from .array_text import Tensor
from .controls import Control, Part, Scale
from .graph_contract import AUDIO_OUTPUT

LARGEST_SHARE = 1e-3
"""The most that a file may allow a host to differ: of full scale for audio, of the range for a control.

For audio that is 60 dB below full scale, where a difference is no longer heard beside the sound. A file that
needs more proves nothing: a host with a wrong gain or a wrong coefficient would pass.
"""

PositiveFloat = Annotated[FiniteFloat, Field(gt=0)]


class GoldenPair(Part):
    """What the model's author computed from the initial state, to check any host against.

    Parameters
    ----------
    inputs, outputs : dict of str to Tensor
        By the graph's own tensor names, without states: ``audio`` and ``control.<name>`` in, ``output.audio``
        or ``output.<name>`` out. Numpy arrays are taken, too.
    tolerance : float
        Largest absolute difference that a correct host may show, in the unit of the outputs.
    tolerances : dict of str to float
        The same for single outputs, by tensor name, where `tolerance` does not suit them.
    """

    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]
    tolerance: PositiveFloat
    tolerances: dict[str, PositiveFloat] = Field(default_factory=dict)

    def tolerance_of(self, tensor: str) -> float:
        """Give the largest difference allowed in one output, such as ``output.audio``."""
        return self.tolerances.get(tensor, self.tolerance)

    def allowed(self, tensor: str, output: Control | None = None) -> NDArray[np.float64]:
        """Give the largest difference allowed at each golden value of an output; see `allowed_at`."""
        return allowed_at(self.outputs[tensor].array(), self.tolerance_of(tensor), output)

    def check_tolerances(self, outputs: Iterable[Control]) -> None:
        """Raise ValueError if a tolerance is of no output, or larger than any file may allow itself."""
        unknown = sorted(self.tolerances.keys() - self.outputs.keys())
        if unknown:
            raise ValueError(
                f"there is a golden tolerance of {unknown[0]!r}, which the model does not give; it gives "
                f"{', '.join(sorted(self.outputs))}"
            )
        largest = largest_tolerances(outputs)
        for tensor in self.outputs:
            if self.tolerance_of(tensor) > largest[tensor]:
                raise ValueError(
                    f"the golden tolerance of {tensor} is {self.tolerance_of(tensor):g}, and a file may "
                    f"allow at most {largest[tensor]:g} ({LARGEST_SHARE:.1%} of its range)"
                )

    def check_one_tolerance(self, outputs: Iterable[Control]) -> None:
        """Raise ValueError if the one tolerance of format 1, which suits all outputs, is too large for each of them."""
        largest = largest_tolerances(outputs)
        widest = max(largest[tensor] for tensor in self.outputs)
        if self.tolerance > widest:
            raise ValueError(
                f"the golden tolerance is {self.tolerance:g}, and a file may allow at most {widest:g} "
                f"({LARGEST_SHARE:.1%} of the widest output's range)"
            )


def largest_tolerances(outputs: Iterable[Control]) -> dict[str, float]:
    """Give the most that a file may allow a host to differ, for audio and for each of an analyzer's outputs."""
    shares = {
        f"output.{control.name}": LARGEST_SHARE * (control.maximum - control.minimum) for control in outputs
    }
    return {AUDIO_OUTPUT: LARGEST_SHARE, **shares}


def allowed_at(
    values: NDArray[np.floating], tolerance: float, output: Control | None = None
) -> NDArray[np.float64]:
    """Give the largest difference allowed at each value of an output.

    It is what the file declares, and at most `LARGEST_SHARE` of the output's scale, whatever the file says: of full
    scale for audio, of the range for a control, of the value for each e-fold of a logarithmic range.

    Parameters
    ----------
    values : array
        What is right, of any shape.
    tolerance : float
        The declared one, in the unit of the values.
    output : Control, optional
        The output, where it is an analyzer's.

    Returns
    -------
    array
        Of the shape and in the unit of `values`.
    """
    most = LARGEST_SHARE * (1.0 if output is None else output.maximum - output.minimum)
    allowed = np.full(values.shape, min(tolerance, most))
    if output is None or output.scale is not Scale.LOG:
        return allowed
    # A thousandth of a range of 200 times is 0.5 %, of 0.002 s as of 0.4 s.
    folds = math.log(output.maximum / output.minimum)
    within = np.clip(values.astype(np.float64), output.minimum, output.maximum)
    return np.minimum(allowed, LARGEST_SHARE * folds * within)
