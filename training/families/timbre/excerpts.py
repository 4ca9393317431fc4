"""Which excerpts of recordings a step learns from: some anywhere, and some that begin with a note."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .features import Corpus

SILENT_DB = -70.0
RISE_FRAMES, RISE_DB, HEARD_DB = 4, 10.0, 40.0
SHARE_OF_BEGINNINGS = 0.4
BEFORE_FRAMES = (12, 48)
VOICED = 0.5
SHARE_OF_STRANGE_PITCHES = 0.7
STRANGE_HZ = (30.0, 2000.0)


@dataclass(frozen=True)
class Excerpts:
    """Excerpts of a corpus.

    Attributes
    ----------
    rows : (B, N) int64
        Their frames.
    onsets : (K,) int64
        Of the first K of them the frame, counted from their beginning, with which a note begins.
    """

    rows: NDArray[np.int64]
    onsets: NDArray[np.int64]


class ExcerptDraw:
    """Draws excerpts of a corpus.

    A beginning is a small part of a note, and of all the frames that could be drawn. It is what a note is told by, so
    `SHARE_OF_BEGINNINGS` of the excerpts hold one, where the corpus has any.

    Parameters
    ----------
    corpus : Corpus
    length : int
        Frames of an excerpt.
    """

    def __init__(self, corpus: Corpus, length: int) -> None:
        self._corpus, self._length = corpus, length
        self._ends = np.cumsum(corpus.lengths)
        self._sounding = np.flatnonzero(corpus.loudness_db > SILENT_DB)
        self._onsets = onsets_of(corpus)

    def __call__(self, count: int, random: np.random.Generator) -> Excerpts:
        """Draw so many."""
        begins = round(SHARE_OF_BEGINNINGS * count) if len(self._onsets) else 0
        onsets = random.choice(self._onsets, begins) if begins else np.zeros(0, np.int64)
        middles = onsets + self._length // 2 - random.integers(*BEFORE_FRAMES, begins)
        last = self._ends[np.searchsorted(self._ends, onsets, side="right")] - 1
        anywhere = random.choice(self._sounding, count - begins)
        rows = self._corpus.excerpts(np.concatenate([np.minimum(middles, last), anywhere]), self._length)
        return Excerpts(rows, onsets - rows[:begins, 0])


def onsets_of(corpus: Corpus) -> NDArray[np.int64]:
    """Find the frames with which notes begin: where the level rises at once, to what is heard beside the loudest."""
    found, first = [], 0
    for length in corpus.lengths:
        loudness = corpus.loudness_db[first : first + length]
        before = np.concatenate([np.full(RISE_FRAMES, SILENT_DB), loudness])[:length]
        rises = (loudness - np.maximum(before, SILENT_DB) > RISE_DB) & (loudness > loudness.max() - HEARD_DB)
        begins = rises & ~np.concatenate([[False], rises[:-1]])
        found.append(first + np.flatnonzero(begins))
        first += length
    return np.concatenate(found)


def with_strange_pitches(
    f0_hz: NDArray[np.float32], voicing: NDArray[np.float32], random: np.random.Generator
) -> NDArray[np.float32]:
    """Give most excerpts (B, N) some other pitch where none is heard, as what was played before may have left any."""
    count = len(f0_hz)
    low, high = np.log(STRANGE_HZ)
    drawn = np.exp(random.uniform(low, high, (count, 1)))
    strange = (voicing <= VOICED) & (random.random((count, 1)) < SHARE_OF_STRANGE_PITCHES)
    return np.where(strange, drawn, f0_hz).astype(np.float32)
