"""What a timbre model is trained on: the features of recordings, most to learn from and some kept aside."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...analysis.bundled_weights import load_analyzer
from ...analysis.tracker import PitchAnalyzer
from ...data.recordings import find_recordings, read_usable
from ...data.source import Source
from ...data.split import split_recordings
from ...errors import RecordingsError
from ...loop.report import Reporter
from .features import Corpus, features_of
from .model import HOP_LENGTH, SAMPLE_RATE
from .settings import TimbreSettings, TimbreSize

SHORTEST_S = 10.0
SILENT_DB = -70.0


@dataclass(frozen=True)
class TimbreData:
    """Features to train on and features kept aside."""

    train: Corpus
    held_out: Corpus

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """What checkpoints say of it."""
        return {
            "trained": trained_range(self.train),
            "seconds": self.train.recorded * HOP_LENGTH / SAMPLE_RATE,
            "held_out_seconds": self.held_out.recorded * HOP_LENGTH / SAMPLE_RATE,
        }


def prepare(source: Source, settings: TimbreSettings, size: TimbreSize, report: Reporter) -> TimbreData:
    """Analyse recordings; those that cannot be used are named and left out.

    Raises
    ------
    RecordingsError
        If there is less than ten seconds that sounds, in all, or hardly any pitch.
    """
    train, held_out = split_recordings(find_recordings(source.folder))
    analyzer, threads = load_analyzer(), torch.get_num_threads()

    def read(path: Path) -> Corpus:
        return _analyse(path, analyzer, settings, size)

    torch.set_num_threads(1)  # small products, one after another: a second thread only waits
    try:
        found = read_usable(source.folder, train + held_out, read, report)
    finally:
        torch.set_num_threads(threads)
    learned, aside = ([found[path] for path in paths if path in found] for paths in (train, held_out))
    # Where only one of both can be used, it is trained on and measured by.
    whole = Corpus.join(learned or aside)
    _refuse_unusable(whole, source.folder)
    return TimbreData(whole, Corpus.join(aside or learned[-1:]))


def _analyse(path: Path, analyzer: PitchAnalyzer, settings: TimbreSettings, size: TimbreSize) -> Corpus:
    features = features_of(path, analyzer, size.harmonic_rows * size.harmonic_columns, size.bands)
    if features.loudness_db.max() < SILENT_DB:
        raise RecordingsError(f"{path} is silent; left out.")
    return Corpus.of(features, settings.excerpt_frames)


def _refuse_unusable(corpus: Corpus, recordings: Path) -> None:
    seconds = float((corpus.loudness_db > SILENT_DB).sum()) * HOP_LENGTH / SAMPLE_RATE
    if seconds < SHORTEST_S:
        raise RecordingsError(
            f"{recordings} holds {seconds:.1f} s of sound; at least {SHORTEST_S:.0f} s are needed,"
            " and ten minutes or more are good."
        )
    if not (corpus.voicing > 0.5).mean() > 0.05:
        raise RecordingsError(
            f"{recordings} holds hardly any pitched sound; timbre transfer needs a pitched, monophonic instrument."
        )


def trained_range(corpus: Corpus) -> dict[str, tuple[float, float, float]]:
    """The 5th, 50th and 95th percentile of pitch and loudness where the instrument sounds, at a pitch."""
    pitched = corpus.voicing > 0.5
    # Of the loudest pitched moment: a knock may be louder by far.
    sounding = pitched & (corpus.loudness_db > corpus.loudness_db[pitched].max() - 40.0)
    chosen = {"f0_hz": corpus.f0_hz[sounding], "loudness_db": corpus.loudness_db[sounding]}
    return {
        name: (float(low), float(median), float(high))
        for name, (low, median, high) in ((k, np.percentile(v, [5, 50, 95])) for k, v in chosen.items())
    }
