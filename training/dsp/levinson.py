"""Linear prediction in double precision: from autocorrelation to reflection coefficients, and on to polynomials.

The letters are those of the field: a polynomial is A(z) = 1 + a_1 z^-1 + ... + a_P z^-P, the all-pole filter 1 / A(z), and
k_m the reflection coefficients. All |k_m| below 1 and all poles inside the unit circle are the same statement (Markel and
Gray 1976, "Linear Prediction of Speech", chapter 5), so a network that chooses reflection coefficients cannot choose
an unstable filter. A resonance of 60 dB leaves a millionth of the power to be predicted: float32 would not do.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..streaming.operators import take


class Levinson(nn.Module):
    """The Levinson-Durbin recursion (Durbin 1960; Makhoul 1975, equation 38).

    Parameters
    ----------
    order : int
        P.

    Shapes: autocorrelation (..., P + 1) float64, positive definite -> reflection coefficients (..., P), power of what is
    left after prediction (..., 1).
    """

    lags: Tensor
    first: Tensor
    mirrors: Tensor
    ones: Tensor

    def __init__(self, order: int) -> None:
        super().__init__()
        self.order = order
        number = torch.arange(order + 1)
        self.register_buffer("lags", (number - number[:, None]).abs(), persistent=False)
        self.register_buffer("first", (number == 0).double(), persistent=False)
        # A sum as a product: ONNX Runtime's own sum of an odd number depends on where in memory the row begins, and what
        # is badly conditioned would make a hundred thousand times more of the last bit.
        self.register_buffer("ones", torch.ones(order + 1, 1, dtype=torch.float64), persistent=False)
        self.register_buffer("mirrors", _mirrors(order), persistent=False)

    def forward(self, r: Tensor) -> tuple[Tensor, Tensor]:
        matrix = take(r, r.dim() - 1, self.lags)
        error, a = r[..., :1], self.first.expand_as(r)
        reflections = []
        for m in range(1, self.order + 1):
            k = -(a * matrix[..., m, :]) @ self.ones / error
            a = a + k * take(a, a.dim() - 1, self.mirrors[m])
            error = error - error * (k * k)
            reflections.append(k)
        return torch.cat(reflections, -1), error


class StepUp(nn.Module):
    """Polynomial of reflection coefficients (Markel and Gray 1976, section 5.4).

    Shapes: (..., P) float64, each within -1..1 -> (..., P + 1), of which the first is 1.
    """

    first: Tensor
    mirrors: Tensor

    def __init__(self, order: int) -> None:
        super().__init__()
        self.order = order
        self.register_buffer("first", (torch.arange(order + 1) == 0).double(), persistent=False)
        self.register_buffer("mirrors", _mirrors(order), persistent=False)

    def forward(self, reflections: Tensor) -> Tensor:
        a = self.first.expand(*reflections.shape[:-1], -1)
        for m, k in enumerate(reflections.split(1, -1), 1):
            a = a + k * take(a, a.dim() - 1, self.mirrors[m])
        return a


def _mirrors(order: int) -> Tensor:
    """For each m the indices m, m - 1, ..., 0, then those of values that are still 0 when m is reached."""
    index = torch.arange(order + 1)
    mirrored = index[:, None] - index
    return torch.where(mirrored >= 0, mirrored, order)
