"""Codes of a step: principal components of its bands, and residual vector quantisation of these (Juang and Gray 1982)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...streaming.operators import take
from .bands import STEP_VALUES

MOST_SEEN = 40000
"""Steps from which codebooks are found."""

ROUNDS = 15


class Codes(nn.Module):
    """A step as one code of each of some codebooks, each of what the ones before have left.

    Parameters
    ----------
    components : int
        D, principal components of a step.
    codebooks, codes : int
        Q and K.

    Attributes
    ----------
    books : (Q, K, D)
        Codewords, in units of ``spread``.
    spread : () tensor
        About the root mean square of components, in dB.
    """

    mean: Tensor
    spread: Tensor
    basis: Tensor
    books: Tensor

    def __init__(self, components: int, codebooks: int, codes: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(STEP_VALUES))
        self.register_buffer("spread", torch.ones(()))
        self.register_buffer("basis", torch.zeros(components, STEP_VALUES))
        self.register_buffer("books", torch.zeros(codebooks, codes, components))

    @torch.no_grad()
    def fit(self, steps: Tensor, random: torch.Generator) -> None:
        """Find components and codebooks from steps (N, STEP_VALUES)."""
        seen = steps[torch.randperm(len(steps), generator=random)[:MOST_SEEN]]
        self.mean.copy_(seen.mean(0))
        centred = (seen - self.mean).double()
        _, axes = torch.linalg.eigh(centred.T @ centred)  # of rising weight
        self.basis.copy_(axes.T.flip(0)[: len(self.basis)].half())
        # A power of two moves no bits.
        self.spread.copy_(self.project(seen).square().mean().sqrt().log2().round().exp2())
        left = self.project(seen)
        for book in self.books:
            # A file stores codewords in half the space.
            book.copy_(k_means(left, len(book), random).half())
            left = left - book[_nearest(left, book)]

    def project(self, steps: Tensor) -> Tensor:
        """Give the components (..., D) of steps (..., STEP_VALUES)."""
        return (steps - self.mean) @ self.basis.T / self.spread

    def encode(self, steps: Tensor) -> Tensor:
        """Give the codes (..., Q) of steps (..., STEP_VALUES)."""
        left, found = self.project(steps), []
        for book in self.books:
            found.append(_nearest(left, book))
            left = left - take(book, 0, found[-1])
        return torch.stack(found, -1)

    def vectors(self, codes: Tensor) -> Tensor:
        """Give the sums of codewords (..., D) of codes (..., Q)."""
        return torch.stack([take(book, 0, codes[..., q]) for q, book in enumerate(self.books)]).sum(0)

    def decode(self, vectors: Tensor) -> Tensor:
        """Give steps (..., STEP_VALUES) in dB of sums of codewords (..., D)."""
        return vectors * self.spread @ self.basis + self.mean


def _nearest(x: Tensor, book: Tensor) -> Tensor:
    return (x @ book.T - book.square().sum(-1) / 2).argmax(-1)


def k_means(x: Tensor, count: int, random: torch.Generator) -> Tensor:
    """Find the centres (count, D) of groups of vectors (N, D) (Lloyd 1982); a group left empty begins anew anywhere."""
    centres = x[torch.randperm(len(x), generator=random)[:count]].clone()
    if len(centres) < count:
        centres = torch.cat(
            [centres, centres[torch.randint(len(centres), (count - len(centres),), generator=random)]]
        )
    for _ in range(ROUNDS):
        group = _nearest(x, centres)
        sizes = torch.bincount(group, minlength=count)
        sums = torch.zeros_like(centres).index_add_(0, group, x)
        centres = sums / sizes.clamp_min(1)[:, None]
        empty = (sizes == 0).nonzero()[:, 0]
        centres[empty] = x[torch.randint(len(x), (len(empty),), generator=random)]
    return centres
