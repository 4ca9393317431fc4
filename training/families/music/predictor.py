"""What comes next: recurrent layers hear the steps so far, and a head for each codebook says how likely each code is.

A head measures how far each codeword lies from where the step before was, moved by as much as the network expects: most
of music goes on as it was. It adds how likely the network holds each code whatever was before, and how likely it is that
the code stays. A head knows the codes of the heads before it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...streaming.operators import take
from .codes import Codes
from .settings import MusicSize
from .tempo import PULSE, Pulse


class Head(nn.Module):
    """Log-odds of the codes of a codebook.

    Parameters
    ----------
    size : MusicSize

    Shapes: the layers' output (..., H), the step before and the sum of the codewords drawn so far (..., D), the book's
    codewords (K, D), and the code of the step before (..., K) as one of K -> (..., K).
    """

    def __init__(self, size: MusicSize) -> None:
        super().__init__()
        wide = size.hidden // 2
        self.inner = nn.Linear(size.hidden + size.components, wide)
        self.free = nn.Linear(wide, size.codes)
        self.shift = nn.Linear(wide, size.components)
        self.stay = nn.Linear(wide, 1)
        self.sharpness = nn.Parameter(torch.tensor(0.0))
        for layer in (self.free, self.shift):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)

    def forward(self, heard: Tensor, before: Tensor, drawn: Tensor, book: Tensor, last: Tensor) -> Tensor:
        inner = torch.tanh(self.inner(torch.cat([heard, drawn], -1)))
        expected = before - drawn + self.shift(inner)
        near = expected @ book.T - book.square().sum(-1) / 2
        return self.free(inner) + self.sharpness.exp() * near + self.stay(inner) * last


class Predictor(nn.Module):
    """Recurrent layers with a head for each codebook.

    Parameters
    ----------
    size : MusicSize
    dropout : float
        Share of units left out in training.
    """

    def __init__(self, size: MusicSize, dropout: float = 0.0) -> None:
        super().__init__()
        self.codes = Codes(size.components, size.codebooks, size.codes)
        self.enter = nn.Linear(size.components, size.hidden)
        self.pulse = Pulse()
        self.told = nn.Linear(PULSE, size.hidden)
        self.layers = nn.GRU(
            size.hidden,
            size.hidden,
            size.layers,
            batch_first=True,
            dropout=dropout if size.layers > 1 else 0.0,
        )
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleList(Head(size) for _ in range(size.codebooks))

    def hear(self, codes: Tensor, beat: Tensor) -> Tensor:
        """Hear steps (B, N, Q): what the layers make of each (B, N, H).

        ``beat`` (B, N, 2) is told with each: beats a minute, 0 for none, and where it is in bars.
        """
        told = self.told(self.pulse(beat[..., :1], beat[..., 1:]).float())
        return self.dropout(self.layers(torch.tanh(self.enter(self.codes.vectors(codes)) + told))[0])

    def logits(self, heard: Tensor, before: Tensor, following: Tensor) -> list[Tensor]:
        """Give log-odds (B, N, K) of each codebook for what follows.

        Parameters
        ----------
        heard : (B, N, H)
        before, following : (B, N, Q)
            Codes of the steps, and of the steps after them: a head is told those of the heads before it.
        """
        vector = self.codes.vectors(before)
        drawn, found = torch.zeros_like(vector), []
        for q, head in enumerate(self.heads):
            found.append(self.head(q, head, heard, vector, drawn, before[..., q]))
            drawn = drawn + take(self.codes.books[q], 0, following[..., q])
        return found

    def head(
        self, q: int, head: nn.Module, heard: Tensor, vector: Tensor, drawn: Tensor, last: Tensor
    ) -> Tensor:
        """Give log-odds (..., K) of one codebook; ``last`` (...) is its code in the step before."""
        book = self.codes.books[q]
        return head(heard, vector, drawn, book, F.one_hot(last, len(book)).to(heard.dtype))

    @torch.no_grad()
    def guesses(self, codes: Tensor, beat: Tensor) -> Tensor:
        """Draw for each step (B, N, Q), told its beat (B, N, 2), what follows it: (B, N, Q)."""
        heard = self.hear(codes, beat)
        vector = self.codes.vectors(codes)
        drawn, found = torch.zeros_like(vector), []
        for q, head in enumerate(self.heads):
            logits = self.head(q, head, heard, vector, drawn, codes[..., q])
            found.append((logits - torch.empty_like(logits).exponential_().log()).argmax(-1))
            drawn = drawn + take(self.codes.books[q], 0, found[-1])
        return torch.stack(found, -1)
