"""The best n-gram of codes: Witten-Bell smoothing (Witten and Bell 1991) over contexts chosen on a validation song."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Place = tuple[int, int]
"""Of a context: how many steps ago, and of which codebook."""


def contexts_for(codebook: int) -> list[list[Place]]:
    """List contexts of a codebook's code, each from the most to the least important place."""
    if codebook == 0:
        return [
            [(1, 0)],
            [(1, 0), (2, 0)],
            [(1, 0), (1, 1)],
            [(1, 0), (2, 0), (1, 1)],
            [(1, 0), (2, 0), (3, 0)],
        ]
    now, last = (0, codebook - 1), (1, codebook)
    return [
        [last],
        [now],
        [last, now],
        [now, last],
        [last, (1, codebook - 1), now],
        [(0, 0), last],
        [last, (0, 0)],
        [last, (0, 0), (1, 0)],
    ]


class NGram:
    """Probabilities of one codebook's codes after one kind of context, smoothed with those of the shorter ones."""

    def __init__(self, codebook: int, context: Sequence[Place], codes: int) -> None:
        self.codebook, self.context, self.codes = codebook, tuple(context), codes
        self.counts: list[dict[tuple[int, ...], dict[int, int]]] = [
            defaultdict(lambda: defaultdict(int)) for _ in range(len(context) + 1)
        ]

    def _contexts(self, song: Codes) -> list[tuple[int, ...]]:
        first = max((ago for ago, _ in self.context), default=0)
        columns = [song[first - ago : len(song) - ago, q] for ago, q in self.context]
        return [tuple(row) for row in np.stack(columns, 1).tolist()]

    def _targets(self, song: Codes) -> list[int]:
        first = max((ago for ago, _ in self.context), default=0)
        return song[first:, self.codebook].tolist()

    def learn(self, songs: Sequence[Codes]) -> None:
        """Count what follows what."""
        for song in songs:
            for context, code in zip(self._contexts(song), self._targets(song), strict=True):
                for order, table in enumerate(self.counts):
                    table[context[:order]][code] += 1

    def nats(self, song: Codes) -> float:
        """Give the mean negative log-likelihood of a song."""
        found = []
        for context, code in zip(self._contexts(song), self._targets(song), strict=True):
            chance = 1 / self.codes
            for order, table in enumerate(self.counts):
                seen = table.get(context[:order])
                if seen:
                    total, kinds = sum(seen.values()), len(seen)
                    chance = (seen.get(code, 0) + kinds * chance) / (total + kinds)
            found.append(-np.log(chance))
        return float(np.mean(found))


def best_ngram(
    train: Sequence[Codes], validation: Sequence[Codes], held_out: Sequence[Codes], codes: int
) -> list[float]:
    """Give the nats of each codebook on songs kept aside, with the contexts that are best on the validation songs."""
    found = []
    for codebook in range(train[0].shape[1]):
        models = []
        for context in contexts_for(codebook):
            model = NGram(codebook, context, codes)
            model.learn(train)
            models.append((float(np.mean([model.nats(song) for song in validation])), model))
        _, best = min(models, key=lambda pair: pair[0])
        best.learn(validation)
        found.append(float(np.mean([best.nats(song) for song in held_out])))
    return found
