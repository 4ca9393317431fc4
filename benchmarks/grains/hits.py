"""Recorded hits by class: those that a model of grains learns from, and those kept aside."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.grains.measures import SAMPLE_RATE, Reference
from training.data.recordings import classes_of, read_mono
from training.hits.data import HELD_OUT_SHARE
from training.hits.series import hold_out_series, series_of
from training.hits.sounds import trim

LONGEST_S = 1.5


@dataclass(frozen=True)
class Hit:
    """A recorded hit: from its onset on, at the level that the model learned at."""

    path: Path
    label: str
    sound: np.ndarray
    reference: Reference


def read_hits(folder: Path, longest_s: float = LONGEST_S) -> list[Hit]:
    """Read all hits or notes of a folder, whose sub-folders are classes; what is longer is cut."""
    hits: list[Hit] = []
    for label, paths in classes_of(folder).items():
        for path in paths:
            sound = trim(read_mono(path, SAMPLE_RATE), path)[0][: round(longest_s * SAMPLE_RATE)]
            hits.append(Hit(path, label, sound, Reference.of(sound)))
    return hits


def split(hits: Sequence[Hit]) -> tuple[list[Hit], list[Hit]]:
    """Divide hits as a training does: learned from, and kept aside."""
    apart = hold_out_series([(hit.label, series_of(hit.path)) for hit in hits], HELD_OUT_SHARE)
    return [h for h, a in zip(hits, apart, strict=True) if not a], [
        h for h, a in zip(hits, apart, strict=True) if a
    ]
