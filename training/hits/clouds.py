"""The clouds of places in which the events of each class were heard, to draw new ones from.

What a model was pulled towards in training is a normal distribution with independent numbers. Where its sounds came to lie
is another: numbers go together. Drawing from what is measured after training (Ghosh et al. 2020, ex-post density
estimation) gives sounds of their class.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

DOUBT = 6.0
"""As many sounds as say that numbers go together count as much as the belief that they do not."""

FEW = 2.0
"""The same of how far a class spreads, and the belief that it does as others do."""


class ClassClouds(nn.Module):
    """Centres and shapes of the clouds, by weights of classes.

    Parameters
    ----------
    centres : (K, P)
    factors : (K + 1, P, P)
        Lower triangles that turn independent normal values into a cloud's; the last one's is of no class.

    Shapes: weights (..., K) that sum to one, or zeros -> centre (..., P), the origin for zeros, and factor (..., P, P).
    """

    centres: Tensor
    factors: Tensor

    def __init__(self, centres: Tensor, factors: Tensor) -> None:
        super().__init__()
        self.register_buffer("centres", centres)
        self.register_buffer("factors", factors.flatten(1))

    @property
    def places(self) -> int:
        """P."""
        return self.centres.shape[1]

    def forward(self, weights: Tensor) -> tuple[Tensor, Tensor]:
        if not len(self.centres):
            shape = weights.shape[:-1]
            factor = self.factors.expand(*shape, -1).unflatten(-1, (self.places, self.places))
            return weights.new_zeros(*shape, self.places), factor
        none = 1.0 - weights.sum(-1, keepdim=True)
        factor = torch.cat([weights, none], -1) @ self.factors
        return weights @ self.centres, factor.unflatten(-1, (self.places, self.places))

    @classmethod
    def of(cls, places: Tensor, labels: Sequence[int], classes: int) -> ClassClouds:
        """Measure the clouds of places (S, P), each of a class; all are one cloud around the origin where there are none."""
        own, values = torch.tensor(labels), places.double()
        groups = [values[own == label] for label in range(classes)]
        within = torch.cat([group - group.mean(0) for group in groups] if classes else [values])
        usual = within.T @ within / len(within)
        factors = [_factor(group, usual) for group in groups]
        centres = torch.stack([group.mean(0) for group in groups]) if classes else values[:0]
        of_none = torch.linalg.cholesky(_regular(usual))
        return cls(centres.float(), torch.stack([*factors, of_none]).float())


def _factor(group: Tensor, usual: Tensor) -> Tensor:
    count, apart = len(group), group - group.mean(0)
    shape = apart.T @ apart / count
    alone = (count * shape.diagonal() + FEW * usual.diagonal()) / (count + FEW)
    share = DOUBT / (count + DOUBT)
    return torch.linalg.cholesky(_regular((1 - share) * shape + share * alone.diag()))


def _regular(shape: Tensor) -> Tensor:
    return shape + 1e-6 * torch.eye(len(shape), dtype=shape.dtype)
